"""Danger to people by zone: dangerous depth on land and at homes, and the sea level from which a zone is dangerous."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from strandline.observations.observations import Provenance
from strandline.observations.region import Region
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.people import COUNT_FACTOR
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.danger import (
    DANGEROUS_DEPTH,
    DANGEROUS_SHARE,
    ENDANGERED_SHARE,
    dangerous_levels,
    depth_at_homes,
    depth_on_land,
    yearly_levels,
)
from strandline.risk.stage_damage.zones import Zones

REGION = Region("Slopeshore", "EPSG:32633", (0, 0, 1000, 1000), 100.0, "mean sea level", (50, 50), "europe")
GROUND = np.linspace(0.0, 3.96, 100).reshape(10, 10)  # rises by 4 cm from cell to cell
LEVELS = np.linspace(1.0, 4.0, 13)
DRY = 0.0


def bathtub(ground: np.ndarray = GROUND, levels: np.ndarray = LEVELS) -> Hazard:
    depth = np.maximum(levels[:, None, None] - ground, 0.0).astype(np.float32)[None]
    chance = np.where(np.isnan(depth[0]), np.nan, depth[0] > 0).astype(np.float32)
    periods = tuple(2.0 + np.arange(levels.size))
    source = {"terrain": Provenance("simulated", "made by hand")}
    return Hazard(REGION, periods, levels[None], depth, chance, chance, chance, source)


def homes(*at: tuple[float, float, float]) -> gpd.GeoDataFrame:
    """Homes at x, y with a number of people."""
    return gpd.GeoDataFrame(
        {
            "asset_id": [f"home {number}" for number in range(len(at))],
            "asset_class": "residential",
            "value": 1e5,
            "survey_year": 2020,
            "people": [people for *_, people in at],
        },
        geometry=[Point(x, y) for x, y, _ in at],
        crs=REGION.crs,
    )


def one_zone(hazard: Hazard, assets: gpd.GeoDataFrame, dry: float = DRY) -> StageDamageByZone:
    zones = Zones(
        ("all",), (box(0, 0, 1, 1),), np.zeros(REGION.shape, dtype=int), np.zeros(len(assets), dtype=int), "one"
    )
    return StageDamageByZone.of(zones, [hazard], assets, dry, np.random.default_rng(0))


HIGH_HOME = (950.0, 50.0, 40.0)  # in the highest cell


def test_a_zone_is_dangerous_from_the_sea_level_that_puts_its_lowest_twentieth_under_half_a_metre() -> None:
    ground = GROUND + 1.2  # the lowest twentieth is wet at both mapped levels about the dangerous one
    found = one_zone(bathtub(ground), homes(HIGH_HOME))
    fifth_lowest = np.sort(ground.ravel())[4]
    assert found.dangerous_level[0, 0] == pytest.approx(fifth_lowest + DANGEROUS_DEPTH, abs=1e-6)


def test_water_that_harms_buildings_but_not_people_is_no_danger() -> None:
    shallow = bathtub(np.full((10, 10), 3.6))  # 0.4 m at the highest sea level
    found = one_zone(shallow, homes(HIGH_HOME))
    assert found.flooded_share[0, 0, -1] == 1
    assert found.people_in_danger_at_most[0, 0, -1] == 40 * COUNT_FACTOR, "the ground may be lower than mapped"
    assert found.dangerous_share.max() == 0
    assert found.people_in_danger.max() == 0
    assert np.isposinf(found.dangerous_level).all()


def test_people_in_danger_count_though_hardly_any_land_is_dangerous() -> None:
    ground = np.full((10, 10), 9.0)
    ground[0, 0] = 1.0
    alone = one_zone(bathtub(ground), homes((50.0, 950.0, 2.0), *[HIGH_HOME] * 4))
    assert alone.dangerous_level[0, 0] == pytest.approx(1.5, abs=1e-6)
    assert alone.people_in_danger[0, 0, -1] == 2
    assert alone.dangerous_share.max() == 0.01
    among_many = one_zone(bathtub(ground), homes((50.0, 950.0, 2.0), *[HIGH_HOME] * 8))
    assert np.isposinf(among_many.dangerous_level).all()  # 2 of 322 people: fewer than one in a hundred
    assert among_many.people_in_danger[0, 0, -1] == 2


def test_below_the_lowest_mapped_level_water_falls_with_the_sea_and_endangers_nobody_every_year() -> None:
    levels = np.array([[2.0, 3.0]])

    def found(deep: float, calm: float) -> float:
        return float(dangerous_levels(levels, np.array([[[deep, deep + 1]]]), np.array([calm]))[0, 0])

    assert found(0.9, 0.0) == pytest.approx(1.6)  # 40 cm lower, 40 cm less water
    assert found(2.5, 1.2) == 1.2
    assert found(0.5, 1.9) == 2.0
    assert 2.0 - found(3.0, 5.0) <= 1e-3  # a calm level above the lowest mapped one: a step
    returned = np.array([[2.0, 2.0 + np.log(2.5)]])  # of 2 and 5 years, in an exponential tail of scale 1 m
    assert yearly_levels(returned, (2.0, 5.0), 0.5) == pytest.approx(2 - np.log(2))
    assert yearly_levels(returned, (2.0, 5.0), 1.5) == 1.5
    assert yearly_levels(returned[:, :1], (2.0,), 0.5) == 0.5


def test_unknown_land_is_not_safe_and_its_dangerous_level_is_unknown() -> None:
    ground = GROUND.copy()
    ground[:5] = np.nan
    found = one_zone(bathtub(ground), homes(HIGH_HOME))
    assert found.unknown_share[0] == 0.5
    assert np.isfinite(found.dangerous_level).all()  # of the half that is known
    nothing = one_zone(bathtub(np.full((10, 10), np.nan)), homes(HIGH_HOME))
    assert np.isnan(nothing.dangerous_level).all()
    assert np.isnan(nothing.dangerous_share).all()
    uncounted = one_zone(bathtub(), homes((50.0, 950.0, np.nan)))
    assert np.isnan(uncounted.people_in_danger).all()
    assert np.isfinite(uncounted.dangerous_level).all()  # of the land


def test_a_home_on_unknown_ground_is_not_counted_as_in_danger() -> None:
    depth = np.array([[np.nan, np.nan], [0.2, 0.7]])
    np.testing.assert_array_equal(depth_at_homes(depth, np.array([3.0, 4.0])), [0.2, 0.7])
    np.testing.assert_array_equal(depth_at_homes(depth, np.zeros(2)), [0, 0])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**16), st.floats(-1, 4), st.integers(1, 40), st.integers(0, 200))
def test_at_every_mapped_level_the_dangerous_level_agrees_with_land_and_people_in_danger(
    seed: int, height: float, spread: int, heads: int
) -> None:
    rng = np.random.default_rng(seed)
    ground = height + rng.uniform(0, spread / 10, (10, 10))
    points = [(*rng.uniform(1, 999, 2), float(people)) for people in rng.multinomial(heads, np.ones(5) / 5)]
    found = one_zone(bathtub(ground), homes(*points), dry=0.9)
    needed = max(1.0, ENDANGERED_SHARE * heads)
    dangerous = (found.dangerous_share[0, 0] >= DANGEROUS_SHARE) | (found.people_in_danger[0, 0] >= needed)
    np.testing.assert_array_equal(LEVELS - found.dangerous_level[0, 0] >= 0, dangerous)
    assert (found.dangerous_share <= found.flooded_share).all()
    if heads:
        assert (found.people_in_danger <= found.people_in_danger_at_most).all()
    assert found.dangerous_level[0, 0] >= 0.9


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**16), st.floats(0, 2))
def test_deeper_water_makes_a_zone_dangerous_at_a_lower_sea_level(seed: int, more: float) -> None:
    rng = np.random.default_rng(seed)
    depth = np.sort(rng.uniform(0, 1.5, (3, 2, 6)), axis=2)
    levels = np.sort(rng.uniform(1, 3, (2, 6)), axis=1)
    higher = dangerous_levels(levels, depth, np.zeros(2))
    lower = dangerous_levels(levels, depth + more, np.zeros(2))
    assert (lower <= higher + 1e-9).all()
    cells = np.arange(4)
    maps = rng.uniform(0, 2, (5, 2, 2)).astype(np.float32)
    assert (depth_on_land(maps + np.float32(more), cells) >= depth_on_land(maps, cells)).all()


def test_the_state_of_a_zone_at_a_sea_level_contains_the_danger_to_people() -> None:
    found = one_zone(bathtub(), homes(HIGH_HOME))
    state = found.at(LEVELS, 0)
    np.testing.assert_allclose(state.dangerous_share[:, 0], found.dangerous_share[0, 0])
    np.testing.assert_allclose(state.people_in_danger[:, 0], found.people_in_danger[0, 0])
