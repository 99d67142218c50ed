"""When to act, when to stop, and what to do when the reading that decides is missing."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from strandline.errors import InputError

Operator = Literal[">=", ">", "<=", "<"]
COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
History = Mapping[str, pd.Series]
"""Indicator → readings by UTC time, NaN = missing; an indicator that never reported is absent."""


@dataclass(frozen=True)
class StopRule:
    """Stand down when the indicator has stayed on the safe side of ``value`` for ``hours`` without a gap."""

    value: float
    hours: float


@dataclass(frozen=True)
class DegradedRule:
    """What happens when the indicator has been silent for ``after_hours``.

    Attributes:
        fallback_indicator, fallback_value: what decides instead; ``None`` = nothing else is measured.
        prior: what is done when the fallback is silent as well.
        decided_by: who decides then.
    """

    after_hours: float
    fallback_indicator: str | None
    fallback_value: float | None
    prior: str
    decided_by: str

    def __post_init__(self) -> None:
        if (self.fallback_indicator is None) != (self.fallback_value is None):
            raise InputError("degraded rule", "names a fallback without its value, or the reverse", "give both or none")
        if not self.prior or not self.decided_by:
            raise InputError("degraded rule", "does not say what is done, or by whom", "name an act and a person")


@dataclass(frozen=True)
class Trigger:
    """Act when ``indicator operator value``; a person confirms.

    Attributes:
        name: how people call it.
        indicator: key of the reading that decides, e.g. ``forecast_water_level_p50``.
        value: [unit].
        lead_window_hours: earliest and latest lead time [h] at which the indicator counts, latest first is an error.
        action: kind of the action it starts.
        where: ids of assets or zones.
        why: in plain words, with the numbers.
    """

    name: str
    indicator: str
    operator: Operator
    value: float
    unit: str
    lead_window_hours: tuple[float, float]
    action: str
    stop: StopRule
    degraded: DegradedRule
    where: tuple[str, ...] = ()
    why: str = ""

    def __post_init__(self) -> None:
        if self.operator not in COMPARE:
            raise InputError(
                f"trigger '{self.name}'", f"operator {self.operator!r}", f"use one of {', '.join(COMPARE)}"
            )
        if COMPARE[self.operator](self.stop.value, self.value) and self.stop.value != self.value:
            raise InputError(
                f"trigger '{self.name}'",
                f"stops at {self.stop.value:g}, which still starts it ({self.operator} {self.value:g})",
                "put the stop value on the safe side of the start value",
            )
        if not 0 <= self.lead_window_hours[0] <= self.lead_window_hours[1]:
            raise InputError(
                f"trigger '{self.name}'", f"lead window {self.lead_window_hours}", "give (earliest, latest)"
            )


@dataclass(frozen=True)
class TriggerState:
    """Where a trigger stands.

    Attributes:
        active: whether the action runs; while ``needs_decision`` it is the last state that a reading supported.
        degraded: the indicator itself is silent.
        needs_decision: the fallback is silent too (or there is none): ``decided_by`` acts on the prior.
        since: when it last changed; ``None`` = never active.
        reason: one plain sentence.
    """

    active: bool
    degraded: bool
    needs_decision: bool
    since: pd.Timestamp | None
    reason: str


def evaluate(trigger: Trigger, history: History, now: pd.Timestamp) -> TriggerState:
    """Replay the readings up to ``now`` and say where the trigger stands; pure, no memory of its own.

    Between start and stop value nothing changes (hysteresis). A missing reading never starts and never stops an action,
    and it restarts the clock of the stop rule. A silent indicator is replaced by its fallback from the moment at which
    it has been silent for ``after_hours``.
    """
    rule = trigger.degraded
    patience = pd.Timedelta(hours=rule.after_hours)
    own = _readings(history, trigger.indicator, now)
    spare = _readings(history, rule.fallback_indicator, now)
    shift = 0.0 if rule.fallback_value is None else rule.fallback_value - trigger.value
    times = own.index.union(spare.index)
    active, since, calm_since = False, None, None
    heard: pd.Timestamp | None = times[0] if len(times) else None  # silence counts from the first known moment
    for time in times:
        reading, offset = own.get(time, np.nan), 0.0
        if not np.isnan(reading):
            heard = time
        elif heard is None or time - heard >= patience:
            reading, offset = spare.get(time, np.nan), shift
        if np.isnan(reading):
            calm_since = None
            continue
        starts = COMPARE[trigger.operator](reading, trigger.value + offset)
        if starts and not active:
            active, since = True, time
        is_calm = not starts and not COMPARE[trigger.operator](reading, trigger.stop.value + offset)
        calm_since = (calm_since or time) if is_calm else None
        if active and calm_since is not None and time - calm_since >= pd.Timedelta(hours=trigger.stop.hours):
            active, since = False, time
    degraded = _is_silent(own, now, patience)
    helpless = degraded and _is_silent(spare, now, patience)
    return TriggerState(active, degraded, helpless, since, _reason(trigger, active, degraded, helpless))


def _readings(history: History, indicator: str | None, now: pd.Timestamp) -> pd.Series:
    if indicator is None or indicator not in history:
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    series = history[indicator]
    if not series.index.is_monotonic_increasing or not series.index.is_unique:
        raise InputError(f"readings of '{indicator}'", "are not in order of time", "sort them and drop repeats")
    return series[series.index <= now]


def _is_silent(readings: pd.Series, now: pd.Timestamp, patience: pd.Timedelta) -> bool:
    known = readings.dropna()
    return known.empty or bool(now - known.index[-1] >= patience)


def _reason(trigger: Trigger, active: bool, degraded: bool, helpless: bool) -> str:
    rule, state = trigger.degraded, "runs" if active else "does not run"
    if helpless:
        return (
            f"no reading of {trigger.indicator} for {rule.after_hours:g} h and nothing stands in: {rule.prior};"
            f" {rule.decided_by} decides ({trigger.action} {state})"
        )
    if degraded:
        return (
            f"no reading of {trigger.indicator} for {rule.after_hours:g} h; {rule.fallback_indicator}"
            f" {trigger.operator} {rule.fallback_value:g} {trigger.unit} decides instead: {trigger.action} {state}"
        )
    return f"{trigger.indicator} {trigger.operator} {trigger.value:g} {trigger.unit} decides: {trigger.action} {state}"
