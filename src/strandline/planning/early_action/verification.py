"""Verification of a phase on a record: hits, misses, false alarms, lead time, cost of false alarms and value."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.planning.early_action.indicators import COMPARE
from strandline.planning.early_action.protocol import Event

SEPARATION_HOURS = 24.0
"""Exceedances closer than this are one event: about two tides (Coles 2001, section 5.3.2, runs declustering)."""
LEAST_OBSERVED = 0.5
"""Share of an activation's hours that must be observed to count it as a false alarm."""


@dataclass(frozen=True, eq=False)
class ObservedEvents:
    """Events of a record, (E,) each: the first and last hour over the threshold, and the most extreme value between."""

    onset: Times
    end: Times
    peak: Floats


@dataclass(frozen=True)
class CostLossModel:
    """Cost of acting and loss that acting avoids, in one currency.

    Attributes:
        cost: of acting once.
        avoidable_loss: (E,) peaks of events → (E,) loss that acting in time avoids.
        protection_hours: duration of one activation, after which it has to be paid again [h].
    """

    cost: float
    avoidable_loss: Callable[[Floats], Floats]
    protection_hours: float

    def __post_init__(self) -> None:
        if not (self.cost > 0 and self.protection_hours > 0):
            what = f"cost {self.cost:g}, protection for {self.protection_hours:g} h"
            raise InputError("cost-loss model", what, "give both above 0")


@dataclass(frozen=True)
class Expenses:
    """Expenses of the same events under four ways to decide, in one currency.

    Attributes:
        decided: of the decisions taken [money of the plan].
        perfect: of acting for each event for which it pays, and never else [as above].
        never: of doing nothing [as above].
        always: of being prepared all the time [as above].
    """

    decided: float
    perfect: float
    never: float
    always: float

    @property
    def relative_value(self) -> float:
        """[-]: 1 = as good as perfect, 0 = as good as the climate alone, below = worse; NaN = nothing to gain.

        Source: Richardson (2000), eq. 7: (E_climate - E_forecast) / (E_climate - E_perfect), where the climate's
        expense is the smaller of always and never acting.
        """
        climate = min(self.never, self.always)
        gain = climate - self.perfect
        return (climate - self.decided) / gain if gain > 0 else float("nan")


