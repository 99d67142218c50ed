"""People by all drivers: closed forms, no fewer than by the sea alone, the same where nothing is added, the unknown."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from strandline.observations.region import Region
from strandline.pipeline.run_folder.value_files import decode, encode
from strandline.report.consistency.people import people_nest
from strandline.risk.impact.lives.by_all_drivers import AddedPeople, HomesAtNodes, PeopleByAllDrivers
from strandline.risk.impact.lives.loss_of_life import inhabited_places
from strandline.risk.impact.lives.mortality import WEAK_HOUSES, WORST_VILLAGE, rapidly_rising_zone, remaining_zone
from strandline.risk.people import Homes, People, PeopleErrors
from strandline.risk.stage_damage.exposure import overlay_exposure
from tests.fixtures.people import by_sea

REGION = Region("r", "EPSG:32633", (0.0, 0.0, 300.0, 100.0), 100.0, "mean sea level", (50.0, 50.0), "asia")
DRIVERS = ("sea", "rain", "river")
CALM = np.array([True, False, False])
"""Of three combinations: an ordinary year, rain, and rain with a high sea."""


def homes_at_nodes(ground: float = 0.0, continent: str = "asia") -> HomesAtNodes:
    """100 people in the first cell, 50 in the second, 10 in the third."""
    region = replace(REGION, continent=continent)
    places = gpd.GeoDataFrame(
        {"asset_id": list("abc"), "asset_class": "residential", "value": 1e4, "survey_year": 2020,
         "people": [100.0, 50.0, 10.0]},
        geometry=[Point(x, 50) for x in (50, 150, 250)], crs=REGION.crs,
    )  # fmt: skip
    homes = Homes.of(places)
    assert homes is not None
    errors = PeopleErrors(np.array([1.0, 2.0]), np.array([ground, ground]), np.array([0.15, 0.5]))
    lived_in = inhabited_places(homes, places, region, errors)
    return HomesAtNodes(lived_in, overlay_exposure(lived_in.places, region))


def depths(*nodes: tuple[float, float, float]) -> np.ndarray:
    return np.array(nodes, dtype=np.float32)[:, None, :]


def test_without_errors_the_dead_are_people_times_the_recorded_shares_of_their_depth() -> None:
    found = homes_at_nodes().people(depths((0, 0, 0), (1.0, 0, 0), (3.0, 0.4, 0)), CALM, 0)
    assert not found[0].any()
    np.testing.assert_allclose(found[:, 0, 1], [0, 100, 150])  # with water
    np.testing.assert_allclose(found[:, 1, 1], [0, 100, 100])  # in danger
    likely = [0, *(100 * remaining_zone(np.array([1.0]))), 100 * remaining_zone(np.array([3.0]))[0]]
    likely[2] += 50 * remaining_zone(np.array([0.4]))[0]
    np.testing.assert_allclose(found[:, 2, 1], likely, rtol=1e-6)
    weak_and_fast = 100 * max(WEAK_HOUSES, WORST_VILLAGE, rapidly_rising_zone(np.array([3.0]))[0])
    assert found[2, 2, 2] >= weak_and_fast, "how fast rain and rivers rise is unknown: never the mild branch at most"


def test_the_count_and_the_depth_err_by_sample() -> None:
    depth = depths((0, 0, 0), (1.0, 0.3, 0), (1.0, 0.3, 0))
    first, second = (homes_at_nodes().people(depth, CALM, sample) for sample in (0, 1))
    assert first[1, 0, 1] == 150
    assert second[1, 0, 1] == 2 * 100, "wet from 0.5 m in the second sample, and twice the people"


def test_ground_that_lies_lower_deepens_water_of_rain_and_wets_no_home_that_its_maps_keep_dry() -> None:
    depth = depths((0, 0, 0.1), (0.3, 0, 0.3), (0.3, 0, 0.3))
    assert homes_at_nodes().people(depth, CALM, 0)[1, 1, 1] == 0
    lower = homes_at_nodes(ground=0.4).people(depth, CALM, 0)
    assert lower[1, 1, 1] == 100, "0.7 m at the first home; the third stands as high as ordinary water shows"
    assert lower[1, 0, 1] == 110
    assert not homes_at_nodes(ground=-0.4).people(depth, CALM, 0)[1, 0, 1]


def test_water_of_nearly_every_year_is_dangerous_nowhere() -> None:
    found = homes_at_nodes(ground=0.8).people(depths((1.0, 0.6, 0), (1.0, 0.6, 0), (4.0, 0.6, 0)), CALM, 0)
    assert found[0, 1].tolist() == [0, 0, 0]
    assert found[2, 1, 1] == 100, "three metres more than in ordinary years"


def test_unknown_ground_kills_nobody_at_least_and_as_many_as_the_worst_settlement_at_most() -> None:
    depth = depths((np.nan, 0, 0), (np.nan, 0, 0), (np.nan, 0, 0))
    found = homes_at_nodes(continent="europe").people(depth, CALM, 0)
    assert found[1, 2, 0] == 0
    assert found[1, 2, 2] == pytest.approx(100 * WORST_VILLAGE)
    assert found[0, 2].tolist() == [0, 0, 0], "who lives in ordinary water lives with it"
    assert found[1, :2, 2].tolist() == [100, 100]


def added(seed: int, size: float) -> AddedPeople:
    """Of years that reach six combinations, of which those in an ordinary year also reach the sea's."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(4):
        all_of, sea = rng.random((2, 200, 6)) < 0.2
        rows.append((all_of | sea, sea))
    counts = np.sort(np.sort(size * rng.random((4, 6, 3, 3)), axis=3), axis=2)[:, :, ::-1]
    return AddedPeople.of(100.0, rows, list(counts))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.floats(0, 5000), st.floats(0.01, 3))
