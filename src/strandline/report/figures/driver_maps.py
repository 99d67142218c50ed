"""Maps of floods by sea, rain and rivers together: how likely, and which of them brings most."""

import numpy as np
import xarray as xr
from matplotlib.patches import Patch

from strandline.observations.arrays import Indices
from strandline.observations.region import Region
from strandline.report.figures.maps import (
    ANNUAL_EDGES,
    HATCH,
    WATER_HATCH,
    draw_classes,
    draw_scale_and_north,
    label_coordinates,
    map_height,
)
from strandline.report.figures.style import (
    MAP_INK,
    MUTED,
    SEA,
    UNKNOWN,
    WIDE,
    Picture,
    as_picture,
    new_axes,
    style_rc,
)
from strandline.risk.hazard.joint.driver_floods import DriverFloods

DRIVER_COLOURS = {"sea": "#0b2a5b", "rain": "#c2607a", "river": "#e0b13c"}
"""Dark, middle and light, and of different hue: distinct in grey and without colour vision."""


def main_driver(floods: DriverFloods) -> Indices:
    """(H, W) number of the driver with the greatest share; −1 where the chance of a flood is below 1 % a year."""
    shares = np.nan_to_num(floods.shares, nan=-np.inf)
    return np.where(floods.chance >= ANNUAL_EDGES[0], shares.argmax(axis=0), -1)


@style_rc()
def map_main_driver(region: Region, terrain: xr.Dataset, floods: DriverFloods, width: float = WIDE) -> Picture:
    """Draw which driver brings most of the chance of a flood; unknown cells are hatched."""
    across = 0.5 * width if width >= WIDE else width
    figure, axes = new_axes(across, map_height(region, across) + 2.3)
    number = main_driver(floods)
    colours = [DRIVER_COLOURS[name] for name in floods.drivers]
    draw_classes(axes, region, terrain, np.where(np.isnan(floods.chance), np.nan, number + 1.0), colours)
    axes.set_title("What brings most of the floods", loc="left", pad=8)
    draw_scale_and_north(axes, region)
    label_coordinates(axes, region)
    handles = [Patch(facecolor=c, edgecolor=MUTED, linewidth=0.4, label=f"the {n}" if n != "rain" else n)
               for n, c in zip(floods.drivers, colours, strict=True)]  # fmt: skip
    handles += [
        Patch(facecolor=UNKNOWN, edgecolor=MAP_INK, hatch=HATCH, linewidth=0.4, label="unknown – not “dry”"),
        Patch(facecolor=SEA, edgecolor=MUTED, hatch=WATER_HATCH, linewidth=0.4, label="permanent water"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, handlelength=1.6, fontsize=8.5)
    alt = f"Map of {region.name}: whether sea, rain or river brings most of the chance of a flood in each cell."
    return as_picture(figure, alt, f"main-driver-{width}")
