"""Rain and discharge of the next two days in possible courses, and what of them is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from strandline.observations.arrays import Floats, Indices
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.river_process import RiverProcess
from strandline.observations.weather.known_weather import known_weather_at
from strandline.observations.weather.land_drivers import RAIN_HOURS, discharging_rivers, has_rain, land_drivers
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.gauge_forecast.drivers import flows_at, river_age
from strandline.uncertainty.gauge_forecast.weather import MOST_AGE

PAST = 36
"""Hours before an issue whose rain and discharge may still flood with what comes: those about the peak of an event of
several drivers (decision 51)."""
MISSING = 3
"""Hours without rain, of all that a forecast needs, up to which it counts as known; an assumption: the newest analysis
may not be there yet."""
MOST_RIVER_AGE = 36.0
"""Age of the newest reading of a river beyond which it is not known [h]; an assumption, as for forecasts of weather."""
RAIN_COURSES = 32
RAIN_ERROR = 0.6
"""Standard deviation of the logarithm of true over forecast rain where a forecast has no members; an assumption."""
FLOOD_SHARE, MOST_FLOODS, FEWEST_FLOODS = 0.1, 60, 10
"""Past hours of issue from which errors of a river's forecast are learned: the tenth before the greatest discharges of
two days; at most and at least so many."""
LEAST_FLOW = 0.05
"""Of the mean discharge; less is expected of no hour, so that errors in per cent stay finite."""
_SEED = 56


@dataclass(frozen=True, eq=False)
class LandForecast:
    """Equally likely courses from ``PAST`` hours before an issue to two days after it, L = 85 hours.

    Attributes:
        rain: (M, L) of the day up to each hour [mm]; hours without a value count as dry. ``None`` = the place has none.
        river: (E, L) discharge of all rivers [m3 s-1]. ``None`` = the place has none, or nothing is known of it.
        unknown: driver → why its floods cannot be seen coming, as a part of a sentence; empty = all are known.
    """

    rain: Floats | None
    river: Floats | None
    unknown: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class LandForecaster:
    """Forecasts of rain and rivers at a place.

    Attributes:
        rivers: processes of its rivers.
        errors: (E, 49) true over expected discharge before past floods [-]; empty = too few are known.
    """

    rivers: tuple[RiverProcess, ...]
    errors: Floats

    @classmethod
    def of(cls, observations: Observations, rivers: Sequence[RiverProcess]) -> Self:
        """Learn how forecasts of the rivers err before floods of the record, from what was known at each hour then."""
        nothing = np.empty((0, HORIZON_HOURS + 1))
        known = discharging_rivers(observations)
        if known is None:
            return cls((), nothing)
        names = [str(name) for name in known["river"].values]
        own = tuple(each for each in rivers if each.name in names and each.lowest is None)
        if len(own) < len(names):
            return cls((), nothing)
        time = known["time"].values.astype("datetime64[ns]")
        flow = land_drivers(observations, time)["river"]
        issue = _before_floods(flow)
        expected = flows_at(observations, time[issue], own, np.arange(HORIZON_HOURS + 1))
        ahead = flow[issue[:, None] + np.arange(HORIZON_HOURS + 1)]
        ratio = ahead / np.maximum(expected, LEAST_FLOW * float(np.nanmean(flow)))
        return cls(own, ratio[np.isfinite(ratio).all(axis=1)])

    def forecast(self, observations: Observations, issue: np.datetime64) -> LandForecast:
        """As it was known at an hour of issue.

        Args:
            observations: whose rain and rivers count.
        """
        unknown: dict[str, str] = {}
        rain = river = None
        if has_rain(observations) or _forecasts_rain(observations):
            rain, hours = _rain(observations, issue)
            if hours > MISSING:
                unknown["rain"] = f"{hours} hours of rain, measured or forecast, are missing"
        if observations.river is not None:
            river = self._river(observations, issue)
            age = river_age(observations, issue, self.rivers)
            if not self.rivers:
                unknown["river"] = "no discharge of it comes in time for a forecast"
            elif len(self.errors) < FEWEST_FLOODS:
                unknown["river"] = "its record shows too few floods to tell how its forecast errs"
            elif age is None or age > MOST_RIVER_AGE:
                ago = "six days" if age is None else f"{age:.0f} hours"
                unknown["river"] = f"its newest reading is {'more than ' if age is None else ''}{ago} old"
        return LandForecast(rain, river, unknown)

    def _river(self, observations: Observations, issue: np.datetime64) -> Floats | None:
        if not self.rivers:
            return None
        (found,) = flows_at(observations, np.array([issue]), self.rivers, np.arange(-PAST, HORIZON_HOURS + 1))
        if not np.isfinite(found).all():
            return None
        errors = self.errors if len(self.errors) else np.ones((1, HORIZON_HOURS + 1))
        return np.asarray(found * np.concatenate([np.ones((len(errors), PAST)), errors], axis=1))


def _rain(observations: Observations, issue: np.datetime64) -> tuple[Floats, int]:
    """(M, L) rain of the day up to each hour [mm], and the number of hours of which none was known."""
    hours = np.arange(1 - RAIN_HOURS - PAST, HORIZON_HOURS + 1)
    longitude, latitude = (np.array([degrees]) for degrees in observations.region.centre_lonlat)
    known = known_weather_at(observations, np.array([issue]), hours, longitude, latitude, ("rain",))
    is_old = known.lead[0] - np.maximum(hours, 0) > MOST_AGE
    rain = np.where(is_old[:, None], np.nan, known.values[0, :, :, 0, 0]).T  # (M, H)
    missing = int(np.isnan(rain[:, hours > -RAIN_HOURS]).any(axis=0).sum())
    if len(rain) == 1:
        factor = np.exp(RAIN_ERROR * np.random.default_rng(_SEED).standard_normal(RAIN_COURSES) - RAIN_ERROR**2 / 2)
        rain = np.where(hours > 0, factor[:, None] * rain, rain)
    total = np.cumsum(np.pad(np.nan_to_num(rain), ((0, 0), (1, 0))), axis=1)
    return np.asarray(total[:, RAIN_HOURS:] - total[:, :-RAIN_HOURS]), missing


def _forecasts_rain(observations: Observations) -> bool:
    return observations.weather_forecast is not None and "rain" in observations.weather_forecast


def _before_floods(flow: Floats) -> Indices:
    """Hours of issue, evenly among those before the greatest discharges of two days, of a record (T,)."""
    windows = np.lib.stride_tricks.sliding_window_view(flow, HORIZON_HOURS + 1)
    greatest = windows.max(axis=1)  # NaN where an hour is missing
    known = np.flatnonzero(np.isfinite(greatest))
    if not known.size:
        return known
    floods = known[greatest[known] >= np.quantile(greatest[known], 1 - FLOOD_SHARE)]
    evenly = np.linspace(0, floods.size - 1, min(floods.size, MOST_FLOODS)).round().astype(int)
    return np.asarray(floods[evenly], dtype=np.int64)
