"""An early action protocol as data: phases, what starts and stops each, and what applies without readings."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from strandline.observations.arrays import Mask, Times
from strandline.observations.region_file.prices.money import EUR_2010
from strandline.observations.region_file.values import Positive, Section
from strandline.planning.actions import Response
from strandline.planning.early_action.expressions import decide, names_in, negated_in
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES

Operator = Literal[">=", ">", "<=", "<"]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
Hours = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
UNITS = ("m", "mm", "m s-1", "km h-1", "m3 s-1", "Pa", "hPa", "years", "1")
"""Units of indicators; years for return periods, 1 for shares."""


def _known_unit(unit: str) -> str:
    if unit not in UNITS:
        raise ValueError(f"unit {unit!r} is unknown; use one of {', '.join(UNITS)}")
    return unit


class Event(Section):
    """The event that a phase is for; afterwards it is observed or not.

    Attributes:
        value: [``unit``], above the plan's vertical datum where it is a water level.
    """

    variable: Name
    operator: Operator
    value: Finite
    unit: str

    _unit = field_validator("unit")(_known_unit)


class Night(Section):
    """Hours of darkness, when people move more slowly.

    Attributes:
        begins, ends: full hours of the day [h, UTC]; it lasts from the first up to the second.
    """

    begins: Annotated[int, Field(ge=0, le=23)]
    ends: Annotated[int, Field(ge=0, le=23)]

    def includes(self, time: Times) -> Mask:
        """(T,) whether UTC times lie in it."""
        hour = (time.astype("datetime64[h]") - time.astype("datetime64[D]")) / np.timedelta64(1, "h")
        return np.asarray((hour - self.begins) % 24 < (self.ends - self.begins) % 24)


class Loss(Section):
    """Money at stake: the condition holds where the expected avoidable loss exceeds the cost.

    Attributes:
        levels: ascending [in the indicator's unit].
        avoidable: mean loss that acting in time avoids at each level [money of the plan]; constant beyond the ends.
        cost: of acting [the same].
    """

    levels: Annotated[tuple[Finite, ...], Field(min_length=2)]
    avoidable: tuple[Finite, ...]
    cost: Positive

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if len(self.levels) != len(self.avoidable) or any(b <= a for a, b in pairwise(self.levels)):
            raise ValueError("a loss needs ascending levels, and one avoidable loss for each")
        return self


class Indicator(Section):
    """A condition on a forecast or a reading: true, false or unknown.

    Attributes:
        variable: the stream that it reads.
        operator: of the comparison.
        value: threshold [``unit``], above the plan's vertical datum where it is a water level.
        values: equally likely thresholds [``unit``] where it is uncertain, such as one for each sample of the flood
            maps; the probability is the mean over them. Empty = ``value`` alone.
        probability: probability [-] that must be exceeded; ``None`` = the stream has one value, which decides.
        danger: stream that tells by the same members where sea, rain and rivers together are dangerous; a member meets
            the condition there too. Where it is absent the variable alone counts; ``None`` = there is none.
        loss: money at stake, which decides in place of a probability; only levels from ``value`` on lose any.
        lead_window_hours: earliest and latest lead time [h] that it looks at; (0, 0) = a reading.
        at_night_hours: the same for forecasts issued in the protocol's night [h]; ``None`` = no difference.
        valid_hours: validity of one forecast or reading, unless a newer one replaces it [h].
        first_passage: a member counts only if it does not meet the condition before the lead window as well: who is to
            leave in that time must not be caught on the way.
        duration_hours: time for which the event must last within the lead window [h].
        persistence_hours: time for which consecutive forecasts or readings must meet the condition [h].
        source: of the forecast or reading.
    """

    variable: Name
    operator: Operator
    value: Finite
    unit: str
    values: tuple[Finite, ...] = ()
    probability: Annotated[float, Field(ge=0, lt=1)] | None = None
    danger: Name | None = None
    loss: Loss | None = None
    lead_window_hours: tuple[Hours, Hours]
    at_night_hours: tuple[Hours, Hours] | None = None
    valid_hours: Positive
    first_passage: bool = False
    duration_hours: Hours = 0.0
    persistence_hours: Hours = 0.0
    source: Text

    _unit = field_validator("unit")(_known_unit)

    @property
    def has_uncertain_value(self) -> bool:
        """Whether nobody knows the threshold better than by several values: the chance is then not that of one."""
        return len(set(self.values)) > 1

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for first, last in (self.lead_window_hours, self.at_night_hours or (0, 0)):
            if last < first:
                raise ValueError(f"lead window {first:g} to {last:g} h is empty; give earliest, then latest")
        earliest, latest = self.lead_window_hours
        if self.loss is not None and (self.probability is not None or self.operator != ">=" or self.values):
            raise ValueError("a loss needs the operator >=, one value and no probability")
        if (self.values or self.first_passage) and self.duration_hours:
            raise ValueError("an event with a duration has one value and any passage; remove 'duration_hours'")
        if self.danger is not None and (self.operator[0] != ">" or self.loss is not None or self.duration_hours):
            raise ValueError("'danger' needs the operator >= or >, no loss and no duration")
        if self.duration_hours > latest - earliest > 0:
            raise ValueError(
                f"an event of {self.duration_hours:g} h does not fit into leads of {earliest:g} to {latest:g} h;"
                " widen the window or shorten the duration"
            )
        if latest == 0 and self.duration_hours:
            raise ValueError("a reading has no duration ahead; use persistence_hours")
        return self

    def is_stricter_than(self, other: "Indicator") -> bool:
        """Whether this can be false while the other, on the same variable in the same direction, is true."""
        if self.variable != other.variable or self.operator[0] != other.operator[0]:
            return False
        if self.loss is not None or other.loss is not None:
            return self.loss is not None and other.loss is not None and self.loss.cost > other.loss.cost
        stricter = self.value > other.value if self.operator[0] == ">" else self.value < other.value
        return stricter or (self.probability or 0.0) > (other.probability or 0.0)


class StopRule(Section):
    """Stop when ``when`` has held for ``for_hours`` without a gap, and ``start`` has not.

    The all-clear follows the land: where ``reached`` has held since the start, water may stand on it, and the phase
    stops when ``drained`` holds, or ``drainage_hours`` after ``reached`` last held; else a person decides. Without
    ``drainage_hours`` it does not stop by itself within ``standing_hours`` of that, and a person is asked before their
    end only where ``drained`` holds.

    Attributes:
        for_hours: [h].
        reached: expression that shows that the event came; ``None`` = the event leaves no water.
        drained: expression that shows that the land is dry; ``None`` = nothing observes it.
        drainage_hours: stated time in which the land drains [h]; ``None`` = not known.
        standing_hours: for which water stood in simulated floods [h]; ``None`` = not known.
        has_no_end: no end of it was seen: it may stand longer.
    """

    when: Text
    for_hours: Positive
    reached: Text | None = None
    drained: Text | None = None
    drainage_hours: Positive | None = None
    standing_hours: Positive | None = None
    has_no_end: bool = False

    @property
    def standing_in_words(self) -> str:
        """How long water stood in simulated floods; empty = not known."""
        if self.standing_hours is None:
            return ""
        return f"{'more than' if self.has_no_end else 'up to'} {self.standing_hours:g} hours"


class DegradedRule(Section):
    """What applies when the phase's expression has been unknown for ``after_hours``.

    Attributes:
        after_hours: [h].
        fallback: an expression over other streams that decides instead; ``None`` = there is no other stream.
        no_fallback: why there is none, as a part of a sentence; empty = not stated.
        prior: what to do when the fallback is unknown as well.
        decided_by: who decides then.
    """

    after_hours: Positive
    fallback: Text | None = None
    no_fallback: str = ""
    prior: Text
    decided_by: Text


class InsteadOf(Section):
    """The phase whose fallback this one is, for what that phase does not reach in time.

    While that phase runs, its fallback starts where the indicator's probability is exceeded within the rest of the
    indicator's lead window, counted from the start of that phase: who has begun to move in time goes on.

    Attributes:
        phase: an earlier phase of the protocol.
        indicator: on the event within the time that the phase takes.
    """

    phase: Name
    indicator: Name


class Phase(Section):
    """A step of a protocol.

    Attributes:
        title: what it does, for people; empty = its first action.
        action: kind of measure in the plan's catalogue; empty = none.
        start: expression over the protocol's indicators.
        actions: what is done.
        response: what a warning asks people for.
        where: names of zones, or ids of assets; empty = the zones with assets of ``classes``.
        classes: asset classes that it protects; empty = all.
        event: that it is for; ``None`` = not defined by a variable.
        why: reason in plain words, with the numbers.
        when: the start in plain words; empty = read ``start``.
        instead_of: the phase whose fallback it is; ``None`` = it is none.
        life_safety: it protects lives and is not compared with money.
        crews: number that it needs while it runs.
        needed_hours: time that acting takes by day, and at night [h]: started later it avoids nothing; with
            ``ahead_hours``.
        ahead_hours: by which the water may come before the event [h].
    """

    name: Name
    title: str = ""
    action: str = ""
    start: Text
    actions: Annotated[tuple[Text, ...], Field(min_length=1)]
    response: Response
    stop: StopRule
    degraded: DegradedRule
    where: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    event: Event | None = None
    why: str = ""
    when: str = ""
    instead_of: InsteadOf | None = None
    life_safety: bool = False
    crews: Annotated[int, Field(ge=0)] = 0
    needed_hours: tuple[Hours, Hours] = (0.0, 0.0)
    ahead_hours: Hours = 0.0

    @property
    def label(self) -> str:
        """What it does, for people."""
        return self.title or self.actions[0]

    @property
    def expressions(self) -> Iterator[tuple[str, str]]:
        """Key in the phase → expression."""
        yield "start", self.start
        yield "stop.when", self.stop.when
        for key, text in (
            ("stop.reached", self.stop.reached),
            ("stop.drained", self.stop.drained),
            ("degraded.fallback", self.degraded.fallback),
        ):
            if text is not None:
                yield key, text


class Protocol(Section):
    """Phases and indicators agreed before an event.

    Attributes:
        source: who published it, or how it was derived.
        confirmed_by: the person who must confirm before anything is sent.
        indicators: by name.
        agreed_chance: above which people are called [-], as its phases for lives state.
        money: currency and price year of its losses and costs.
        night: when ``at_night_hours`` apply; ``None`` = never.
    """

    title: Text
    source: Text
    confirmed_by: Text
    agreed_chance: Annotated[float, Field(gt=0, lt=1)] = PROBABILITY_FOR_LIVES
    money: Annotated[str, Field(pattern=r"^[A-Z]{3} \d{4}$")] = str(EUR_2010)
    night: Night | None = None
    indicators: dict[Name, Indicator]
    phases: tuple[Phase, ...]

    @model_validator(mode="after")
    def _agrees(self, info: ValidationInfo) -> Self:
        faults = list(_faults(self))
        if info.context is not None and "faults" in info.context:
            info.context["faults"].extend(faults)
        elif faults:
            raise ValueError(f"[{faults[0].location}] {faults[0].what}; {faults[0].remedy}")
        return self

    @property
    def reach_hours(self) -> float:
        """Longest lead time that any indicator looks at [h]."""
        windows = ((each.lead_window_hours, each.at_night_hours) for each in self.indicators.values())
        return max((window[1] for pair in windows for window in pair if window is not None), default=0.0)

    def indicators_of(self, expression: str) -> dict[str, Indicator]:
        """The indicators of an expression of this protocol."""
        return {name: self.indicators[name] for name in names_in(expression)}


@dataclass(frozen=True)
class Fault:
    """A fault of a protocol: where, what, and what would be right."""

    location: str
    what: str
    remedy: str


def _faults(protocol: Protocol) -> Iterator[Fault]:
    """Faults across entries: unknown or repeated names, and contradictory rules."""
    used: set[str] = set()
    if not protocol.phases:
        yield Fault("phases", "contains no phase", "state when to act, in [[phases]]")
    for number, phase in enumerate(protocol.phases):
        location = f"phases.{number}"
        if phase.name in (other.name for other in protocol.phases[:number]):
            yield Fault(f"{location}.name", f"'{phase.name}' is there twice", "give every phase its own name")
        all_known = True
        for key, expression in phase.expressions:
            try:
                names = names_in(expression)
            except ValueError as error:
                what, _, remedy = str(error).partition("; ")
                yield Fault(f"{location}.{key}", what, remedy)
                all_known = False
                continue
            used.update(names)
            for name in names:
                if name not in protocol.indicators:
                    known = ", ".join(protocol.indicators)
                    yield Fault(f"{location}.{key}", f"'{name}' is no known indicator", f"known: {known}")
                    all_known = False
        if phase.instead_of is not None:
            used.add(phase.instead_of.indicator)
            if phase.instead_of.phase not in (other.name for other in protocol.phases[:number]):
                what = f"'{phase.instead_of.phase}' is no earlier phase"
                yield Fault(f"{location}.instead_of.phase", what, "name the phase whose fallback it is, above it")
                all_known = False
            if phase.instead_of.indicator not in protocol.indicators:
                what, known = f"'{phase.instead_of.indicator}' is no known indicator", ", ".join(protocol.indicators)
                yield Fault(f"{location}.instead_of.indicator", what, f"known: {known}")
                all_known = False
        if all_known:
            yield from _contradictions(protocol, phase, location)
    for name in protocol.indicators.keys() - used:
        yield Fault(f"indicators.{name}", "is used by no phase", "use it in a phase, or remove it")


def _starts(phase: Phase, name: str) -> bool:
    """Whether one indicator alone starts a phase."""
    alone = {other: np.array([float(other == name)]) for other in names_in(phase.start)}
    return bool(decide(phase.start, alone)[0] == 1)


def _contradictions(protocol: Protocol, phase: Phase, location: str) -> Iterator[Fault]:
    start = {name: indicator for name, indicator in protocol.indicators_of(phase.start).items() if _starts(phase, name)}
    for name, stop_indicator in protocol.indicators_of(phase.stop.when).items():
        if name not in negated_in(phase.stop.when):
            continue
        for other, indicator in start.items():
            if stop_indicator.is_stricter_than(indicator):
                yield Fault(
                    f"{location}.stop.when",
                    f"'not {name}' may hold while '{other}' still starts the phase",
                    f"make '{name}' no stricter than '{other}', neither in value nor in probability",
                )
    if phase.degraded.fallback is not None:
        variables = {indicator.variable for indicator in start.values()}
        for name, indicator in protocol.indicators_of(phase.degraded.fallback).items():
            if indicator.variable in variables:
                yield Fault(
                    f"{location}.degraded.fallback",
                    f"'{name}' reads {indicator.variable}, the stream that it should replace",
                    "use another stream, or remove the fallback",
                )
