"""Phases start, stop and degrade by their protocol, and missing data decide nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.planning.early_action.expressions import decide, names_in, negated_in
from strandline.planning.early_action.indicators import verdicts_of
from strandline.planning.early_action.streams import Stream
from strandline.planning.early_action.triggers import replay
from tests.fixtures.protocols import (
    GATE,
    START,
    ahead,
    evaluate,
    forecast,
    phase,
    protocol,
    reading,
    readings,
    state_after,
)

NAN = np.nan
HOURS = pd.Timedelta(hours=1)
MAYBE = st.sampled_from([0.0, 1.0, NAN])


# Readings


def test_a_phase_starts_at_its_value_and_not_below() -> None:
    assert not state_after(sea=readings(1.0, 1.49)).active
    state = state_after(sea=readings(1.0, 1.5))
    assert state.active
    assert state.since == START + HOURS


def test_between_stop_and_start_nothing_changes() -> None:
    assert state_after(sea=readings(1.6, *[1.3] * 30)).active
    assert not state_after(sea=readings(1.0, *[1.3] * 30)).active


def test_an_action_stops_only_after_enough_calm_hours_without_a_gap() -> None:
    assert state_after(sea=readings(1.6, 1.0, 1.0, 1.0, 1.0)).active
    assert not state_after(sea=readings(1.6, 1.0, 1.0, 1.0, 1.0, 1.0)).active
    assert state_after(sea=readings(1.6, 1.0, 1.0, NAN, 1.0, 1.0, 1.0)).active
    assert state_after(sea=readings(1.6, 1.0, 1.0, 1.3, 1.0, 1.0, 1.0)).active


def test_a_short_gap_neither_starts_nor_stops_anything_nor_degrades() -> None:
    state = state_after(sea=readings(1.6, *[NAN] * 5))
    assert state.active
    assert not state.degraded
    assert not state_after(sea=readings(1.0, NAN, NAN), neighbour=readings(1.0, 1.5, 1.5)).active


def test_a_failed_gauge_is_replaced_by_its_neighbour() -> None:
    failed = readings(1.0, *[NAN] * 10)
    state = state_after(sea=failed, neighbour=readings(*[1.0] * 8, 1.35, 1.35, 1.35))
    assert (state.active, state.degraded, state.needs_decision) == (True, True, False)
    # While the gauge itself speaks, the neighbour is not asked.
    assert not state_after(sea=readings(*[1.0] * 11), neighbour=readings(*[1.35] * 11)).active


def test_the_neighbour_stops_what_it_started() -> None:
    failed = readings(1.0, *[NAN] * 20)
    assert state_after(sea=failed, neighbour=readings(*[1.4] * 9, *[1.0] * 4)).active
    assert not state_after(sea=failed, neighbour=readings(*[1.4] * 9, *[1.0] * 12)).active


def test_without_any_stream_a_person_decides_and_the_last_state_stays() -> None:
    state = state_after(sea=readings(1.6, *[NAN] * 10), neighbour=readings(1.0, *[NAN] * 10))
    assert (state.active, state.degraded, state.needs_decision) == (True, True, True)
    nothing = evaluate(GATE, {}, START)["close"]
    assert not nothing.active
    assert nothing.since is None


def test_without_a_fallback_a_person_decides_after_the_gap() -> None:
    without_fallback = protocol({"high": reading("sea", 1.5), "left": reading("sea", 1.2)}, phase(fallback=None))
    assert not state_after(without_fallback, sea=readings(1.0, *[NAN] * 5)).needs_decision
    assert state_after(without_fallback, sea=readings(1.0, *[NAN] * 6)).needs_decision


def test_the_future_is_not_read() -> None:
    assert not evaluate(GATE, {"sea": readings(1.0, 1.0, 1.6)}, START + HOURS)["close"].active


def test_a_phase_may_start_below_a_value() -> None:
    rising = protocol({"high": reading("sea", 0.2, "<="), "left": reading("sea", 0.5, "<=")}, phase(fallback=None))
    assert state_after(rising, sea=readings(1.0, 0.1)).active
    assert not state_after(rising, sea=readings(0.1, *[0.6] * 6)).active


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(st.floats(0, 3), st.just(NAN)), min_size=1, max_size=30), st.sampled_from([1.0, 3.0, 12.0]))
def test_one_more_missing_reading_never_changes_the_state(values: list[float], valid_hours: float) -> None:
    without_fallback = protocol(
        {"high": reading("sea", 1.5, valid_hours=valid_hours), "left": reading("sea", 1.2, valid_hours=valid_hours)},
        phase(fallback=None),
    )
    before, after = (
        state_after(without_fallback, sea=readings(*values)),
        state_after(without_fallback, sea=readings(*values, NAN)),
    )
    assert before.active == after.active


@settings(deadline=None, max_examples=15)
@given(st.lists(st.one_of(st.floats(0, 3), st.just(NAN)), min_size=1, max_size=40))
def test_later_data_never_change_an_earlier_state(values: list[float]) -> None:
    history = {"sea": readings(*values), "neighbour": readings(*values[::-1])}
    clock = history["sea"].issued
    course = replay(GATE, history, clock)["close"].active
    assert [evaluate(GATE, history, pd.Timestamp(t))["close"].active for t in clock] == course.tolist()


# Forecasts


def test_a_probability_must_exceed_the_threshold() -> None:
    likely = ahead("sea", 1.5, 0.5, (3, 6))
    for count, expected in ((24, 0.0), (25, 0.0), (26, 1.0)):
        members = np.where(np.arange(50) < count, 1.5, 1.49)
        assert verdicts_of(likely, forecast(np.tile(members, (1, 2, 1)), [3, 6])).tolist() == [expected]


def test_a_missing_member_counts_both_ways() -> None:
    likely = ahead("sea", 1.5, 0.5, (3, 3))
    assert verdicts_of(likely, forecast([[[2, 2, 2, NAN]]], [3])).tolist() == [1.0]
    assert np.isnan(verdicts_of(likely, forecast([[[2, 2, 1, NAN]]], [3]))).all()
    assert verdicts_of(likely, forecast([[[2, 1, 1, NAN]]], [3])).tolist() == [0.0]


@pytest.mark.parametrize(("lead", "expected"), [(2, False), (3, True), (12, True), (13, False)])
def test_only_leads_within_the_window_count(lead: int, expected: bool) -> None:
    values = np.where(np.arange(25) == lead, 2.0, 1.0)
    assert (verdicts_of(ahead("sea", 1.5, None, (3, 12)), forecast(values, range(25))) == 1).all() == expected


def test_a_forecast_that_does_not_reach_the_window_is_unknown() -> None:
    assert np.isnan(verdicts_of(ahead("sea", 1.5, None, (36, 48)), forecast([2.0] * 25, range(25)))).all()


def test_an_event_must_last_within_the_window() -> None:
    three_days = ahead("flow", 5.0, None, (0, 360), duration_hours=72)
    days = np.arange(0, 361, 24)
    for wet_days, expected in (([3, 4], 0.0), ([3, 4, 5], 1.0), ([3, 4, 6, 7], 0.0)):
        assert verdicts_of(three_days, forecast(np.isin(days // 24, wet_days) * 6.0, days)).tolist() == [expected]
    gap = np.isin(days // 24, [3, 4]) * 6.0
    gap[5] = NAN
    assert np.isnan(verdicts_of(three_days, forecast(gap, days))).all()


def test_a_condition_may_have_to_persist() -> None:
    days = pd.date_range(START, periods=5, freq="D")
    thrice = reading("rain", 100.0, valid_hours=24, persistence_hours=72)
    rain = protocol({"wet": thrice, "left": reading("rain", 50.0, valid_hours=24)}, phase("wet", fallback=None))
    for values, expected in (([120, 120], False), ([120, 120, 120], True), ([120, 90, 120, 120], False)):
        stream = Stream.of_readings(pd.Series(values, index=days[: len(values)], dtype=float), "m")
        assert state_after(rain, rain=stream).active == expected
    holey = Stream.of_readings(pd.Series([120.0, 120, 120], index=days[[0, 1, 3]]), "m")
    assert not state_after(rain, rain=holey).active


def test_a_forecast_is_valid_for_its_hours_and_no_longer() -> None:
    both = protocol(
        {"sea": ahead("sea", 1.5, None, (3, 12)), "wind": reading("wind", 20.0), "left": reading("wind", 10.0)},
        phase("sea and wind", fallback=None),
    )
    issued = forecast([2.0] * 25, range(25))
    for hours, expected in ((5, True), (6, False)):
        wind = readings(25.0, start=START + hours * HOURS)
        assert state_after(both, sea=issued, wind=wind).active == expected


# Expressions


@given(st.lists(MAYBE, min_size=3, max_size=3))
def test_a_known_value_holds_for_every_value_of_the_unknown(values: list[float]) -> None:
    names = dict(zip("abc", np.array(values)[:, None], strict=True))
    for text in ("a or b and c", "a and not b", "not (a or b) or c", "a or not a"):
        verdict = decide(text, names)[0]
        if np.isnan(verdict):
            continue
        for filler in (0.0, 1.0):
            assert decide(text, {key: np.nan_to_num(value, nan=filler) for key, value in names.items()})[0] == verdict


@given(st.lists(st.booleans(), min_size=3, max_size=3))
def test_known_parts_are_combined_as_in_python(values: list[bool]) -> None:
    names = dict(zip("abc", values, strict=True))
    arrays = {key: np.array([float(value)]) for key, value in names.items()}
    for text in ("a or b and c", "a and not b", "not (a or b) or c"):
        assert bool(decide(text, arrays)[0]) == eval(text, {}, names)


def test_names_are_found_in_order_and_negation_is_seen_through_brackets() -> None:
    assert names_in("b and (a or not b)") == ("b", "a")
    assert negated_in("not (a and not b) or c") == {"a"}


@pytest.mark.parametrize("text", ["a >= 3", "f(a)", "a + b", "a if b else c", "a and", "", "-a", "'a'"])
def test_anything_but_names_and_operators_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names of indicators"):
        names_in(text)


# Streams


def test_streams_that_do_not_fit_are_refused() -> None:
    backwards = pd.Series([1.0, 2.0], index=[START + HOURS, START])
    with pytest.raises(InputError, match="not in order"):
        Stream.of_readings(backwards, "m")
    with pytest.raises(InputError, match="as issue, lead, member"):
        Stream("m", np.array([START], dtype="datetime64[ns]"), np.zeros(2), np.zeros((1, 1, 1)))
    with pytest.raises(InputError, match="is in m, but the stream is in mm"):
        state_after(sea=readings(1.0, unit="mm"))
    with pytest.raises(InputError, match="no probability for 2 members"):
        state_after(sea=forecast([[[1.0, 2.0]]], [0]))
    with pytest.raises(InputError, match="unevenly spaced"):
        verdicts_of(ahead("sea", 1.0, None, (0, 48), duration_hours=24), forecast([1.0] * 3, [0, 6, 24]))
