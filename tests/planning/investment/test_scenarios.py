"""Scenarios against the IPCC, and decision rules against their papers."""

from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.sea_level.projections import LIKELY, SeaLevelProjection
from strandline.observations.sea_level.subsidence import SinkingRate
from strandline.planning.investment.robust_choice import is_no_regret, least_regret, regrets, worst_mean, worst_tenth
from strandline.planning.investment.scenarios import load_scenarios


def sea(name: str):
    return next(each for each in load_scenarios().sea_levels if each.name == name)


def test_every_combination_is_a_scenario_with_sources() -> None:
    scenarios = load_scenarios()
    assert len(list(scenarios)) == len(scenarios) == 6 * 3 * 3
    assert len({each.name for each in scenarios}) == 54
    parts: tuple[Any, ...] = (*scenarios.sea_levels, *scenarios.storminess, *scenarios.developments)
    for part in parts:
        assert "assumption" in part.source or "IPCC" in part.source


def test_the_rise_passes_through_the_published_years() -> None:
    years, deviates = np.array([2005.0, 2050.0, 2100.0]), np.array([0.0, -LIKELY, LIKELY])
    rise = sea("SSP5-8.5").rise(years, 2005.0, deviates)
    assert rise == pytest.approx(np.array([[0, 0.23, 0.77], [0, 0.20, 0.63], [0, 0.29, 1.01]]))
    later = sea("SSP5-8.5").rise(np.array([2100.0]), 2050.0, np.zeros(1))
    assert later[0, 0] == pytest.approx(0.77 - 0.23)


@pytest.mark.parametrize(
    "name", ["SSP1-1.9", "SSP1-2.6", "SSP2-4.5", "SSP3-7.0", "SSP5-8.5", "SSP5-8.5 low confidence"]
)
def test_the_sea_never_falls_within_the_range_of_draws(name: str) -> None:
    rise = sea(name).rise(np.arange(2020.0, 2101.0), 2020.0, np.linspace(-2.5, 2.5, 11))
    assert (np.diff(rise, axis=1) > 0).all()
    assert (np.diff(rise[:, -1]) >= 0).all()


def test_a_place_brings_its_own_sea_and_sinking_land_to_every_scenario() -> None:
    own = SeaLevelProjection("ours", (2100.0,), (0.4,), (0.6,), (0.9,), "our table")
    scenarios = load_scenarios().at_coast([own], SinkingRate(0.01, 0.02, 0.03), "our survey")
    assert len(scenarios) == 9
    assert {each.sea_level.sinking.median for each in scenarios} == {0.02}
    assert scenarios.sources["subsidence"] == "our survey"
    assert "subsidence" not in load_scenarios().sources


def test_scenarios_end_in_2100() -> None:
    with pytest.raises(InputError, match="does not reach the year 2101"):
        sea("SSP1-1.9").rise(np.array([2101.0]), 2020.0, np.zeros(1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"SSP1-1.9"', '"RCP8.5"', "RCP8.5.*known: SSP1-1.9"),
        ("change_by_2100 = 0.15", "change_by_2100 = 15", "less than 1"),
        ("growth_per_year = 0.009", "growth = 0.009", "growth"),
        ('source = "assumption, for comparison"', 'source = ""', "at least 1"),
        ("[[storminess]]", "[[storminess", "is not TOML"),
    ],
)
def test_a_wrong_file_of_scenarios_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = resources.files("strandline.planning").joinpath("data/scenarios.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "scenarios.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_scenarios(path)


def test_the_worst_tenth_in_closed_form() -> None:
    assert worst_mean(np.arange(100.0)) == pytest.approx(4.5)
    assert worst_tenth(np.arange(199.0)) is None, "too few draws to know a tenth of them"
    assert worst_tenth(np.arange(200.0)) == pytest.approx(9.5)
    assert worst_mean([3.0, 1.0, 2.0], 0.5) == pytest.approx((1.0 + 0.5 * 2.0) / 1.5)
    assert worst_mean([[5.0, 1.0], [2.0, 2.0]], 1.0) == pytest.approx([3.0, 2.0])
    with pytest.raises(InputError, match="share up to 1"):
        worst_mean([1.0], 0.0)


@given(st.lists(st.integers(-100, 100), min_size=1, max_size=12), st.floats(0.05, 1.0))
def test_the_worst_tenth_is_the_optimum_of_rockafellar_and_uryasev(values: list[int], share: float) -> None:
    sample = np.array(values, dtype=float)
    # Their theorem 1, for a gain: the greatest of c - E[(c - x)+] / share, reached at one of the samples.
    optimum = max(c - np.maximum(c - sample, 0).mean() / share for c in sample)
    assert worst_mean(sample, share) == pytest.approx(optimum, abs=1e-6)


def test_regret_and_the_option_of_least_regret() -> None:
    values = np.array([[0.0, 0.0, 0.0], [9.0, -4.0, 1.0], [5.0, 3.0, -2.0]])
    assert regrets(values).tolist() == [[9, 3, 1], [0, 7, 0], [4, 0, 3]]
    assert least_regret(values, np.zeros(3)) == 2
    assert not is_no_regret(values[1][:, None])
    assert is_no_regret(np.array([[1.0], [2.0]]))
    rare = np.array([[2.0, 2.0], [-1.0, 9.0]])
    assert not is_no_regret(rare), "it pays on average, but more often than not it does not if nothing changes"
    assert least_regret(np.array([[1.0], [1.0]]), np.array([5.0, 3.0])) == 1
