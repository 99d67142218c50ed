"""Cost-loss decisions and the verification of phases on a record."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.planning.early_action.derive_triggers import lowest_levels
from strandline.planning.early_action.hindcast import drop_storms
from strandline.planning.early_action.protocol import Event
from strandline.planning.early_action.verification import CostLossModel, Expenses, find_events, verify

HIGH = Event(variable="water_level", operator=">=", value=1.0, unit="m")
TIME = np.datetime64("2001-01-01", "ns") + np.arange(400).astype("timedelta64[h]")
MODEL = CostLossModel(1.0, lambda peaks: np.full(peaks.size, 10.0), 48.0)


def flags(*spans: tuple[int, int]) -> np.ndarray:
    found = np.zeros(TIME.size, dtype=bool)
    for start, end in spans:
        found[start:end] = True
    return found


def level(*spans: tuple[int, int]) -> np.ndarray:
    return np.where(flags(*spans), 1.5, 0.0)


def tried(active: np.ndarray, observed: np.ndarray, needed: float = 3.0):
    return verify(active, TIME, observed, HIGH, needed, MODEL)


# Cost and loss


def test_acting_pays_when_probability_times_loss_exceeds_cost() -> None:
    assert lowest_levels((0.2, 0.21), 2.0, lambda _: 10.0, np.ones(1)) == {0.21: 1.0}
    assert lowest_levels((1.0,), 1.0, lambda _: 0.0, np.ones(1)) == {}


def test_a_smaller_probability_needs_a_greater_loss() -> None:
    found = lowest_levels((0.2, 0.8, 0.5), 10.0, lambda x: 20 * x, np.linspace(0, 2, 201))
    assert found == {0.8: pytest.approx(0.63), 0.5: pytest.approx(1.01)}
    assert list(found) == [0.8, 0.5]


def test_value_is_one_for_perfect_decisions_and_zero_for_the_climates() -> None:
    assert Expenses(3.0, 3.0, 30.0, 50.0).relative_value == 1.0
    assert Expenses(30.0, 3.0, 30.0, 50.0).relative_value == 0.0
    assert Expenses(20.0, 3.0, 30.0, 20.0).relative_value == 0.0
    assert Expenses(57.0, 3.0, 30.0, 50.0).relative_value == pytest.approx(-1.0)
    assert np.isnan(Expenses(1.0, 0.0, 0.0, 5.0).relative_value)


# Verification


def test_exceedances_within_a_day_are_one_event_and_gaps_make_none() -> None:
    observed = level((50, 53), (62, 64), (120, 121))
    observed[55:60] = np.nan
    found = find_events(TIME, observed, HIGH)
    assert found.onset.tolist() == TIME[[50, 120]].tolist()
    assert found.end.tolist() == TIME[[63, 120]].tolist()
    assert find_events(TIME, np.full(TIME.size, np.nan), HIGH).onset.size == 0


@pytest.mark.parametrize(
    ("start", "hits", "late", "misses"),
    [(46, 1, 0, 0), (47, 1, 0, 0), (48, 0, 1, 1), (50, 0, 1, 1), (51, 0, 1, 1), (53, 0, 0, 1)],
)
def test_an_action_helps_only_when_it_starts_early_enough(start: int, hits: int, late: int, misses: int) -> None:
    result = tried(flags((start, 60)), level((50, 53)))
    assert (result.hits, result.late, result.misses) == (hits, late, misses)
    assert (result.calls_in_time, result.late_calls, result.false_alarms) == (hits, late, 1 - hits - late)


def test_an_action_that_stopped_before_the_event_is_a_false_alarm() -> None:
    result = tried(flags((30, 45)), level((50, 53)))
    assert (result.hits, result.misses, result.false_alarms) == (0, 1, 1)
    assert result.false_alarm_cost == 1.0
    assert np.isnan(result.lead_hours)


def test_an_action_in_unobserved_hours_is_neither_right_nor_wrong() -> None:
    observed = level()
    observed[100:130] = np.nan
    result = tried(flags((90, 140), (200, 210)), observed)
    assert (result.false_alarms, result.unverified) == (1, 1)


def test_expenses_add_up() -> None:
    observed = level((50, 53), (200, 204), (300, 301))
    result = tried(flags((40, 100), (290, 310), (350, 360)), observed)
    assert (result.hits, result.misses, result.false_alarms) == (2, 1, 1)
    assert result.lead_hours == 10.0
    assert result.hit_rate == pytest.approx(2 / 3)
    assert result.false_alarm_ratio == pytest.approx(1 / 3)
    expenses = result.expenses
    assert expenses is not None
    assert expenses.decided == 2 + 1 + 1 + 10  # 60 hours are paid twice
    assert (expenses.perfect, expenses.never) == (3.0, 30.0)
    assert expenses.always == pytest.approx(400 / 48)


def test_perfect_information_covers_two_events_by_one_activation_and_accepts_a_small_loss() -> None:
    two = tried(flags(), level((100, 102), (130, 131)))
    assert two.expenses is not None
    assert two.expenses.perfect == 1.0
    apart = tried(flags(), level((100, 102), (146, 147)))
    assert apart.expenses is not None
    assert apart.expenses.perfect == 2.0
    cheap = CostLossModel(1.0, lambda peaks: np.full(peaks.size, 0.3), 48.0)
    borne = verify(flags(), TIME, level((100, 102)), HIGH, 3.0, cheap)
    assert borne.expenses is not None
    assert borne.expenses.perfect == pytest.approx(0.3)


@given(
    st.lists(st.tuples(st.integers(0, 390), st.integers(1, 80)), max_size=6),
    st.lists(st.tuples(st.integers(1, 399), st.integers(1, 30)), max_size=5),
    st.lists(st.tuples(st.integers(1, 399), st.integers(1, 30)), max_size=2),
)
def test_every_call_is_in_time_late_false_or_not_checked_and_its_floods_are_hit_or_late(acts, spans, gaps) -> None:
    """A plan said "3 calls, 2 without a flood" beside "hits 0, late 0, false alarms 2"."""
    observed = level(*((a, min(a + b, 400)) for a, b in spans))
    observed[flags(*((a, min(a + b, 400)) for a, b in gaps))] = np.nan
    result = tried(flags(*((a, min(a + b, 400)) for a, b in acts)), observed)
    assert result.late_calls >= 0
    assert result.calls == result.calls_in_time + result.late_calls + result.false_alarms + result.unverified
    assert (result.calls_in_time > 0) == (result.hits > 0)
    assert result.hits + result.late > 0 or result.late_calls == 0
    assert result.late <= result.misses


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 390), st.integers(1, 80)), max_size=6),
    st.lists(st.tuples(st.integers(1, 399), st.integers(1, 30)), max_size=5),
)
def test_no_decisions_are_better_than_perfect_information(acts, spans) -> None:
    active = flags(*((a, min(a + b, 400)) for a, b in acts))
    result = tried(active, level(*((a, min(a + b, 400)) for a, b in spans)))
    assert result.expenses is not None
    assert result.expenses.decided >= result.expenses.perfect - 1e-9


def test_without_a_cost_loss_model_there_are_no_expenses() -> None:
    result = verify(flags((40, 60)), TIME, level((50, 53)), HIGH, 3.0, None)
    assert (result.hits, result.expenses, result.false_alarm_cost) == (1, None, None)
    with pytest.raises(InputError, match="399 states"):
        verify(flags()[:-1], TIME, level(), HIGH, 3.0, None)
    with pytest.raises(InputError, match="give both above 0"):
        CostLossModel(0.0, MODEL.avoidable_loss, 48.0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 399), st.integers(1, 40)), max_size=5), st.integers(0, 12))
def test_perfect_decisions_have_value_one_and_every_event_is_counted(spans, needed: int) -> None:
    observed = level(*((a, min(a + b, 400)) for a, b in spans))
    happened = find_events(TIME, observed, HIGH)
    onset = np.searchsorted(TIME, happened.onset)
    perfect = flags(*((max(0, i - needed), i + 1) for i in onset if i >= needed))
    result = tried(perfect, observed, needed)
    assert result.hits + result.misses == onset.size
    assert result.false_alarms == 0
    assert result.hits == (onset >= needed).sum()


# Streams that die


def test_a_gauge_fails_in_every_second_of_the_highest_storms_and_observations_stay() -> None:
    time = np.datetime64("2001-01-01", "ns") + np.arange(8766).astype("timedelta64[h]")
    sea = np.random.default_rng(0).normal(0, 0.1, time.size)
    peaks = np.arange(500, 8000, 1300)
    sea[peaks] = 2.0
    readings = drop_storms(time, sea[None])[0]
    assert np.isnan(readings[peaks]).sum() == peaks.size // 2
    assert np.isfinite(sea).all()
    assert ((readings == sea) | np.isnan(readings)).all()


# A forecast from own readings


def a_record(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels and tides [m]: a first-order process with a time scale of 24 h about a tide."""
    rng = np.random.default_rng(seed)
    residual = np.zeros(size)
    for hour in range(1, size):
        residual[hour] = np.exp(-1 / 24) * residual[hour - 1] + 0.05 * rng.standard_normal()
    tide = 0.5 * np.cos(2 * np.pi * np.arange(size) / 12.42)
    return tide + residual, tide
