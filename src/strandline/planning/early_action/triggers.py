"""Where a protocol's phases stand: a pure replay of what was forecast and read, in which silence decides nothing."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Mask, Reals, Times
from strandline.planning.early_action.expressions import Verdicts, decide, names_in
from strandline.planning.early_action.protocol import Indicator, Phase, Protocol

COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
LOOK_HOURS = 1
"""How often a protocol is looked at [h]."""


@dataclass(frozen=True, eq=False)
class Stream:
    """What one source has said so far: forecasts, or readings, which are forecasts for the hour of their issue.

    Attributes:
        unit: of the values.
        issued: (N,) UTC, ascending.
        leads: (L,) [h], ascending; (0,) for readings.
        values: (N, L, M) for each issue, lead and member; NaN = missing. One member where no chance is told. Quantiles
            of equal weight may stand for members: a chance is then that of the likeliest lead.
    """

    unit: str
    issued: Times
    leads: Reals
    values: Reals

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or self.values.shape[:2] != (self.issued.size, self.leads.size):
            shapes = f"{self.values.shape} values of {self.issued.size} issues and {self.leads.size} leads"
            raise InputError("stream", shapes, "give values as issue, lead, member")
        if not ((np.diff(self.issued) > np.timedelta64(0)).all() and (np.diff(self.leads) > 0).all()):
            raise InputError("stream", "its issues or leads are not in order", "sort them and drop repeats")

    @classmethod
    def of_readings(cls, readings: pd.Series, unit: str) -> "Stream":
        """A gauge's readings by UTC time, NaN = missing."""
        issued = np.asarray(readings.index, dtype="datetime64[ns]")
        return cls(unit, issued, np.zeros(1), readings.to_numpy(dtype=float)[:, None, None])

    def until(self, now: np.datetime64) -> "Stream":
        """The same stream as it was known then."""
        known = int(np.searchsorted(self.issued, now, side="right"))
        return Stream(self.unit, self.issued[:known], self.leads, self.values[:known])


History = Mapping[str, Stream]
"""Variable → what was said of it; one that never reported is absent."""


@dataclass(frozen=True)
class PhaseState:
    """Where a phase stands.

    Attributes:
        active: whether its actions run; while ``needs_decision`` it is the last state that something supported.
        degraded: its own expression has been undecided for so long that the fallback is asked.
        needs_decision: the fallback is undecided too (or there is none): ``decided_by`` acts on the prior.
        since: when it last started or stopped; ``None`` = never started.
        reason: one plain sentence.
    """

    active: bool
    degraded: bool
    needs_decision: bool
    since: pd.Timestamp | None
    reason: str


@dataclass(frozen=True, eq=False)
class PhaseCourse:
    """The same for each moment of a clock, (T,) each; ``since`` is NaT before the first start."""

    active: Mask
    degraded: Mask
    needs_decision: Mask
    since: Times


def evaluate(protocol: Protocol, history: History, now: pd.Timestamp) -> dict[str, PhaseState]:
    """Phase → where it stands at the full hour before ``now``; pure, without memory: the history is replayed.

    Raises:
        InputError: a stream's unit is not the indicator's, or it has members where no probability is stated.
    """
    last = now.floor("h")
    known = {variable: stream.until(last.to_datetime64()) for variable, stream in history.items()}
    first = min((pd.Timestamp(stream.issued[0]) for stream in known.values() if stream.issued.size), default=last)
    clock = pd.date_range(min(first.floor("h"), last), last, freq=f"{LOOK_HOURS}h")
    courses = replay(protocol, known, clock.to_numpy(dtype="datetime64[ns]"))
    return {phase.name: _state(phase, courses[phase.name]) for phase in protocol.phases}


def replay(protocol: Protocol, history: History, clock: Times) -> dict[str, PhaseCourse]:
    """Phase → its course over a clock (T,), at each moment of which only what was issued by then is known.

    A phase starts when its expression turns true, and stops when the stop rule's has held for long enough while it was
    false; in between nothing changes (hysteresis). Both need a new word at that moment: silence never starts and never
    stops a phase, and restarts the stop rule's clock. When the expression has been undecided for the degraded rule's
    hours, its fallback decides, which stops by being false for as long as the stop rule says.
    """
    found = {name: _heard(name, indicator, history, clock) for name, indicator in protocol.indicators.items()}
    verdicts = {name: verdict for name, (verdict, _) in found.items()}
    fresh = {name: is_new for name, (_, is_new) in found.items()}
    return {phase.name: _course(phase, verdicts, fresh, clock) for phase in protocol.phases}


