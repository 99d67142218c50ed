"""Evacuation: in time where there is time, up where there is none, and never nothing above the agreed chance."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.planning.early_action.evacuation.area_triggers import AreaTriggers, WholeRegion
from strandline.planning.early_action.indicators import findings
from strandline.planning.early_action.neighbour_rule import NeighbourRule
from strandline.planning.early_action.protocol import Night, Protocol
from strandline.planning.early_action.streams import forecast_stream
from strandline.planning.early_action.trigger_constants import FORECAST, PROBABILITY_FOR_LIVES
from strandline.planning.early_action.triggers import PhaseState, Signals, signals_of, step
from strandline.planning.measures import Fallback, OperationalMeasure
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS

LEVEL, CLEARANCE, MEMBERS = 2.0, 12, 300
EVACUATION = OperationalMeasure(
    "evacuate", "Evacuate", (), (CLEARANCE, 48.0), "Evacuate", True, None, None,
    fallback=Fallback("go_up", "Go up", "Shelter"),
)  # fmt: skip
NOON = np.datetime64("2024-01-01T12", "h")


def protocol_of(levels: tuple[float, ...] = (LEVEL,), hours: int = CLEARANCE, night: Night | None = None) -> Protocol:
    area = WholeRegion(levels, hours, "made up")
    triggers = AreaTriggers(EVACUATION, area, night is not None, None, None)
    return Protocol(
        title="a", source="b", confirmed_by="c", indicators=triggers.indicators, phases=triggers.phases, night=night
    )


def ensemble(chance: float, mean: float, spread: float) -> np.ndarray:
    """(N, 49) members that pass the level from a normally distributed hour on, in a share of them."""
    hours = np.arange(HORIZON_HOURS + 1)
    normal = np.sort(np.random.default_rng(0).standard_normal(MEMBERS))
    onset = np.maximum(mean + spread * normal, 0)
    passes = np.random.default_rng(1).permutation(MEMBERS) < round(chance * MEMBERS)
    return np.where(passes[:, None] & (hours >= onset[:, None]), LEVEL + 0.5, 0.0)


def signals_at(protocol: Protocol, levels: np.ndarray, hour: np.datetime64) -> dict[str, Signals]:
    history = {FORECAST: forecast_stream(hour, levels, True)}
    clock = np.array([hour - np.timedelta64(1, "h"), hour], dtype="datetime64[ns]")
    found = {name: findings(one, history, clock, protocol.night) for name, one in protocol.indicators.items()}
    return {phase.name: signals_of(phase, protocol, found, clock) for phase in protocol.phases}


def decide(
    protocol: Protocol, states: dict[str, PhaseState], levels: np.ndarray, hour: np.datetime64 = NOON
) -> dict[str, PhaseState]:
    return step(protocol, states, signals_at(protocol, levels, hour), 1, hour)


@cache
def signals_before(ahead: int, chance: float, spread: float) -> dict[str, Signals]:
    """What a forecast says so many hours before noon: the same after whichever first notice."""
    return signals_at(protocol_of(), ensemble(chance, ahead, spread), NOON - np.timedelta64(ahead, "h"))


@pytest.mark.parametrize("spread", [0.0, 3.0, 5.0, 8.0])
@pytest.mark.parametrize("chance", [0.3, 0.6, 0.9, 1.0])
@pytest.mark.parametrize("first_notice", [4, 8, 10, 12, 18, 24, 36])
def test_nobody_is_left_without_a_word_above_the_agreed_chance(first_notice: int, chance: float, spread: float) -> None:
    protocol, states = protocol_of(), dict[str, PhaseState]()
    for ahead in range(first_notice, -1, -1):
        hour = NOON - np.timedelta64(ahead, "h")
        states = step(protocol, states, signals_before(ahead, chance, spread), 1, hour)
        if ahead == first_notice and first_notice < CLEARANCE:
            assert states["evacuate"].active or states["go_up"].active
    assert states["evacuate"].active or states["go_up"].active
    if first_notice >= CLEARANCE and spread == 0:
        assert states["evacuate"].active
        assert states["evacuate"].since <= NOON - np.timedelta64(CLEARANCE, "h")
        assert not states["go_up"].active


@settings(deadline=None, max_examples=60)
@given(st.floats(PROBABILITY_FOR_LIVES + 0.01, 1), st.floats(0, 44), st.floats(0, 10))
def test_any_forecast_of_a_flood_is_acted_on_or_can_wait_without_losing_the_last_safe_start(
    chance: float, mean: float, spread: float
) -> None:
    levels = ensemble(chance, mean, spread)
    states = decide(protocol_of(), {}, levels)
    over = levels >= LEVEL
    share = over.any(axis=1).mean()
    nearest = over.any(axis=0).argmax() if over.any() else HORIZON_HOURS
    if share > PROBABILITY_FOR_LIVES and not (states["evacuate"].active or states["go_up"].active):
        assert nearest > CLEARANCE


@settings(deadline=None, max_examples=60)
@given(st.floats(0, PROBABILITY_FOR_LIVES), st.floats(0, 44), st.floats(0, 10))
def test_nothing_starts_below_the_agreed_chance(chance: float, mean: float, spread: float) -> None:
    states = decide(protocol_of(), {}, ensemble(round(chance * MEMBERS - 0.5) / MEMBERS, mean, spread))
    assert not any(state.active for state in states.values())


def test_who_has_begun_to_leave_in_time_is_not_called_back() -> None:
    protocol = protocol_of()
    states = decide(protocol, {}, ensemble(1.0, 14, 0.0), NOON)
    for hour in range(1, 14):
        states = decide(protocol, states, ensemble(1.0, 14 - hour, 0.0), NOON + np.timedelta64(hour, "h"))
        assert states["evacuate"].active
        assert not states["go_up"].active, hour


def test_a_flood_that_comes_sooner_than_forecast_sends_those_left_up() -> None:
    protocol = protocol_of()
    states = decide(protocol, {}, ensemble(1.0, 14, 0.0), NOON)
    states = decide(protocol, states, ensemble(1.0, 3, 0.0), NOON + np.timedelta64(1, "h"))
    assert states["evacuate"].active
    assert states["go_up"].active


def test_the_probability_is_a_mean_over_equally_likely_ground() -> None:
    protocol = protocol_of(levels=(LEVEL, LEVEL + 1.0, 999.0, 999.0))
    for chance, starts in ((0.7, False), (0.9, True)):  # a quarter of the maps is dangerous at this level
        states = decide(protocol, {}, ensemble(chance, 13, 0.0))
        assert states["evacuate"].active == starts


def test_at_night_an_evacuation_starts_earlier() -> None:
    class Slow(WholeRegion):
        @property
        def night_hours(self) -> int:
            return 20

    night = Night(begins=12, ends=22)
    area = Slow((LEVEL,), CLEARANCE, "made up")
    triggers = AreaTriggers(EVACUATION, area, True, None, None)
    protocol = Protocol(title="a", source="b", confirmed_by="c", night=night, indicators=triggers.indicators,
                        phases=triggers.phases)  # fmt: skip
    by_day, at_night = NOON - np.timedelta64(2, "h"), NOON
    assert not decide(protocol, {}, ensemble(1.0, 22, 0.0), by_day)["evacuate"].active
    assert decide(protocol, {}, ensemble(1.0, 22, 0.0), at_night)["evacuate"].active
    assert decide(protocol, {}, ensemble(1.0, 15, 0.0), by_day)["evacuate"].active
    assert decide(protocol, {}, ensemble(1.0, 15, 0.0), at_night)["go_up"].active


def test_a_night_in_which_clearing_takes_no_longer_changes_nothing() -> None:
    plain, with_night = protocol_of(), protocol_of(night=Night(begins=0, ends=23))
    for mean in (3, 13, 15, 30):
        levels = ensemble(1.0, mean, 0.0)
        assert decide(with_night, {}, levels) == decide(plain, {}, levels)
    states = decide(with_night, {}, ensemble(1.0, 14, 0.0))
    later = decide(with_night, states, ensemble(1.0, 3, 0.0), NOON + np.timedelta64(1, "h"))
    assert later["go_up"].active


@pytest.mark.parametrize("hours", [0, 1, 5, 47, 48])
def test_the_windows_of_an_area_are_those_of_the_time_that_clearing_it_takes(hours: int) -> None:
    area = WholeRegion((1.23456,), hours, "made up")
    found = AreaTriggers(EVACUATION, area, False, None, None).indicators
    windows = {name.removesuffix("_evacuate"): one.lead_window_hours for name, one in found.items()}
    end = float(HORIZON_HOURS)
    expected = {
        "flood": (0, end),
        "left": (0, min(hours + 3 + 13, end)),  # as long as starting may be put off, and a tide
        "reached": (0, 0),
        "drained": (0, 0),
        "in_time": (hours, end),
        "near": (0, min(hours + 3, end)),
        "soon": (0, max(hours - 1, 0)),
    }
    if hours >= end:
        expected = {name: expected[name] for name in ("flood", "left", "reached", "drained")}
    assert windows == expected
    assert all(one.value == 1.235 for name, one in found.items() if not name.startswith("drained")), "in millimetres"
    assert found["left_evacuate"].probability == PROBABILITY_FOR_LIVES / 2


def test_at_night_each_window_is_that_of_the_night() -> None:
    class Slow(WholeRegion):
        @property
        def night_hours(self) -> int:
            return 20

    found = AreaTriggers(EVACUATION, Slow((LEVEL,), CLEARANCE, "made up"), True, None, None).indicators
    windows = {name.removesuffix("_evacuate"): one.at_night_hours for name, one in found.items()}
    assert windows == {
        "flood": None, "left": (0, 36), "reached": None, "drained": None, "in_time": (20, HORIZON_HOURS),
        "near": (0, 23), "soon": (0, 19),
    }  # fmt: skip


def test_a_neighbour_decides_where_it_shows_a_flood_early_enough_and_by_the_sea_alone() -> None:
    time = np.datetime64("2020-01-01", "ns") + np.arange(8766).astype("timedelta64[h]")
    own, early, late = np.zeros(time.size), np.zeros(time.size), np.zeros(time.size)
    at = 500 * (1 + np.arange(8))
    own[at], early[at - CLEARANCE], late[at] = LEVEL, 3.0, 3.0
    for neighbour, level, decides in ((early, LEVEL, True), (late, LEVEL, False), (early, np.inf, False)):
        area = WholeRegion((level,), CLEARANCE, "made up")
        triggers = AreaTriggers(EVACUATION, area, False, None, NeighbourRule(time, own, neighbour))
        assert ("neighbour_evacuate" in triggers.indicators) == decides
        for each in triggers.phases:
            assert (each.degraded.fallback == "neighbour_evacuate") == decides
            assert bool(each.degraded.no_fallback) != decides
    assert "no gauge of the sea tells of rain" in each.degraded.no_fallback


def test_a_clearance_longer_than_the_forecast_leaves_the_fallback_and_a_note() -> None:
    triggers = AreaTriggers(EVACUATION, WholeRegion((LEVEL,), 60, "made up"), False, None, None)
    assert [phase.name for phase in triggers.phases] == ["go_up"]
    assert "it cannot carry this evacuation" in triggers.notes[0]
    protocol = protocol_of(hours=60)
    assert decide(protocol, {}, ensemble(0.5, 40, 3.0))["go_up"].active


def test_nobody_is_sent_out_before_a_flood_that_is_still_there_when_the_area_would_be_clear() -> None:
    hours = np.arange(HORIZON_HOURS + 1)
    levels = np.zeros((MEMBERS, hours.size))
    levels[: round(0.3 * MEMBERS)] = np.where((hours >= 10) & (hours < 16), LEVEL + 0.5, 0.0)  # too soon, and lasting
    states = decide(protocol_of(), {}, levels)
    assert not states["evacuate"].active
    assert states["go_up"].active


@settings(deadline=None)
@given(st.floats(0.02, 0.9))
def test_the_chance_that_a_place_agrees_on_is_the_one_that_starts_and_that_people_read(agreed: float) -> None:
    triggers = AreaTriggers(
        EVACUATION, WholeRegion((LEVEL,), CLEARANCE, "made up"), False, None, None, agreed_chance=agreed
    )
    chances = {name: one.probability for name, one in triggers.indicators.items()}
    assert chances["flood_evacuate"] == chances["in_time_evacuate"] == agreed
    assert all(f"{100 * agreed:g} %" in phase.why for phase in triggers.phases)
