"""When and how surely the sea exceeds a level, from an ensemble or from hourly quantiles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats, Indices, Times
from strandline.planning.early_action.protocol import Phase, Protocol
from strandline.planning.formatting import format_percent
from strandline.report.alerts.forecast_trace import exceedance_probability

HOUR = pd.Timedelta(hours=1)
EARLY = 0.1
"""Share of the members that exceed the level before ``Exceedance.earliest`` [-]; an assumption."""
MAY_EXCEED = 0.05
"""Probability from which the level may be exceeded in an hour [-], unless all hours are less likely; an assumption."""
LEVELS = (
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    *(round(0.1 * each, 1) for each in range(1, 10)),
    0.95,
    0.98,
    0.99,
    0.995,
    0.998,
)
"""Of the quantiles that chances rest on."""
LEAST_CHANCE = 0.01
"""Chance below which hours are all as good as none [-]."""


@dataclass(frozen=True)
class Exceedance:
    """When and how surely the sea exceeds a level between the issue of a forecast and ``latest_end``.

    Attributes:
        issued: of the forecast, UTC.
        probability: of the event, at any hour until ``latest_end`` [-].
        is_lower_bound: it is at least ``probability``; known are only the probabilities of single hours.
        earliest, onset: early and expected start, UTC; ``None`` = the level is not exceeded.
        likely_end, latest_end: end of the last hour above the level that is expected, and that is possible
            (``MAY_EXCEED``), UTC.
        is_open_ended: the forecast ends before the event may, or nobody knows how long water stands.
        low, middle, high: highest level [m]: 5 %, 50 % and 95 % of an ensemble; else 10 %, 50 % and 90 % of the peak.
        height: highest level if the event happens [m]: the median of the members that exceed the level, or the level.
    """

    issued: pd.Timestamp
    probability: float
    is_lower_bound: bool
    earliest: pd.Timestamp | None
    onset: pd.Timestamp | None
    likely_end: pd.Timestamp
    latest_end: pd.Timestamp
    is_open_ended: bool
    low: float
    middle: float
    high: float
    height: float

    def of_water(self, phase: Phase) -> Self:
        """The same for the water on the land of a phase: it may come before the sea is there, and stand for long."""
        if self.earliest is None:
            return self
        earliest = max(self.earliest - phase.ahead_hours * HOUR, self.issued)
        stays = phase.stop.has_no_end and phase.stop.drainage_hours is None
        return replace(self, earliest=earliest, is_open_ended=self.is_open_ended or stays)


def exceedance_of_members(
    times: Times, levels: Floats, thresholds: Sequence[float], drainage: pd.Timedelta = 0 * HOUR
) -> Exceedance:
    """Return the exceedance by equally likely members.

    Args:
        times: (T,) hours from the issue on, UTC.
        levels: (N, T) sea levels [m].
        thresholds: (S,) equally likely levels from which the event counts [m].
        drainage: until the water has run off the land, where that is known.
    """
    over = np.concatenate([levels >= threshold for threshold in thresholds])  # (S N, T)
    end = _possible_hours(over.mean(axis=0))[-1] + 1 if over.any() else over.shape[1]
    over = over[:, :end]
    exceeds = over.any(axis=1)
    highest = levels.max(axis=1)  # (N,)
    low, middle, high = np.quantile(highest, [0.05, 0.5, 0.95]).tolist()
    hours = pd.DatetimeIndex(times)
    if not exceeds.any():
        lowest = min(thresholds)
        return Exceedance(hours[0], 0.0, False, None, None, hours[-1], hours[-1], False, low, middle, high, lowest)
    first = over[exceeds].argmax(axis=1)
    last = over.shape[1] - 1 - over[exceeds, ::-1].argmax(axis=1)
    earliest, onset = (hours[int(np.quantile(first, share, method="lower"))] for share in (EARLY, 0.5))
    likely_end, latest_end = (hours[hour] + HOUR + drainage for hour in (int(np.median(last)), end - 1))
    probability = float(exceeds.mean())
    return Exceedance(
        hours[0], probability, False, earliest, onset, likely_end, latest_end, bool(end == hours.size),
        low, middle, high, float(np.median(np.tile(highest, len(thresholds))[exceeds])),
    )  # fmt: skip


def exceedance_of_quantiles(rows: pd.DataFrame, level: float, probability: Floats | None = None) -> Exceedance | None:
    """Return the exceedance by hourly quantiles; ``None`` where no hour has a probability.

    How hours depend on one another is unknown, so the probability of the event is known only to be at least that of
    its most likely hour.

    Args:
        rows: of a forecast trace, ascending in time. Where each has its own issue, the issue is that of the first
            hour at which the level may be exceeded.
        level: that is exceeded [m].
        probability: (T,) that each hour exceeds it, where more is known than ``p10`` and ``p90``.
    """
    if probability is None:
        probability = exceedance_probability(rows, level)
    known = ~np.isnan(probability)
    if not known.any():
        return None
    hours, probability = pd.DatetimeIndex(rows["time"])[known], probability[known]
    greatest = float(probability.max())
    likely = np.flatnonzero(probability >= greatest / 2)
    possible = _possible_hours(probability)
    issued = pd.Timestamp(rows["issue_time"][known].iloc[possible[0]])
    peak = rows.iloc[int(rows["p50"].argmax())]
    return Exceedance(
        issued, greatest, True, hours[possible[0]], hours[likely[0]], hours[likely[-1]] + HOUR,
        hours[possible[-1]] + HOUR, bool(possible[-1] == hours.size - 1),
        float(peak["p10"]), float(peak["p50"]), float(peak["p90"]), max(float(peak["p50"]), level),
    )  # fmt: skip


def _possible_hours(probability: Floats) -> Indices:
    """Numbers of the hours (T,) at which the level may be exceeded."""
    return np.flatnonzero(probability >= min(MAY_EXCEED, probability.max() / 2))


@dataclass(frozen=True)
class AlertLevel:
    """A level of the sea that means something here.

    Attributes:
        name: in words.
        level: [m, region datum].
        exceedance: by this forecast; ``None`` = no hour has a probability.
    """

    name: str
    level: float
    exceedance: Exceedance | None

    @property
    def is_unlikely(self) -> bool:
        """Whether the chance of every hour is as good as none."""
        return self.exceedance is not None and self.exceedance.probability < LEAST_CHANCE


def alert_levels(
    rows: pd.DataFrame,
    quantiles: Floats,
    protocol: Protocol | None,
    return_levels: Sequence[tuple[float, float]],
) -> tuple[AlertLevel, ...]:
    """The levels of the plan's triggers, and the return levels, with what the forecast says of each.

    Args:
        rows: T hours of the forecast.
        quantiles: (T, Q) at `LEVELS` [m, region datum]: the tails that a storm is in.
        return_levels: (years, level [m, region datum]).
    """

    def probability(level: float) -> Floats:
        below = [np.interp(level, row, LEVELS, left=LEVELS[0], right=LEVELS[-1]) for row in quantiles]
        return 1 - np.array(below)

    named = [(f"once in {years:g} years", level) for years, level in return_levels]
    for phase in () if protocol is None else protocol.phases:
        event = phase.event
        if event is not None and (event.variable, event.unit, event.operator[0]) == ("water_level", "m", ">"):
            sooner = f" (water up to {phase.ahead_hours:g} h sooner)" if phase.ahead_hours else ""
            named.append((f"plan: {phase.label}{sooner}", event.value))
    return tuple(
        AlertLevel(name, level, exceedance_of_quantiles(rows, level, probability(level)))
        for name, level in _joined(named)
    )


def _joined(named: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Names of one level together, ascending."""
    levels = sorted({round(level, 2) for _, level in named})
    return [("; ".join(name for name, each in named if round(each, 2) == level), level) for level in levels]


def chance_of(level: AlertLevel, *, knows_all: bool) -> str:
    """The chance that the sea passes a level, in words: known are the chances of single hours alone.

    Args:
        knows_all: whether all hours rest on a weather that is known; else no chance is small.
    """
    if level.exceedance is None:
        return "unknown"
    if level.is_unlikely:
        return "below 1 % in each hour" if knows_all else "unknown"
    return f"{format_percent(level.exceedance.probability)} or more"
