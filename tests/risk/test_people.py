"""People with bounds: they hold the truth of a place of known population, and no text shows more than two digits."""

import math
import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

import tests.fixtures.reports as coast
from strandline.errors import InputError
from strandline.observations.observations import Provenance
from strandline.observations.region import Region
from strandline.planning.formatting import format_people
from strandline.report.consistency.people import people_nest
from strandline.report.page.narrative import population_sentences, uncounted_homes_sentences
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.population import PopulationImpact, assess_population
from strandline.risk.people import (
    COUNT_FACTOR,
    GROUND_ERROR,
    UNKNOWN,
    Homes,
    People,
    PeopleErrors,
    residents,
)

EDGE = 12
REGION = Region("Knownshore", "EPSG:32633", (0, 0, 1200, 1200), 100.0, "mean sea level", (50, 50), "asia")
PERIODS = (2.0, 10.0, 100.0)
MIDDLE = np.array([1.2, 1.6, 2.0])
NUMBERS = st.floats(0, 1e7)


def bathtub(ground: np.ndarray, levels: np.ndarray) -> Hazard:
    depth = np.maximum(levels[..., None, None] - ground, 0).astype(np.float32)
    wet = (depth >= 0.15).mean(axis=0, dtype=np.float32)
    return Hazard(REGION, PERIODS, levels, depth, wet, wet.round(), 0 * wet, {"terrain": Provenance("simulated", "")})


class Place:
    """A place with a surveyed and a true population, a mapped and a true ground, and its true 100-year flood."""

    def __init__(self, seed: int, samples: int = 24) -> None:
        rng = np.random.default_rng(seed)
        mapped = np.tile(np.linspace(0.2, 4.0, EDGE), (EDGE, 1)) + rng.normal(0, 0.1, (EDGE, EDGE))
        row, column = rng.integers(0, EDGE, (2, 150))
        counted = rng.integers(2, 9, 150).astype(float)
        is_counted = rng.random(150) > 0.1
        self.mapped = mapped
        self.assets = gpd.GeoDataFrame(
            {"asset_id": [f"h{n}" for n in range(150)], "asset_class": "residential", "value": 1e4, "survey_year": 2020,
             "people": np.where(is_counted, counted, np.nan)},
            geometry=[Point(100 * c + 50, 1150 - 100 * r) for r, c in zip(row, column, strict=True)],
            crs=REGION.crs,
        )  # fmt: skip
        levels = MIDDLE + rng.normal(0, 0.15, (samples, 1))
        self.hazards = [bathtub(mapped, levels), bathtub(mapped, levels + 0.5)]
        true_ground = mapped - rng.normal(0, GROUND_ERROR)
        true_level, wet_from = 2.0 + rng.normal(0, 0.15), rng.uniform(0.15, 0.5)
        self.truth = counted * COUNT_FACTOR ** rng.uniform(-1, 1)
        self.exposed = float(self.truth[true_level - true_ground[row, column] >= wet_from].sum())

    def assessed(self) -> People:
        found = assess_population(self.hazards, self.assets, 2, np.random.default_rng(1), ground=self.mapped)
        assert found is not None
        assert found.residents.low <= self.truth.sum() <= found.residents.high
        return found.exposed


@pytest.mark.slow
def test_the_bounds_hold_the_people_of_places_whose_population_is_known() -> None:
    places = [Place(seed) for seed in range(40)]
    bounds = [place.assessed() for place in places]
    held = [each.low <= place.exposed <= each.high for each, place in zip(bounds, places, strict=True)]
    assert np.mean(held) >= 0.9
    sampled = []
    for place in places:  # the samples of the sea alone, as people were reported before
        cells = REGION.cells_of(place.assets.geometry.x.to_numpy(), place.assets.geometry.y.to_numpy())
        wet = place.hazards[0].flood_depth[:, 2][:, *cells] >= 0.15
        low, high = np.quantile(wet @ np.nan_to_num(place.assets["people"]), (0.1, 0.9))
        sampled.append(low <= place.exposed <= high)
    assert np.mean(sampled) < 0.3, "sampling error alone is not what nobody knows"


