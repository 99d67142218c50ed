"""The belief about the sea level with what it rests on: when each stream was last heard, and the last forecasts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from strandline.uncertainty.assimilation.filter import Residual, SeaBelief, SeaModel, climatological_prior, filter_step
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast

REJECTED = 0.5
"""Probability [-] of being broken from which a gauge is rejected."""
NO_READING_HOURS = 3
"""Hours without a valid reading after which the own gauge counts as unavailable [h]."""
HEARD_HOURS = 6
"""Without any gauge and any forecast for longer [h], no forecast proves that nothing will come: half a tide."""
NO_DATA_HOURS = 24
"""Without any reading and any new forecast for so long [h], a person decides."""


@dataclass(frozen=True, eq=False)
class SeaState:
    """What is carried from hour to hour.

    Attributes:
        belief: of now.
        informed: the belief at the last hour at which anything was heard. Forecasts rest on it: while nothing is heard,
            the forecast of a given hour stays as it was.
        last_readings: gauge → hour of its last accepted reading; a gauge that was never heard is left out.
        last_news: hour of the last accepted reading, or at which the last new forecast came; ``None`` = never.
        last_own_rejection: last hour at which the own gauge was rejected; ``None`` = never.
        forecasts: source → its last forecast, of whatever age.
    """

    belief: SeaBelief
    informed: SeaBelief
    last_readings: Mapping[str, np.datetime64] = field(default_factory=dict)
    last_news: np.datetime64 | None = None
    last_own_rejection: np.datetime64 | None = None
    forecasts: Mapping[str, ExternalForecast] = field(default_factory=dict)

    @property
    def last_own_reading(self) -> np.datetime64 | None:
        """Hour of the own gauge's last accepted reading; ``None`` = never."""
        return self.last_readings.get(self.belief.model.sensors[0].stream)

    @property
    def has_own_readings(self) -> bool:
        """Whether the own gauge gave an accepted reading within the last ``NO_READING_HOURS``."""
        return _within(self.belief.hour, self.last_own_reading, NO_READING_HOURS)

    @property
    def is_heard(self) -> bool:
        """Whether any gauge or forecast gave data within the last ``HEARD_HOURS``; only then calm can be concluded."""
        return _within(self.belief.hour, self.last_news, HEARD_HOURS)

    @property
    def has_no_data(self) -> bool:
        """Whether nothing was heard for ``NO_DATA_HOURS``."""
        return not _within(self.belief.hour, self.last_news, NO_DATA_HOURS)


def initial_sea_state(model: SeaModel, hour: np.datetime64) -> SeaState:
    """The state before any reading."""
    climate = climatological_prior(model, hour)
    return SeaState(climate, climate)


def update_sea_state(
    state: SeaState,
    hour: np.datetime64,
    readings: Sequence[Residual],
    forecasts: Mapping[str, ExternalForecast] | None = None,
) -> SeaState:
    """Advance the belief to ``hour``, assimilate the readings, and keep the newer forecasts.

    Args:
        forecasts: source → its newest forecast; one that is known already is no news.
    """
    belief = filter_step(state.belief, hour, readings)
    broken = belief.broken()
    own = belief.model.sensors[0].stream
    last_readings = dict(state.last_readings)
    news = [] if state.last_news is None else [state.last_news]
    for reading in readings:
        if broken[reading.stream] < REJECTED and not reading.is_suspect:
            news.append(reading.time)
            last_readings[reading.stream] = max(reading.time, last_readings.get(reading.stream, reading.time))
    return with_forecasts(
        replace(
            state,
            belief=belief,
            informed=belief if readings else state.informed,
            last_readings=last_readings,
            last_news=max(news, default=None),
            last_own_rejection=belief.hour if broken[own] >= REJECTED else state.last_own_rejection,
        ),
        forecasts or {},
    )


def with_forecasts(state: SeaState, forecasts: Mapping[str, ExternalForecast]) -> SeaState:
    """The state with those forecasts that are newer than the ones it has."""
    new = {
        stream: forecast
        for stream, forecast in forecasts.items()
        if stream not in state.forecasts or _is_newer(forecast, state.forecasts[stream])
    }
    if not new:
        return state
    known = {**state.forecasts, **new}
    return replace(state, informed=state.belief, last_news=state.belief.hour, forecasts=known)


def without_forecast(state: SeaState, stream: str) -> SeaState:
    """The state without a source that is no longer trusted."""
    return replace(state, forecasts={name: each for name, each in state.forecasts.items() if name != stream})


def _is_newer(forecast: ExternalForecast, known: ExternalForecast) -> bool:
    """Whether it was issued later, or is the same issue with more hours."""
    return bool((forecast.hour, forecast.leads.size) > (known.hour, known.leads.size))


def _within(now: np.datetime64, then: np.datetime64 | None, hours: int) -> bool:
    return then is not None and bool(now - then <= np.timedelta64(hours, "h"))
