"""The region file: one TOML with a region, its data files and its planning settings."""

from strandline.observations.region_file.region_file import (
    RegionFile,
    examine_region_file,
    load_region_file,
    refuse_paths_outside,
)

__all__ = ["RegionFile", "examine_region_file", "load_region_file", "refuse_paths_outside"]