def mapped(place: Place, seed: int) -> xr.DataArray:
    """A map of the true people: wrong as a whole, wrong in each cell, and a fifth of them in a neighbouring cell."""
    rng, true = np.random.default_rng([seed, 1]), np.zeros(REGION.shape)
    point = place.assets.geometry
    np.add.at(true, REGION.cells_of(point.x.to_numpy(), point.y.to_numpy()), place.truth)
    wrong = true * 1.6 ** rng.uniform(-1, 1) * rng.lognormal(0, 0.5, true.shape)
    moved = 0.8 * wrong + 0.2 * np.roll(wrong, rng.integers(-1, 2, 2), (0, 1))
    return xr.DataArray(moved, {"y": REGION.y, "x": REGION.x}, ("y", "x"))


@pytest.mark.slow
def test_the_bounds_hold_the_people_of_known_places_that_only_a_map_counts() -> None:
    held = []
    for seed in range(30):
        place = Place(seed)
        nobody = place.assets.iloc[:0].drop(columns="people")
        found = assess_population(
            place.hazards, nobody, 2, np.random.default_rng(1), ground=place.mapped, people=mapped(place, seed)
        )
        assert found is not None
        assert found.counted_by == "map"
        assert found.uncounted_homes == 0
        assert found.residents.low <= place.truth.sum() <= found.residents.high
        held.append(found.exposed.low <= place.exposed <= found.exposed.high)
    assert np.mean(held) >= 0.9


def test_a_survey_that_counts_people_stands_and_the_map_adds_nobody_to_it() -> None:
    place = Place(2)
    people = mapped(place, 2)
    by_survey, by_both = Homes.of(place.assets), Homes.of(place.assets, people)
    assert by_survey is not None
    assert by_both is not None
    np.testing.assert_array_equal(by_survey.high, by_both.high)
    uncounted = place.assets.assign(people=np.nan)
    by_map = Homes.of(uncounted, people)
    assert by_map is not None
    assert by_map.likely.sum() == pytest.approx(float(people.sum())), "homes without a count hold nobody twice"


@pytest.mark.parametrize("samples", [1, 2, 3, 24])
def test_never_are_more_people_exposed_than_live_there_however_few_the_samples(samples: int) -> None:
    place = Place(5, samples)
    deep = [bathtub(place.mapped - 9, hazard.levels) for hazard in place.hazards]
    for seed in range(10):
        found = assess_population(deep, place.assets, 2, np.random.default_rng(seed), ground=place.mapped - 9)
        assert found is not None
        assert found.exposed.low <= found.residents.low
        assert list(people_nest(found, None)) == []


def test_bounds_are_no_wider_than_everybody_and_nobody() -> None:
    place = Place(3)
    found = place.assessed()
    homes = Homes.of(place.assets)
    assert homes is not None
    everybody = homes.residents(np.ones(len(place.assets), dtype=bool))
    assert 0 < found.low < found.likely < found.high < everybody.high


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 2**16), st.floats(0, 0.6))
def test_a_higher_sea_never_exposes_fewer_people(seed: int, rise: float) -> None:
    place = Place(seed, samples=4)
    higher = [bathtub(place.mapped, each.levels + rise) for each in place.hazards]
    low, high = (
        assess_population(hazards, place.assets, 2, np.random.default_rng(0), ground=place.mapped)
        for hazards in (place.hazards, higher)
    )
    assert low is not None
    assert high is not None
    for end in ("low", "likely", "high"):
        assert getattr(low.exposed, end) <= getattr(high.exposed, end)


def test_above_the_highest_mapped_sea_low_ground_may_flood_and_high_ground_may_not() -> None:
    place = Place(0)
    today = place.hazards[:1]
    by_ground, by_any = (
        assess_population(today, place.assets, 2, np.random.default_rng(1), ground=ground)
        for ground in (place.mapped, None)
    )
    assert by_ground is not None
    assert by_any is not None
    assert by_ground.exposed.low == by_any.exposed.low
    assert by_ground.exposed.high < by_any.exposed.high, "unknown ground may flood"


