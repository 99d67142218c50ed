"""The all-clear follows the land, hour by hour from the signals of one phase; and who has crews."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.planning.early_action.protocol import Phase, Protocol, StopRule
from strandline.planning.early_action.triggers import PhaseState, Signals, select_phases, step
from tests.fixtures.protocols import GATE, phase

CALM_HOURS, HOURS = 4, 60
HOUR = np.timedelta64(1, "h")
START = np.datetime64("2024-01-01T00", "h")


def one_phase(**stop: object) -> Protocol:
    rule = StopRule(when="not left", for_hours=CALM_HOURS, reached="high", **stop)
    return GATE.model_copy(update={"phases": (phase().model_copy(update={"stop": rule}),)})


def signals(start: object, reached: object, drained: object = 0.0, *, known: bool = True) -> Signals:
    """Of hours whose sea is calm where nothing starts."""
    starts, here, dry = (np.broadcast_to(np.asarray(each, dtype=float), HOURS) for each in (start, reached, drained))
    nothing, new = np.zeros(HOURS), np.full(HOURS, known)
    return Signals(
        starts, 1 - starts, np.full(HOURS, np.nan), here, dry, new, ~new, nothing, np.full(HOURS, np.inf), nothing
    )


def course(protocol: Protocol, given: Signals) -> list[PhaseState]:
    states: dict[str, PhaseState] = {}
    found = []
    for at in range(HOURS):
        states = step(protocol, states, {"close": given}, at, START + at * HOUR)
        found.append(states["close"])
    return found


def first(flags: list[bool]) -> int | None:
    return flags.index(True) if any(flags) else None


WATER = np.arange(HOURS) < 3
"""It starts, and water is there, at hours 0 to 2; from the third on the sea is calm."""
LAST = 2


@pytest.mark.parametrize(
    ("stop", "drained_from", "asks", "ends"),
    [
        ({}, None, LAST + 5, None),  # for ever: nobody knows whether the land is dry
        ({}, 20, LAST + 5, 20),
        ({}, 0, None, LAST + 5),  # a scene shows it dry: it ends with the calm
        ({"drainage_hours": 24}, None, None, LAST + 24),
        ({"drainage_hours": 2}, None, None, LAST + 5),
        ({"drainage_hours": 24}, 10, None, 10),
        ({"standing_hours": 24}, None, LAST + 24, None),
        ({"standing_hours": 24}, 10, 10, LAST + 24),  # before the simulated end a dry scene is shown to a person
        ({"standing_hours": 24}, 30, LAST + 24, 30),
        ({"standing_hours": 24, "drainage_hours": 8}, None, None, LAST + 8),
    ],
)
def test_the_phase_ends_where_data_a_stated_time_or_a_person_says_so(
    stop: dict[str, float], drained_from: int | None, asks: int | None, ends: int | None
) -> None:
    dry = np.zeros(HOURS) if drained_from is None else (np.arange(HOURS) >= drained_from).astype(float)
    found = course(one_phase(**stop), signals(WATER, WATER, dry))
    assert first([state.awaits_all_clear for state in found]) == asks
    assert first([not state.active for state in found]) == ends
    assert all(state.needs_decision == state.awaits_all_clear for state in found)


def test_a_scene_older_than_the_water_does_not_show_that_the_land_is_dry() -> None:
    """It must be as long after the water as the sea must be calm."""
    starts, water = np.arange(HOURS) < 1, np.arange(HOURS) < 3
    given = signals(starts, water, 1.0)
    found = course(one_phase(), given)
    assert first([not state.active for state in found]) == LAST + CALM_HOURS


def test_water_that_is_there_when_the_phase_starts_is_remembered() -> None:
    at_once = np.arange(HOURS) < 1
    found = course(one_phase(), signals(at_once, at_once))
    assert found[0].reached == START
    assert found[-1].active
    assert found[-1].awaits_all_clear


def test_water_of_a_former_flood_does_not_keep_a_new_one_from_ending() -> None:
    hours = np.arange(HOURS)
    starts, water = (hours < 3) | (hours == 40), hours < 3
    found = course(one_phase(drainage_hours=6), signals(starts, water))
    assert [state.active for state in found] == [bool(hour < LAST + 6 or 40 <= hour < 45) for hour in hours]
    assert found[30].reached is None
    assert found[42].reached is None


def test_without_new_data_nothing_starts_and_nothing_ends() -> None:
    assert not any(state.active for state in course(one_phase(), signals(WATER, WATER, known=False)))
    given = signals(WATER, 0.0)
    stale = replace(given, is_new=np.arange(HOURS) < 5)
    assert first([not state.active for state in course(one_phase(), given)]) == 3 + CALM_HOURS
    assert all(state.active for state in course(one_phase(), stale))


# --- crews -----------------------------------------------------------------------------------------------------------


def team(name: str, crews: int, life_safety: bool) -> Phase:
    return phase(name=name, crews=crews).model_copy(update={"life_safety": life_safety})


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(-2, 5)), min_size=1, max_size=5), st.integers(0, 8)
)
def test_no_other_choice_of_phases_saves_more_lives_or_as_many_and_more_money(
    teams: list[tuple[int, bool, int]], crews: int
) -> None:
    phases = [team(f"p{number}", need, lives) for number, (need, lives, _) in enumerate(teams)]
    gains = [float(gain) for _, _, gain in teams]
    chosen = select_phases(phases, gains, crews)

    def worth(names: set[str] | frozenset[str]) -> tuple[int, float]:
        return sum(each.life_safety for each in phases if each.name in names), sum(
            gain for each, gain in zip(phases, gains, strict=True) if each.name in names
        )

    def needed(names: set[str] | frozenset[str]) -> int:
        return sum(each.crews for each in phases if each.name in names)

    everything = {each.name for each in phases}
    assert needed(chosen) <= crews
    if needed(everything) <= crews:
        assert chosen == everything
        return
    for mask in range(2 ** len(phases)):
        other = {each.name for number, each in enumerate(phases) if mask >> number & 1}
        assert needed(other) > crews or worth(other) <= worth(chosen)


def test_phases_that_run_keep_their_crews_and_one_that_gets_none_waits_as_if_it_had_not_started() -> None:
    indicators = GATE.indicators
    both = GATE.model_copy(
        update={"indicators": indicators, "phases": (team("first", 2, False), team("second", 2, True))}
    )
    starts = signals(1.0, 1.0)
    given = {"first": starts, "second": starts}
    running = {"first": PhaseState(True, since=START - HOUR), "second": PhaseState(since=START - 9 * HOUR)}
    after = step(both, running, given, 0, START, crews=3)
    assert after["first"].active, "nobody is called back, not even for lives"
    assert not after["second"].active
    assert (after["second"].since, after["second"].reached) == (START - 9 * HOUR, None)
    assert step(both, running, given, 0, START, crews=4)["second"].active
    assert not any(state.active for state in step(both, {}, given, 0, START, crews=1).values())
    assert {name for name, state in step(both, {}, given, 0, START, crews=2).items() if state.active} == {"second"}
    fewer = step(both, running, given, 0, START, crews=0)
    assert fewer["first"].active
