"""The value of an indicator at each issue of its stream: true, false, or unknown where data are missing."""

import operator
from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask, Reals, Times
from strandline.planning.early_action.expressions import Verdicts
from strandline.planning.early_action.protocol import Indicator, Night
from strandline.planning.early_action.streams import History, Stream

COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True, eq=False)
class Finding:
    """An indicator over a clock, (T,) each.

    Attributes:
        verdict: 1 = true, 0 = false, NaN = unknown.
        is_new: issued since the time before.
        margin: expected avoidable loss minus the cost [money of the plan]; NaN for a probability.
        is_heard: any data had arrived shortly before the issue; only then a false indicator proves calm.
        hours_until: lead time from which the probability exceeds the threshold, all leads from now on counted [h];
            ∞ = at none. For a stream that has never reported all are unknown or ∞.
    """

    verdict: Verdicts
    is_new: Mask
    margin: Floats
    hours_until: Floats
    is_heard: Mask


def findings(
    indicator: Indicator, history: History, clock: Times, night: Night | None = None, *, with_hours: bool = True
) -> Finding:
    """The indicator at each time of a clock (T,): that of its newest issue then, while it is valid.

    Args:
        with_hours: whether ``hours_until`` is needed; else it is ∞.
    """
    unknown, never = np.full(clock.size, np.nan), np.full(clock.size, np.inf)
    nothing = Finding(unknown, np.zeros(clock.size, dtype=bool), unknown, never, np.zeros(clock.size, dtype=bool))
    stream = stream_of(indicator, history)
    if stream is None:
        return nothing
    verdicts = verdicts_of(indicator, stream, night)
    known = ~np.isnan(verdicts)
    if not known.any():
        return nothing
    issued, verdicts = stream.issued[known], verdicts[known]
    valid = np.timedelta64(round(indicator.valid_hours * 60), "m")
    if indicator.persistence_hours:
        verdicts = _persist(issued, verdicts, valid, np.timedelta64(round(indicator.persistence_hours * 60), "m"))
    latest = np.searchsorted(issued, clock, side="right") - 1
    is_issued, at = latest >= 0, np.maximum(latest, 0)
    is_valid = is_issued & (clock - issued[at] < valid)
    return Finding(
        verdict=np.where(is_valid, verdicts[at], np.nan),
        is_new=is_issued & (np.diff(latest, prepend=-1) > 0),
        margin=np.where(is_valid, margins_of(indicator, stream, night)[known][at], np.nan),
        hours_until=np.where(is_valid, hours_until(indicator, stream)[known][at], np.inf) if with_hours else never,
        is_heard=is_valid if stream.heard is None else is_valid & stream.heard[known][at],
    )


def stream_of(indicator: Indicator, history: History) -> Stream | None:
    """What an indicator reads: its variable and, where it is there, the danger by all drivers; ``None`` = nothing."""
    stream = history.get(indicator.variable)
    if stream is None or indicator.danger is None or indicator.danger not in history:
        return stream
    return stream.with_danger(history[indicator.danger])


def findings_at_issues(
    indicator: Indicator, stream: Stream, night: Night | None = None, *, with_hours: bool = True
) -> Finding:
    """The indicator at each issue of a stream (N,), as ``findings`` gives it when nothing earlier was issued."""
    verdict = verdicts_of(indicator, stream, night)
    known = ~np.isnan(verdict)
    if indicator.persistence_hours > indicator.valid_hours:  # one issue does not cover it
        verdict = np.where(verdict == 0, verdict, np.nan)
    return Finding(
        verdict=verdict,
        is_new=known,
        margin=np.where(known, margins_of(indicator, stream, night), np.nan),
        hours_until=np.where(known & with_hours, hours_until(indicator, stream) if with_hours else np.inf, np.inf),
        is_heard=known if stream.heard is None else known & stream.heard,
    )


