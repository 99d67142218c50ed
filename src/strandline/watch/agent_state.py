"""The agent's state between steps: the belief about the sea level, and the status of every action."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from safetensors.numpy import load, save

from strandline.uncertainty.assimilation.filter import Residual, SeaBelief, SeaModel, climatological_prior, filter_step
from strandline.uncertainty.assimilation.spread_inflation import NO_READING_HOURS

REJECTED = 0.5
"""Probability [-] of being broken from which a gauge is rejected."""
NO_DATA_HOURS = 24
"""Without any gauge and any forecast for so long [h], only climate and tide are left and a person decides."""


@dataclass(frozen=True)
class ActionState:
    """Status of one action.

    Attributes:
        active: whether it is running.
        calm_hours: consecutive hours in which it was not worth keeping up.
        last_alert: hour of the last alert about it; ``None`` = none since it started.
        certainty: stated by that alert.
    """

    active: bool = False
    calm_hours: int = 0
    last_alert: np.datetime64 | None = None
    certainty: str = ""


@dataclass(frozen=True, eq=False)
class AgentState:
    """What the agent carries from hour to hour.

    Attributes:
        last_own_reading: hour of the own gauge's last accepted reading; ``None`` = never.
        last_reading: hour of the last accepted reading of any gauge, or of a forecast; ``None`` = never.
        last_own_rejection: last hour at which the own gauge was rejected; ``None`` = never.
        actions: kind of action → status.
    """

    belief: SeaBelief
    last_own_reading: np.datetime64 | None = None
    last_reading: np.datetime64 | None = None
    last_own_rejection: np.datetime64 | None = None
    actions: Mapping[str, ActionState] = field(default_factory=dict)

    @property
    def has_own_readings(self) -> bool:
        """Whether the own gauge gave an accepted reading within the last ``NO_READING_HOURS``."""
        return _within(self.belief.hour, self.last_own_reading, NO_READING_HOURS)

    @property
    def has_no_data(self) -> bool:
        """Whether only climate and tide are left."""
        return not _within(self.belief.hour, self.last_reading, NO_DATA_HOURS)


def initial_state(model: SeaModel, hour: np.datetime64) -> AgentState:
    """The state before any reading."""
    return AgentState(climatological_prior(model, hour))


def update_belief(
    state: AgentState, hour: np.datetime64, readings: Sequence[Residual], *, has_forecast: bool = False
) -> AgentState:
    """Advance the belief to ``hour`` and assimilate the readings.

    Args:
        has_forecast: an external forecast is available.
    """
    belief = filter_step(state.belief, hour, readings)
    broken = belief.broken()
    own = belief.model.sensors[0].stream
    accepted = [reading for reading in readings if broken[reading.stream] < REJECTED and not reading.is_suspect]
    own_times = [reading.time for reading in accepted if reading.stream == own]
    all_times = [reading.time for reading in accepted] + ([belief.hour] if has_forecast else [])
    return replace(
        state,
        belief=belief,
        last_own_reading=_latest(own_times, state.last_own_reading),
        last_reading=_latest(all_times, state.last_reading),
        last_own_rejection=belief.hour if broken[own] >= REJECTED else state.last_own_rejection,
    )


def encode(state: AgentState) -> bytes:
    """The state as bytes; equal states give equal bytes."""
    belief = state.belief
    fields = {
        "hour": str(belief.hour),
        "last_own_reading": str(state.last_own_reading),
        "last_reading": str(state.last_reading),
        "last_own_rejection": str(state.last_own_rejection),
        "moved": dict(sorted(belief.moved.items())),
        "actions": {
            name: [action.active, action.calm_hours, str(action.last_alert), action.certainty]
            for name, action in sorted(state.actions.items())
        },
    }
    text = np.frombuffer(json.dumps(fields, sort_keys=True).encode("utf-8"), dtype=np.uint8)
    return save({"weight": belief.weight, "mean": belief.mean, "covariance": belief.covariance, "fields": text})


def decode(stored: bytes, model: SeaModel) -> AgentState:
    """The state that ``encode`` wrote.

    If the gauges have changed since, the belief starts again from the climate; the actions' status is kept.
    """
    arrays = load(stored)
    fields = json.loads(arrays["fields"].tobytes().decode("utf-8"))
    hour = np.datetime64(fields["hour"], "h")
    state = AgentState(
        climatological_prior(model, hour),
        _hour_or_none(fields["last_own_reading"]),
        _hour_or_none(fields["last_reading"]),
        _hour_or_none(fields["last_own_rejection"]),
        {
            name: ActionState(active, calm_hours, _hour_or_none(last_alert), certainty)
            for name, (active, calm_hours, last_alert, certainty) in fields["actions"].items()
        },
    )
    if arrays["mean"].shape != state.belief.mean.shape:
        return state
    belief = SeaBelief(model, hour, arrays["weight"], arrays["mean"], arrays["covariance"], fields["moved"])
    return replace(state, belief=belief)


def _hour_or_none(text: str) -> np.datetime64 | None:
    return None if text == "None" else np.datetime64(text, "h")


def _latest(times: Sequence[np.datetime64], before: np.datetime64 | None) -> np.datetime64 | None:
    return max([*times, *([] if before is None else [before])], default=None)


def _within(now: np.datetime64, then: np.datetime64 | None, hours: int) -> bool:
    return then is not None and bool(now - then <= np.timedelta64(hours, "h"))
