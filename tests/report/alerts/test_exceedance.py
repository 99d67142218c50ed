"""The probability of an event is never that of its most likely hour, and its validity ends with it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from strandline.planning.early_action.protocol import StopRule
from strandline.report.alerts.exceedance import HOUR, exceedance_of_members, exceedance_of_quantiles
from strandline.report.alerts.forecast_trace import exceedance_probability
from tests.fixtures.protocols import phase

ISSUED = pd.Timestamp("2022-11-21T06:00")
TIMES = np.datetime64("2022-11-21T06") + np.arange(49).astype("timedelta64[h]")
LEVELS = arrays(np.float64, (12, 49), elements=st.floats(-1, 3))


def members_above(*spans: tuple[int, int] | None) -> np.ndarray:
    """(N, 49) levels: each member is above 1 m in its hours [first, last], or never."""
    levels = np.zeros((len(spans), 49))
    for number, span in enumerate(spans):
        if span is not None:
            levels[number, span[0] : span[1] + 1] = 1.5
    return levels


@pytest.mark.slow
@given(LEVELS)
def test_the_probability_is_that_of_the_event_and_covers_the_whole_validity(levels: np.ndarray) -> None:
    exceedance = exceedance_of_members(TIMES, levels, (1.0,))
    within = exceedance.latest_end.to_datetime64() > TIMES
    hourly = (levels >= 1.0).mean(axis=0)
    assert exceedance.probability == (levels >= 1.0)[:, within].any(axis=1).mean()
    assert exceedance.probability >= hourly.max(), "at least that of the most likely hour"
    assert exceedance.onset is None or (hourly[~within] < 0.05).all(), "no hour after the validity may exceed the level"
    if exceedance.onset is not None and exceedance.earliest is not None:
        assert ISSUED <= exceedance.earliest <= exceedance.onset < exceedance.likely_end <= exceedance.latest_end


def test_an_onset_that_may_be_at_any_of_ten_hours_is_as_probable_as_all_together() -> None:
    exceedance = exceedance_of_members(TIMES, members_above(*((hour, hour) for hour in range(10, 20))), (1.0,))
    assert exceedance.probability == 1.0, "its most likely hour has 0.1"
    assert (exceedance.earliest, exceedance.onset) == (ISSUED + 10 * HOUR, ISSUED + 14 * HOUR)
    assert (exceedance.likely_end, exceedance.latest_end) == (ISSUED + 15 * HOUR, ISSUED + 20 * HOUR)


def test_the_validity_ends_with_the_last_hour_above_the_level_and_the_drainage() -> None:
    short = exceedance_of_members(TIMES, members_above((5, 7), (5, 6), None), (1.0,))
    assert short.latest_end == ISSUED + 8 * HOUR, "not 24 h after the onset"
    drained = exceedance_of_members(TIMES, members_above((5, 7), (5, 6), None), (1.0,), drainage=9 * HOUR)
    assert drained.latest_end == ISSUED + 17 * HOUR
    long = exceedance_of_members(TIMES, members_above((2, 48)), (1.0,))
    assert long.latest_end == ISSUED + 49 * HOUR
    assert long.is_open_ended
    assert not short.is_open_ended


def test_water_that_comes_before_the_sea_brings_the_deadline_forward_but_not_into_the_past() -> None:
    plain = exceedance_of_members(TIMES, members_above((5, 7), (9, 9)), (1.0,))
    early = plain.of_water(phase(ahead_hours=3))
    assert early == replace(plain, earliest=ISSUED + 2 * HOUR)
    assert plain.of_water(phase(ahead_hours=9)).earliest == ISSUED
    stays = phase()
    stays = stays.model_copy(
        update={"stop": StopRule(when="not left", for_hours=4, standing_hours=47, has_no_end=True)}
    )
    assert plain.of_water(stays).is_open_ended
    stated = stays.model_copy(update={"stop": stays.stop.model_copy(update={"drainage_hours": 12.0})})
    assert not plain.of_water(stated).is_open_ended


def test_a_level_out_of_reach_has_no_onset_and_the_validity_of_the_forecast() -> None:
    exceedance = exceedance_of_members(TIMES, members_above(None, None), (1.0,))
    assert (exceedance.probability, exceedance.onset, exceedance.earliest) == (0.0, None, None)
    assert exceedance.latest_end == ISSUED + 48 * HOUR


def test_the_height_is_that_of_the_event_however_unlikely() -> None:
    levels = members_above(None, None, None, None, (5, 7))
    assert exceedance_of_members(TIMES, levels, (1.0,)).height == 1.5
    assert exceedance_of_members(TIMES, levels, (2.0,)).height == 2.0, "of an event that no member reaches, its level"


def quantiles(p50: np.ndarray, spread: float) -> pd.DataFrame:
    time = pd.date_range(ISSUED, periods=p50.size, freq="h")
    return pd.DataFrame({"issue_time": ISSUED, "time": time, "p10": p50 - spread, "p50": p50, "p90": p50 + spread})


@pytest.mark.slow
@given(arrays(np.float64, 30, elements=st.floats(-1, 3)), st.floats(0.01, 1), st.floats(-1, 3))
def test_quantiles_bound_the_probability_from_below_and_say_so(p50: np.ndarray, spread: float, level: float) -> None:
    rows = quantiles(p50, spread)
    exceedance = exceedance_of_quantiles(rows, level)
    assert exceedance is not None
    assert exceedance.is_lower_bound
    hourly = exceedance_probability(rows, level)
    assert exceedance.probability == hourly.max()
    rng = np.random.default_rng(0)
    independent = p50 + rng.normal(size=(2000, 30)) * spread / norm.ppf(0.9)
    assert (independent >= level).any(axis=1).mean() >= exceedance.probability - 0.05
    after = rows["time"] >= exceedance.latest_end
    assert (hourly[after] < 0.05).all(), "no hour after the validity may exceed the level"


def test_hours_of_several_issues_are_issued_with_the_first_that_may_exceed() -> None:
    rows = quantiles(np.r_[np.zeros(10), np.full(3, 2.0), np.zeros(10)], 0.1)
    rows["issue_time"] = rows["time"] - 12 * HOUR
    exceedance = exceedance_of_quantiles(rows, 1.0)
    assert exceedance is not None
    assert exceedance.issued == exceedance.onset - 12 * HOUR
    assert exceedance.latest_end == ISSUED + 13 * HOUR


def test_unknown_quantiles_give_no_exceedance() -> None:
    assert exceedance_of_quantiles(quantiles(np.full(5, np.nan), 0.1), 1.0) is None
    partly = exceedance_of_quantiles(quantiles(np.array([np.nan, 2.0, np.nan]), 0.1), 1.0)
    assert partly is not None
    assert partly.probability == pytest.approx(1.0)
