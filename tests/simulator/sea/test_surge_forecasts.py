"""Simulated surge forecasts have the stated errors and the stated spread."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from strandline.errors import InputError
from strandline.observations.weather.issue_errors import at_leads
from strandline.planning.early_action.streams import Stream
from strandline.simulator.coast import simulate_dry_coast
from strandline.simulator.sea.surge_forecasts import ForecastSkill, SurgeForecasts, forecast_surges
from tests.fixtures.protocols import until

pytestmark = pytest.mark.slow

NONE = ((0.0, 0.0),)
PERFECT = ForecastSkill(timing=NONE, amplitude=NONE, remainder=NONE)


def hours(count: int) -> np.ndarray:
    return np.datetime64("2000-01-01", "ns") + np.arange(count).astype("timedelta64[h]")


def truth_at_leads(surge: np.ndarray, issues: int, skill: ForecastSkill) -> np.ndarray:
    """(N, L) true surge, for issues with all leads in the record."""
    return np.asarray(surge[np.arange(issues)[:, None] * skill.every_hours + np.arange(skill.longest_lead + 1)])


def forecast(surge: np.ndarray, skill: ForecastSkill, issues: int, seed: int = 1) -> np.ndarray:
    return forecast_surges(hours(surge.size), surge, seed, skill, issues=range(issues)).values.astype(float)


def rms(values: np.ndarray) -> np.ndarray:
    """(L,) root mean square over issues (and members)."""
    return np.sqrt(np.mean(values**2, axis=tuple(i for i in range(values.ndim) if i != 1)))


def test_without_errors_the_forecast_is_the_truth() -> None:
    surge = np.random.default_rng(1).normal(size=400)
    issued = forecast(surge, PERFECT, 50)
    np.testing.assert_allclose(issued, truth_at_leads(surge, 50, PERFECT)[:, :, None] + np.zeros(20), rtol=1e-6)


def test_the_remainder_grows_with_lead_as_stated() -> None:
    skill = replace(PERFECT, remainder=((0.0, 0.04), (48.0, 0.08)), members=10)
    error = forecast(np.zeros(4000 * 6 + 49), skill, 4000)
    stated = at_leads(skill.remainder, skill.leads)
    np.testing.assert_allclose(rms(error), stated * np.sqrt(1 + skill.spread**2), rtol=0.06)  # of any one member
    guess = np.sqrt(1 + skill.spread**2 / skill.members)  # the mean of ten members
    np.testing.assert_allclose(rms(error.mean(axis=2, keepdims=True)), stated * guess, rtol=0.07)
    np.testing.assert_allclose(np.sqrt(error.var(axis=2, ddof=1).mean(axis=0)), skill.spread * stated, rtol=0.05)


def test_the_lag_grows_with_lead_as_stated() -> None:
    skill = replace(ForecastSkill(), amplitude=NONE, remainder=NONE, spread=0.0)
    surge = 0.01 * np.arange(6000 * 6 + 49)  # on a slope the lag is the error over the slope
    inner = slice(20, None)  # the record's start stands for what came before it
    lag = (truth_at_leads(surge, 6000, skill)[:, :, None] - forecast(surge, skill, 6000))[inner] / 0.01
    stated = at_leads(skill.timing, skill.leads)
    assert stated[24] == pytest.approx(4 * np.sqrt(np.pi / 2), abs=0.02)
    assert stated[48] == pytest.approx(7 * np.sqrt(np.pi / 2), abs=0.05)
    np.testing.assert_allclose(rms(lag), stated, rtol=0.06, atol=1e-3)
    at_day, later = lag[:, 24, 0] / stated[24], lag[:, 40, 0] / stated[40]
    assert np.corrcoef(at_day, later)[0, 1] > 0.999  # one storm, one lag


def test_the_factor_grows_with_lead_as_stated_and_is_right_on_average() -> None:
    skill = replace(ForecastSkill(), timing=NONE, remainder=NONE)
    issued = forecast(np.ones(6000 * 6 + 49), skill, 6000)
    stated = at_leads(skill.amplitude, skill.leads) * np.sqrt(1 + skill.spread**2)
    np.testing.assert_allclose(np.log(issued).std(axis=(0, 2)), stated, rtol=0.06)
    np.testing.assert_allclose(issued.mean(axis=(0, 2)), 1.0, atol=0.05)


def test_the_spread_covers_as_much_as_stated() -> None:
    for spread in (1.0, 0.8):
        # issues without memory are independent cases
        skill = replace(PERFECT, remainder=((0.0, 0.1),), spread=spread, members=400, longest_lead=0, memory_hours=1.0)
        issued = forecast(np.zeros(5000 * 6), skill, 5000)
        low, high = np.quantile(issued, [0.05, 0.95], axis=2)
        promised = 2 * norm.cdf(norm.ppf(0.95) * spread) - 1  # 90 % where the spread is honest, 81 % at 0.8
        assert np.mean((low <= 0) & (high >= 0)) == pytest.approx(promised, abs=0.02)


def test_errors_are_correlated_between_leads_and_between_issues() -> None:
    skill = replace(PERFECT, remainder=((0.0, 0.1),), members=2)
    error = forecast(np.zeros(5000 * 6 + 49), skill, 5000)[..., 0]  # (N, L)

    def alike(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])

    for apart in (1, 6, 24):
        assert alike(error[:, apart:], error[:, :-apart]) == pytest.approx(np.exp(-apart / 24), abs=0.04)
    for issues in (1, 4):  # six hours and a day; what is cut off of the memory lessens it a little
        found = alike(error[issues:], error[:-issues])
        assert found == pytest.approx(np.exp(-issues * 6 / 24), abs=0.04)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**40), st.lists(st.integers(0, 149), min_size=1, max_size=5, unique=True))
def test_a_single_issue_equals_that_of_the_whole_record(seed: int, issues: list[int]) -> None:
    surge = np.sin(np.arange(900) / 7)
    skill = ForecastSkill(members=3, longest_lead=12)
    whole = forecast_surges(hours(900), surge, seed, skill)
    some = forecast_surges(hours(900), surge, seed, skill, issues=sorted(issues))
    np.testing.assert_array_equal(some.values, whole.values[sorted(issues)])
    np.testing.assert_array_equal(some.issued, whole.issued[sorted(issues)])


def test_seeds_reproduce_and_differ() -> None:
    surge = np.sin(np.arange(200) / 7)
    one, again, other = (forecast_surges(hours(200), surge, seed).values for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one, other, equal_nan=True)


def test_a_later_truth_changes_no_earlier_forecast_beyond_its_lag() -> None:
    surge = np.sin(np.arange(600) / 7)
    later = surge.copy()
    later[400:] = 3.0
    one, other = (forecast_surges(hours(600), each, 2).values for each in (surge, later))
    reached = 400 - 6 * np.arange(len(one))[:, None] - np.arange(49)  # hours until the change
    np.testing.assert_array_equal(one[reached > 60], other[reached > 60])


def test_leads_beyond_the_record_are_nan_and_triggers_read_the_others() -> None:
    surge = np.zeros(100)
    issued = forecast_surges(hours(100), surge, 3)
    assert issued.values.shape == (17, 49, 20)
    missing = np.isnan(issued.values).all(axis=2)
    np.testing.assert_array_equal(missing, np.arange(17)[:, None] * 6 + np.arange(49) >= 100)
    assert not np.isnan(issued.values[~missing]).any()
    stream = Stream("m", issued.issued, issued.leads, issued.values)
    assert until(stream, np.datetime64("2000-01-01T13:00")).issued.size == 3


def test_a_simulated_coast_has_a_surge_to_forecast() -> None:
    coast = simulate_dry_coast("a dry one", 41, shape=(32, 32), years=3.0, n_storms=4)
    surge, time = coast.require("truth")["surge"].values, coast.require("truth")["hour"].values
    issued: SurgeForecasts = forecast_surges(time, surge, 1, issues=range(4000))
    error = issued.values.mean(axis=2) - truth_at_leads(surge, 4000, ForecastSkill())
    first, day, last = (float(np.sqrt(np.mean(error[:, lead] ** 2))) for lead in (0, 24, 48))
    assert 0.03 < first < day < last < surge.std()  # worse with lead, better than the tide alone
    calm = np.abs(surge) < np.quantile(np.abs(surge), 0.5)
    stormy = surge > np.quantile(surge, 0.99)
    at_day = np.arange(4000) * 6 + 24
    assert rms(error[stormy[at_day]])[24] > 1.5 * rms(error[calm[at_day]])[24]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"timing": ((0.0, 1.0), (0.0, 2.0))}, "ascending leads"),
        ({"remainder": ((0.0, -0.1),)}, "errors of 0 or more"),
        ({"members": 1}, "2 or more"),
        ({"memory_hours": 0.0}, "more than 0"),
        ({"every_hours": 0}, "1 h or more"),
    ],
)
def test_an_invalid_skill_is_refused(change: dict[str, object], fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        ForecastSkill(**change)  # type: ignore[arg-type]


def test_a_record_with_gaps_is_refused() -> None:
    gap = np.zeros(50)
    gap[7] = np.nan
    with pytest.raises(InputError, match="has gaps"):
        forecast_surges(hours(50), gap, 1)
    with pytest.raises(InputError, match="not hourly"):
        forecast_surges(hours(100)[::2], np.zeros(50), 1)
    for issues in ([9], [1, 0], [-1]):
        with pytest.raises(InputError, match="from 0 to 8"):
            forecast_surges(hours(50), np.zeros(50), 1, issues=issues)
