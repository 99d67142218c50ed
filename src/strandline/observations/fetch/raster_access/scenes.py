"""Scenes: items of one pass of a satellite over a box, taken together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pystac import Item
from shapely import union_all
from shapely.geometry import box as rectangle
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from strandline.observations.fetch.box import Box
from strandline.observations.fetch.raster_access.stac_catalogue import taken

_ONE_PASS = timedelta(minutes=3)
"""Between neighbouring items of one pass; a box of the largest area takes half a minute."""
_LEAST_COVER = 0.6
"""Of the box [-]; less is a corner of a swath. A convention."""


@dataclass(frozen=True)
class Scene:
    """Attributes: time: of the first item (UTC). items: of one pass. cover: share of the box [-]."""

    time: datetime
    items: tuple[Item, ...]
    cover: float


def covering_scenes(items: Sequence[Item], box: Box, least_cover: float = _LEAST_COVER) -> list[Scene]:
    """Passes that cover enough of a box, by time.

    Args:
        items: by time.
    """
    passes: list[list[Item]] = []
    for item in items:
        if passes and _same_pass(passes[-1][-1], item):
            passes[-1].append(item)
        else:
            passes.append([item])
    wanted = rectangle(*box.bounds)
    scenes = [Scene(taken(each[0]), tuple(each), _cover(each, wanted)) for each in passes]
    return [scene for scene in scenes if scene.cover >= least_cover]


def _same_pass(first: Item, second: Item) -> bool:
    same_satellite = first.properties.get("platform") == second.properties.get("platform")
    return same_satellite and taken(second) - taken(first) <= _ONE_PASS


def _cover(items: Sequence[Item], wanted: BaseGeometry) -> float:
    """Share of a rectangle that the footprints cover."""
    footprints = [shape(item.geometry).buffer(0) for item in items if item.geometry]
    return float(union_all(footprints).intersection(wanted).area / wanted.area) if footprints else 0.0
