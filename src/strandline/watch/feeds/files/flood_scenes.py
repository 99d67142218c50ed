"""A folder where maps of water land: each becomes the share of every zone that was seen to be flooded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from pyogrio.errors import DataSourceError
from rasterio.enums import Resampling
from rasterio.features import geometry_mask

from strandline.errors import FeedError, InputError
from strandline.observations.arrays import Mask
from strandline.observations.readers.formats.rasters import Grid, open_raster, read_on_grid
from strandline.observations.region import Region
from strandline.watch.feeds.files.folders import landed_since, read_each
from strandline.watch.feeds.windowing import before
from strandline.watch.readings import Reading

Shares = Callable[[Path], Mapping[str, float]]
"""A scene's file → zone → share of its seen cells under water [-]; a zone that was hardly seen is left out."""

_LEAST_SEEN = 0.5
"""Share of a zone's cells that must be seen; less than half tells little of the rest."""


@dataclass(frozen=True)
class FloodScenes:
    """Flooded shares from a folder of scenes; a file that is still landing is read at a later step.

    Attributes:
        stream: its name.
        folder, pattern: the files.
        time_format: reads the time [UTC] off a file's name without its suffix, as ``strptime`` does.
        shares: of one scene.
        look_back: how long after it was taken a scene may land.
    """

    stream: str
    folder: Path
    pattern: str
    time_format: str
    shares: Shares
    look_back: timedelta = timedelta(days=10)

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """``flooded_share`` [-] of scenes that landed after ``since``, one reading a zone; the zone is the place.

        Raises:
            FeedError: there is no folder, a name holds no time, or none of the scenes that landed can be read.
        """
        landed = {path: self._time(path) for path in landed_since(self.stream, self.folder, self.pattern, since)}
        lately = [path for path, time in landed.items() if before(since, self.look_back) < time <= until]

        def read(path: Path) -> list[Reading]:
            time = landed[path]
            shares = self.shares(path)
            return [Reading(self.stream, "flooded_share", time, time, share, zone) for zone, share in shares.items()]

        readings = read_each(self.stream, lately, read)
        return sorted(readings, key=lambda reading: (reading.time, reading.place))

    def _time(self, path: Path) -> datetime:
        try:
            time = datetime.strptime(path.name.removesuffix(path.suffix), self.time_format)
        except ValueError as error:
            what = f"the name {path.name} is not of the form '{self.time_format}'"
            raise FeedError(f"stream '{self.stream}': {what}; correct 'time_format' or 'pattern'") from error
        return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True, eq=False)
class ZoneShares:
    """The shares of zones on the region's grid.

    Attributes:
        region: its grid.
        zones: name → (H, W) its cells.
        flooded: values of the band that mean water.
        band: from 1.
        nodata: a value that means "not observed", besides the one that a file declares.
    """

    region: Region
    zones: Mapping[str, Mask]
    flooded: tuple[float, ...]
    band: int = 1
    nodata: float | None = None

    def __call__(self, path: Path) -> dict[str, float]:
        """Zone → share; zones of which less than half was seen are left out.

        Raises:
            InputError: the file cannot be read, or sees nothing of the region.
        """

        def wet(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            return np.where(np.isnan(values), np.nan, np.isin(values, self.flooded).astype(float))

        with open_raster(path) as dataset:
            water = read_on_grid(dataset, self.band, Grid(self.region), self.nodata, wet, Resampling.average)
        seen = ~np.isnan(water)
        return {
            name: float(water[cells & seen].mean())
            for name, cells in self.zones.items()
            if cells.any() and seen[cells].mean() >= _LEAST_SEEN
        }


def read_zones(path: Path, name: str, region: Region) -> dict[str, Mask]:
    """Zone → (H, W) the cells whose centres lie in it.

    Args:
        path: polygons, in any CRS that the file states.
        name: the column with the zones' names.
        region: its grid.

    Raises:
        InputError: the file cannot be read, has no such column, or a zone lies outside the region.
    """
    try:
        table = gpd.read_file(path, engine="pyogrio")
    except (DataSourceError, OSError) as error:
        raise InputError(path, f"cannot be read ({error})", "give polygons as GeoJSON or GeoPackage") from error
    if name not in table.columns or table.crs is None:
        there = ", ".join(map(str, table.columns))
        raise InputError(path, f"has no column '{name}' or no CRS", f"its columns are {there}")
    zones = {
        str(zone): geometry_mask(shapes.geometry, region.shape, region.transform, invert=True)
        for zone, shapes in table.to_crs(region.crs).groupby(name)
    }
    outside = [zone for zone, cells in zones.items() if not cells.any()]
    if outside:
        raise InputError(path, f"zone '{outside[0]}' covers no cell of region '{region.name}'", "leave it out")
    return zones
