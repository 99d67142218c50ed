"""The ground under a flood, from a region file or from an elevation raster alone."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from strandline.models.terrain_features import joined_to_sea
from strandline.observations.arrays import Mask, SingleFloats
from strandline.observations.readers.formats.rasters import NoCoverage, open_raster, read_on_grid
from strandline.observations.readers.observe import provenance_of
from strandline.observations.readers.terrain import read_elevation, read_water
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile

STRIP = 512


class Ground(Protocol):
    """Elevation and permanent water of any window."""

    @property
    def error(self) -> float | None:
        """Standard deviation of the elevation [m]; ``None`` = not stated."""
        ...

    @property
    def source(self) -> str:
        """Where it comes from."""
        ...

    def elevation(self, window: Region) -> SingleFloats:
        """(h, w) [m]; NaN = unknown."""
        ...

    def water(self, region: Region, elevation: SingleFloats) -> Mask | None:
        """(H, W) permanent water of a whole region; ``None`` = not stated."""
        ...


@dataclass(frozen=True)
class GivenGround:
    """An elevation raster without a region file: depths need no datum, and nobody says what is permanent water."""

    path: Path
    error: float | None

    @property
    def source(self) -> str:
        """The file's name."""
        return self.path.name

    def elevation(self, window: Region) -> SingleFloats:
        """(h, w) [m]; NaN = unknown."""
        try:
            with open_raster(self.path) as dataset:
                return read_on_grid(dataset, 1, window, None).astype(np.float32)
        except NoCoverage:
            return np.full(window.shape, np.nan, np.float32)

    def water(self, region: Region, elevation: SingleFloats) -> Mask | None:
        """Unknown."""
        del region, elevation
        return None


@dataclass(frozen=True)
class NamedGround:
    """The section [terrain] of a region file."""

    region_file: RegionFile
    region: Region

    @property
    def error(self) -> float | None:
        """As the section states it."""
        return self.region_file.terrain.elevation_error

    @cached_property
    def source(self) -> str:
        """As the section states it."""
        return provenance_of(self.region_file, "terrain").source

    def elevation(self, window: Region) -> SingleFloats:
        """(h, w) [m, region datum]; NaN = unknown."""
        try:
            return read_elevation(self.region_file.terrain, window).astype(np.float32)
        except NoCoverage:
            return np.full(window.shape, np.nan, np.float32)

    def water(self, region: Region, elevation: SingleFloats) -> Mask | None:
        """(H, W) water by the section's raster, or low cells that join the sea point.

        Raises:
            InputError: the sea point lies on land.
        """
        stated = self.region_file.terrain.permanent_water
        if stated.below is not None:
            return joined_to_sea(elevation < stated.below, region)
        assert stated.path is not None
        wet = np.zeros(region.shape, bool)
        for start in range(0, region.shape[0], STRIP):
            rows = slice(start, min(start + STRIP, region.shape[0]))
            try:
                wet[rows] = read_water(stated.path, region.window(rows, slice(None))) > 0.5
            except NoCoverage:
                continue
        return wet & np.isfinite(elevation)
