"""Typed data sets of a region, their readers, the region file and the sea-level model."""
