"""The agent's state between steps: the belief about the sea level, and the state of every phase."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from safetensors.numpy import load, save

from strandline.errors import InputError
from strandline.planning.early_action.triggers import PhaseState
from strandline.uncertainty.assimilation.filter import Residual, SeaBelief, SeaModel
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.uncertainty.assimilation.sea_state import SeaState, initial_sea_state, update_sea_state


@dataclass(frozen=True)
class AlertState:
    """The messages that were drafted about a phase since it started, and what the last one says.

    Attributes:
        hours: of the messages, ascending.
        call: what the last one asks people for, or ``all-clear``.
        certainty, severity: stated by it.
        zones: that it warns; empty = the whole place.
        starts: hour before which it asks people to act; ``None`` = none.
        expires: end of its validity; ``None`` = none.
        sender: in whose name it is; empty = written by a version that did not keep it.
    """

    hours: tuple[np.datetime64, ...] = ()
    call: str = ""
    certainty: str = ""
    severity: str = ""
    zones: tuple[str, ...] = ()
    starts: np.datetime64 | None = None
    expires: np.datetime64 | None = None
    sender: str = ""


@dataclass(frozen=True, eq=False)
class AgentState:
    """What the agent carries from hour to hour.

    Attributes:
        sea: the belief about the sea, and when each kind of stream was last heard.
        phases: name of a phase of the protocol → its state.
        alerts: the same → the last alert about it.
        protocol: SHA-256 of the protocol file in force; empty = the run's own protocol.
        land_known: last hour at which rain and rivers were known; ``None`` = never.
    """

    sea: SeaState
    phases: Mapping[str, PhaseState] = field(default_factory=dict)
    alerts: Mapping[str, AlertState] = field(default_factory=dict)
    protocol: str = ""
    land_known: np.datetime64 | None = None

    @property
    def belief(self) -> SeaBelief:
        """About the sea level."""
        return self.sea.belief

    @property
    def has_own_readings(self) -> bool:
        """Whether the own gauge gives accepted readings."""
        return self.sea.has_own_readings

    @property
    def has_no_data(self) -> bool:
        """Whether only climate and tide are left."""
        return self.sea.has_no_data


def initial_state(model: SeaModel, hour: np.datetime64) -> AgentState:
    """The state before any reading."""
    return AgentState(initial_sea_state(model, hour))


def update_belief(
    state: AgentState,
    hour: np.datetime64,
    readings: Sequence[Residual],
    forecasts: Mapping[str, ExternalForecast] | None = None,
) -> AgentState:
    """The state after ``update_sea_state``."""
    return replace(state, sea=update_sea_state(state.sea, hour, readings, forecasts))


def encode(state: AgentState) -> bytes:
    """The state as bytes; equal states give equal bytes."""
    sea = state.sea
    fields = {
        "beliefs": [[str(each.hour), dict(sorted(each.moved.items()))] for each in (sea.belief, sea.informed)],
        "last_readings": {stream: str(hour) for stream, hour in sorted(sea.last_readings.items())},
        "last_news": str(sea.last_news),
        "last_own_rejection": str(sea.last_own_rejection),
        "forecasts": {stream: str(each.hour) for stream, each in sorted(sea.forecasts.items())},
        "protocol": state.protocol,
        "land_known": str(state.land_known),
        "phases": {name: _plain(phase) for name, phase in sorted(state.phases.items())},
        "alerts": {
            name: {
                "hours": [str(hour) for hour in alert.hours],
                "call": alert.call,
                "certainty": alert.certainty,
                "severity": alert.severity,
                "zones": alert.zones,
                "starts": str(alert.starts),
                "expires": str(alert.expires),
                "sender": alert.sender,
            }
            for name, alert in sorted(state.alerts.items())
        },
    }
    arrays = {"fields": np.frombuffer(json.dumps(fields, sort_keys=True).encode("utf-8"), dtype=np.uint8)}
    for number, belief in enumerate((sea.belief, sea.informed)):
        arrays |= {f"belief {number} {name}": getattr(belief, name) for name in _BELIEF}
    for number, (_, each) in enumerate(sorted(sea.forecasts.items())):
        arrays |= {f"forecast {number} {name}": np.ascontiguousarray(getattr(each, name)) for name in _FORECAST}
    return save(arrays)


def decode(stored: bytes, model: SeaModel) -> AgentState:
    """The state that ``encode`` wrote.

    If the gauges have changed since, the belief starts again from the climate; the last forecasts and the phases'
    states are kept.

    Raises:
        InputError: it was written by an earlier version.
    """
    arrays = load(stored)
    fields = json.loads(arrays["fields"].tobytes().decode("utf-8"))
    if "beliefs" not in fields:
        raise InputError("store", "holds the state of an earlier version", "start the watch with a new store")
    beliefs = [
        SeaBelief(
            model,
            np.datetime64(hour, "h"),
            arrays[f"belief {number} weight"],
            arrays[f"belief {number} mean"],
            arrays[f"belief {number} covariance"],
            moved,
        )
        for number, (hour, moved) in enumerate(fields["beliefs"])
    ]
    forecasts = {
        stream: ExternalForecast(
            np.datetime64(hour, "h"),
            arrays[f"forecast {number} leads"],
            arrays[f"forecast {number} mean"],
            arrays[f"forecast {number} spread"],
            arrays.get(f"forecast {number} knows_weather", False),
        )
        for number, (stream, hour) in enumerate(fields["forecasts"].items())
    }
    sea = replace(
        initial_sea_state(model, beliefs[0].hour),
        last_readings={stream: np.datetime64(hour, "h") for stream, hour in fields["last_readings"].items()},
        last_news=_hour_or_none(fields["last_news"]),
        last_own_rejection=_hour_or_none(fields["last_own_rejection"]),
        forecasts=forecasts,
    )
    if beliefs[0].mean.shape == sea.belief.mean.shape:
        sea = replace(sea, belief=beliefs[0], informed=beliefs[1])
    phases = {name: _phase_state(values) for name, values in fields["phases"].items()}
    alerts = {
        name: AlertState(
            tuple(np.datetime64(each, "h") for each in alert["hours"]),
            alert["call"],
            alert["certainty"],
            alert["severity"],
            tuple(alert["zones"]),
            _hour_or_none(alert["starts"]),
            _hour_or_none(alert["expires"]),
            alert.get("sender", ""),
        )
        for name, alert in fields["alerts"].items()
    }
    known = _hour_or_none(fields.get("land_known", "None"))
    return AgentState(sea, phases, alerts, fields.get("protocol", ""), known)


def _plain(phase: PhaseState) -> dict[str, bool | str]:
    return {name: value if isinstance(value, bool) else str(value) for name, value in vars(phase).items()}


def _phase_state(values: Mapping[str, bool | str]) -> PhaseState:
    plain = {name: value if isinstance(value, bool) else _hour_or_none(value) for name, value in values.items()}
    return PhaseState(**plain)  # type: ignore[arg-type]


_BELIEF, _FORECAST = ("weight", "mean", "covariance"), ("leads", "mean", "spread", "knows_weather")


def _hour_or_none(text: str) -> np.datetime64 | None:
    return None if text == "None" else np.datetime64(text, "h")
