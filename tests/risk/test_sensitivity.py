"""Sobol indices and value of information: against SciPy's estimator and closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from strandline.report.page.narrative import information_sentences, population_sentences
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.impact import assess_impact
from strandline.risk.impact.population import PopulationImpact
from strandline.risk.impact.totals import partial_totals
from strandline.risk.people import UNKNOWN, People
from strandline.risk.sensitivity import CURVE_DEVIATES, StageDamageByCurve, analyse_sensitivity, decompose
from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights
from strandline.risk.stage_damage.exposure import overlay_exposure
from tests.fixtures.hazards import REGION, make_assets, make_hazard

KNOWN = [0, 1, 2, 3, 7]


def uncertain_maps(samples: int = 24, spread: float = 0.4) -> Hazard:
    """Maps that err as a whole besides the sampled levels."""
    hazard, rng = make_hazard(samples), np.random.default_rng(5)
    moved = hazard.flood_depth + rng.normal(0, spread, (samples, 1, 1, 1)) * (hazard.flood_depth > 0)
    return replace(hazard, flood_depth=np.maximum(moved, 0).astype(np.float32))


def test_the_decomposition_equals_scipys_sobol_indices() -> None:
    damage = np.random.default_rng(0).gamma(1.0, 1.0, (2, 5, 4, 3))
    variance, parts = decompose(damage)

    def total(unit: np.ndarray) -> np.ndarray:
        i, j, a, b = (np.minimum((u * n).astype(int), n - 1) for u, n in zip(unit, (5, 4, 3, 3), strict=True))
        return damage[0, i, j, a] + damage[1, i, j, b]

    uniform = stats.uniform()
    estimate = stats.sobol_indices(func=total, n=2**14, dists=[uniform] * 4, rng=np.random.default_rng(1))
    assert [first for first, _ in parts] == pytest.approx(estimate.first_order, abs=0.02)
    assert [whole for _, whole in parts] == pytest.approx(estimate.total_order, abs=0.02)
    every = total(np.random.default_rng(2).uniform(size=(4, 200_000)))
    assert variance == pytest.approx(every.var(), rel=0.02)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_shares_are_ordered_and_first_orders_never_exceed_the_whole(seed: int, curves: int) -> None:
    damage = np.random.default_rng(seed).gamma(0.5, 1.0, (curves, 4, 3, 5))
    _, parts = decompose(damage)
    assert sum(first for first, _ in parts) <= 1 + 1e-9
    for first, total in parts:
        assert -1e-9 <= first <= total + 1e-9


def test_a_sum_of_inputs_has_no_interactions() -> None:
    i, j, k = np.meshgrid([0.0, 2.0], [0.0, 1.0], [0.0, 1.0], indexing="ij")
    variance, parts = decompose((i + j + 2 * k)[None])
    assert variance == pytest.approx(1.0 + 0.25 + 1.0)
    for (first, total), own in zip(parts, (1.0, 0.25, 1.0), strict=True):
        assert first == pytest.approx(own / 2.25)
        assert total == pytest.approx(own / 2.25)


def test_each_map_read_at_its_own_levels_gives_the_chains_own_damage() -> None:
    hazard, assets = make_hazard(8), make_assets()
    losses = StageDamageByCurve.of(hazard, assets, "europe")
    assert losses is not None
    assert losses.curves == ("residential", "commercial", "agriculture", "transport")
    middle = CURVE_DEVIATES.size // 2
    exposure = overlay_exposure(assets.iloc[KNOWN], REGION)
    chain = DamageDraws((hazard,), exposure, "europe", np.zeros((8, 6))).annual_damage().sum(axis=1)
    weights = frequency_weights(hazard.return_periods, "log_linear")
    for sample in range(8):
        by_level = losses.damage[:, sample, middle].sum(axis=0)
        read = np.interp(hazard.levels[sample], losses.grid, by_level) @ weights
        assert read == pytest.approx(chain[sample], rel=0.01)


@pytest.mark.slow
def test_the_whole_variance_is_that_of_the_monte_carlo_chain() -> None:
    hazard, assets = uncertain_maps(200), make_assets().iloc[KNOWN]
    found = analyse_sensitivity(hazard, assets, "europe", 20.0)
    assert found is not None
    deviates = np.random.default_rng(3).standard_normal((200, 6))
    chain = DamageDraws((hazard,), overlay_exposure(assets, REGION), "europe", deviates).annual_damage().sum(axis=1)
    assert found.standard_deviation == pytest.approx(chain.std(), rel=0.15)


def test_what_is_certain_drives_nothing_and_what_errs_drives_all() -> None:
    still = make_hazard(12)
    assert np.ptp(still.levels[:, 0]) > 0
    of_still = analyse_sensitivity(still, make_assets(), "europe", 20.0)
    assert of_still is not None
    shares = {driver.name: driver.first_order for driver in of_still.drivers}
    assert shares["flood map"] < 0.02  # depth is level minus ground in all samples
    wild = analyse_sensitivity(uncertain_maps(spread=2.0), make_assets(), "europe", 20.0)
    assert wild is not None
    assert wild.drivers[0].name == "flood map"
    assert "flood marks" in wild.measurements[0].what


def test_a_longer_record_reduces_the_value_of_ten_more_years() -> None:
    def reduction(years: float) -> float:
        found = analyse_sensitivity(make_hazard(12), make_assets(), "europe", years)
        assert found is not None
        return next(each.reduction for each in found.measurements if "gauge" in each.what)

    young, old = reduction(10.0), reduction(90.0)
    first = analyse_sensitivity(make_hazard(12), make_assets(), "europe", 10.0)
    assert first is not None
    levels = next(driver.first_order for driver in first.drivers if driver.name == "sea levels")
    assert 0 < old < young <= levels + 1e-9
    assert young / old == pytest.approx((10 + 90) / (10 + 10))  # n / (N + n) for a linear reading


def test_without_known_assets_or_uncertainty_there_is_no_analysis() -> None:
    assert analyse_sensitivity(make_hazard(5), make_assets().iloc[[4, 5, 6]], "europe", 20.0) is None
    dry = replace(make_hazard(5), flood_depth=np.zeros_like(make_hazard(5).flood_depth))
    assert analyse_sensitivity(dry, make_assets().iloc[KNOWN], "europe", 20.0) is None
    assert information_sentences(None) == []


def test_districts_are_named_where_the_survey_names_them() -> None:
    assets = make_assets().assign(district=["harbour"] * 4 + [None, None, "hill", "hill"])
    found = analyse_sensitivity(uncertain_maps(), assets, "europe", 20.0)
    assert found is not None
    (survey,) = (each for each in found.measurements if each.of == "flood map")
    assert survey.what == "a survey of flood marks and ground levels in the district 'harbour'"
    assert survey.share_of_damage is not None
    assert survey.share_of_damage > 0.5
    text = " ".join(information_sentences(found))
    assert "The measurement that would reduce it most is" in text


def test_a_survey_is_proposed_where_damage_is_not_where_the_common_error_shows_best() -> None:
    """All places err alike, so that a corner without value tells as much as the town; nobody should measure there."""
    assets = make_assets().assign(district=["town"] * 4 + [None, None, "corner", "corner"])
    assets["value"] = [200e3, 200e3, 50e3, 400e3, 300e3, 1e6, np.nan, 100.0]
    found = analyse_sensitivity(uncertain_maps(spread=2.0), assets, "europe", 20.0)
    assert found is not None
    (survey,) = (each for each in found.measurements if each.of == "flood map")
    assert "'town'" in survey.what
    assert survey.share_of_damage == pytest.approx(1.0, abs=0.01)
    assert survey.elsewhere is not None
    least, greatest = survey.elsewhere
    assert 0 < least <= survey.reduction <= greatest <= 1
    text = " ".join(information_sentences(found))
    assert "of the damage is" in text
    assert "whatever place is surveyed" in text


def test_totals_by_class_and_district_count_the_unknown_apart() -> None:
    assets = make_assets().assign(district=["harbour"] * 4 + [None, None, "hill", "hill"])
    impact = assess_impact(make_hazard(), assets, "europe", np.random.default_rng(0))
    parts = {(total.by, total.name): total for total in impact.totals}
    assert list(parts)[:2] == [("class", "residential"), ("class", "commercial")]
    homes = parts["class", "residential"]
    assert (homes.assets, homes.unknown_assets, homes.unknown_value) == (3, 1, 0.0)
    shops = parts["class", "commercial"]
    assert (shops.unknown_assets, shops.unknown_value) == (1, 300e3)
    assert np.isnan(parts["class", "industrial"].expected_annual_damage.mean)
    assert parts["district", None].unknown_assets == 2
    assert sum(total.assets for total in impact.totals if total.by == "district") == 8
    samples = np.array([[1.0, 2.0, np.nan] + [0.0] * 5, [3.0, 4.0, np.nan] + [0.0] * 5])
    again = {(total.by, total.name): total for total in partial_totals(samples, assets, 2)}
    assert again["district", "harbour"].expected_annual_damage == Expectation(5.0, 2.0, 3.4, 5.0, 6.6, 2)


def test_people_are_reported_as_bounds() -> None:
    impact = assess_impact(make_hazard(), make_assets(), "europe", np.random.default_rng(0))
    assert population_sentences(impact) == [
        "The people who live here were not counted, so the number of people in danger is unknown."
    ]
    here, wet, cut = People.bounded(21_562, 21_700, 21_972), People.bounded(1000, 5000, 23_300), UNKNOWN
    sentences = population_sentences(replace(impact, population=PopulationImpact(here, 2, wet, {"hospital": cut})))
    assert sentences == [
        "People who live here: between 21,000 and 22,000.",
        "With water at home at the level that the plan prepares for: between 1,000 and 24,000.",
        "Then without a road to any hospital: unknown.",
    ]


def test_the_sentence_compares_kinds_of_measurements_and_states_its_assumption() -> None:
    found = analyse_sensitivity(uncertain_maps(spread=2.0), make_assets(), "europe", 20.0)
    text = " ".join(information_sentences(found))
    assert "is the flood map" in text
    assert "assumes that a flood map errs alike all over the region" in text
    assert text.count("For comparison") == 2
    assert "10 more years of the tide gauge" in text
