"""Rasters: terrain, land cover, radar and optical scenes, people."""
