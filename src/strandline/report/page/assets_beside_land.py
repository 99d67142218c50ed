"""Why another share of the assets than of the land is hit by a flood."""

import geopandas as gpd
import numpy as np
import xarray as xr

from strandline.observations.region import Region
from strandline.planning.formatting import format_metres

UNEVEN = 0.2
"""Difference between the shares of assets and of land [-] from which it is explained."""
LEAST_STEP = 0.1
"""Least difference of height that explains it [m]."""


def uneven_assets_sentence(
    damaged_share: float, flooded_share: float, assets: gpd.GeoDataFrame, terrain: xr.Dataset, region: Region
) -> str:
    """Return why the shares of damaged assets and of flooded land [-] lie apart; empty where they do not."""
    if abs(damaged_share - flooded_share) <= UNEVEN:
        return ""
    fewer = damaged_share < flooded_share
    higher = _height_of_assets(assets, terrain, region)
    if abs(higher) >= LEAST_STEP and (higher > 0) == fewer:
        step = f"{format_metres(abs(higher))} {'higher' if higher > 0 else 'lower'}"
        why = f"half of them stand on ground at least {step} than the middle of the land"
    else:
        why = f"they stand where {'less' if fewer else 'more'} of the land floods"
    return f"That is a {'smaller' if fewer else 'larger'} share than of the land, because {why}."


def _height_of_assets(assets: gpd.GeoDataFrame, terrain: xr.Dataset, region: Region) -> float:
    """Median ground of the assets above that of all land [m]; NaN = none of it is known."""
    point = assets.geometry.representative_point()
    row, column = region.cells_of(point.x.to_numpy(), point.y.to_numpy())
    ground = terrain["elevation"].to_numpy().astype(float)
    below_assets = ground[row[row >= 0], column[row >= 0]]
    land = ground[(terrain["permanent_water"].to_numpy() != 1) & np.isfinite(ground)]
    if not np.isfinite(below_assets).any() or not land.size:
        return float("nan")
    return float(np.nanmedian(below_assets) - np.median(land))
