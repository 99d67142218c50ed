"""OpenStreetMap: what volunteers drew, by the Overpass API; its geometries are built by osmnx."""
