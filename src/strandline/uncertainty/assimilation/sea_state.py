"""The belief about the sea level with what it rests on: when each kind of stream was last heard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from strandline.uncertainty.assimilation.filter import Residual, SeaBelief, SeaModel, climatological_prior, filter_step
from strandline.uncertainty.assimilation.spread_inflation import NO_READING_HOURS

REJECTED = 0.5
"""Probability [-] of being broken from which a gauge is rejected."""
HEARD_HOURS = 6
"""Without any gauge and any forecast for longer [h], no forecast proves that nothing will come: half a tide."""
NO_DATA_HOURS = 24
"""Without any gauge and any forecast for so long [h], only climate and tide are left and a person decides."""


@dataclass(frozen=True, eq=False)
class SeaState:
    """What is carried from hour to hour.

    Attributes:
        last_own_reading: hour of the own gauge's last accepted reading; ``None`` = never.
        last_reading: hour of the last accepted reading of any gauge, or of a forecast; ``None`` = never.
        last_own_rejection: last hour at which the own gauge was rejected; ``None`` = never.
    """

    belief: SeaBelief
    last_own_reading: np.datetime64 | None = None
    last_reading: np.datetime64 | None = None
    last_own_rejection: np.datetime64 | None = None

    @property
    def has_own_readings(self) -> bool:
        """Whether the own gauge gave an accepted reading within the last ``NO_READING_HOURS``."""
        return _within(self.belief.hour, self.last_own_reading, NO_READING_HOURS)

    @property
    def is_heard(self) -> bool:
        """Whether any gauge or forecast gave data within the last ``HEARD_HOURS``; only then calm can be concluded."""
        return _within(self.belief.hour, self.last_reading, HEARD_HOURS)

    @property
    def has_no_data(self) -> bool:
        """Whether only climate and tide are left."""
        return not _within(self.belief.hour, self.last_reading, NO_DATA_HOURS)


def initial_sea_state(model: SeaModel, hour: np.datetime64) -> SeaState:
    """The state before any reading."""
    return SeaState(climatological_prior(model, hour))


def update_sea_state(
    state: SeaState, hour: np.datetime64, readings: Sequence[Residual], *, has_forecast: bool = False
) -> SeaState:
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


def _latest(times: Sequence[np.datetime64], before: np.datetime64 | None) -> np.datetime64 | None:
    return max([*times, *([] if before is None else [before])], default=None)


def _within(now: np.datetime64, then: np.datetime64 | None, hours: int) -> bool:
    return then is not None and bool(now - then <= np.timedelta64(hours, "h"))