def verdicts_of(indicator: Indicator, stream: Stream, night: Night | None = None) -> Verdicts:
    """(N,) value of an indicator at each issue: 1 = true, 0 = false, NaN = unknown.

    A missing value counts both ways: where the condition holds only with missing values, the indicator is unknown. So
    it is where the forecast ends before the lead window does, unless the condition holds in what there is.

    Raises:
        InputError: the stream's unit is not the indicator's, it has members where no probability is stated, or leads
            are not evenly spaced for an indicator with a duration.
    """
    where = f"indicator of '{indicator.variable}'"
    if stream.unit != indicator.unit:
        raise InputError(where, f"is in {indicator.unit}, but the stream is in {stream.unit}", "convert the stream")
    if indicator.probability is None and indicator.loss is None and stream.values.shape[2] > 1:
        raise InputError(where, f"states no probability for {stream.values.shape[2]} members", "add 'probability'")
    found = np.full(stream.issued.size, np.nan)
    for rows, window in _windows(indicator, stream, night):
        found[rows] = _verdicts(indicator, stream, rows, window, where)
    return found


def has_uncertain_value(indicator: Indicator) -> bool:
    """Whether nobody knows the threshold better than by several values: the chance is then not that of one."""
    return len(set(indicator.values)) > 1


def probability_of(indicator: Indicator, stream: Stream, night: Night | None = None) -> Floats:
    """(N,) probability [-] at each issue that the event occurs within the lead window; NaN = no value in it."""
    found = np.full(stream.issued.size, np.nan)
    for rows, window in _windows(indicator, stream, night):
        values = _part(stream, rows, window)
        if values.size:
            found[rows] = _share(indicator, _extreme(indicator, values))
    return found


def margins_of(indicator: Indicator, stream: Stream, night: Night | None = None) -> Floats:
    """(N,) expected avoidable loss minus the cost at each issue, a missing value loses nothing.

    NaN without a loss, or where every value is missing.
    """
    found = np.full(stream.issued.size, np.nan)
    if indicator.loss is not None:
        for rows, window in _windows(indicator, stream, night):
            values = _part(stream, rows, window)
            if values.size:
                missing = np.isnan(values)
                margin = _expected_loss(indicator, _filled(values, missing, -np.inf).max(axis=1)) - indicator.loss.cost
                found[rows] = np.where(missing.all(axis=(1, 2)), np.nan, margin)
    return found


def hours_until(indicator: Indicator, stream: Stream) -> Floats:
    """(N,) lead [h] from which the probability exceeds the threshold, all leads before it counted; ∞ = at none."""
    worst = np.maximum if indicator.operator[0] == ">" else np.minimum
    missing = -np.inf if indicator.operator[0] == ">" else np.inf
    reached = worst.accumulate(np.where(np.isnan(stream.values), missing, stream.values), axis=1)  # (N, L, M)
    likely = _share(indicator, reached) > (indicator.probability or 0.0)  # (N, L)
    return np.where(likely.any(axis=1), stream.leads[likely.argmax(axis=1)], np.inf)


def _windows(indicator: Indicator, stream: Stream, night: Night | None) -> list[tuple[Mask, tuple[float, float]]]:
    """Which issues (N,) have which lead window [h]."""
    everything = np.ones(stream.issued.size, dtype=bool)
    if indicator.at_night_hours is None or night is None:
        return [(everything, indicator.lead_window_hours)]
    dark = night.includes(stream.issued)
    windows = ((~dark, indicator.lead_window_hours), (dark, indicator.at_night_hours))
    return [(rows, window) for rows, window in windows if rows.any()]


def _verdicts(indicator: Indicator, stream: Stream, rows: Mask, window: tuple[float, float], where: str) -> Verdicts:
    values = _part(stream, rows, window)  # (N, W, M)
    if not values.size:
        return np.full(int(rows.sum()), np.nan)
    missing = np.isnan(values)
    if indicator.loss is not None:
        cost = indicator.loss.cost
        surely = possibly = _expected_loss(indicator, _filled(values, missing, -np.inf).max(axis=1)) > cost
        if missing.any():
            possibly = _expected_loss(indicator, _filled(values, missing, np.inf).max(axis=1)) > cost
    else:
        threshold = indicator.probability or 0.0
        length = _consecutive(indicator.duration_hours, stream.leads[_inside(stream.leads, window)], where)
        if length > values.shape[1]:
            return np.full(int(rows.sum()), np.nan)
        earlier = (-np.inf, np.nextafter(window[0], -np.inf)) if indicator.first_passage else (np.inf, np.inf)
        before = _part(stream, rows, earlier)
        surely = possibly = _chance(indicator, values, before, length, False) > threshold
        if missing.any() or np.isnan(before).any():
            possibly = _chance(indicator, values, before, length, True) > threshold
    is_whole = bool(stream.leads[-1] >= window[1] - 1e-9) or stream.leads.size == 1
    if not is_whole:
        possibly = np.ones_like(surely)
    return np.where(surely, 1.0, np.where(possibly, np.nan, 0.0))


