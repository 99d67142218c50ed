"""Media types of a run's products."""

from pathlib import Path

from strandline.pipeline.run_folder.generations import GIS, MANIFEST

MEDIA_TYPES = {
    MANIFEST: "application/json",
    "report.html": "text/html; charset=utf-8",
    "summary.json": "application/json",
    "key_findings.json": "application/json",
    "plan.md": "text/markdown; charset=utf-8",
    "plan.json": "application/json",
    "plan.schema.json": "application/schema+json",
    "protocol.toml": "application/toml",
    "ground.tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    "scene.tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    "flood_probability.tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    "annual_flood_probability.tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    "annual_flood_probability_all_drivers.tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    "flooded.tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    "flood_disagreement.tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    "flood_depth.tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    "surge.csv": "text/csv; charset=utf-8",
    "return_levels.csv": "text/csv; charset=utf-8",
    "flood_times.csv": "text/csv; charset=utf-8",
    "radar_scenes.csv": "text/csv; charset=utf-8",
    "assets.geojson": "application/geo+json",
    "zones.geojson": "application/geo+json",
    "place_names.geojson": "application/geo+json",
    "embankments.geojson": "application/geo+json",
    "pathways-action.txt": "text/plain; charset=utf-8",
    "pathways-sequence.txt": "text/plain; charset=utf-8",
    "risk_data_library.json": "application/json",
    "data_sources.md": "text/markdown; charset=utf-8",
    "deployment.nc": "application/x-netcdf",
    "trial_ground.nc": "application/x-netcdf",
    "student.json": "application/json",
    "student.safetensors": "application/octet-stream",
    "archive.safetensors": "application/octet-stream",
}
"""Products of a run; nothing else of its folder is served, except the drafts in ``alerts/`` and ``gis/``."""
GIS_MEDIA_TYPES = {
    ".gpkg": "application/geopackage+sqlite3",
    ".tif": MEDIA_TYPES["flooded.tif"],
    ".qml": "application/xml",
    ".qgz": "application/x-qgis-project",
    ".nc": "application/x-netcdf",
    ".json": "application/json",
}
"""Ending → media type, of the products in ``gis/``."""


def media_type_of(name: str) -> str:
    """Return the media type of a product."""
    if name.startswith(f"{GIS}/"):
        return GIS_MEDIA_TYPES[Path(name).suffix]
    return MEDIA_TYPES.get(name, "application/cap+xml")