def verdicts_of(indicator: Indicator, stream: Stream) -> Verdicts:
    """(N,) what an indicator says at each issue: 1 = true, 0 = false, NaN = not known.

    A missing value is taken both ways: where the chance exceeds the asked one only by what is missing, it is not known.

    Raises:
        InputError: see ``evaluate``; or leads that are not evenly spaced where a duration is asked for.
    """
    where = f"indicator of '{indicator.variable}'"
    if stream.unit != indicator.unit:
        raise InputError(
            where, f"is asked in {indicator.unit}, but the stream is in {stream.unit}", "convert the stream"
        )
    if indicator.probability is None and stream.values.shape[2] > 1:
        raise InputError(where, f"states no probability for {stream.values.shape[2]} members", "add 'probability'")
    earliest, latest = indicator.lead_window_hours
    inside = (stream.leads >= earliest) & (stream.leads <= latest)
    if not inside.any():
        return np.full(stream.issued.size, np.nan)
    values = stream.values[:, inside]  # (N, W, M)
    holds, missing = COMPARE[indicator.operator](values, indicator.value), np.isnan(values)
    length = _consecutive(indicator.duration_hours, stream.leads[inside], where)
    if length > values.shape[1]:
        return np.full(stream.issued.size, np.nan)
    surely = possibly = _lasts(holds, length).any(axis=1).mean(axis=1)  # (N,)
    if missing.any():
        possibly = _lasts(holds | missing, length).any(axis=1).mean(axis=1)
    asked = indicator.probability or 0.0
    return np.where(surely > asked, 1.0, np.where(possibly > asked, np.nan, 0.0))


def _consecutive(duration: float, leads: Reals, where: str) -> int:
    """How many leads in a row last so many hours, each standing for one step."""
    if duration == 0 or leads.size == 1:
        return 1
    steps = np.diff(leads)
    if not np.allclose(steps, steps[0]):
        raise InputError(where, "asks for a duration of unevenly spaced leads", "give the forecast at even steps")
    return int(np.ceil(duration / steps[0] - 1e-9))


def _lasts(flags: Mask, length: int) -> Mask:
    """(N, W - length + 1, M) whether ``length`` flags in a row, from each one on, are all set."""
    lasting = flags[:, : flags.shape[1] - length + 1]
    for later in range(1, length):
        lasting = lasting & flags[:, later : flags.shape[1] - length + 1 + later]
    return lasting


def _heard(name: str, indicator: Indicator, history: History, clock: Times) -> tuple[Verdicts, Mask]:
    """(T,) what an indicator says at each moment of the clock, and whether that was said since the moment before."""
    nothing = np.full(clock.size, np.nan), np.zeros(clock.size, dtype=bool)
    if indicator.variable not in history:
        return nothing
    stream = history[indicator.variable]
    said = verdicts_of(indicator, stream)
    known = ~np.isnan(said)
    if not known.any():
        return nothing
    issued, said = stream.issued[known], said[known]
    valid = np.timedelta64(round(indicator.valid_hours * 60), "m")
    if indicator.persistence_hours:
        said = _persist(issued, said, valid, np.timedelta64(round(indicator.persistence_hours * 60), "m"))
    latest = np.searchsorted(issued, clock, side="right") - 1
    there = latest >= 0
    counts = there & (clock - issued[np.maximum(latest, 0)] < valid)
    is_new = there & (np.diff(latest, prepend=-1) > 0)
    return np.where(counts, said[np.maximum(latest, 0)], np.nan), is_new


