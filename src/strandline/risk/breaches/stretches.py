"""Stretches: the embankment lines of a survey, cut to pieces of about a kilometre that fail as one."""

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from rasterio import features
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge, substring

from strandline.observations.arrays import Indices
from strandline.observations.exposure.assets import UNKNOWN_CONDITION
from strandline.observations.region import Region

STRETCH_LENGTH = 1000.0
"""[m] Dike rings of the Netherlands are cut to sections of about 750 m, 150 m to more than 2 km, that count as alike
(TU Delft, Flood Defences, section 3.4.1)."""
MOST_STRETCHES = 100
"""Where a place has more kilometres, its stretches are longer. An assumption, for the sake of run time."""
NO_STRETCH = -1


@dataclass(frozen=True)
class Stretch:
    """A stretch of an embankment line.

    Attributes:
        line: ``asset_id`` of the embankment.
        begin, end: distance along it from its first point [km].
        shape: in the region's CRS.
        crest, toe: [m, region datum]; NaN = unknown.
        condition: one of ``EMBANKMENT_CONDITIONS``, or unknown.
    """

    line: str
    begin: float
    end: float
    shape: BaseGeometry
    crest: float
    toe: float
    condition: str

    @property
    def name(self) -> str:
        """For a sentence, such as "km 3.2–4.1 of the embankment E0051"."""
        return f"km {self.begin:.1f}–{self.end:.1f} of the embankment {self.line}"

    @property
    def length(self) -> float:
        """[km]"""
        return self.end - self.begin


def find_stretches(assets: gpd.GeoDataFrame, region: Region) -> tuple[Stretch, ...]:
    """Stretches of all embankments that are drawn as lines, the part inside the region alone."""
    chosen = assets[(assets["asset_class"] == "embankment").to_numpy()]
    chosen = chosen[chosen.geometry.geom_type.str.endswith("LineString").to_numpy()]
    inside = [shapely.intersection(shape, shapely.box(*region.bounds)) for shape in chosen.geometry]
    length = max(STRETCH_LENGTH, sum(shape.length for shape in inside) / MOST_STRETCHES)
    found = []
    for (_, asset), shape in zip(chosen.iterrows(), inside, strict=True):
        crest, toe = (float(asset[name]) if name in chosen else np.nan for name in ("crest", "toe"))
        condition = asset["condition"] if "condition" in chosen else None
        condition = condition if isinstance(condition, str) else UNKNOWN_CONDITION
        for begin, end, piece in _cut(shape, length):
            found.append(Stretch(str(asset["asset_id"]), begin / 1000, end / 1000, piece, crest, toe, condition))
    return tuple(found)


def _cut(shape: BaseGeometry, length: float) -> Iterator[tuple[float, float, BaseGeometry]]:
    """Begin, end [m] and shape of equal stretches of about ``length`` [m]."""
    parts = _in_order(shape)
    whole = sum(part.length for part in parts)
    if whole == 0:
        return
    each = whole / max(1, round(whole / length))
    for number in range(round(whole / each)):
        begin, pieces, passed = number * each, [], 0.0
        for part in parts:
            low, high = max(begin - passed, 0.0), min(begin + each - passed, part.length)
            if high > low:
                pieces.append(substring(part, low, high))
            passed += part.length
        yield begin, begin + each, shapely.union_all(pieces)


def _in_order(shape: BaseGeometry) -> list[BaseGeometry]:
    """The lines of a shape, each followed by the one that begins or ends nearest to where it ends."""
    merged = linemerge(shape) if shape.geom_type == "MultiLineString" else shape
    waiting = [part for part in getattr(merged, "geoms", [merged]) if part.length > 0]
    ordered = waiting[:1]
    waiting = waiting[1:]
    while waiting:
        end = shapely.get_point(ordered[-1], -1)
        gaps = [[shapely.distance(end, shapely.get_point(part, at)) for at in (0, -1)] for part in waiting]
        nearest = int(np.argmin([min(each) for each in gaps]))
        part = waiting.pop(nearest)
        ordered.append(part if gaps[nearest][0] <= gaps[nearest][1] else shapely.reverse(part))
    return ordered


def stretch_of_cells(stretches: tuple[Stretch, ...], region: Region) -> Indices:
    """(H, W) number of the stretch that touches a cell, ``NO_STRETCH`` elsewhere."""
    if not stretches:
        return np.full(region.shape, NO_STRETCH, dtype=np.int64)
    drawn = features.rasterize(
        ((each.shape, number) for number, each in enumerate(stretches)),
        out_shape=region.shape, transform=region.transform, fill=NO_STRETCH, dtype="int32", all_touched=True,
    )  # fmt: skip
    return np.asarray(drawn, dtype=np.int64)
