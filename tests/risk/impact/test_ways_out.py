"""Ways out: roads that share no stretch, distances to refuges, and shelters that stay in service."""

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point

from strandline.observations.region import Region
from strandline.risk.impact.ways_out import WaysOut, find_ways_out, safe_ground
from tests.fixtures.hazards import REGION, make_hazard

SAFE = np.zeros(REGION.shape, dtype=bool)
SAFE[:, 9] = True  # the easternmost column: x of 900 to 1000 m
HOME = np.array([[150.0, 450.0]])


def survey(
    *roads: list[tuple[float, float]], shelters: tuple[tuple[float, float, float, float], ...] = ()
) -> gpd.GeoDataFrame:
    """Roads, and shelters at x, y with places and the probability that they are out of service."""
    return gpd.GeoDataFrame(
        {
            "asset_id": [f"asset {number}" for number in range(len(roads) + len(shelters))],
            "asset_class": ["road"] * len(roads) + ["shelter"] * len(shelters),
            "places": [np.nan] * len(roads) + [places for _, _, places, _ in shelters],
            "out_of_service": [np.nan] * len(roads) + [lost for *_, lost in shelters],
        },
        geometry=[*(LineString(road) for road in roads), *(Point(x, y) for x, y, *_ in shelters)],
        crs=REGION.crs,
    )


def ways(assets: gpd.GeoDataFrame, homes: np.ndarray = HOME, region: Region = REGION) -> WaysOut:
    return find_ways_out(assets, homes, SAFE, region)


NORTH = [(150.0, 450.0), (150.0, 750.0), (950.0, 750.0)]
SOUTH = [(150.0, 450.0), (150.0, 50.0), (950.0, 50.0)]


def test_two_roads_that_share_no_stretch_are_two_and_behind_one_bridge_they_are_one() -> None:
    assert ways(survey(NORTH)).roads == 1
    assert ways(survey(NORTH, SOUTH)).roads == 2
    bridge = [(150.0, 450.0), (250.0, 450.0)]
    both = [[(250.0, 450.0), *NORTH[1:]], [(250.0, 450.0), *SOUTH[1:]]]
    assert ways(survey(bridge, *both)).roads == 1


def test_a_road_that_ends_in_the_water_leads_nowhere_and_one_across_the_border_leads_out() -> None:
    assert ways(survey([(150.0, 450.0), (550.0, 450.0)])).roads == 0
    assert ways(survey([(150.0, 450.0), (150.0, 950.0)])).roads == 1
    assert ways(survey()).roads is None
    assert ways(survey([(800.0, 750.0), (950.0, 750.0)])).roads == 0  # too far from the home


def test_people_beside_a_road_on_safe_ground_have_a_way_out() -> None:
    assert ways(survey(NORTH), np.array([[940.0, 740.0]])).roads == 1


def test_a_shelter_that_may_be_out_of_service_is_no_refuge() -> None:
    near, far = (250.0, 450.0, 300.0, 0.5), (550.0, 450.0, 200.0, 0.1)
    found = ways(survey(NORTH, shelters=(near, far)))
    assert found.to_shelter == 400.0
    assert found.places == 200
    assert found.to_safe_ground == 800.0
    lost = ways(survey(NORTH, shelters=(near,)))
    assert lost.to_shelter is None
    assert lost.places == 0  # none in service, which is known


def test_unknown_places_and_unknown_service_stay_unknown() -> None:
    assert ways(survey(NORTH)).places is None
    assert ways(survey(NORTH, shelters=((250.0, 450.0, np.nan, 0.0),))).places is None
    unknown = ways(survey(NORTH, shelters=((250.0, 450.0, 100.0, np.nan),)))
    assert unknown.to_shelter is None
    assert unknown.places == 0
    without_column = survey(NORTH, shelters=((250.0, 450.0, 100.0, 0.0),)).drop(columns="out_of_service")
    assert ways(without_column).to_shelter is None


def test_those_without_a_place_walk_on_to_safe_ground() -> None:
    found = WaysOut(roads=1, to_shelter=200.0, to_safe_ground=900.0, places=5.0)
    np.testing.assert_array_equal(found.walk(np.array([True, False])), [200, 900])
    np.testing.assert_array_equal(WaysOut(1, 200.0, None, 5.0).walk(np.array([True, False])), [200, 200])
    np.testing.assert_array_equal(WaysOut(1, None, None, None).walk(np.array([False])), [0])
    np.testing.assert_array_equal(WaysOut(1, 900.0, 200.0, 5.0).walk(np.array([True])), [200])


def test_safe_ground_is_known_land_out_of_dangerous_depth() -> None:
    water = np.zeros(REGION.shape, dtype=bool)
    water[3, 9] = True
    safe = safe_ground(make_hazard(), water)
    assert not safe[0, 9]  # unknown
    assert not safe[3, 9]  # permanent water
    assert safe[4, 9]
    assert not safe[4, 1]
    assert safe[4].tolist() == sorted(safe[4].tolist())  # the coast rises to the east


def test_the_distance_is_that_of_the_farthest_homes() -> None:
    homes = np.column_stack([np.linspace(50, 950, 101), np.full(101, 450.0)])
    assert ways(survey(NORTH), homes).to_safe_ground == pytest.approx(900 - 0.05 * 900, abs=1)
