"""What a phase would have done in a record: hits, misses, false alarms, lead time, cost in vain and value."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.planning.early_action.cost_loss import Expenses
from strandline.planning.early_action.protocol import Event
from strandline.planning.early_action.triggers import COMPARE

SEPARATION_HOURS = 24.0
"""Exceedances closer than this are one event: two tides and a little (Coles 2001, section 5.3.2, runs declustering)."""
MOSTLY = 0.5
"""Share of an activation's hours that must have been observed to call it a false alarm."""


@dataclass(frozen=True, eq=False)
class ObservedEvents:
    """Events of a record, (E,) each: the first and last hour over the threshold, and the most extreme value between."""

    onset: Times
    end: Times
    peak: Floats


@dataclass(frozen=True)
class Stakes:
    """What is at stake, in one currency.

    Attributes:
        cost: of acting once.
        avoidable_loss: (E,) peaks of events → (E,) loss that acting in time avoids.
        protection_hours: how long one activation lasts before it has to be paid again [h].
    """

    cost: float
    avoidable_loss: Callable[[Floats], Floats]
    protection_hours: float

    def __post_init__(self) -> None:
        if not (self.cost > 0 and self.protection_hours > 0):
            given = f"cost {self.cost:g}, protection for {self.protection_hours:g} h"
            raise InputError("stakes", given, "give both above 0")


@dataclass(frozen=True)
class Verification:
    """How one phase would have fared.

    Attributes:
        years: of observed record [a].
        hits: events before which it had started early enough, and had not stopped.
        late: events before which it had started, but too late to help; they are misses as well.
        misses: all other events.
        false_alarms: activations during which no event began or lasted.
        unverified: activations without an event of which less than half was observed: neither right nor wrong, and in
            no expense.
        lead_hours: median time from start to onset over the hits [h]; NaN without any.
        false_alarm_cost: of the false alarms [EUR 2010 in a plan]; ``None`` = not weighed in money.
        expenses: of these decisions and of the simple ones; ``None`` likewise.
    """

    years: float
    hits: int
    late: int
    misses: int
    false_alarms: int
    unverified: int
    lead_hours: float
    false_alarm_cost: float | None
    expenses: Expenses | None

    @property
    def hit_rate(self) -> float:
        """Share of events that were hit [-]; NaN without any."""
        return self.hits / (self.hits + self.misses) if self.hits + self.misses else float("nan")

    @property
    def false_alarm_ratio(self) -> float:
        """Share of verified activations that were in vain [-]; NaN without any."""
        verified = self.hits + self.late + self.false_alarms
        return self.false_alarms / verified if verified else float("nan")


def find_events(time: Times, observed: Floats, event: Event) -> ObservedEvents:
    """When an event happened in a record (T,), NaN = not observed: a gap neither makes nor parts one."""
    over = np.flatnonzero(COMPARE[event.operator](observed, event.value))  # NaN compares as False
    if over.size == 0:
        return ObservedEvents(time[:0], time[:0], np.empty(0))
    gap = np.timedelta64(round(SEPARATION_HOURS * 60), "m")
    first = np.flatnonzero(np.concatenate([[True], np.diff(time[over]) > gap]))
    last = np.concatenate([first[1:], [over.size]]) - 1
    extreme = np.maximum if event.operator[0] == ">" else np.minimum
    return ObservedEvents(time[over[first]], time[over[last]], extreme.reduceat(observed[over], first))


def verify(
    active: Mask, time: Times, observed: Floats, event: Event, needed_lead_hours: float, stakes: Stakes | None
) -> Verification:
    """Hold what a phase did against what happened.

    Args:
        active: (T,) the phase's course.
        time: (T,) UTC, hourly.
        observed: (T,) the event's variable in its unit; NaN = not observed.
        needed_lead_hours: what acting takes: started later it avoids nothing [h].
        stakes: ``None`` where nothing is weighed in money.

    Raises:
        InputError: where lengths do not match.
    """
    if not active.shape == time.shape == observed.shape:
        raise InputError(
            "back-test",
            f"{active.size} states, {time.size} times, {observed.size} readings",
            "give one of each an hour",
        )
    happened = find_events(time, observed, event)
    starts, ends = _episodes(active)
    onset = np.searchsorted(time, happened.onset)
    runs = active[onset]
    number = np.searchsorted(starts, onset, side="right") - 1
    began = np.where(number >= 0, starts[np.maximum(number, 0)] if starts.size else 0, 0)
    lead = (happened.onset - time[began]) / np.timedelta64(1, "h")  # (E,) of those before which it runs
    hit = runs & (lead >= needed_lead_hours)

    useful, seen = np.zeros(starts.size, dtype=bool), np.zeros(starts.size)
    for episode, (start, end) in enumerate(zip(starts, ends, strict=True)):
        useful[episode] = ((happened.onset <= time[end - 1]) & (happened.end >= time[start])).any()
        seen[episode] = np.isfinite(observed[start:end]).mean()
    vain = ~useful & (seen >= MOSTLY)
    return Verification(
        years=float(np.isfinite(observed).sum()) / HOURS_PER_YEAR,
        hits=int(hit.sum()),
        late=int((runs & ~hit).sum()),
        misses=int((~hit).sum()),
        false_alarms=int(vain.sum()),
        unverified=int((~useful & ~vain).sum()),
        lead_hours=float(np.median(lead[hit])) if hit.any() else float("nan"),
        false_alarm_cost=None if stakes is None else float(_paid(stakes, ends - starts)[vain].sum()),
        expenses=None
        if stakes is None
        else _expenses(stakes, happened, hit, (ends - starts)[useful | vain], needed_lead_hours, observed),
    )


def _paid(stakes: Stakes, hours: npt.NDArray[np.int64] | Floats) -> Floats:
    """What activations of so many hours cost."""
    return np.asarray(stakes.cost * np.ceil(hours / stakes.protection_hours))


def _expenses(
    stakes: Stakes,
    happened: ObservedEvents,
    hit: Mask,
    hours: npt.NDArray[np.int64],
    needed_lead_hours: float,
    observed: Floats,
) -> Expenses:
    loss = stakes.avoidable_loss(happened.peak)
    return Expenses(
        decided=float(_paid(stakes, hours).sum() + loss[~hit].sum()),
        perfect=_least_expense(stakes, happened.onset, loss, needed_lead_hours),
        never=float(loss.sum()),
        always=stakes.cost * float(np.isfinite(observed).sum()) / stakes.protection_hours,
    )


def _least_expense(stakes: Stakes, onset: Times, loss: Floats, needed_lead_hours: float) -> float:
    """Of all decisions that the rules of a hit allow: one activation may serve several events, and one may be borne."""
    hour = (onset - onset[:1]) / np.timedelta64(1, "h")
    least = np.zeros(onset.size + 1)  # of the first so many events
    for last in range(onset.size):
        spans = hour[last] - hour[: last + 1] + needed_lead_hours + 1
        acting = least[: last + 1] + _paid(stakes, spans)
        least[last + 1] = min(least[last] + loss[last], acting.min())
    return float(least[-1])


def _episodes(active: Mask) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First hour of each activation, and the hour after its last."""
    change = np.diff(np.concatenate([[0], active.astype(np.int8), [0]]))
    return np.flatnonzero(change == 1), np.flatnonzero(change == -1)
