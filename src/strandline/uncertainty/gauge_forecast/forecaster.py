"""The forecaster of a gauge: its tide, its residual, and what it says of the coming three days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.harmonic_tide import FittedTide
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.sea_level.surge.river_process import RiverProcess
from strandline.observations.sea_level.surge.weather_response import driver_of
from strandline.uncertainty.gauge_forecast.drivers import drivers_at
from strandline.uncertainty.gauge_forecast.shares import answered_by, shares_of
from strandline.uncertainty.residual_forecaster import CONTEXT_HOURS, LONGEST_LEAD, ResidualForecaster, Situation

LEADS = np.arange(LONGEST_LEAD + 1)
"""(73,) hours ahead that are forecast."""
LEAST_SHARE = 0.01
"""Of the residual's variance, below which the tide's error is left out [-]."""
HOURS = np.arange(1 - CONTEXT_HOURS, LONGEST_LEAD + 1)
"""(144,) hours about an issue."""


@dataclass(frozen=True, eq=False)
class LevelForecast:
    """Forecasts of the water level at N issues.

    Attributes:
        issue: (N,) UTC.
        tide: (N, 73) tide with the mean sea level [m, region datum].
        quantiles: level → (N, 73) water level [m, region datum]; they do not cross.
        knows_weather: (N, 73) whether the forecast of an hour rests on the weather over the sea too.
        knows_land: (N, 73) whether it rests on a river or, at a gauge without one, on rain.
        readings: (N,) of the last 72 h that were there.
        age: (N,) of the newest reading [h]; NaN = none in 72 h.
    """

    issue: Times
    tide: Floats
    quantiles: Mapping[float, Floats]
    knows_weather: Mask
    knows_land: Mask
    readings: Floats
    age: Floats


@dataclass(frozen=True, eq=False)
class GaugeForecaster:
    """The forecaster of one gauge.

    Attributes:
        sea_level: tide of the gauge.
        mean_sea_level: that the tide is about [m, region datum].
        tide_error: (2C + 1, R) modes of the tide's error that count, as in ``FittedTide``.
        residual: of the level about that tide.
        rivers: whose flow is among the columns of its response.
    """

    sea_level: SeaLevelModel
    mean_sea_level: float
    tide_error: Floats
    residual: ResidualForecaster
    rivers: tuple[RiverProcess, ...] = ()

    @property
    def land(self) -> Literal["", "river", "rain"]:
        """What of the land it answers."""
        response = self.residual.response
        drivers = set() if response is None else {driver_of(column) for column in response.columns}
        return "river" if "river" in drivers else "rain" if "rain" in drivers else ""

    def forecast(
        self,
        issue: Times,
        time: Times,
        level: Floats,
        weather: Observations | None,
        levels: Sequence[float],
    ) -> LevelForecast:
        """Forecast from what was known at each issue.

        Args:
            issue: (N,) UTC, full hours.
            time, level: (T,) ascending hours and readings [m, region datum], NaN = none; later ones are not used.
            weather: the place whose weather, rain and rivers count, as they were known then; ``None`` = readings alone.
            levels: of the quantiles, 0…1.
        """
        issue = issue.astype("datetime64[ns]")
        situation = self.situation(issue, time, level, weather)
        hours = issue[:, None] + LEADS.astype("timedelta64[h]")
        tide = self._tide(hours)
        found = tide[..., None] + self.residual.quantiles(situation, levels)
        seen = np.isfinite(situation.own)
        age = np.where(seen.any(axis=1), np.argmax(seen[:, ::-1], axis=1), np.nan)
        return LevelForecast(
            issue,
            tide,
            {each: found[..., number] for number, each in enumerate(levels)},
            self._knows(situation, {"weather"}),
            self._knows(situation, {"rain", "river"}),
            seen.sum(axis=1).astype(float),
            age,
        )

    def shares(self, issue: Times, time: Times, level: Floats, weather: Observations | None) -> Mapping[str, Floats]:
        """What each driver brings to the expected level, (N, 73) [m]; arguments as of `forecast`.

        ``tide`` (with the mean sea level), ``weather``, ``rain``, ``river`` and ``readings``, in that order, of those
        that the forecaster knows: their sum is the median. A driver counts from its mean: a river at its usual flow
        brings nothing. Beside a river, rain is what its departure from the mean adds beyond what the river has shown;
        ``readings`` is what the own gauge shows beyond all others, and dies out with the lead.
        """
        issue = issue.astype("datetime64[ns]")
        situation = self.situation(issue, time, level, weather)
        dry = self.situation(issue, time, level, weather, is_dry=True) if self.rivers else situation
        found = shares_of(self.residual, situation, dry)
        tide = self._tide(issue[:, None] + LEADS.astype("timedelta64[h]")) + found.pop("tide")
        return {"tide": tide, **found}

    def situation(
        self, issue: Times, time: Times, level: Floats, weather: Observations | None, *, is_dry: bool = False
    ) -> Situation:
        """What is known at issues; arguments as of `forecast` and `drivers_at`."""
        hours = issue[:, None] + HOURS.astype("timedelta64[h]")
        context = hours[:, :CONTEXT_HOURS]
        own = readings_at(time, level, context) - self._tide(context)
        each, which = np.unique(hours, return_inverse=True)  # issues share most of their hours
        modes = replace(self.sea_level.fitted, modes=self.tide_error).error_modes(each).astype(float)
        modes = modes[which.ravel()].reshape(*hours.shape, modes.shape[1])
        response = self.residual.response
        if response is None or weather is None:
            return Situation(own, modes)
        known = drivers_at(weather, issue, response.columns, self.rivers, is_dry=is_dry)
        return Situation(own, modes, *(known or ()))

    def _tide(self, hours: Times) -> Floats:
        """Tide with the mean sea level [m, region datum] at hours of any shape."""
        each, which = np.unique(hours, return_inverse=True)
        return np.asarray(self.mean_sea_level + self.sea_level.tide(each)[which.ravel()].reshape(hours.shape))

    def _knows(self, situation: Situation, drivers: set[str]) -> Mask:
        """(N, 73) whether an hour is answered by a response to any of some drivers."""
        found = np.zeros((len(situation), LEADS.size), dtype=bool)
        for each, answered in answered_by(self.residual, situation):
            if drivers & {driver_of(column) for column in each.columns}:
                found |= answered
        return found

    def without_weather(self) -> "GaugeForecaster":
        """The same forecaster by readings alone."""
        return replace(self, residual=replace(self.residual, response=None, forecast_error=None))


def leading_modes(fitted: FittedTide, variance: float) -> Floats:
    """(2C + 1, R) principal modes of a tide's error; those left out hold a hundredth of a variance [m2] at most.

    A tide of years of record has hardly any error, and each mode costs time in every forecast.
    """
    patterns, size, _ = np.linalg.svd(fitted.modes, full_matrices=False)
    lost = np.append(np.cumsum((size**2)[::-1])[::-1], 0.0)  # by keeping so many; a wave's mean square is below this
    kept = int(np.argmax(lost <= LEAST_SHARE * variance))
    return np.asarray(patterns[:, :kept] * size[:kept])


def readings_at(time: Times, level: Floats, wanted: Times) -> Floats:
    """Readings at wanted hours; NaN = none."""
    if not time.size:
        return np.full(wanted.shape, np.nan)
    position = np.minimum(np.searchsorted(time, wanted), time.size - 1)
    return np.where(time[position] == wanted, level[position], np.nan)
