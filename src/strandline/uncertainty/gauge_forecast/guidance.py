"""Forecasts of the own gauge as guidance of the belief about the sea."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.issued_levels import IssuedLevels
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast, ForecastSource
from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster
from strandline.uncertainty.gauge_forecast.weather import with_forecasts

FORECASTER = "forecaster"
"""Name of the run's forecaster among the sources."""
PastForecasts = Callable[[Times, Floats, Times], list[ExternalForecast | None]]
"""Times and readings as of `guide`, and hours → what was forecast at each."""
LEAD_STEP = 3
"""Between the leads of the guidance [h]: its errors last for longer, and every lead costs time."""
Z_90 = 1.645
"""Half-width of a normal distribution's 90 % interval, in standard deviations."""


def guide(
    forecaster: GaugeForecaster, hours: Times, time: Times, level: Floats, weather: Observations | None
) -> list[ExternalForecast | None]:
    """The forecast of the residual at each of some hours, to two days ahead.

    ``None`` where neither a reading of three days nor the weather was known: the forecast is then no more than the
    climate.

    Args:
        time, level: (T,) ascending hours and readings of the own gauge [m, region datum], NaN = none.
        weather: the place whose weather counts, as it was known at each hour.
    """
    found = forecaster.forecast(hours, time, level, weather, (0.05, 0.5, 0.95))
    leads = np.arange(0, HORIZON_HOURS + 1, LEAD_STEP)
    low, middle, high = (found.quantiles[at][:, leads] for at in (0.05, 0.5, 0.95))
    mean, spread = middle - found.tide[:, leads], (high - low) / (2 * Z_90)
    is_heard = (found.readings > 0) | found.knows_weather.any(axis=1)
    return [
        ExternalForecast(hour, leads, mean[number], spread[number], found.knows_weather[number, leads])
        if is_heard[number]
        else None
        for number, hour in enumerate(hours.astype("datetime64[h]"))
    ]


def past_forecasts(
    forecaster: GaugeForecaster, place: Observations, record: Times
) -> tuple[PastForecasts, PastForecasts | None]:
    """Forecasts of past hours from which their errors are learned: without a forecast of the weather, and with one.

    The second is ``None`` where no weather is known.

    Args:
        place: forecasts of its weather are those issued or, where few were kept, analyses with published errors.
        record: (T,) ascending hours of the record that is learned from.
    """
    informed = with_forecasts(place, record)

    def forecasts_of(known: Observations, time: Times, level: Floats, hours: Times) -> list[ExternalForecast | None]:
        return guide(forecaster, hours, time, level, known)

    without_weather = partial(forecasts_of, replace(place, weather_forecast=None))
    return without_weather, None if informed.weather_forecast is None else partial(forecasts_of, informed)


def newest_issues(issued: IssuedLevels, hours: Times, tide: Callable[[Times], Floats]) -> list[ExternalForecast | None]:
    """What the newest cycle of a service forecast of the residual, as it could be had at each of some hours.

    Args:
        tide: times → tide and mean sea level [m, the zero of the issued levels].
    """
    found: list[ExternalForecast | None] = []
    for hour in hours:
        known = issued.known_at(hour)
        if not len(known):
            found.append(None)
            continue
        cycle = known[known.issued == known.issued.max()].newest()
        spread = np.nan_to_num(cycle.spread)
        leads = np.round(cycle.lead).astype(np.int64)
        moment = known.issued.max().astype("datetime64[h]")
        found.append(ExternalForecast(moment, leads, cycle.level - tide(cycle.valid), spread))
    return found


def is_used(sources: Sequence[ForecastSource]) -> bool:
    """Whether the own forecast counts: unless past storms showed that it does not help.

    Where too few storms could show it, it counts as a source without archive.
    """
    return all(source.is_used for source in sources if source.stream == FORECASTER)
