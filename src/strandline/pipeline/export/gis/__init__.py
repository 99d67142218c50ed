"""A finished run for geographic information systems: rasters, a GeoPackage, a QGIS project, NetCDF, a STAC item."""
