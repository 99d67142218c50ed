"""State of a protocol's phases: a pure replay of forecasts and readings; missing data decide nothing."""

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


@dataclass(frozen=True, eq=False)
class Stream:
    """Data of one source: forecasts, or readings, which are forecasts for the hour of their issue.

    Attributes:
        unit: of the values.
        issued: (N,) UTC, ascending.
        leads: (L,) [h], ascending; (0,) for readings.
        values: (N, L, M) for each issue, lead and member; NaN = missing. One member for a deterministic stream.
            Quantiles of equal weight may serve as members: a probability is then that of the likeliest lead.
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
            raise InputError("stream", "its issues or leads are not in order", "sort them and remove duplicates")

    @classmethod
    def of_readings(cls, readings: pd.Series, unit: str) -> "Stream":
        """A gauge's readings by UTC time, NaN = missing."""
        issued = np.asarray(readings.index, dtype="datetime64[ns]")
        return cls(unit, issued, np.zeros(1), readings.to_numpy(dtype=float)[:, None, None])


History = Mapping[str, Stream]
"""Variable → its stream; one that never reported is absent."""


@dataclass(frozen=True, eq=False)
class PhaseHistory:
    """State of a phase at each time of a clock, (T,) each.

    Attributes:
        active: whether its actions run; while ``needs_decision`` it is the last state supported by data.
        degraded: its own expression has been unknown for so long that the fallback decides.
        needs_decision: the fallback is unknown too (or there is none): ``decided_by`` acts on the prior.
        since: when it last started or stopped; NaT before the first start.
    """

    active: Mask
    degraded: Mask
    needs_decision: Mask
    since: Times


def replay(protocol: Protocol, history: History, clock: Times) -> dict[str, PhaseHistory]:
    """Phase → its history over a clock (T,); at each time only data issued by then are known.

    A phase starts when its expression turns true, and stops when the stop rule's has held for long enough while it was
    false; in between nothing changes (hysteresis). Both need new data at that time: missing data never start and never
    stop a phase, and restart the stop rule's duration. When the expression has been unknown for the degraded rule's
    hours, its fallback decides; it stops the phase by being false for as long as the stop rule requires.
    """
    found = {name: _verdicts(indicator, history, clock) for name, indicator in protocol.indicators.items()}
    verdicts = {name: verdict for name, (verdict, _) in found.items()}
    fresh = {name: is_new for name, (_, is_new) in found.items()}
    return {phase.name: _replay_phase(phase, verdicts, fresh, clock) for phase in protocol.phases}


def verdicts_of(indicator: Indicator, stream: Stream) -> Verdicts:
    """(N,) value of an indicator at each issue: 1 = true, 0 = false, NaN = unknown.

    A missing value counts both ways: where the probability exceeds the threshold only with missing values, the
    indicator is unknown.

    Raises:
        InputError: the stream's unit is not the indicator's, it has members where no probability is stated, or leads
            are not evenly spaced for an indicator with a duration.
    """
    where = f"indicator of '{indicator.variable}'"
    if stream.unit != indicator.unit:
        raise InputError(where, f"is in {indicator.unit}, but the stream is in {stream.unit}", "convert the stream")
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
    threshold = indicator.probability or 0.0
    return np.where(surely > threshold, 1.0, np.where(possibly > threshold, np.nan, 0.0))


def _consecutive(duration: float, leads: Reals, where: str) -> int:
    """Number of consecutive leads in a duration, each standing for one step."""
    if duration == 0 or leads.size == 1:
        return 1
    steps = np.diff(leads)
    if not np.allclose(steps, steps[0]):
        raise InputError(where, "has a duration, but leads are unevenly spaced", "give the forecast at even steps")
    return int(np.ceil(duration / steps[0] - 1e-9))


def _lasts(flags: Mask, length: int) -> Mask:
    """(N, W - length + 1, M) whether ``length`` consecutive flags, from each one on, are all set."""
    lasting = flags[:, : flags.shape[1] - length + 1]
    for later in range(1, length):
        lasting = lasting & flags[:, later : flags.shape[1] - length + 1 + later]
    return lasting


