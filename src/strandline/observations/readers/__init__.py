"""Readers: files in common formats to datasets in SI units, UTC and the region's datum."""