@dataclass(frozen=True)
class Verification:
    """Performance of one phase.

    Attributes:
        years: of observed record [a].
        hits: events before which it started early enough, and did not stop.
        late: events before or during which it started too late to help; they count as misses as well.
        misses: all other events.
        false_alarms: activations during which no event began or lasted.
        unverified: activations without an event of which less than half was observed; they are in no expense.
        lead_hours: median time from start to onset over the hits [h]; NaN without any.
        false_alarm_cost: of the false alarms [money of the plan]; ``None`` = not expressed in money.
        expenses: of these decisions and of the reference ones; ``None`` likewise.
        calls: number of activations, of which ``false_alarms`` were false.
        calls_in_time: activations that hit one event at least.
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
    calls: int
    calls_in_time: int

    @property
    def late_calls(self) -> int:
        """Activations that met floods, but began too late to help in any."""
        return self.calls - self.calls_in_time - self.false_alarms - self.unverified

    @property
    def hit_rate(self) -> float:
        """Share of events that were hit [-]; NaN without any."""
        return self.hits / (self.hits + self.misses) if self.hits + self.misses else float("nan")

    @property
    def false_alarm_ratio(self) -> float:
        """Share of verified activations that were false alarms [-]; NaN without any."""
        verified = self.hits + self.late + self.false_alarms
        return self.false_alarms / verified if verified else float("nan")


def find_events(time: Times, observed: Floats, event: Event) -> ObservedEvents:
    """The events of a record (T,), NaN = not observed: a gap neither makes nor splits one."""
    over = np.flatnonzero(COMPARE[event.operator](observed, event.value))  # NaN compares as False
    if over.size == 0:
        return ObservedEvents(time[:0], time[:0], np.empty(0))
    gap = np.timedelta64(round(SEPARATION_HOURS * 60), "m")
    first = np.flatnonzero(np.concatenate([[True], np.diff(time[over]) > gap]))
    last = np.concatenate([first[1:], [over.size]]) - 1
    extreme = np.maximum if event.operator[0] == ">" else np.minimum
    return ObservedEvents(time[over[first]], time[over[last]], extreme.reduceat(observed[over], first))


def verify(
    active: Mask,
    time: Times,
    observed: Floats,
    event: Event,
    needed_lead_hours: float | Floats,
    model: CostLossModel | None,
) -> Verification:
    """Compare the activations of a phase with the observed events.

    Args:
        active: (T,) whether the phase is active.
        time: (T,) UTC, hourly.
        observed: (T,) the event's variable in its unit; NaN = not observed.
        needed_lead_hours: time that acting takes [h], or (T,) by the hour at which it starts: started later it avoids
            nothing.
        model: ``None`` where the action is not expressed in money.

    Raises:
        InputError: where lengths do not match.
    """
    if not active.shape == time.shape == observed.shape:
        raise InputError(
            "verification",
            f"{active.size} states, {time.size} times, {observed.size} readings",
            "give one of each an hour",
        )
    events = find_events(time, observed, event)
    starts, ends = _episodes(active)
    onset = np.searchsorted(time, events.onset)
    is_active = active[onset]
    number = np.searchsorted(starts, onset, side="right") - 1
    began = np.where(number >= 0, starts[np.maximum(number, 0)] if starts.size else 0, 0)
    lead = (events.onset - time[began]) / np.timedelta64(1, "h")  # (E,) of those at which it is active
    needed = np.broadcast_to(np.asarray(needed_lead_hours, dtype=float), time.shape)
    hit = is_active & (lead >= needed[began])

    is_met = np.zeros(onset.size, dtype=bool)
    useful, observed_share = np.zeros(starts.size, dtype=bool), np.zeros(starts.size)
    for episode, (start, end) in enumerate(zip(starts, ends, strict=True)):
        meets = (events.onset <= time[end - 1]) & (events.end >= time[start])  # (E,)
        is_met |= meets
        useful[episode] = meets.any()
        observed_share[episode] = np.isfinite(observed[start:end]).mean()
    is_false_alarm = ~useful & (observed_share >= LEAST_OBSERVED)
    return Verification(
        years=float(np.isfinite(observed).sum()) / HOURS_PER_YEAR,
        hits=int(hit.sum()),
        late=int((is_met & ~hit).sum()),
        misses=int((~hit).sum()),
        false_alarms=int(is_false_alarm.sum()),
        unverified=int((~useful & ~is_false_alarm).sum()),
        lead_hours=float(np.median(lead[hit])) if hit.any() else float("nan"),
        false_alarm_cost=None if model is None else float(_paid(model, ends - starts)[is_false_alarm].sum()),
        expenses=None
        if model is None
        else _expenses(model, events, hit, (ends - starts)[useful | is_false_alarm], float(needed.mean()), observed),
        calls=starts.size,
        calls_in_time=np.unique(number[hit]).size,
    )


def _paid(model: CostLossModel, hours: npt.NDArray[np.int64] | Floats) -> Floats:
    """Cost of activations of these durations."""
    return np.asarray(model.cost * np.ceil(hours / model.protection_hours))


def _expenses(
    model: CostLossModel,
    events: ObservedEvents,
    hit: Mask,
    hours: npt.NDArray[np.int64],
    needed_lead_hours: float,
    observed: Floats,
) -> Expenses:
    loss = model.avoidable_loss(events.peak)
    return Expenses(
        decided=float(_paid(model, hours).sum() + loss[~hit].sum()),
        perfect=_least_expense(model, events.onset, loss, needed_lead_hours),
        never=float(loss.sum()),
        always=model.cost * float(np.isfinite(observed).sum()) / model.protection_hours,
    )


def _least_expense(model: CostLossModel, onset: Times, loss: Floats, needed_lead_hours: float) -> float:
    """The least expense of all decisions that count as hits: one activation may cover several events, or none acts."""
    hour = (onset - onset[:1]) / np.timedelta64(1, "h")
    least = np.zeros(onset.size + 1)  # [k]: of the first k events
    for last in range(onset.size):
        spans = hour[last] - hour[: last + 1] + needed_lead_hours + 1
        acting = least[: last + 1] + _paid(model, spans)
        least[last + 1] = min(least[last] + loss[last], acting.min())
    return float(least[-1])


def _episodes(active: Mask) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First hour of each activation, and the hour after its last."""
    change = np.diff(np.concatenate([[0], active.astype(np.int8), [0]]))
    return np.flatnonzero(change == 1), np.flatnonzero(change == -1)
