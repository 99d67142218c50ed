"""Who may die: closed forms without errors, order of night, day and warned, districts, and unknown ground."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from strandline.observations.observations import Provenance
from strandline.observations.region import Region
from strandline.pipeline.run_folder.value_files import decode, encode
from strandline.planning.early_action.evacuation.lives import lives_sentences, what_lives_rest_on
from strandline.planning.formatting import format_people
from strandline.report.consistency.people import people_nest
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.impact.lives.counts import Counts, HomesAtSeas, count_at_return_levels
from strandline.risk.impact.lives.loss_of_life import LossOfLife, estimate_loss_of_life
from strandline.risk.impact.lives.mortality import Mortality, remaining_zone
from strandline.risk.impact.lives.per_year import people_per_year
from strandline.risk.impact.population import PopulationImpact, assess_population
from strandline.risk.people import People, PeopleErrors
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights

EDGE = 10
PERIODS = (2.0, 10.0, 100.0)
LEVELS = np.array([1.0, 2.0, 3.2])
GROUND = np.tile(np.linspace(0.0, 4.0, EDGE), (EDGE, 1))
SAMPLES = 20


def region(continent: str = "europe") -> Region:
    return Region(
        "Lifeshore", "EPSG:32633", (0, 0, 100.0 * EDGE, 100.0 * EDGE), 100.0, "mean sea level", (50, 50), continent
    )


def bathtub(
    levels: np.ndarray, ground: np.ndarray = GROUND, periods: tuple[float, ...] = PERIODS, continent: str = "europe"
) -> Hazard:
    depth = np.maximum(levels[..., None, None] - ground, 0).astype(np.float32)
    wet = np.where(np.isnan(ground), np.nan, (depth >= 0.15).mean(axis=0)).astype(np.float32)
    source = {"terrain": Provenance("simulated", "")}
    return Hazard(region(continent), periods, levels, depth, wet, wet.round(), 0 * wet, source)


def homes(seed: int = 0, count: int = 60) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    row, column = rng.integers(0, EDGE, (2, count))
    return gpd.GeoDataFrame(
        {"asset_id": [f"h{n}" for n in range(count)], "asset_class": "residential", "value": 1e4, "survey_year": 2020,
         "people": rng.integers(200, 9000, count).astype(float), "district": np.where(column < 4, "low", "high")},
        geometry=[Point(100 * c + 50, 100 * EDGE - 50 - 100 * r) for r, c in zip(row, column, strict=True)],
        crs="EPSG:32633",
    )  # fmt: skip


def sampled(rise: float = 0.0, **given: object) -> Hazard:
    levels = LEVELS + np.random.default_rng(3).normal(0, 0.1, (SAMPLES, 1)) + rise
    return bathtub(levels, **given)  # type: ignore[arg-type]


def assessed(
    assets: gpd.GeoDataFrame, hazard: Hazard, ground: np.ndarray = GROUND, **given: object
) -> tuple[PopulationImpact, LossOfLife]:
    population = assess_population([hazard], assets, 2, np.random.default_rng(1), ground=ground)
    assert population is not None
    loss = estimate_loss_of_life([hazard], assets, population, 2, np.random.default_rng(2), ground=ground, **given)  # type: ignore[arg-type]
    assert loss is not None
    return population, loss


def without_errors(assets: gpd.GeoDataFrame, mortality: Mortality | None = None) -> HomesAtSeas:
    errors = PeopleErrors(np.ones(SAMPLES), np.zeros(SAMPLES), np.full(SAMPLES, 0.15))
    is_low = (assets["district"] == "low").to_numpy()
    everybody = np.ones(len(assets), dtype=bool)
    people = np.tile(assets["people"].to_numpy(dtype=float), (3, 1))
    return HomesAtSeas(
        assets, people, np.stack([everybody, is_low, ~is_low]), np.full(len(assets), -np.inf),
        np.zeros(len(assets), dtype=bool), mortality or Mortality(False), errors,
    )  # fmt: skip


def test_without_errors_the_likely_dead_are_people_times_the_published_share_of_their_depth() -> None:
    assets, hazard = homes(), bathtub(np.tile(LEVELS, (SAMPLES, 1)))
    counts = count_at_return_levels(without_errors(assets), [hazard], None)
    row, column = hazard.region.cells_of(assets.geometry.x.to_numpy(), assets.geometry.y.to_numpy())
    people = assets["people"].to_numpy()
    for period, level in enumerate(LEVELS):
        depth = np.maximum(level - GROUND[row, column], 0).astype(np.float32).astype(float)
        assert counts.deaths[1, 0, 0, period] == pytest.approx(people @ remaining_zone(depth))
        assert counts.with_water[1, 0, 0, period] == people[depth >= 0.15].sum()
        assert counts.in_danger[1, 0, 0, period] == people[depth >= 0.5].sum()


def test_where_ground_and_sea_lie_closer_than_mapped_the_water_is_that_much_deeper() -> None:
    assets, deep = homes(), np.full((EDGE, EDGE), -5.0)
    places = without_errors(assets)
    closer = np.linspace(-0.8, 0.8, SAMPLES)
    places = replace(places, errors=replace(places.errors, ground=closer))
    counts = count_at_return_levels(places, [bathtub(np.tile(LEVELS, (SAMPLES, 1)), deep)], None)
    expected = assets["people"].sum() * remaining_zone(LEVELS[None] + 5.0 + closer[:, None])
    np.testing.assert_allclose(counts.deaths[1, :, 0], expected, rtol=1e-6)


def test_districts_add_up_to_the_whole_in_every_sample_at_every_level() -> None:
    counts = count_at_return_levels(without_errors(homes()), [sampled()], None)
    for each in (counts.with_water, counts.in_danger, counts.deaths):
        np.testing.assert_allclose(each[:, :, 1:].sum(axis=2), each[:, :, 0])


def test_frequent_maps_come_first_and_count_as_maps_of_lower_seas() -> None:
    often = bathtub(np.tile(LEVELS[:1] - 0.4, (SAMPLES, 1)), periods=(1.1,))
    counts = count_at_return_levels(without_errors(homes()), [bathtub(np.tile(LEVELS, (SAMPLES, 1)))], often)
    assert counts.return_periods == (1.1, *PERIODS)
    assert (np.diff(counts.with_water, axis=-1) >= 0).all()


def test_bounds_ascend_and_nobody_dies_who_has_no_water_at_home() -> None:
    population, loss = assessed(homes(), sampled())
    assert list(people_nest(population, None, loss)) == []
    assert loss.by_night.low <= loss.on_average.low < loss.on_average.high <= loss.by_night.high
    assert 0 < loss.by_night.high <= loss.in_danger.high <= population.exposed.high
    assert loss.by_night.low > 0


def test_night_is_no_safer_than_day_and_who_was_warned_no_worse_than_who_was_not() -> None:
    _, loss = assessed(homes(), sampled())
    for end in ("low", "likely", "high"):
        assert getattr(loss.by_day, end) <= getattr(loss.by_night, end)
        assert getattr(loss.warned, end) <= getattr(loss.by_night, end)
    assert loss.by_day.high == loss.by_night.high, "no publication says that all are safer by day"
    assert loss.by_day.low < loss.by_night.low
    assert loss.warned.high < loss.by_night.high


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 100), st.floats(0, 1))
def test_a_higher_sea_never_kills_fewer(seed: int, rise: float) -> None:
    low, high = (assessed(homes(seed), sampled(by))[1] for by in (0.0, rise))
    for name in ("by_night", "by_day", "warned", "in_danger"):
        for end in ("low", "likely", "high"):
            assert getattr(getattr(low, name), end) <= getattr(getattr(high, name), end)
    for end in ("low", "high"):
        assert getattr(low.per_year[0].deaths, end) <= getattr(high.per_year[0].deaths, end)


def test_unknown_ground_kills_nobody_at_least_and_as_many_as_the_worst_settlement_at_most() -> None:
    assets = homes().iloc[:1].assign(people=100.0)
    nowhere = np.full((EDGE, EDGE), np.nan)
    hazard = bathtub(np.tile(LEVELS, (SAMPLES, 1)), ground=nowhere, continent="asia")
    counts = count_at_return_levels(without_errors(assets, Mortality(True)), [hazard], None)
    assert (counts.deaths[0] == 0).all()
    np.testing.assert_allclose(counts.deaths[2, :, 0], 22.0)
    _, loss = assessed(assets, hazard, nowhere)
    assert loss.by_night.low == 0
    assert loss.by_night.high >= 22


def test_a_breach_is_feared_near_embankments_and_everywhere_where_none_was_surveyed() -> None:
    low_ground = np.full((EDGE, EDGE), 1.2)
    assets, hazard = homes(), sampled(ground=low_ground)

    def with_embankment(x: float) -> gpd.GeoDataFrame:
        dike = assets.iloc[:1].assign(asset_id="dike", asset_class="embankment", people=np.nan, district=None)
        dike = dike.set_geometry([LineString([(x, 0), (x, 1000)])], crs=assets.crs)
        return gpd.pd.concat([assets, dike], ignore_index=True)

    none, near, far = (
        assessed(each, hazard, low_ground)[1] for each in (assets, with_embankment(500), with_embankment(90_000))
    )
    assert none.breach_anywhere
    assert not near.breach_anywhere
    assert none.by_night == near.by_night
    assert far.by_night.high < near.by_night.high
    assert far.by_night.low == near.by_night.low


def test_houses_count_as_weak_where_nobody_knows_that_they_are_strong() -> None:
    strong, weak = (assessed(homes(), sampled(continent=name))[1] for name in ("europe", "asia"))
    assert not strong.houses_may_be_weak
    assert weak.houses_may_be_weak
    assert weak.by_night.high > strong.by_night.high
    assert weak.by_night.low == strong.by_night.low


def test_as_many_at_every_level_are_at_least_the_share_of_years_and_at_most_every_year() -> None:
    count = np.full((3, SAMPLES, 1, len(PERIODS)), 40.0)
    found = people_per_year("today", Counts(PERIODS, count, count, count, np.full(SAMPLES, 400.0)), 0.1)
    assert (found.with_water.low, found.with_water.high) == (20, 40)
    assert (found.deaths.low, found.deaths.high) == (2, 40)


def test_people_a_year_are_the_integral_over_how_often_the_levels_come() -> None:
    count = np.broadcast_to(np.array([0.0, 10.0, 30.0]), (3, SAMPLES, 1, 3))
    found = people_per_year("today", Counts(PERIODS, count, count, count, np.full(SAMPLES, 400.0)), 1.0)
    least = float(frequency_weights(PERIODS) @ [0, 10, 30])
    assert found.deaths.low == pytest.approx(np.floor(10 * least) / 10)
    most = least + 20 / np.log(10) / 100  # rising on with ln T as between the last two
    assert found.deaths.high == pytest.approx(np.ceil(10 * most) / 10)


def test_a_future_sea_has_its_own_people_a_year() -> None:
    future = FutureHazard("2100", 0.8, "assumed", sampled(0.8))
    _, loss = assessed(homes(), sampled(), futures=[future])
    assert [each.name for each in loss.per_year] == ["today", "2100"]
    today, later = loss.per_year
    assert later.with_water.low > today.with_water.low
    assert later.deaths.high > today.deaths.high


def test_the_sea_of_most_years_endangers_nobody_today_but_a_risen_one_does() -> None:
    low_ground = np.full((EDGE, EDGE), 0.9)
    often = bathtub(np.tile([1.0], (SAMPLES, 1)), low_ground, (1.1,))
    today = bathtub(np.tile(LEVELS + 0.5, (SAMPLES, 1)), low_ground)
    places = without_errors(homes())
    places = replace(places, errors=replace(places.errors, ground=np.full(SAMPLES, 1.0)), calm=often.levels[:, 0])
    counts = count_at_return_levels(places, [today], often)
    assert (counts.with_water[2, :, 0, 0] == 0).all(), "the map keeps homes dry in most years, and so do errors"
    assert (counts.in_danger[1, :, 0, -1] > 0).all()
    risen = [bathtub(each.levels + 1.0, low_ground, each.return_periods) for each in (today, often)]
    later = count_at_return_levels(places, [risen[0], today], risen[1])
    assert (later.in_danger[1, :, 0, 0] > 0).all(), "homes do not rise with the sea"
    assert (later.deaths[2, :, 0] >= counts.deaths[2, :, 0]).all()


def test_unknown_ground_endangers_nobody_in_the_sea_of_most_years_and_may_in_every_higher_one() -> None:
    nowhere = np.full((EDGE, EDGE), np.nan)
    maps = [
        bathtub(np.tile(each, (SAMPLES, 1)), nowhere, periods) for each, periods in ((LEVELS, PERIODS), ([0.5], (1.1,)))
    ]
    places = replace(without_errors(homes(), Mortality(True)), calm=np.full(SAMPLES, 0.5))
    counts = count_at_return_levels(places, maps[:1], maps[1])
    people = places.people[2].sum()
    np.testing.assert_allclose(counts.deaths[2, 0, 0], [0, *[0.22 * people] * 3])
    np.testing.assert_allclose(counts.in_danger[2, 0, 0], [0, *[people] * 3])


def test_where_nobody_is_counted_nothing_is_told() -> None:
    assets = homes().assign(people=np.nan)
    assert estimate_loss_of_life([sampled()], assets, None, 2, np.random.default_rng(0)) is None
    assert lives_sentences(None, 100) == ()


def test_the_loss_of_life_is_kept_between_stages() -> None:
    _, loss = assessed(homes(), sampled())
    assert decode(encode(loss)) == loss


def test_the_gate_stops_more_dead_than_people_in_the_water() -> None:
    population, loss = assessed(homes(), sampled())
    many = People(loss.by_night.low, population.exposed.high, 2 * population.exposed.high)
    (told,) = people_nest(population, None, replace(loss, by_night=many))
    assert "who may die by night" in told


def test_sentences_say_night_day_warned_what_is_possible_and_the_method() -> None:
    _, loss = assessed(homes(), sampled(continent="asia"))
    first, average, second = lives_sentences(loss, 100)
    rest = what_lives_rest_on(loss)
    assert f"between {loss.by_night.low:g} and {loss.by_night.high:,.0f} people may die" in first
    assert "by night and nobody leaves" in first
    assert f"between {loss.warned.low:g} and {loss.warned.high:,.0f}" in second
    assert format_people(loss.on_average) in average
    assert any("No embankment was surveyed" in each for each in rest)
    assert any("how strong the houses are" in each for each in rest)
    assert "not mapped" in rest[0].replace("\n", " ")
    dry = replace(loss, by_night=People(0, 0, 0), by_day=People(0, 0, 0), warned=People(0, 0, 0))
    (only,) = lives_sentences(dry, 100)
    assert "nobody is counted as in danger" in only


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_numbers_a_year_are_rounded_outwards_to_two_digits(a: float, b: float) -> None:
    low, high = sorted((a, b))
    people = People.per_year(low, low, high)
    assert people.low <= low * (1 + 1e-9)
    assert people.high >= high * (1 - 1e-9) - 1e-9
    assert people.high <= max(high * 1.1, high + 0.01) + 1e-9
    assert people.low >= min(low * 0.9, low - 0.01) - 1e-9
