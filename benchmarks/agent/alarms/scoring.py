"""Scores of one action's alarms on a record: events in time, alarms and hours in alarm, and how soon alarms end."""

from dataclasses import dataclass

import numpy as np

from benchmarks.agent.alarms.gauges import Gauge
from strandline.observations.arrays import Floats, Mask
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.planning.early_action.protocol import Event
from strandline.planning.early_action.verification import verify

SOON_HOURS = 24
"""After the last exceedance of the event level, within which an alarm should end [h]."""


@dataclass(frozen=True)
class AlarmScore:
    """Alarms of one action.

    Attributes:
        hits: events for which it ran long enough before; ``late``: ran, but began too late; ``misses``: did not run.
        false_alarms: alarms without an event, most of whose hours were observed.
        alarms: number; ``alarm_hours``: total [h]; ``median_hours``: median duration [h], NaN without any.
        over: alarms with an exceedance that ended within the record; ``ended_soon``: of these, within ``SOON_HOURS``.
        years: of record [a].
    """

    events: int
    hits: int
    late: int
    misses: int
    false_alarms: int
    alarms: int
    alarm_hours: int
    median_hours: float
    over: int
    ended_soon: int
    years: float


def score(gauge: Gauge, active: Mask, level: float, lead_hours: float) -> AlarmScore:
    """Score the alarms over the test of a record, (T,), of an event level [m] and the lead time that it needs [h]."""
    time, observed = gauge.time[gauge.first :], gauge.level[gauge.first :]
    event = Event(variable="water_level", operator=">=", value=level, unit="m")
    verified = verify(active, time, observed, event, lead_hours, None)
    durations, over, soon = _endings(active, observed, level)
    return AlarmScore(
        events=verified.hits + verified.misses,
        hits=verified.hits,
        late=verified.late,
        misses=verified.misses - verified.late,
        false_alarms=verified.false_alarms,
        alarms=durations.size,
        alarm_hours=int(active.sum()),
        median_hours=float(np.median(durations)) if durations.size else float("nan"),
        over=over,
        ended_soon=soon,
        years=active.size / HOURS_PER_YEAR,
    )


def _endings(active: Mask, observed: Floats, level: float) -> tuple[Floats, int, int]:
    """Durations of the alarms [h]; how many held an exceedance and ended; how many of these soon after the last one."""
    change = np.diff(np.concatenate([[0], active.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    over = soon = 0
    for start, end in zip(starts, ends, strict=True):
        exceeded = np.flatnonzero(observed[start:end] >= level)  # NaN compares as False
        if exceeded.size and end < active.size:
            over += 1
            soon += bool(end - start - exceeded[-1] <= SOON_HOURS)
    return (ends - starts).astype(float), over, soon
