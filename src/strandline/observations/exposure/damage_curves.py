"""JRC depth-damage curves: mean and standard deviation of the damage ratio by asset class, continent and depth."""

from functools import cache
from importlib import resources

import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.exposure.assets import CURVE_CLASSES, curve_index

DEPTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)
"""Depths of the published numbers [m]. Curves are linear between them and constant beyond 6 m."""


def continents() -> tuple[str, ...]:
    """Names of the continents that have curves; ``global`` replaces a class that a continent lacks."""
    return tuple(sorted({continent for _, continent in _curves()}))


def curve(asset_class: str, continent: str) -> tuple[Floats, Floats]:
    """Mean and standard deviation (9,) of the damage ratio [-] at ``DEPTHS``; read-only.

    Where the report has no curve of this class for the continent, the global one is used.

    Raises:
        InputError: unknown class or continent.

    Source: Huizinga et al. (2017), JRC105688; origin of each number in ``data/jrc_depth_damage.csv``.
    """
    if continent not in continents():
        raise InputError("damage curves", f"unknown continent '{continent}'", f"known: {', '.join(continents())}")
    curves, curve_class = _curves(), CURVE_CLASSES[curve_index(asset_class)]
    return curves.get((curve_class, continent), curves[curve_class, "global"])


@cache
def _curves() -> dict[tuple[str, str], tuple[Floats, Floats]]:
    with resources.files(__package__).joinpath("data/jrc_depth_damage.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file, comment="#")
    curves = {}
    for (asset_class, continent), rows in table.groupby(["asset_class", "continent"]):
        mean, spread = (rows[name].to_numpy(dtype=float, copy=True) for name in ("damage_ratio", "standard_deviation"))
        mean.flags.writeable = spread.flags.writeable = False
        curves[str(asset_class), str(continent)] = mean, spread
    return curves
