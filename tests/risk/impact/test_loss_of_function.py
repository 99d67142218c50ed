"""Classes of assets and loss of function: every threshold has its source, and unknown stays unknown."""

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point

from strandline.errors import InputError
from strandline.observations.exposure.assets import (
    ASSET_CLASSES,
    CURVE_CLASSES,
    ServiceThreshold,
    asset_classes,
    curve_index,
)
from strandline.risk.impact.impact import assess_impact
from strandline.risk.impact.loss_of_function import draw_function_thresholds
from strandline.risk.stage_damage.asset_depths import exceeds_depth, greatest_depth
from strandline.risk.stage_damage.damage_chain import damage_ratios
from strandline.risk.stage_damage.exposure import overlay_exposure
from tests.fixtures.hazards import REGION, RETURN_PERIODS, make_assets, make_hazard


def serving_assets() -> gpd.GeoDataFrame:
    """A hospital in the wet, one on high ground, a road into the unknown corner, one through water into it."""
    shapes = [
        Point(150, 450),
        Point(850, 450),
        LineString([(850, 750), (950, 750)]),
        LineString([(150, 750), (950, 750)]),
        LineString([(0, 200), (1000, 200)]),
    ]
    classes = ["hospital", "hospital", "road", "road", "embankment"]
    return gpd.GeoDataFrame(
        {"asset_id": list("abcde"), "asset_class": classes, "value": 1e5, "survey_year": 2020, "crest": 2.0},
        geometry=shapes,
        crs=REGION.crs,
    )


def test_every_class_has_a_known_curve_and_every_number_a_source() -> None:
    assert set(ASSET_CLASSES) == set(asset_classes())
    assert [curve_index(name) for name in CURVE_CLASSES] == list(range(6))
    for kind in asset_classes().values():
        assert kind.curve in CURVE_CLASSES
        assert kind.curve_source
    assert asset_classes()["road"].out_of_service is not None
    with pytest.raises(InputError, match="has no source"):
        ServiceThreshold(0.1, 0.2, "")
    with pytest.raises(InputError, match="0 <= low <= high"):
        ServiceThreshold(0.3, 0.2, "x")
    with pytest.raises(InputError, match="unknown class 'castle'"):
        curve_index("castle")


def test_a_school_has_the_damage_of_its_curve_class() -> None:
    assets = make_assets().iloc[[7, 7]].assign(asset_class=["commercial", "school"])
    deviates = np.linspace(-1, 1, 6)
    shop, school = damage_ratios(make_hazard().flood_depth[3], overlay_exposure(assets, REGION), "asia", deviates)
    assert np.array_equal(shop, school)


def test_thresholds_lie_in_their_range_are_shared_by_a_class_and_replaced_by_the_assets_own() -> None:
    assets = serving_assets()
    drawn = draw_function_thresholds(assets, 500, np.random.default_rng(0))
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert drawn[:, 0].min() >= 0.3
    assert drawn[:, 0].max() <= 1.0
    assert drawn[:, 0].mean() == pytest.approx(0.65, abs=0.03)
    assert np.isnan(drawn[:, 4]).all()
    own = draw_function_thresholds(
        assets.assign(operation_threshold=[2.5, *[np.nan] * 4]), 500, np.random.default_rng(0)
    )
    assert (own[:, 0] == 2.5).all()
    assert np.array_equal(own[:, 1:], drawn[:, 1:], equal_nan=True)


def test_a_road_is_as_passable_as_its_deepest_known_stretch_and_open_where_that_is_not_enough() -> None:
    depth = make_hazard().flood_depth[0]
    deepest, unknown = greatest_depth(depth, overlay_exposure(serving_assets(), REGION))
    assert list(unknown) == [False, False, True, True, False]
    assert deepest[3] == pytest.approx(depth[:, 0, 1])
    lost = exceeds_depth(deepest, unknown, np.array([0.3, 0.3, 0.3, 0.3, np.nan]))
    assert (lost[0] == 1).all()
    assert (lost[1] == 0).all()
    assert np.isnan(lost[2]).all()  # dry as far as it is known
    assert (lost[3] == 1).all()  # under water, whatever the unknown end does
    assert np.isnan(lost[4]).all()


def test_loss_of_function_is_a_column_of_the_assets_with_their_frequency() -> None:
    hazard = make_hazard()
    stated = serving_assets().assign(operation_threshold=[0.3, 0.3, np.nan, np.nan, np.nan])
    table = assess_impact(hazard, stated, "europe", np.random.default_rng(0)).assets
    assert table["out_of_service"].tolist()[:2] == [1.0, 0.0]
    assert table["out_of_service_per_year"].iloc[0] == pytest.approx(1 / RETURN_PERIODS[0])
    assert np.isnan(table["out_of_service"].iloc[[2, 4]]).all()
    plain = assess_impact(hazard, make_assets(), "europe", np.random.default_rng(0)).assets
    assert "out_of_service" not in plain.columns
