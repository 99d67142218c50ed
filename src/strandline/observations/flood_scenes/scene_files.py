"""Labelled scenes in files, each read when it is asked for."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Self, overload

import numpy as np
from pyproj import Geod, Transformer
from rasterio.io import DatasetReader

from strandline.observations.flood_scenes.scene import LabelledScene


@dataclass(frozen=True)
class SceneFile:
    """One labelled scene that has not been read yet.

    Attributes:
        name, event: as in ``LabelledScene``.
        read: the scene.
    """

    name: str
    event: str
    read: Callable[[], LabelledScene]


class LabelledScenes(Sequence[LabelledScene]):
    """Labelled scenes of one data set; none is kept in memory: wrap in ``list`` what is used again and again."""

    def __init__(self, files: Sequence[SceneFile]) -> None:
        self._files = tuple(files)

    @property
    def names(self) -> tuple[str, ...]:
        """Of every scene, without reading any."""
        return tuple(file.name for file in self._files)

    @property
    def events(self) -> tuple[str, ...]:
        """Event of every scene, without reading any."""
        return tuple(file.event for file in self._files)

    def of(self, events: Collection[str]) -> Self:
        """The scenes of these events."""
        return type(self)([file for file in self._files if file.event in events])

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, index: int) -> LabelledScene: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> LabelledScene | Self:
        if isinstance(index, slice):
            return type(self)(self._files[index])
        return self._files[index].read()


def cell_size_on_ground(dataset: DatasetReader) -> float:
    """Square root of the area of the raster's central cell [m], on the ellipsoid WGS 84.

    Images in degrees have narrower cells away from the equator, and those in Mercator's projection smaller ones.
    """
    middle = dataset.transform * (dataset.width / 2, dataset.height / 2)
    across = dataset.transform * (dataset.width / 2 + 1, dataset.height / 2)
    down = dataset.transform * (dataset.width / 2, dataset.height / 2 + 1)
    to_degrees = Transformer.from_crs(dataset.crs.to_wkt(), "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(*np.transpose([middle, across, down]))
    _, _, edges = Geod(ellps="WGS84").inv([longitude[0]] * 2, [latitude[0]] * 2, longitude[1:], latitude[1:])
    return float(np.sqrt(np.prod(edges)))
