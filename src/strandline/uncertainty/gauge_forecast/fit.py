"""Fit of a gauge's forecaster to its record, the weather of the place and the records of its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Indices, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.harmonic_tide import fit_tide, predict_tide
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.sea_level.surge.river_process import RiverProcess
from strandline.observations.sea_level.surge.weather_response import WeatherResponse
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.uncertainty.gauge_forecast.drivers import drivers_at, drivers_in_hindsight, drivers_later, land_columns
from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster, leading_modes
from strandline.uncertainty.gauge_forecast.history import fit_to_history, gauge_history
from strandline.uncertainty.gauge_forecast.weather import usable_columns, with_forecasts
from strandline.uncertainty.residual_forecaster import ResidualForecaster, Situation, learn_forecast_error

MOST_YEARS = 10.0
"""Newest years of a long record that are used [a]; the fit takes 60 weeks of them, evenly spread."""
PAST_ISSUES = 300
"""At which errors of weather forecasts are learned."""


@dataclass(frozen=True, eq=False)
class NeighbourRecord:
    """A neighbouring gauge.

    Attributes:
        name, latitude: of it [degrees north].
        level: (T,) of the same hours [m]; NaN = not read, or not to be used.
    """

    name: str
    latitude: float
    level: Floats


def fit_gauge_forecaster(
    observations: Observations,
    sea_level: SeaLevelModel,
    mean_sea_level: float,
    time: Times,
    level: Floats,
    neighbours: Sequence[NeighbourRecord] = (),
) -> GaugeForecaster:
    """Fit to a gauge's record.

    The neighbours teach a gauge that has fewer weeks of readings than the fit takes; a longer one needs no teacher.

    Args:
        observations: whose weather, rain and rivers are used.
        sea_level: tide of the gauge about ``mean_sea_level`` [m, region datum].
        time: (T,) UTC, hourly without a break.
        level: (T,) [m, region datum]; NaN = not read, or not to be used.

    Raises:
        RefusedByTheory: no reading.
    """
    if not np.isfinite(level).any():
        raise RefusedByTheory("the gauge has no reading that its forecaster may be fitted to")
    end = int(np.flatnonzero(np.isfinite(level))[-1]) + 1
    last = slice(max(0, end - round(MOST_YEARS * HOURS_PER_YEAR)), end)
    time = time[last].astype("datetime64[ns]")
    residual = level[last] - mean_sea_level - sea_level.tide(time)
    sea = usable_columns(observations, time, residual)
    land, rivers = land_columns(observations, time, residual)
    columns = sea + land
    tide_error = leading_modes(sea_level.fitted, float(np.nanmean(residual**2)))
    history = gauge_history(
        residual,
        replace(sea_level.fitted, modes=tide_error).error_modes(time),
        drivers_later(observations, time, columns, rivers),
        columns,
        lambda: _about_own_tides(time, [(each, each.level[last]) for each in neighbours]),
        tuple(tuple(column.name for column in part) for part in (sea, land)) if sea and land else (),
    )
    forecasting = with_forecasts(observations, time)

    def situation_at(fitted: ResidualForecaster, hours: Indices) -> Situation:
        gauge = GaugeForecaster(sea_level, mean_sea_level, tide_error, fitted, rivers)
        return gauge.situation(time[hours], time, level[last], forecasting)

    def forecast_error(response: WeatherResponse) -> Floats | None:
        return _forecast_error(response, rivers, forecasting, time)

    _, found = fit_to_history(history, situation_at, forecast_error)
    return GaugeForecaster(sea_level, mean_sea_level, tide_error, found, rivers)


def _forecast_error(
    response: WeatherResponse, rivers: tuple[RiverProcess, ...], observations: Observations, time: Times
) -> Floats | None:
    """Modes of what forecasts of the weather miss; ``None`` = there is no forecast of weather in these hours."""
    if observations.weather_forecast is None:
        return None
    issued = observations.weather_forecast["available"].values.astype("datetime64[ns]")
    inside = time[(time >= issued.min()) & (time <= issued.max())]
    if not inside.size:
        return None
    issue = inside[np.linspace(0, inside.size - 1, min(PAST_ISSUES, inside.size)).astype(int)]
    foreseen = drivers_at(observations, issue, response.columns, rivers)
    assert foreseen is not None
    return learn_forecast_error(
        response, foreseen[0], drivers_in_hindsight(observations, issue, response.columns, rivers)
    )


def _about_own_tides(time: Times, neighbours: Sequence[tuple[NeighbourRecord, Floats]]) -> list[Floats]:
    """(T,) residuals of the neighbours to whose record a tide can be fitted [m]."""
    found = []
    for neighbour, level in neighbours:
        try:
            tide = fit_tide(time, level, neighbour.latitude, name=neighbour.name, source=f"record of {neighbour.name}")
        except RefusedByTheory:
            continue
        found.append(level - tide.mean - predict_tide(tide.constants, time))
    return found