def test_a_range_that_begins_at_nobody_tells_how_often_the_sea_is_kept_out_and_what_it_floods_otherwise() -> None:
    """Ground behind an embankment: in some samples all of it is under water, in the others none."""
    place = Place(0)
    overtopped = np.linspace(0, 1, len(place.hazards[0].levels)) > 0.25
    hazards = [
        replace(each, flood_depth=np.zeros_like(each.flood_depth) + 3.0 * overtopped[:, None, None, None])
        for each in place.hazards
    ]
    found = assess_population(hazards, place.assets, 2, np.random.default_rng(0), ground=np.full((EDGE, EDGE), 99.0))
    assert found is not None
    assert found.spared == pytest.approx((~overtopped).mean())
    assert found.exposed.low == 0
    assert 0.5 * found.residents.low < found.fewest_otherwise <= found.exposed.high <= found.residents.high
    assert 0 == found.uncounted_home.low < found.uncounted_home.likely < found.uncounted_home.high
    impact = replace(coast.impact(), population=found)
    text = " ".join(population_sentences(impact)).replace("\u00a0", " ")
    assert f"In about {round(100 * found.spared)} % of the cases the sea is kept out and no home is wet" in text
    assert "no home is wet" not in " ".join(population_sentences(replace(impact, population=_certain(found))))
    (note,) = uncounted_homes_sentences(impact)
    assert f"may be empty or hold up to {found.uncounted_home.high:g} people" in note


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_where_everybody_is_always_flooded_as_many_are_exposed_as_live_there(seed: int, samples: int) -> None:
    place = Place(seed % 50, samples)
    drowned = [replace(each, flood_depth=np.full_like(each.flood_depth, 9.0)) for each in place.hazards]
    found = assess_population(drowned, place.assets, 2, np.random.default_rng(seed), ground=place.mapped)
    assert found is not None
    assert found.exposed.low <= found.residents.low, "a part of the people is never surely more than surely live there"
    assert found.exposed.high <= found.residents.high
    assert found.fewest_otherwise <= found.residents.low


def _certain(found: PopulationImpact) -> PopulationImpact:
    return replace(found, exposed=People(found.fewest_otherwise, found.exposed.high, found.exposed.high), spared=0.0)


def test_people_whom_nobody_counted_are_unknown_and_not_none() -> None:
    assets = Place(0).assets.assign(people=np.nan)
    assert residents(assets, np.ones(len(assets), dtype=bool)).is_unknown
    assert residents(assets.drop(columns="people"), np.ones(len(assets), dtype=bool)).is_unknown
    assert format_people(UNKNOWN) == "unknown"
    assert assess_population(Place(0).hazards, assets, 2, np.random.default_rng(0)) is None


def test_a_home_without_a_count_is_in_the_upper_bound_alone() -> None:
    assets = Place(0).assets.iloc[:3].assign(people=[10.0, np.nan, 20.0])
    found = residents(assets, np.array([False, True, False]))
    assert (found.low, found.likely, found.high) == (0, 15, math.ceil(19.5 * COUNT_FACTOR))


@given(NUMBERS, NUMBERS, NUMBERS)
def test_text_never_shows_more_than_two_digits_nor_a_lower_bound_above_the_upper(a: float, b: float, c: float) -> None:
    low, likely, high = sorted((a, b, c))
    people = People.bounded(low, likely, high)
    assert people.low <= low * (1 + 1e-9) + 1e-9
    assert people.high >= high * (1 - 1e-9) - 1e-9
    text = format_people(people)
    numbers = [number.replace(",", "") for number in re.findall(r"[\d,]+", text)]
    assert all(len(number.strip("0")) <= 2 for number in numbers)
    assert [int(number) for number in numbers] == sorted({people.low, people.high})
    assert text.startswith("between ") == (len(numbers) == 2)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(21_562, 21_972, "between 21,000 and 22,000"), (1_000, 23_300, "between 1,000 and 24,000"),
     (7, 7, "7"), (0, 0, "0"), (0, 1, "between 0 and 1"), (99.2, 100.1, "between 99 and 110")],
)  # fmt: skip
def test_bounds_are_written_with_two_digits_rounded_outwards(low: float, high: float, text: str) -> None:
    assert format_people(People.bounded(low, low, high)) == text


def test_bounds_that_do_not_ascend_are_refused() -> None:
    for wrong in ((3.0, 2.0, 4.0), (-1.0, 0.0, 1.0), (0.0, 1.0, math.inf)):
        with pytest.raises(InputError, match="bounds of people"):
            People(*wrong)


def test_few_samples_reach_both_ends_of_every_error() -> None:
    drawn = PeopleErrors.draw(20, np.random.default_rng(0))
    assert drawn.count_factor.min() < 0.8 < 1.25 < drawn.count_factor.max()
    assert drawn.ground.min() < -1.5 * GROUND_ERROR < 1.5 * GROUND_ERROR < drawn.ground.max()
    assert abs(drawn.ground.mean()) < 0.1
