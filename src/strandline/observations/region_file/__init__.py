"""The region file: one TOML that says where a place is, which files describe it, and what is decided."""

from strandline.observations.region_file.region_file import RegionFile, load_region_file

__all__ = ["RegionFile", "load_region_file"]
