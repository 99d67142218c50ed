"""The decision rule: the state of a protocol's phases from hour to hour, in hindcasts and in the watch.

``step`` advances all phases by one hour, and ``replay`` runs it over a record. Missing data decide nothing: they
neither start nor stop a phase, and when they last a person decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Literal

import numpy as np

from strandline.observations.arrays import Floats, Mask, Times
from strandline.planning.early_action.expressions import Verdicts, decide, names_in
from strandline.planning.early_action.indicators import Finding, findings
from strandline.planning.early_action.protocol import Phase, Protocol
from strandline.planning.early_action.streams import History

Hour = np.datetime64


@dataclass(frozen=True)
class PhaseState:
    """State of one phase at one hour.

    Attributes:
        active: its actions run; while ``needs_decision`` it is the last state supported by data.
        degraded: its own expression has been unknown for so long that the fallback decides.
        needs_decision: a person decides: the fallback is unknown too, or the all-clear waits for one.
        awaits_all_clear: the sea has receded, but it is not certain that the land has drained.
        since: when it last started or stopped; ``None`` before the first start.
        decided: when its own expression was last known; ``None`` before the first hour.
        calm_since: since when its stop rule has held without a gap; ``None`` = it does not hold.
        reached: last hour since its start at which the event was there; ``None`` = not at all.
    """

    active: bool = False
    degraded: bool = False
    needs_decision: bool = False
    awaits_all_clear: bool = False
    since: Hour | None = None
    decided: Hour | None = None
    calm_since: Hour | None = None
    reached: Hour | None = None

    def cleared(self, now: Hour) -> "PhaseState":
        """The state after a person has given the all-clear."""
        return PhaseState(since=now, decided=self.decided, degraded=self.degraded)


@dataclass(frozen=True, eq=False)
class Signals:
    """What decides on one phase, (T,) each.

    Attributes:
        start, stop, fallback: values of its expressions; 1 = true, 0 = false, NaN = unknown.
        reached, drained: the same of its stop rule; 0 where it states none.
        is_new, fallback_is_new: data of the start or stop, or of the fallback, have arrived since the hour before.
        gain: expected avoidable loss minus the cost [money of the plan]; 0 for lives.
        hours_until: of a fallback, lead time [h] from which its event is likely enough; ∞ = at none.
        clearance: latest lead [h] for which the phase is the fallback; 0 where it is none.
    """

    start: Verdicts
    stop: Verdicts
    fallback: Verdicts
    reached: Verdicts
    drained: Verdicts
    is_new: Mask
    fallback_is_new: Mask
    gain: Floats
    hours_until: Floats
    clearance: Floats


@dataclass(frozen=True, eq=False)
class PhaseHistory:
    """State of a phase at each time of a clock, (T,) each; see ``PhaseState``."""

    active: Mask
    degraded: Mask
    needs_decision: Mask
    since: Times


def replay(protocol: Protocol, history: History, clock: Times, crews: int | None = None) -> dict[str, PhaseHistory]:
    """Phase → its history over a clock (T,); at each time only data issued by then are known.

    Where the all-clear waits for a person, it is taken to be given within the hour.
    """
    found = {
        name: findings(indicator, history, clock, protocol.night) for name, indicator in protocol.indicators.items()
    }
    return replay_findings(protocol, found, clock, crews)


def replay_findings(
    protocol: Protocol, found: Mapping[str, Finding], clock: Times, crews: int | None = None
) -> dict[str, PhaseHistory]:
    """See ``replay``; for indicators whose values are known already, by name. Of the others nothing is known."""
    unheard = {name: one for name, one in protocol.indicators.items() if name not in found}
    found = {**found, **{name: findings(one, {}, clock, protocol.night) for name, one in unheard.items()}}
    signals = {phase.name: signals_of(phase, protocol, found, clock) for phase in protocol.phases}
    states = {phase.name: PhaseState() for phase in protocol.phases}
    record: dict[str, list[PhaseState]] = {name: [] for name in states}
    calm = np.all([(one.start == 0) & (one.stop == 1) for one in signals.values()], axis=0)
    unrest = np.append(np.flatnonzero(~calm), clock.size)
    at = 0
    while at < clock.size:
        states = step(protocol, states, signals, at, clock[at], crews)
        rests = calm[at] and not any(state.active for state in states.values())
        until = int(unrest[np.searchsorted(unrest, at)]) if rests else at + 1  # nothing changes before
        for name, state in states.items():
            record[name] += [state] * (until - at)
            if state.awaits_all_clear:
                states[name] = state.cleared(clock[at])
            elif rests:
                states[name] = replace(state, decided=clock[until - 1])
        at = until
    return {name: _history(record[name]) for name in record}


def step(
    protocol: Protocol,
    before: Mapping[str, PhaseState],
    signals: Mapping[str, Signals],
    at: int,
    now: Hour,
    crews: int | None = None,
) -> dict[str, PhaseState]:
    """Phase → its state at hour ``now``, position ``at`` of the signals.

    A phase starts when its expression is true, and stops when the stop rule's has held for long enough while it was
    false; in between nothing changes (hysteresis). Both need new data: missing data never start and never stop a phase,
    and restart the stop rule's duration. When the expression has been unknown for the degraded rule's hours, its
    fallback decides; it stops the phase by being false for as long as the stop rule requires.

    Args:
        before: an hour earlier; a phase that is not there has never run.
        crews: available; ``None`` = enough for every action. Those of running phases are taken; actions for lives come
            before any money.
    """
    after: dict[str, PhaseState] = {}
    for phase in protocol.phases:
        main = None if phase.instead_of is None else after[phase.instead_of.phase]
        after[phase.name] = _advance(phase, before.get(phase.name, PhaseState()), signals[phase.name], at, now, main)
    if crews is not None:
        starting = [
            phase
            for phase in protocol.phases
            if after[phase.name].active and not before.get(phase.name, PhaseState()).active
        ]
        running = sum(phase.crews for phase in protocol.phases if after[phase.name].active and phase not in starting)
        gains = [float(signals[phase.name].gain[at]) for phase in starting]
        kept = select_phases(starting, gains, max(crews - running, 0))
        for phase in starting:
            if phase.name not in kept:
                earlier = before.get(phase.name, PhaseState())
                after[phase.name] = replace(after[phase.name], active=False, since=earlier.since, reached=None)
    return after


def select_phases(phases: Sequence[Phase], gains: Sequence[float], crews: int) -> frozenset[str]:
    """The phases to start: all, or the most valuable set of them for which there are crews; lives come first.

    Args:
        gains: expected avoidable loss minus the cost of each.
    """
    if sum(phase.crews for phase in phases) <= crews:
        return frozenset(phase.name for phase in phases)
    best, selected = (-1, -np.inf), frozenset[str]()
    for size in range(len(phases) + 1):
        for chosen in combinations(zip(phases, gains, strict=True), size):
            if sum(phase.crews for phase, _ in chosen) > crews:
                continue
            value = (sum(phase.life_safety for phase, _ in chosen), sum(gain for phase, gain in chosen))
            if value > best:
                best, selected = value, frozenset(phase.name for phase, _ in chosen)
    return selected


def signals_of(phase: Phase, protocol: Protocol, found: Mapping[str, Finding], clock: Times) -> Signals:
    """What decides on a phase at each time of a clock; silence shows neither that nothing comes nor that it is over."""
    verdicts = {name: finding.verdict for name, finding in found.items()}
    no, unknown = np.zeros(clock.size), np.full(clock.size, np.nan)
    fallback, stop = phase.degraded.fallback, phase.stop
    until, clearance = np.full(clock.size, np.inf), no
    if phase.instead_of is not None:
        until = found[phase.instead_of.indicator].hours_until
        indicator = protocol.indicators[phase.instead_of.indicator]
        clearance = np.full(clock.size, indicator.lead_window_hours[1])
        if indicator.at_night_hours is not None and protocol.night is not None:
            clearance = np.where(protocol.night.includes(clock), indicator.at_night_hours[1], clearance)
    start, calm = decide(phase.start, verdicts), decide(stop.when, verdicts)
    start = np.where((start == 0) & ~_all_heard(found, names_in(phase.start), clock), np.nan, start)
    calm = np.where(_all_heard(found, names_in(stop.when), clock), calm, np.nan)
    gains = [found[name].margin for name in names_in(phase.start) if protocol.indicators[name].loss is not None]
    return Signals(
        start=start,
        stop=calm,
        fallback=unknown if fallback is None else decide(fallback, verdicts),
        reached=no if stop.reached is None else decide(stop.reached, verdicts),
        drained=no if stop.drained is None else decide(stop.drained, verdicts),
        is_new=_any_new(found, (*names_in(phase.start), *names_in(stop.when)), clock),
        fallback_is_new=_any_new(found, () if fallback is None else names_in(fallback), clock),
        gain=np.nan_to_num(np.max(gains, axis=0)) if gains else no,
        hours_until=until,
        clearance=clearance,
    )


def _advance(
    phase: Phase, before: PhaseState, signals: Signals, at: int, now: Hour, main: PhaseState | None
) -> PhaseState:
    start = _start(before, signals, at, now, main)
    fallback = float(signals.fallback[at])
    is_known = not np.isnan(start)
    decided = now if is_known or before.decided is None else before.decided
    degraded = bool(not is_known and now - decided >= _hours(phase.degraded.after_hours))
    decisive = fallback if degraded else start
    is_new = signals.fallback_is_new[at] or not before.degraded if degraded else signals.is_new[at]
    may_stop = decisive == 0 and (degraded or signals.stop[at] == 1)
    calm_since = (before.calm_since or now) if may_stop else None
    stops = calm_since is not None and bool(is_new) and now - calm_since >= _hours(phase.stop.for_hours)
    no_decision = degraded and bool(np.isnan(fallback))
    active = before.active or (bool(is_new) and decisive == 1)
    reached = before.reached
    if active and (signals.reached[at] == 1):
        reached = now
    awaits = False
    if active and stops and before.active:
        land = _land_after(phase, reached, signals.drained[at] == 1, now)
        active, awaits = land != "dry", land == "a person decides"
    if active != before.active:
        return PhaseState(active, degraded, no_decision, False, now, decided, calm_since, reached if active else None)
    return PhaseState(
        active, degraded, no_decision or awaits, awaits, before.since, decided, calm_since, reached if active else None
    )


def _start(before: PhaseState, signals: Signals, at: int, now: Hour, main: PhaseState | None) -> float:
    """Value of the start expression; of a fallback, for what a running main phase does not reach in time any more."""
    if main is None or not main.active or main.since is None or main.since == now:
        return float(signals.start[at])
    left = signals.clearance[at] - (now - main.since) / np.timedelta64(1, "h")
    if np.isnan(signals.start[at]):
        return float("nan")
    return float(signals.hours_until[at] < left)


def _land_after(
    phase: Phase, reached: Hour | None, shows_dry: bool, now: Hour
) -> Literal["dry", "wet", "a person decides"]:
    """Whether the land may be entered again, as far as data, a simulation or a stated time can show."""
    stop = phase.stop
    if stop.reached is None or reached is None:
        return "dry"
    is_drained = shows_dry and bool(now - reached >= _hours(stop.for_hours))  # else it may be older than the water
    if stop.drainage_hours is not None:
        return "dry" if is_drained or now - reached >= _hours(stop.drainage_hours) else "wet"
    if stop.standing_hours is not None and now - reached < _hours(stop.standing_hours):
        return "a person decides" if is_drained else "wet"
    return "dry" if is_drained else "a person decides"


def _history(states: Sequence[PhaseState]) -> PhaseHistory:
    never = np.datetime64("NaT")
    return PhaseHistory(
        np.array([state.active for state in states], dtype=bool),
        np.array([state.degraded for state in states], dtype=bool),
        np.array([state.needs_decision for state in states], dtype=bool),
        np.array([never if state.since is None else state.since for state in states], dtype="datetime64[ns]"),
    )


@lru_cache(maxsize=256)
def _hours(hours: float) -> np.timedelta64:
    return np.timedelta64(round(hours * 60), "m")


def _all_heard(found: Mapping[str, Finding], names: tuple[str, ...], clock: Times) -> Mask:
    return np.all([found[name].is_heard for name in names], axis=0) if names else np.ones(clock.size, dtype=bool)


def _any_new(found: Mapping[str, Finding], names: tuple[str, ...], clock: Times) -> Mask:
    return np.any([found[name].is_new for name in names], axis=0) if names else np.zeros(clock.size, dtype=bool)