def test_all_drivers_reach_no_fewer_than_the_sea_alone_and_their_numbers_nest(
    seed: int, size: float, scale: float
) -> None:
    population, loss = by_sea(scale)
    together = PeopleByAllDrivers.of(DRIVERS, population, loss, added(seed, size))
    assert list(people_nest(population, None, loss, together)) == []


def test_where_rain_and_rivers_add_nothing_the_numbers_are_those_of_the_sea() -> None:
    population, loss = by_sea()
    together = PeopleByAllDrivers.of(DRIVERS, population, loss, added(1, 0.0))
    for name in ("in_danger", "by_night", "on_average", "by_day", "warned"):
        assert getattr(together, name) == getattr(loss, name)
    assert together.exposed == population.exposed
    assert replace(together.per_year, name="today") == loss.per_year[0]
    assert together.per_year.name == "today, with rain and the river"


def test_a_flood_of_rain_in_every_tenth_year_adds_its_people_a_year_and_once_in_a_hundred_years() -> None:
    by_all = np.zeros((100, 2), dtype=bool)
    by_all[::10, 1] = True
    people = np.zeros((2, 3, 3))
    people[1] = [[100, 100, 200], [80, 80, 100], [1, 2, 10]]
    more = AddedPeople.of(100.0, [(by_all, np.zeros((100, 2), dtype=bool))] * 2, [people] * 2)
    np.testing.assert_allclose(more.per_year, np.tile(people[1] / 10, (2, 1, 1)))
    np.testing.assert_allclose(more.rare, np.tile(people[1], (2, 1, 1)))
    population, loss = by_sea()
    together = PeopleByAllDrivers.of(DRIVERS, population, loss, more)
    assert (together.exposed.low, together.exposed.high) == (200, 1000)
    assert (together.by_night.low, together.by_night.high) == (3, 310)
    assert (together.per_year.with_water.low, together.per_year.with_water.high) == (11, 60)
    assert together.per_year.deaths.high == 10


def test_rain_below_the_usual_takes_nobody_from_the_sea() -> None:
    ordinary, rain = np.zeros((100, 2), dtype=bool), np.ones((100, 2), dtype=bool)
    more = AddedPeople.of(100.0, [(ordinary, rain)], [np.full((2, 3, 3), 50.0)])
    assert not more.per_year.any()
    assert not more.rare.any()


def test_people_by_fewer_than_the_sea_are_a_contradiction() -> None:
    population, loss = by_sea()
    together = PeopleByAllDrivers.of(DRIVERS, population, loss, added(1, 10.0))
    fewer = replace(together, by_night=People.bounded(0, 0, 10))
    (found, *_) = people_nest(population, None, loss, fewer)
    assert "by night by the sea alone" in found


def test_the_numbers_survive_a_stage_file() -> None:
    population, loss = by_sea()
    together = PeopleByAllDrivers.of(DRIVERS, population, loss, added(3, 50.0))
    assert decode(encode(together)) == together
    again = decode(encode(added(3, 50.0)))
    np.testing.assert_array_equal(again.per_year, added(3, 50.0).per_year)