def _verdicts(indicator: Indicator, history: History, clock: Times) -> tuple[Verdicts, Mask]:
    """(T,) value of an indicator at each time of the clock, and whether it was issued since the time before."""
    nothing = np.full(clock.size, np.nan), np.zeros(clock.size, dtype=bool)
    if indicator.variable not in history:
        return nothing
    stream = history[indicator.variable]
    verdicts = verdicts_of(indicator, stream)
    known = ~np.isnan(verdicts)
    if not known.any():
        return nothing
    issued, verdicts = stream.issued[known], verdicts[known]
    valid = np.timedelta64(round(indicator.valid_hours * 60), "m")
    if indicator.persistence_hours:
        verdicts = _persist(issued, verdicts, valid, np.timedelta64(round(indicator.persistence_hours * 60), "m"))
    latest = np.searchsorted(issued, clock, side="right") - 1
    is_issued = latest >= 0
    is_valid = is_issued & (clock - issued[np.maximum(latest, 0)] < valid)
    is_new = is_issued & (np.diff(latest, prepend=-1) > 0)
    return np.where(is_valid, verdicts[np.maximum(latest, 0)], np.nan), is_new


def _persist(issued: Times, verdicts: Verdicts, valid: np.timedelta64, span: np.timedelta64) -> Verdicts:
    """(N,) true where all issues of the last ``span`` are true and cover it; unknown where they leave a gap."""
    number = np.arange(issued.size)
    step = np.minimum(np.diff(issued, prepend=issued[0] - valid), valid)  # validity of an issue, as of the one before
    since = np.minimum(
        np.searchsorted(issued, issued + step - span, side="right") - 1, number
    )  # first issue of the span
    opening = np.maximum(since, 0)
    false_count = np.concatenate([[0], np.cumsum(verdicts == 0)])
    gaps = np.concatenate([[0, 0], np.cumsum(np.diff(issued) > valid)])
    is_false = false_count[number + 1] > false_count[opening]
    is_covered = (since >= 0) & (gaps[number + 1] == gaps[opening + 1])
    return np.where(is_false, 0.0, np.where(is_covered, 1.0, np.nan))


def _replay_phase(
    phase: Phase, verdicts: Mapping[str, Verdicts], fresh: Mapping[str, Mask], clock: Times
) -> PhaseHistory:
    rule = phase.degraded
    own, stop = decide(phase.start, verdicts), decide(phase.stop.when, verdicts)
    fallback = np.full(clock.size, np.nan) if rule.fallback is None else decide(rule.fallback, verdicts)
    degraded = _is_undecided(own, clock, rule.after_hours)
    decisive = np.where(degraded, fallback, own)
    may_stop = (decisive == 0) & (degraded | (stop == 1))
    own_is_new = _any_new(fresh, (*names_in(phase.start), *names_in(phase.stop.when)))
    fallback_is_new = _any_new(fresh, () if rule.fallback is None else names_in(rule.fallback))
    handed_over = degraded & ~np.concatenate([[False], degraded[:-1]])
    is_new = np.where(degraded, fallback_is_new | handed_over, own_is_new)
    duration = np.timedelta64(round(phase.stop.for_hours * 60), "m")
    begins = may_stop & ~np.concatenate([[False], may_stop[:-1]])
    began = np.maximum.accumulate(np.where(begins, np.arange(clock.size), 0))
    stops = may_stop & (clock - clock[began] >= duration)
    active, since = _switch(is_new & (decisive == 1), is_new & stops, clock)
    return PhaseHistory(active, degraded, degraded & np.isnan(fallback), since)


def _switch(starts: Mask, stops: Mask, clock: Times) -> tuple[Mask, Times]:
    """(T,) on or off, off at first, and when it last changed."""
    signals = np.flatnonzero(starts | stops)
    is_on = starts[signals]
    is_change = is_on != np.concatenate([[False], is_on[:-1]])
    changes = np.concatenate([[-1], signals[is_change]])  # ascending; off before the first
    latest = np.searchsorted(changes, np.arange(clock.size), side="right") - 1
    active = (latest % 2).astype(bool)  # changes alternate on, off, on …
    return active, np.where(latest > 0, clock[np.maximum(changes[latest], 0)], np.datetime64("NaT"))


def _is_undecided(own: Verdicts, clock: Times, after_hours: float) -> Mask:
    """(T,) whether the expression has been unknown for so long; counted from the first time of the clock."""
    known = ~np.isnan(own)
    last = np.maximum.accumulate(np.where(known, np.arange(clock.size), 0))
    return np.asarray(~known & (clock - clock[last] >= np.timedelta64(round(after_hours * 60), "m")))


def _any_new(fresh: Mapping[str, Mask], names: tuple[str, ...]) -> Mask:
    return np.any([fresh[name] for name in names], axis=0) if names else np.zeros(1, dtype=bool)
