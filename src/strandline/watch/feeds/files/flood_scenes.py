"""A folder that receives flood maps or images: each gives the flooded share of every zone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from rasterio.enums import Resampling
from rasterio.features import geometry_mask

from strandline.errors import InputError
from strandline.models.weights.load_scene_weights import load_committee
from strandline.observations.arrays import Floats, Mask, SingleFloats
from strandline.observations.readers.formats.rasters import open_raster, read_on_grid
from strandline.observations.readers.formats.vectors import read_vectors
from strandline.observations.region import Region
from strandline.observations.region_file.watch.feed_sections import FloodSceneStreamSection
from strandline.pipeline.maps.moment.inputs import SceneFiles
from strandline.pipeline.maps.moment.one_scene import SceneLayers, flooded_land, read_layers
from strandline.watch.feeds.files.folders import arrived_since
from strandline.watch.feeds.files.foreign_files import ForeignFiles
from strandline.watch.feeds.windowing import before
from strandline.watch.readings import Reading

_LEAST_OBSERVED = 0.5
"""Share of a zone's cells that must be observed."""
_MOST_KEPT = 16
"""Maps of images."""


@dataclass(frozen=True, eq=False)
class FloodScenes:
    """Flooded shares from a folder of scenes; an incomplete file is read at a later step.

    Attributes:
        zones: name → (H, W) its cells.
        longest_delay: longest delay from acquisition to arrival.
        files: how they are read.
        mapped: shares of images by path, time and size of the file: mapping may outlast a poll, and is then found here
            by the next one.
    """

    section: FloodSceneStreamSection
    region: Region
    zones: Mapping[str, Mask]
    longest_delay: timedelta = timedelta(days=10)
    files: ForeignFiles = field(default_factory=ForeignFiles)
    mapped: dict[tuple[Path, int, int], SingleFloats] = field(default_factory=dict)

    @property
    def stream(self) -> str:
        """Name in the region file."""
        return self.section.name

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """``flooded_share`` [-] of scenes that arrived after ``since``, one reading for each zone as its place.

        Raises:
            FeedError: the folder does not exist, or no new scene can be read.
        """
        folder, pattern, oldest = self.section.folder, self.section.pattern, before(since, self.longest_delay)

        def read(path: Path) -> list[Reading]:
            time = self._time(path)
            if not oldest < time <= until:
                return []
            water = self._water(path)
            return [
                Reading(self.stream, "flooded_share", time, time, share, zone)
                for zone, share in self._shares(water).items()
            ]

        paths = arrived_since(self.stream, folder, pattern, since, self.files.quarantine)
        readings = self.files.read_each(self.stream, paths, read)
        return sorted(readings, key=lambda reading: (reading.time, reading.place))

    def _water(self, path: Path) -> Floats | SingleFloats:
        """(H, W) flooded share of each cell; NaN = not observed, or water before.

        Images are read as all foreign files are, and mapped outside the limits of reading.

        Raises:
            InputError: the file cannot be read, or does not cover the region.
        """
        if self.section.images is None:
            return self.files.read(path, partial(read_water_map, path, self.section, self.region))
        try:
            state = path.stat()
        except OSError as error:
            raise InputError(path, f"cannot be read ({error})", "it is tried again at the next step") from error
        key = path, state.st_mtime_ns, state.st_size
        if key not in self.mapped:
            images = self.files.read(path, partial(read_images, path, self.section, self.region))
            self.mapped[key] = flooded_land(images, load_committee())
            for old in list(self.mapped)[:-_MOST_KEPT]:
                del self.mapped[old]
        return self.mapped[key]

    def _time(self, path: Path) -> datetime:
        """Raises: InputError: the name has no time."""
        try:
            time = datetime.strptime(path.name.removesuffix(path.suffix), self.section.time_format)
        except ValueError as error:
            what = f"the name does not match '{self.section.time_format}'"
            raise InputError(path, what, "correct 'time_format' or 'pattern'") from error
        return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)

    def _shares(self, water: Floats | SingleFloats) -> dict[str, float]:
        """Zone → flooded share; zones observed by less than half are left out."""
        observed = ~np.isnan(water)
        return {
            name: float(water[cells & observed].mean())
            for name, cells in self.zones.items()
            if cells.any() and observed[cells].mean() >= _LEAST_OBSERVED
        }


def read_images(path: Path, section: FloodSceneStreamSection, region: Region) -> SceneLayers:
    """A radar or optical image, with the one of before where it is named, to be mapped as by ``strandline map``.

    Raises:
        InputError: the file cannot be read, or does not cover the region.
    """
    if section.images == "radar":
        return read_layers(SceneFiles(radar_after=path, radar_before=section.before), region)
    return read_layers(SceneFiles(optical_after=path, optical_before=section.before), region)


def read_water_map(path: Path, section: FloodSceneStreamSection, region: Region) -> Floats:
    """(H, W) flooded share of each cell of a map of water; NaN = not observed.

    Raises:
        InputError: the file cannot be read, or does not cover the region.
    """

    def wet(values: Floats) -> Floats:
        return np.where(np.isnan(values), np.nan, np.isin(values, section.flooded).astype(float))

    with open_raster(path) as dataset:
        return read_on_grid(dataset, section.band, region, section.nodata, wet, Resampling.average)


def read_zones(path: Path, name: str, region: Region) -> dict[str, Mask]:
    """Zone → (H, W) the cells with their centre in it.

    Args:
        path: polygons, in any CRS that the file states.
        name: column of the zones' names.

    Raises:
        InputError: the file cannot be read, has no such column, or a zone lies outside the region.
    """
    zones = {
        str(zone): geometry_mask(shapes.geometry, region.shape, region.transform, invert=True)
        for zone, shapes in read_vectors(path, [name]).to_crs(region.crs).groupby(name)
    }
    outside = [zone for zone, cells in zones.items() if not cells.any()]
    if outside:
        raise InputError(path, f"zone '{outside[0]}' covers no cell of region '{region.name}'", "leave it out")
    return zones
