"""The agent's state between steps: the belief about the sea level, and the state of every phase."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from safetensors.numpy import load, save

from strandline.planning.early_action.triggers import PhaseState
from strandline.uncertainty.assimilation.filter import Residual, SeaBelief, SeaModel
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
    """

    hours: tuple[np.datetime64, ...] = ()
    call: str = ""
    certainty: str = ""
    severity: str = ""
    zones: tuple[str, ...] = ()
    starts: np.datetime64 | None = None
    expires: np.datetime64 | None = None


@dataclass(frozen=True, eq=False)
class AgentState:
    """What the agent carries from hour to hour.

    Attributes:
        sea: the belief about the sea, and when each kind of stream was last heard.
        phases: name of a phase of the protocol → its state.
        alerts: the same → the last alert about it.
    """

    sea: SeaState
    phases: Mapping[str, PhaseState] = field(default_factory=dict)
    alerts: Mapping[str, AlertState] = field(default_factory=dict)

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
    state: AgentState, hour: np.datetime64, readings: Sequence[Residual], *, has_forecast: bool = False
) -> AgentState:
    """The state after ``update_sea_state``."""
    return replace(state, sea=update_sea_state(state.sea, hour, readings, has_forecast=has_forecast))


def encode(state: AgentState) -> bytes:
    """The state as bytes; equal states give equal bytes."""
    sea, belief = state.sea, state.belief
    fields = {
        "hour": str(belief.hour),
        "last_own_reading": str(sea.last_own_reading),
        "last_reading": str(sea.last_reading),
        "last_own_rejection": str(sea.last_own_rejection),
        "moved": dict(sorted(belief.moved.items())),
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
            }
            for name, alert in sorted(state.alerts.items())
        },
    }
    text = np.frombuffer(json.dumps(fields, sort_keys=True).encode("utf-8"), dtype=np.uint8)
    return save({"weight": belief.weight, "mean": belief.mean, "covariance": belief.covariance, "fields": text})


def decode(stored: bytes, model: SeaModel) -> AgentState:
    """The state that ``encode`` wrote.

    If the gauges have changed since, the belief starts again from the climate; the phases' states are kept.
    """
    arrays = load(stored)
    fields = json.loads(arrays["fields"].tobytes().decode("utf-8"))
    hour = np.datetime64(fields["hour"], "h")
    sea = replace(
        initial_sea_state(model, hour),
        last_own_reading=_hour_or_none(fields["last_own_reading"]),
        last_reading=_hour_or_none(fields["last_reading"]),
        last_own_rejection=_hour_or_none(fields["last_own_rejection"]),
    )
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
        )
        for name, alert in fields["alerts"].items()
    }
    if arrays["mean"].shape == sea.belief.mean.shape:
        belief = SeaBelief(model, hour, arrays["weight"], arrays["mean"], arrays["covariance"], fields["moved"])
        sea = replace(sea, belief=belief)
    return AgentState(sea, phases, alerts)


def _plain(phase: PhaseState) -> dict[str, bool | str]:
    return {name: value if isinstance(value, bool) else str(value) for name, value in vars(phase).items()}


def _phase_state(values: Mapping[str, bool | str]) -> PhaseState:
    plain = {name: value if isinstance(value, bool) else _hour_or_none(value) for name, value in values.items()}
    return PhaseState(**plain)  # type: ignore[arg-type]


def _hour_or_none(text: str) -> np.datetime64 | None:
    return None if text == "None" else np.datetime64(text, "h")
