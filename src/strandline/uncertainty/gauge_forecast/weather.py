"""The weather of a gauge in the columns of its response: as it was known at an issue, and as it is known later."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.kernels import AFTER, BEFORE
from strandline.observations.sea_level.surge.weather_response import PRESSURE_AND_STRESS, Column, forcing_of
from strandline.observations.weather.forecast_errors import synthetic_forecasts
from strandline.observations.weather.known_weather import HOUR, QUANTITIES, KnownWeather, known_weather
from strandline.uncertainty.residual_forecaster import CONTEXT_HOURS, LONGEST_LEAD

LEAST_SHARE = 0.5
"""Of the hours with readings at which a column of weather must be known to be used."""
AROUND_ISSUE = np.arange(1 - CONTEXT_HOURS - BEFORE, LONGEST_LEAD + AFTER + 1)
"""(222,) hours about an issue whose weather a forecast rests on."""
MOST_AGE = 36.0
"""Of a forecast of the weather at the hour of issue [h]: one that comes twice a day may fail once and be late; an
assumption."""
FEWEST_ISSUES = 60
"""Cycles within a record that its own forecasts must have for their errors to be learned from them: a month of two a
day; an assumption."""
LATER = 24
"""After an analysis could be had, hours after which the weather of an hour counts as known for good [h]."""
_SEED = 25
"""Of the errors that are added to analyses where no forecast was kept."""


def has_weather(observations: Observations) -> bool:
    """Whether a place has any analysis or forecast."""
    return observations.weather is not None or observations.weather_forecast is not None


def _has_rain(observations: Observations) -> bool:
    """Whether any analysis, reading or forecast of rain is there."""
    sources = (observations.weather, observations.weather_forecast)
    return any(source is not None and "rain" in source for source in sources)


def weather_at(observations: Observations, issue: Times, columns: Sequence[Column]) -> Floats | None:
    """(N, 222, M, C) weather as known at issues (N,), in the columns' units; ``None`` = no column, or no weather.

    A forecast that was older than ``MOST_AGE`` at an issue is not known: its error is larger than what was learned.
    """
    if not columns or not has_weather(observations):
        return None
    return np.asarray(_in_columns(_not_too_old(known_weather(observations, issue, AROUND_ISSUE)), columns))


def rain_at(observations: Observations, issue: Times) -> Floats | None:
    """(N, 222, M) rain as known at issues (N,) [mm h-1]; NaN = not known, ``None`` = there is none."""
    if not _has_rain(observations):
        return None
    return _not_too_old(known_weather(observations, issue, AROUND_ISSUE, ("rain",)))[..., 0]


def _not_too_old(known: KnownWeather) -> Floats:
    """(N, 222, M, V) values; NaN where the forecast was older than ``MOST_AGE`` at the issue."""
    is_old = known.lead - np.maximum(AROUND_ISSUE, 0) > MOST_AGE  # (N, 222)
    return np.asarray(np.where(is_old[:, :, None, None], np.nan, known.values))


def weather_later(observations: Observations, time: Times, columns: Sequence[Column]) -> Floats:
    """(…, C) weather of hours (…) as it is known later: analyses, or the newest forecasts before."""
    values = _in_columns(_known_later(observations, time, QUANTITIES), columns).mean(axis=1)
    return np.asarray(values.reshape(*time.shape, len(columns)))


def rain_later(observations: Observations, time: Times) -> Floats | None:
    """(…) rain of hours (…) as it is known later [mm h-1]; NaN = not known, ``None`` = there is none."""
    if not _has_rain(observations):
        return None
    return np.asarray(_known_later(observations, time, ("rain",))[..., 0].mean(axis=1).reshape(time.shape))


def _known_later(observations: Observations, time: Times, quantities: tuple[str, ...]) -> Floats:
    """(T, M, V) of all hours in order."""
    delay = 0.0 if observations.weather is None else float(observations.weather["available_after_h"])
    later = int(np.ceil(delay)) + LATER
    return known_weather(observations, time.ravel() + later * HOUR, np.array([-later]), quantities).values[:, 0]


def usable_columns(observations: Observations, time: Times, level: Floats) -> tuple[Column, ...]:
    """The columns of weather that are known at most of the hours with readings (T,)."""
    read = time[np.isfinite(level)]
    if not has_weather(observations) or not read.size:
        return ()
    some = read[np.linspace(0, read.size - 1, min(read.size, 2000)).astype(int)]
    share = np.isfinite(weather_later(observations, some, PRESSURE_AND_STRESS)).mean(axis=0)
    return tuple(
        column for column, known in zip(PRESSURE_AND_STRESS, share.tolist(), strict=True) if known > LEAST_SHARE
    )


def with_forecasts(observations: Observations, time: Times) -> Observations:
    """The place with forecasts of the weather: those issued or, where few were kept, analyses with published errors.

    For learning how forecasts err alone: what is scored, shown or decided by never rests on the latter. The forecast of
    today alone shows no error, and a forecast without error would be taken for certain.

    Args:
        time: (T,) ascending hours of the record that is learned from.
    """
    weather, kept = observations.weather, observations.weather_forecast
    if weather is None or not any(name in weather for name in QUANTITIES):
        return observations
    if kept is not None:
        issued = kept["issued"].values
        if ((issued >= time[0]) & (issued <= time[-1])).sum() >= FEWEST_ISSUES:
            return observations
    longitude, latitude = observations.region.sea_point_lonlat
    site = weather.sel(longitude=[longitude], latitude=[latitude], method="nearest")
    forecast = synthetic_forecasts(weather, _SEED, None, site["longitude"].values, site["latitude"].values)
    provenance = {**observations.provenance, "weather_forecast": observations.provenance["weather"]}
    return replace(observations, weather_forecast=forecast, provenance=provenance)


def _in_columns(weather: Floats, columns: Sequence[Column]) -> Floats:
    """(…, 3) pressure and wind → (…, C)."""
    names = [column.name for column in PRESSURE_AND_STRESS]
    return forcing_of(weather)[..., [names.index(column.name) for column in columns]]
