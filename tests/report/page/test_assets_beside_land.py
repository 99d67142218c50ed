"""A share of assets that differs from that of the land is explained."""

import geopandas as gpd
import numpy as np

import tests.fixtures.reports as coast
from strandline.report.page.assets_beside_land import uneven_assets_sentence


def sentence(damaged: float, flooded: float, assets: gpd.GeoDataFrame) -> str:
    return uneven_assets_sentence(damaged, flooded, assets, coast.observations("real").terrain, coast.a_region())


def on_ground(lowest: float, highest: float) -> gpd.GeoDataFrame:
    """Assets on all cells of the made-up coast whose ground lies in between [m]."""
    ground, region = coast.an_elevation(), coast.a_region()
    row, column = np.nonzero((ground >= lowest) & (ground <= highest))
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(region.x[column], region.y[row]), crs=region.crs)


def test_shares_that_lie_close_need_no_explanation() -> None:
    assert sentence(0.5, 0.6, on_ground(-1, 9)) == ""


def test_high_ground_explains_few_damaged_assets_and_low_ground_explains_many() -> None:
    few = sentence(0.1, 0.7, on_ground(2.0, 9.0))
    assert few.startswith("That is a smaller share than of the land, because half of them stand on ground at least")
    assert "higher than the middle of the land" in few
    assert "lower than the middle of the land" in sentence(0.9, 0.3, on_ground(-1.0, 0.5))


def test_ground_that_does_not_explain_a_share_is_not_blamed() -> None:
    assert "because they stand where less of the land floods" in sentence(0.1, 0.7, on_ground(-1.0, 0.5))
    assert "because they stand where more of the land floods" in sentence(0.9, 0.3, on_ground(-1.0, 9.0))
