"""An early action protocol as data: phases, what starts and stops each, and what applies without readings."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from strandline.errors import InputError
from strandline.observations.region_file.toml_file import describe_errors, read_toml
from strandline.observations.region_file.values import Positive, Section
from strandline.planning.actions import Response
from strandline.planning.early_action.expressions import names_in, negated_in

Operator = Literal[">=", ">", "<=", "<"]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
Hours = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
UNITS = ("m", "mm", "m s-1", "km h-1", "m3 s-1", "Pa", "hPa", "years", "1")
"""Units of indicators; years for return periods, 1 for shares."""
PUBLISHED = ("bangladesh_cyclone", "bangladesh_flood")
"""Protocols in the package."""


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


class Indicator(Section):
    """A condition on a forecast or a reading: true, false or unknown.

    Attributes:
        variable: the stream that it reads.
        operator: of the comparison.
        value: threshold [``unit``], above the plan's vertical datum where it is a water level.
        probability: probability [-] that must be exceeded; ``None`` = the stream has one value, which decides.
        lead_window_hours: earliest and latest lead time [h] that it looks at; (0, 0) = a reading.
        valid_hours: validity of one forecast or reading, unless a newer one replaces it [h].
        duration_hours: time for which the event must last within the lead window [h].
        persistence_hours: time for which consecutive forecasts or readings must meet the condition [h].
        source: of the forecast or reading.
    """

    variable: Name
    operator: Operator
    value: Finite
    unit: str
    probability: Annotated[float, Field(ge=0, lt=1)] | None = None
    lead_window_hours: tuple[Hours, Hours]
    valid_hours: Positive
    duration_hours: Hours = 0.0
    persistence_hours: Hours = 0.0
    source: Text

    _unit = field_validator("unit")(_known_unit)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        earliest, latest = self.lead_window_hours
        if latest < earliest:
            raise ValueError(f"lead window {earliest:g} to {latest:g} h is empty; give earliest, then latest")
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
        stricter = self.value > other.value if self.operator[0] == ">" else self.value < other.value
        return stricter or (self.probability or 0.0) > (other.probability or 0.0)


class StopRule(Section):
    """Stop when ``when`` has held for ``for_hours`` without a gap, and ``start`` has not.

    Attributes:
        for_hours: [h].
    """

    when: Text
    for_hours: Positive


class DegradedRule(Section):
    """What applies when the phase's expression has been unknown for ``after_hours``.

    Attributes:
        after_hours: [h].
        fallback: an expression over other streams that decides instead; ``None`` = there is no other stream.
        prior: what to do when the fallback is unknown as well.
        decided_by: who decides then.
    """

    after_hours: Positive
    fallback: Text | None = None
    prior: Text
    decided_by: Text


class Phase(Section):
    """A step of a protocol.

    Attributes:
        start: expression over the protocol's indicators.
        actions: what is done.
        response: what a warning asks people for.
        where: ids of assets or zones; empty = the whole study area.
        event: that it is for; ``None`` = not defined by a variable.
        why: reason in plain words, with the numbers.
    """

    name: Name
    start: Text
    actions: Annotated[tuple[Text, ...], Field(min_length=1)]
    response: Response
    stop: StopRule
    degraded: DegradedRule
    where: tuple[str, ...] = ()
    event: Event | None = None
    why: str = ""

    @property
    def expressions(self) -> Iterator[tuple[str, str]]:
        """Key in the phase → expression."""
        yield "start", self.start
        yield "stop.when", self.stop.when
        if self.degraded.fallback is not None:
            yield "degraded.fallback", self.degraded.fallback


class Protocol(Section):
    """Phases and indicators agreed before an event.

    Attributes:
        source: who published it, or how it was derived.
        confirmed_by: the person who must confirm before anything is sent.
        indicators: by name.
    """

    title: Text
    source: Text
    confirmed_by: Text
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

    def indicators_of(self, expression: str) -> dict[str, Indicator]:
        """The indicators of an expression of this protocol."""
        return {name: self.indicators[name] for name in names_in(expression)}


@dataclass(frozen=True)
class _Fault:
    location: str
    what: str
    remedy: str


def load_protocol(path: Path) -> Protocol:
    """Read a protocol from TOML.

    Raises:
        InputError: the first fault, and the number of others; ``lint`` names all.
    """
    try:
        return Protocol.model_validate(read_toml(path))
    except ValidationError as error:
        raise describe_errors(path, Protocol, error)[0] from error


def published_protocol(name: Literal["bangladesh_cyclone", "bangladesh_flood"]) -> Protocol:
    """A published protocol in the package; its file names the source."""
    with resources.as_file(resources.files("strandline.planning").joinpath(f"data/protocols/{name}.toml")) as path:
        return load_protocol(path)


def lint(path: Path) -> list[InputError]:
    """All faults of a protocol (TOML), or of the one in a run's ``plan.json``; empty = fit for use.

    Raises:
        InputError: the file cannot be read, or contains no protocol.
    """
    raw = _protocol_of_plan(path) if path.suffix == ".json" else read_toml(path)
    faults: list[_Fault] = []
    try:
        Protocol.model_validate(raw, context={"faults": faults})
    except ValidationError as error:
        return describe_errors(path, Protocol, error)
    return [InputError(f"{path} [{fault.location}]", fault.what, fault.remedy) for fault in faults]


def protocol_to_toml(protocol: Protocol) -> str:
    """The protocol as TOML; ``load_protocol`` reads it back unchanged."""
    content = protocol.model_dump(mode="json", exclude_defaults=True)
    indicators, phases = content.pop("indicators"), content.pop("phases")
    lines = [f"{key} = {_toml_value(value)}" for key, value in content.items()]
    for name, indicator in indicators.items():
        lines += ["", f"[indicators.{name}]", *(f"{key} = {_toml_value(value)}" for key, value in indicator.items())]
    for phase in phases:
        lines += ["", "[[phases]]", *(f"{key} = {_toml_value(value)}" for key, value in phase.items())]
    return "\n".join(lines) + "\n"


def _protocol_of_plan(path: Path) -> dict[str, Any]:
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(path, f"is no plan ({error})", "give the plan.json of a run, or a protocol in TOML") from error
    protocol = plan.get("protocol") if isinstance(plan, dict) else None
    if not isinstance(protocol, dict):
        raise InputError(path, "contains no protocol", "give the plan.json of a run, or a protocol in TOML")
    return protocol


def _toml_value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml_value(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(entry) for entry in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML's basic strings are JSON's but DEL


def _faults(protocol: Protocol) -> Iterator[_Fault]:
    """Faults across entries: unknown or repeated names, and contradictory rules."""
    used: set[str] = set()
    if not protocol.phases:
        yield _Fault("phases", "contains no phase", "state when to act, in [[phases]]")
    for number, phase in enumerate(protocol.phases):
        location = f"phases.{number}"
        if phase.name in (other.name for other in protocol.phases[:number]):
            yield _Fault(f"{location}.name", f"'{phase.name}' is there twice", "give every phase its own name")
        all_known = True
        for key, expression in phase.expressions:
            try:
                names = names_in(expression)
            except ValueError as error:
                what, _, remedy = str(error).partition("; ")
                yield _Fault(f"{location}.{key}", what, remedy)
                all_known = False
                continue
            used.update(names)
            for name in names:
                if name not in protocol.indicators:
                    known = ", ".join(protocol.indicators)
                    yield _Fault(f"{location}.{key}", f"'{name}' is no known indicator", f"known: {known}")
                    all_known = False
        if all_known:
            yield from _contradictions(protocol, phase, location)
    for name in protocol.indicators.keys() - used:
        yield _Fault(f"indicators.{name}", "is used by no phase", "use it in a phase, or remove it")


def _contradictions(protocol: Protocol, phase: Phase, location: str) -> Iterator[_Fault]:
    start = protocol.indicators_of(phase.start)
    for name, stop_indicator in protocol.indicators_of(phase.stop.when).items():
        if name not in negated_in(phase.stop.when):
            continue
        for other, indicator in start.items():
            if stop_indicator.is_stricter_than(indicator):
                yield _Fault(
                    f"{location}.stop.when",
                    f"'not {name}' may hold while '{other}' still starts the phase",
                    f"make '{name}' no stricter than '{other}', neither in value nor in probability",
                )
    if phase.degraded.fallback is not None:
        variables = {indicator.variable for indicator in start.values()}
        for name, indicator in protocol.indicators_of(phase.degraded.fallback).items():
            if indicator.variable in variables:
                yield _Fault(
                    f"{location}.degraded.fallback",
                    f"'{name}' reads {indicator.variable}, the stream that it should replace",
                    "use another stream, or remove the fallback",
                )
