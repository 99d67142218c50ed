"""Checks of a region's data: ranges, times, and data sets against one another."""
