"""How a box is cut out of rasters that lie elsewhere."""