def _chance(indicator: Indicator, values: Reals, before: Reals, length: int, missing_counts: bool) -> Floats:
    """(N,) probability that the condition holds for ``length`` consecutive leads in values (N, W, M).

    Args:
        before: (N, V, M) earlier values; members that meet the condition there do not count.
    """
    missing = np.isnan(values)
    if length == 1:
        sign = 1 if (indicator.operator[0] == ">") == missing_counts else -1
        inside = _extreme(indicator, _filled(values, missing, sign * np.inf))
        if before.shape[1] == 0:
            return _share(indicator, inside)
        earlier = _extreme(indicator, _filled(before, np.isnan(before), -sign * np.inf))
        worst = np.maximum if indicator.operator[0] == ">" else np.minimum
        return np.asarray(_share(indicator, worst(inside, earlier)) - _share(indicator, earlier))
    holds = COMPARE[indicator.operator](values, indicator.value)
    return np.asarray(_lasts(holds | missing if missing_counts else holds, length).any(axis=1).mean(axis=1))


def _share(indicator: Indicator, extreme: Reals) -> Floats:
    """(…,) mean over members (last axis) and over equally likely thresholds of the condition."""
    if not indicator.values:
        return np.asarray(COMPARE[indicator.operator](extreme, indicator.value).mean(axis=-1))
    thresholds, is_strict = np.sort(indicator.values), len(indicator.operator) == 1
    if indicator.operator[0] == ">":
        passed = np.searchsorted(thresholds, extreme, side="left" if is_strict else "right")
    else:
        passed = thresholds.size - np.searchsorted(thresholds, extreme, side="right" if is_strict else "left")
    return np.asarray(passed.mean(axis=-1) / thresholds.size)


def _extreme(indicator: Indicator, values: Reals) -> Reals:
    """(N, M) the highest value over the leads, or the lowest for a condition on low values."""
    return np.asarray(values.max(axis=1) if indicator.operator[0] == ">" else values.min(axis=1))


def _expected_loss(indicator: Indicator, highest: Reals) -> Floats:
    """(N,) mean avoidable loss of the highest values (N, M); one below the indicator's value loses nothing."""
    assert indicator.loss is not None
    loss = np.interp(highest, indicator.loss.levels, indicator.loss.avoidable)
    return np.asarray(np.where(highest >= indicator.value, loss, 0.0).mean(axis=1))


def _inside(leads: Reals, window: tuple[float, float]) -> slice:
    """Of the leads (L,), which ascend, those within a window, both ends counted."""
    return slice(int(np.searchsorted(leads, window[0])), int(np.searchsorted(leads, window[1], side="right")))


def _part(stream: Stream, rows: Mask, window: tuple[float, float]) -> Reals:
    """(N, W, M) the values of some issues within a lead window [h]; not copied where all issues are meant."""
    values = stream.values[:, _inside(stream.leads, window)]
    return values if rows.all() else values[rows]


def _filled(values: Reals, missing: Mask, value: float) -> Reals:
    return np.where(missing, value, values) if missing.any() else values


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


def _persist(issued: Times, verdicts: Verdicts, valid: np.timedelta64, span: np.timedelta64) -> Verdicts:
    """(N,) true where all issues of the last ``span`` are true and cover it; unknown where they leave a gap."""
    number = np.arange(issued.size)
    step = np.minimum(np.diff(issued, prepend=issued[0] - valid), valid)  # validity of an issue, as of the one before
    begins = issued + step - span
    since = np.minimum(np.searchsorted(issued, begins, side="right") - 1, number)  # first issue of the span
    opening = np.maximum(since, 0)
    valid_then = np.maximum(opening, np.searchsorted(issued, begins - valid, side="right"))  # after a gap a later one
    false_count = np.concatenate([[0], np.cumsum(verdicts == 0)])
    gaps = np.concatenate([[0], np.cumsum(np.diff(issued) > valid)])  # before each issue
    is_false = false_count[number + 1] > false_count[valid_then]
    is_covered = (since >= 0) & (gaps == gaps[opening])
    return np.where(is_false, 0.0, np.where(is_covered, 1.0, np.nan))
