"""Zones at combinations of the drivers: what counts, what is not known, and what a forecast of all drivers says."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box

from strandline.errors import InputError
from strandline.observations.region import Region
from strandline.risk.hazard.joint.driver_nodes import DriverNodes
from strandline.risk.hazard.joint.zone_floods import ZoneGround, padded
from strandline.risk.hazard.joint.zone_forecast import forecast_zones
from strandline.risk.stage_damage.zones import Zones
from strandline.uncertainty.gauge_forecast.land_forecast import PAST, LandForecast
from tests.fixtures.zone_floods import two_zones

BOUNDS = (500000.0, 1000000.0, 500400.0, 1000100.0)
REGION = Region("ground", "EPSG:32648", BOUNDS, 100.0, "local", (500050.0, 1000050.0), "asia")
BY_SEA, BY_RAIN = np.array([0]), np.array([1])


def zones() -> Zones:
    square = box(0, 0, 1, 1)
    return Zones(("west", "east"), (square, square), np.array([[0, 0, 1, 1]]), np.array([0, 1]), "made up")


def survey() -> gpd.GeoDataFrame:
    table = {"asset_id": ["a", "b"], "asset_class": ["residential"] * 2, "value": [1.0, 1.0]}
    table |= {"survey_year": [2020, 2020], "people": [10.0, 100.0]}
    at = [Point(REGION.x[1], REGION.y[0]), Point(REGION.x[3], REGION.y[0])]
    return gpd.GeoDataFrame(table, geometry=at, crs=REGION.crs)


def test_a_value_counts_as_the_node_above_from_the_place_that_its_sample_has() -> None:
    floods = two_zones(4)
    halfway = np.array([[1.0, 35.0]] * 4)  # between the first and the second node of either
    nodes = floods.node(halfway, np.arange(4))
    lower, upper = 0, 4
    assert nodes.tolist() == [upper, upper, lower, lower], "from 1/8, 3/8, 5/8 and 7/8 of the way on"
    assert floods.node(np.array([[9.0, 999.0]]), np.array([0]))[0] == 8
    assert floods.node(np.array([[-9.0, 0.0]]), np.array([0]))[0] == 0


@given(st.floats(-1, 4), st.floats(0, 200), st.floats(0, 1), st.floats(0, 50), st.integers(0, 3))
def test_more_of_a_driver_never_counts_as_a_lower_node(
    sea: float, rain: float, more: float, wetter: float, sample: int
) -> None:
    floods, one = two_zones(4), np.array([sample])
    low, high = (floods.node(np.array([each]), one)[0] for each in ([sea, rain], [sea + more, rain + wetter]))
    assert low // 3 <= high // 3
    assert low % 3 <= high % 3


def test_what_is_not_known_counts_as_the_lowest_value() -> None:
    floods = two_zones(1)
    assert floods.node(np.array([[3.0, np.nan]]), np.array([0]))[0] == 6
    assert floods.node(np.array([[np.nan, 500.0]]), np.array([0]))[0] == 2


def test_padded_nodes_ascend_and_keep_their_combinations() -> None:
    nodes = DriverNodes((np.array([1.0, 2.0]), np.array([5.0, 6.0, 7.0])))
    values, combination = padded(nodes, 3)
    assert (np.diff(values, axis=1) > 0).all()
    np.testing.assert_allclose(values, [[1, 2, 2], [5, 6, 7]], rtol=1e-12)
    assert combination.tolist() == [0, 1, 2, 3, 4, 5, 3, 4, 5]


def test_a_zone_is_dangerous_by_its_land_or_by_the_homes_of_its_people() -> None:
    ground = ZoneGround.of(zones(), np.ones((1, 4), dtype=bool), survey(), None, REGION)
    nodes = DriverNodes((np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0])))
    depth = np.zeros((6, 1, 4), dtype=np.float32)
    depth[5, 0, 3] = 0.6  # at the home in the east, in the highest combination
    depth[4, 0, 0] = 0.4  # in the west, not deep
    assert ground.dangerous(depth, nodes)[:, 5].tolist() == [False, True]
    assert not ground.dangerous(depth, nodes)[:, 4].any()
    np.testing.assert_allclose(ground.flooded_share(depth)[:, 4], [0.5, 0.0])


def test_what_floods_in_nearly_every_year_endangers_nobody() -> None:
    ground = ZoneGround.of(zones(), np.ones((1, 4), dtype=bool), survey(), None, REGION)
    nodes = DriverNodes((np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0])))
    found = ground.dangerous(np.full((6, 1, 4), 2.0, dtype=np.float32), nodes)
    assert found[0].tolist() == [False, False, False, True, True, True], "only one driver above its median, and little"


def test_unknown_land_has_no_share() -> None:
    known = np.array([[True, True, False, False]])
    ground = ZoneGround.of(zones(), known, survey().assign(people=np.nan), None, REGION)
    depth = np.where(known, 1.0, np.nan).astype(np.float32)[None]
    assert np.isnan(ground.flooded_share(depth)[1, 0])


def forecast(rain: np.ndarray | None, sea: float = 0.0, unknown: dict[str, str] | None = None) -> LandForecast:
    return LandForecast(rain, None, unknown or {})


def courses(at: int, millimetres: float) -> np.ndarray:
    """(2, 85) courses of rain, of which the second has so much at an hour from the issue."""
    rain = np.zeros((2, PAST + 49))
    rain[1, PAST + at] = millimetres
    return rain


def test_rain_ahead_endangers_the_zone_that_rain_floods_from_its_hour_on_for_a_day_and_a_half() -> None:
    found = forecast_zones(two_zones(4), np.zeros((40, 49)), forecast(courses(5, 300.0)))
    dangerous = found.dangerous(BY_RAIN)
    assert dangerous.any(axis=1).mean() == pytest.approx(0.5), "half of the courses"
    assert not dangerous[:, :5].any()
    assert dangerous[:, 5 : 5 + PAST + 1].mean() == pytest.approx(0.5)
    assert not dangerous[:, 5 + PAST + 1 :].any()
    assert not found.dangerous(BY_SEA).any()
    assert found.brought_by(BY_RAIN, np.zeros((40, 49), dtype=bool)) == ("rain",)
    assert found.in_danger().mean(axis=0).tolist() == [0.0, 0.5]


def test_rain_of_yesterday_counts_and_silence_of_rain_is_a_lower_bound() -> None:
    past = np.zeros((1, PAST + 49))
    past[0, PAST - 20] = 300.0
    assert forecast_zones(two_zones(4), np.zeros((40, 49)), forecast(past)).dangerous(BY_RAIN)[:, :16].all()
    silent = forecast_zones(two_zones(4), np.full((40, 49), 3.0), forecast(None, unknown={"rain": "none"}))
    assert silent.dangerous(BY_SEA).all()
    assert not silent.dangerous(BY_RAIN).any()
    assert silent.unknown == {"rain": "none"}


def test_where_any_driver_alone_suffices_all_are_named() -> None:
    floods = two_zones(4)
    both = replace(floods, dangerous=np.broadcast_to(floods.dangerous.any(axis=0), floods.dangerous.shape).copy())
    found = forecast_zones(both, np.full((40, 49), 3.0), forecast(np.full((1, PAST + 49), 300.0)))
    assert found.brought_by(BY_SEA, np.zeros((40, 49), dtype=bool)) == ("sea", "rain")


def test_the_same_inputs_give_the_same_danger() -> None:
    one, other = (forecast_zones(two_zones(4), np.zeros((7, 49)), forecast(courses(5, 70.0))) for _ in range(2))
    np.testing.assert_array_equal(one.dangerous(BY_RAIN), other.dangerous(BY_RAIN))
    assert one.greatest_share(48).shape == (7, 2)


def test_floods_of_other_shapes_are_refused() -> None:
    floods = two_zones()
    with pytest.raises(InputError, match="need"):
        replace(floods, dangerous=floods.dangerous[:1])
    with pytest.raises(InputError, match="ascend"):
        replace(floods, values=floods.values[..., ::-1])
    with pytest.raises(InputError, match="do not match"):
        replace(floods, drivers=("sea",))
