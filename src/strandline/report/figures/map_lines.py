"""Lines on the map: roads, open or closed in the flood, and embankments."""

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from strandline.observations.arrays import Indices, Mask
from strandline.observations.region import Region
from strandline.report.figures.style import MAP_INK

FAILURE_PROBABILITY = 0.5
"""Probability [-] from which a road is drawn as closed."""
CLOSED, OPEN = "#d7301f", "#ffffff"
Dashes = Literal["-", ":"] | tuple[float, tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """How one kind of line is drawn.

    Attributes:
        classes: asset classes drawn so.
        column: with the probability [-] that chooses the style; empty = there is one style.
        width: [pt].
        styles: label, colour and dashes where the probability is below 0.5, 0.5 or more, and unknown.
    """

    classes: tuple[str, ...]
    column: str
    width: float
    styles: tuple[tuple[str, str, Dashes], ...]


LINES = (
    Line(
        ("road", "bridge"),
        "out_of_service",
        1.6,
        (("road, open", OPEN, "-"), ("road, likely closed", CLOSED, (0, (2.2, 1.2))), ("road, unknown", OPEN, ":")),
    ),
    Line(
        ("embankment",),
        "",
        2.4,
        (("embankment", MAP_INK, "-"),),
    ),
)


def drawn_as_line(assets: gpd.GeoDataFrame) -> Mask:
    """Return a mask (A,) of roads, bridges and embankments whose geometry is a line."""
    kinds = [name for line in LINES for name in line.classes]
    long = shapely.get_dimensions(assets.geometry.to_numpy()) == 1
    return np.asarray(assets["asset_class"].isin(kinds).to_numpy() & long)


def draw_lines(axes: Axes, region: Region, assets: gpd.GeoDataFrame, scale: float, *, rasterized: bool) -> list[Line2D]:
    """Draw the lines; return a legend entry with a count for each style that occurs."""
    here = assets[drawn_as_line(assets)].to_crs(region.crs)
    handles = []
    for line in LINES:
        rows, width = here[here["asset_class"].isin(line.classes)], line.width * scale
        state = _states(rows, line.column)
        for number, (label, colour, dashes) in enumerate(line.styles):
            shapes = rows.geometry.to_numpy()[state == number]
            if shapes.size:
                handles.append(_draw(axes, shapes, label, colour, dashes, width, rasterized))
    return handles


def _states(rows: gpd.GeoDataFrame, column: str) -> Indices:
    """(A,) number of the style of each line: 0 = open, 1 = likely closed, 2 = unknown; 0 without a column."""
    if not column:
        return np.zeros(len(rows), dtype=np.int64)
    probability = rows[column].to_numpy(dtype=float) if column in rows else np.full(len(rows), np.nan)
    return np.where(np.isnan(probability), 2, probability >= FAILURE_PROBABILITY)


def _draw(
    axes: Axes, shapes: npt.NDArray[np.object_], label: str, colour: str, dashes: Dashes, width: float, rasterized: bool
) -> Line2D:
    edge = "#ffffff" if colour == MAP_INK else MAP_INK
    casing = [withStroke(linewidth=width + 1.2, foreground=edge)]
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(shapes)]
    lines = LineCollection(parts, colors=colour, linewidths=width, linestyles=dashes)
    lines.set(zorder=2.5, path_effects=casing, rasterized=rasterized)
    axes.add_collection(lines)
    label = f"{label} ({shapes.size})"
    return Line2D([], [], color=colour, linewidth=width, linestyle=dashes, label=label, path_effects=casing)
