"""Ground, roads and shelters that rain or rivers put out of use, beside those that only a high sea does."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from strandline.observations.region import Region
from strandline.risk.impact.out_of_use import OutOfUse, UseOfGround, out_of_use
from strandline.risk.impact.population import PopulationImpact
from strandline.risk.impact.ways_out import find_ways_out, safe_ground
from strandline.risk.people import UNKNOWN, Homes, People, PeopleErrors
from strandline.risk.stage_damage.exposure import overlay_exposure
from tests.fixtures.hazards import make_hazard

REGION = Region("r", "EPSG:32633", (0.0, 0.0, 400.0, 100.0), 100.0, "mean sea level", (50.0, 50.0), "asia")
HOME, ROAD, SHELTER = range(3)


def survey() -> gpd.GeoDataFrame:
    """A home in the first cell, a road from there to the last one, and a shelter in the third."""
    return gpd.GeoDataFrame(
        {"asset_id": list("abc"), "asset_class": ["residential", "road", "shelter"], "value": 1e4, "survey_year": 2020,
         "people": [100.0, np.nan, np.nan], "places": [np.nan, np.nan, 50.0],
         "out_of_service": [np.nan, 0.1, 0.1], "out_of_service_per_year": [np.nan, 0.01, 0.3]},
        geometry=[Point(50, 50), LineString([(50, 50), (350, 50)]), Point(250, 50)], crs=REGION.crs,
    )  # fmt: skip


DEPTH = np.zeros((3, 1, 4), dtype=np.float32)
DEPTH[1, 0, 2] = 1.0  # rain floods the third cell
DEPTH[2, 0, :3] = 1.0  # a high sea floods three


def used(rain_years: int, sea_years: int, years: int = 1000, depth: np.ndarray = DEPTH) -> OutOfUse:
    """In two samples alike: so many years of rain, and so many others of a high sea."""
    by_land = np.zeros((years, 3), dtype=bool)
    by_land[:rain_years, 1] = by_land[:, 0] = True
    by_all = by_land.copy()
    by_all[years - sea_years :, 2] = True
    ground = UseOfGround(overlay_exposure(survey(), REGION), np.tile([np.nan, 0.3, 0.5], (2, 1)))
    chances = [ground.in_danger(depth, by_all)] * 2
    return out_of_use(100.0, REGION, chances, [ground.lost(depth, (by_all, by_land), number) for number in range(2)])


def test_what_floods_more_often_than_once_in_a_hundred_years_is_out_of_use() -> None:
    rare, often = used(10, 0), used(11, 0)
    assert rare.unsafe_share.tolist() == [[0, 0, 0, 0]]
    assert often.unsafe_share.tolist() == [[0, 0, 1, 0]]
    assert rare.lost is not None
    assert often.lost is not None
    assert rare.lost[:, ROAD:].tolist() == [[0, 0]] * 2
    assert often.lost[:, ROAD:].tolist() == [[1, 1]] * 2
    assert often.per_year is not None
    np.testing.assert_allclose(often.per_year[ROAD:], 0.011, rtol=1e-6)
    assert np.isnan(often.lost[:, HOME]).all(), "a home serves nobody"


def test_a_road_that_a_high_sea_alone_closes_is_still_a_way_out_before_it_comes() -> None:
    by_sea, by_rain = used(0, 50), used(50, 0)
    assert by_sea.may_be_closed is not None
    assert by_rain.may_be_closed is not None
    assert by_sea.lost is not None
    assert by_sea.lost[:, ROAD].all()
    assert by_sea.may_be_closed.tolist() == [False, False, False]
    assert by_rain.may_be_closed.tolist() == [False, True, True]


def test_unknown_ground_is_not_called_usable() -> None:
    depth = DEPTH.copy()
    depth[:, 0, 2] = np.nan
    found = used(0, 0, depth=depth)
    assert np.isnan(found.unsafe_share[0, 2])
    assert found.lost is not None
    assert np.isnan(found.lost[:, SHELTER]).all()
    lost = found.assets_with(survey())["out_of_service"]
    assert np.isnan(lost[SHELTER])


def test_a_shelter_that_rain_floods_is_no_refuge_and_a_road_that_it_closes_no_way_out() -> None:
    safe = np.array([[False, False, False, True]])
    before = find_ways_out(survey(), np.array([[50.0, 50.0]]), safe, REGION)
    use = used(50, 0)
    after = find_ways_out(use.assets_with(survey()), np.array([[50.0, 50.0]]), safe, REGION, use.may_be_closed)
    assert (before.roads, before.places, before.to_shelter, before.closed) == (1, 50, 200, 0)
    assert (after.roads, after.places, after.to_shelter, after.closed) == (0, 0, None, 1)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 500), st.integers(0, 500))
def test_nothing_is_safer_by_all_drivers_than_by_the_sea(rain_years: int, sea_years: int) -> None:
    assets = survey()
    found = used(rain_years, sea_years).assets_with(assets)
    for name in ("out_of_service", "out_of_service_per_year"):
        before, after = assets[name].to_numpy(), found[name].to_numpy()
        assert (np.isnan(after) | (after >= before)).all()


def test_ground_that_rain_floods_is_not_safe_and_unknown_ground_neither() -> None:
    hazard = make_hazard()
    water = np.zeros(hazard.region.shape, dtype=bool)
    share = np.zeros(hazard.region.shape, dtype=np.float32)
    share[:, 8], share[4, 9] = 0.21, np.nan
    before, after = safe_ground(hazard, water), safe_ground(hazard, water, share)
    assert before[4, 8]
    assert before[4, 9]
    assert not after[:, 8].any()
    assert not after[4, 9]
    assert (after <= before).all()
    np.testing.assert_array_equal(after[5, 9], before[5, 9])


def test_whoever_is_cut_off_by_rain_is_counted_at_most_and_nobody_who_was_is_forgotten() -> None:
    assets = survey()
    homes = Homes.of(assets)
    assert homes is not None
    by_sea = PopulationImpact(People.bounded(70, 100, 140), 0, UNKNOWN, {"shelter": People.bounded(2, 5, 9)})
    errors = PeopleErrors(np.ones(2), np.zeros(2), np.full(2, 0.15))
    dry, wet = (used(years, 0).cut_off(assets, homes, by_sea, errors)["shelter"] for years in (0, 50))
    assert dry == by_sea.cut_off["shelter"]
    assert wet == replace(by_sea.cut_off["shelter"], high=100)


def test_without_a_survey_only_ground_is_out_of_use() -> None:
    ground = UseOfGround(None, None)
    reached = np.ones((100, 3), dtype=bool)
    assert ground.lost(DEPTH, (reached, reached), 0) is None
    found = out_of_use(100.0, REGION, [ground.in_danger(DEPTH, reached)], [None])
    assert found.unsafe_share.tolist() == [[1, 1, 1, 0]]
    assert found.may_be_closed is None
    assert found.assets_with(survey()).equals(survey())
    with pytest.raises(ValueError, match="reshape"):
        out_of_use(100.0, replace(REGION, bounds=(0.0, 0.0, 300.0, 100.0)), [ground.in_danger(DEPTH, reached)], [None])
