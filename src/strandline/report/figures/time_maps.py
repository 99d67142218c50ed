"""Maps of simulated water in time: when the first comes to each cell, and how long it may stand."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats
from strandline.observations.region import Region
from strandline.report.figures.maps import (
    PROBABILITY_COLOURS,
    add_legend,
    class_handles,
    draw_classes,
    draw_scale_and_north,
    label_coordinates,
    map_height,
)
from strandline.report.figures.style import NARROW, WIDE, Picture, as_picture, new_axes, style_rc
from strandline.risk.timing.by_cell import TimeMap

ARRIVAL_HOURS = (-np.inf, 0.0, 3.0, 6.0)
ARRIVAL_LABELS = ("after the highest sea", "0–3 hours before it", "3–6 hours before it", "earlier")
STANDING_HOURS = (0.0, 6.0, 24.0, np.inf)
STANDING_LABELS = ("up to 6 hours", "6–24 hours", "more than 24 hours", "no end seen")
"""Hours from which each class counts, and its name; the worse, the darker."""


@style_rc()
def map_arrival(region: Region, terrain: xr.Dataset, times: TimeMap, width: float = WIDE) -> Picture:
    """Draw the earliest hour of simulated water in each cell; land that stayed dry has no colour."""
    title = f"When the first water comes,\n{times.return_period:g}-year sea level, simulated"
    alt = f"Map of {region.name}: earliest simulated hour of 0.15 m of water, from the highest sea at the gauge."
    number = np.where(np.isposinf(times.arrives), 0.0, _class_of(-times.arrives, ARRIVAL_HOURS))
    return _draw(region, terrain, number, ARRIVAL_LABELS, (title, alt, f"arrival-{width}"), width)


@style_rc()
def map_standing(region: Region, terrain: xr.Dataset, times: TimeMap, width: float = WIDE) -> Picture:
    """Draw for how long simulated water stands in each cell at most; land that stayed dry has no colour."""
    title = f"How long water may stand,\n{times.return_period:g}-year sea level, simulated"
    alt = f"Map of {region.name}: longest simulated time with 0.15 m of water or more."
    number = np.where(times.stands == 0, 0.0, _class_of(times.stands, STANDING_HOURS))
    return _draw(region, terrain, number, STANDING_LABELS, (title, alt, f"standing-{width}"), width)


def _class_of(hours: Floats, least: Sequence[float]) -> Floats:
    """(H, W) number of the class, from 1; NaN stays unknown."""
    return np.where(np.isnan(hours), np.nan, np.digitize(hours, least))


def _draw(
    region: Region,
    terrain: xr.Dataset,
    number: Floats,
    labels: Sequence[str],
    text: tuple[str, str, str],
    width: float,
) -> Picture:
    title, alt, name = text
    across = 0.5 * width if width >= WIDE else width
    figure, axes = new_axes(across, map_height(region, across) + 2.3)
    draw_classes(axes, region, terrain, number, PROBABILITY_COLOURS)
    axes.set_title(title, loc="left", pad=8)
    draw_scale_and_north(axes, region)
    label_coordinates(axes, region)
    add_legend(figure, class_handles(labels), 2, NARROW)
    return as_picture(figure, alt, name)