def _persist(issued: Times, said: Verdicts, valid: np.timedelta64, span: np.timedelta64) -> Verdicts:
    """(N,) true where every word of the last ``span`` was true and covers it; not known where some of it is not."""
    number = np.arange(issued.size)
    step = np.minimum(np.diff(issued, prepend=issued[0] - valid), valid)  # for so long stands a word, as the one before
    since = np.minimum(np.searchsorted(issued, issued + step - span, side="right") - 1, number)  # it opens the span
    opening = np.maximum(since, 0)
    denials = np.concatenate([[0], np.cumsum(said == 0)])
    gaps = np.concatenate([[0, 0], np.cumsum(np.diff(issued) > valid)])
    is_denied = denials[number + 1] > denials[opening]
    is_covered = (since >= 0) & (gaps[number + 1] == gaps[opening + 1])
    return np.where(is_denied, 0.0, np.where(is_covered, 1.0, np.nan))


def _course(phase: Phase, verdicts: Mapping[str, Verdicts], fresh: Mapping[str, Mask], clock: Times) -> PhaseCourse:
    rule = phase.degraded
    own, stop = decide(phase.start, verdicts), decide(phase.stop.when, verdicts)
    spare = np.full(clock.size, np.nan) if rule.fallback is None else decide(rule.fallback, verdicts)
    degraded = _silent(own, clock, rule.after_hours)
    decides = np.where(degraded, spare, own)
    calm = (decides == 0) & (degraded | (stop == 1))
    own_news = _any_new(fresh, (*names_in(phase.start), *names_in(phase.stop.when)))
    spare_news = _any_new(fresh, () if rule.fallback is None else names_in(rule.fallback))
    handed_over = degraded & ~np.concatenate([[False], degraded[:-1]])
    news = np.where(degraded, spare_news | handed_over, own_news)
    patience = np.timedelta64(round(phase.stop.for_hours * 60), "m")
    began = np.maximum.accumulate(np.where(calm & ~np.concatenate([[False], calm[:-1]]), np.arange(clock.size), 0))
    rested = calm & (clock - clock[began] >= patience)
    active, since = _switch(news & (decides == 1), news & rested, clock)
    return PhaseCourse(active, degraded, degraded & np.isnan(spare), since)


def _switch(starts: Mask, stops: Mask, clock: Times) -> tuple[Mask, Times]:
    """(T,) on or off, off at first, and when that last changed."""
    said = np.flatnonzero(starts | stops)
    runs = starts[said]
    is_change = runs != np.concatenate([[False], runs[:-1]])
    changes = np.concatenate([[-1], said[is_change]])  # ascending; off before the first
    latest = np.searchsorted(changes, np.arange(clock.size), side="right") - 1
    active = (latest % 2).astype(bool)  # changes go on, off, on …
    return active, np.where(latest > 0, clock[np.maximum(changes[latest], 0)], np.datetime64("NaT"))


def _silent(own: Verdicts, clock: Times, after_hours: float) -> Mask:
    """(T,) whether nothing was decided for so long; silence counts from the first moment of the clock."""
    known = ~np.isnan(own)
    last = np.maximum.accumulate(np.where(known, np.arange(clock.size), 0))
    return np.asarray(~known & (clock - clock[last] >= np.timedelta64(round(after_hours * 60), "m")))


def _any_new(fresh: Mapping[str, Mask], names: tuple[str, ...]) -> Mask:
    return np.any([fresh[name] for name in names], axis=0) if names else np.zeros(1, dtype=bool)


def _state(phase: Phase, course: PhaseCourse) -> PhaseState:
    active, degraded, helpless = (bool(flags[-1]) for flags in (course.active, course.degraded, course.needs_decision))
    since = None if np.isnat(course.since[-1]) else pd.Timestamp(course.since[-1])
    return PhaseState(active, degraded, helpless, since, _reason(phase, active, degraded, helpless))


def _reason(phase: Phase, active: bool, degraded: bool, helpless: bool) -> str:
    rule, state = phase.degraded, f"{phase.name} {'runs' if active else 'does not run'}"
    if helpless:
        return (
            f"nothing has decided '{phase.start}' for {rule.after_hours:g} h and nothing stands in: {rule.prior};"
            f" {rule.decided_by} decides ({state})"
        )
    if degraded:
        silence = f"nothing has decided '{phase.start}' for {rule.after_hours:g} h"
        return f"{silence}; '{rule.fallback}' decides instead: {state}"
    return f"'{phase.start}' decides: {state}"
