"""The record that a hindcast tests triggers on, and the forecasts that are fitted to its first half."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.storms import Storm, find_storms
from strandline.planning.early_action.neighbour_rule import NeighbourRule
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.assimilation.fit import (
    GaugeRecord,
    GaugeTide,
    SeaLevelFit,
    fit_sea_level,
)
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.uncertainty.assimilation.inflation_fit import HOURS_NEEDED
from strandline.uncertainty.gauge_forecast.guidance import FORECASTER

FILTER_ALONE = "the watch's filter of two gauges and the tide"
WITH_READINGS = (
    "the watch's filter of two gauges, and the forecaster of the own gauge by readings alone, without weather"
)
WITH_WEATHER = (
    "the watch's filter of two gauges, and the forecaster of the own gauge with the weather as it was forecast"
)
RecordedForecasts = Callable[[Times, Floats, Times], list[ExternalForecast | None]]
"""Times (T,) and levels (T,) of the own gauge, and hours → the forecast from what was known at each of the hours."""
FITTED_STORMS = 12
"""Storms of the first half that the spread of the forecast is fitted to."""
MOST_YEARS = 4.0
"""Longest record on which triggers are tested: the latest of the second half [a]."""


@dataclass(frozen=True)
class OwnForecasts:
    """Forecasts of the own gauge.

    Attributes:
        issued: with the weather as it was forecast; these decide.
        without_weather, with_weather: of which their errors are learned, see `past_forecasts`; ``None`` = no weather.
    """

    issued: RecordedForecasts
    without_weather: RecordedForecasts
    with_weather: RecordedForecasts | None = None


@dataclass(frozen=True, eq=False)
class HindcastData:
    """The record on which triggers are tested; forecasts are fitted to its first half and made for the second.

    Attributes:
        time: (T,) UTC, hourly, the second half.
        levels: (S, T) of the gauges of the model [m, region datum], the own one first; NaN = not observed.
        tides: (S, T) their tides with the mean level [m, region datum].
        tide_ahead: (T + 48,) of the own gauge, two days longer.
        neighbour: (T,) reading that decides without a forecast [m, its own zero]; ``None`` = there is no neighbour.
        rule: the first half, from which thresholds of the neighbour are chosen; ``None`` likewise.
        training_years: of the first half [a].
        own: forecasts of the own gauge, fitted to the first half without the storms that the filter is fitted to;
            ``None`` = the filter alone.
        source: of the forecasts that decide.
    """

    time: Times
    levels: Floats
    tides: Floats
    tide_ahead: Floats
    fitted: SeaLevelFit
    neighbour: Floats | None
    rule: NeighbourRule | None
    training_years: float
    own: RecordedForecasts | None = None
    source: str = FILTER_ALONE


def prepare_hindcast(
    time: Times,
    gauges: Sequence[GaugeRecord],
    own_tide: GaugeTide,
    zero_of_neighbour: float = 0.0,
    fit_own: Callable[[Mask], OwnForecasts] | None = None,
    source: str = FILTER_ALONE,
    most_years: float = MOST_YEARS,
) -> HindcastData | None:
    """The second half of a record, with the forecast fitted to the first half; ``None`` where it is too short.

    Args:
        time: (T,) UTC, hourly without a break.
        gauges: the own gauge first; the second is the neighbour that decides without a forecast. The filter reads these
            two: further ones would double its time, and the watch can only do better with them.
        zero_of_neighbour: height of the neighbour's own zero [m, region datum].
        fit_own: from the hours (T,) that it may be fitted to, to forecasts of the own gauge; ``source`` names them.
        most_years: of the half, the latest are kept [a].
    """
    half = time.size // 2
    first = np.arange(time.size) < half
    gauges = gauges[:2]
    level = gauges[0].level
    storms = find_storms(time[:half], level[:half], FITTED_STORMS)
    peaks = [int(np.searchsorted(time, storm.peak)) for storm in storms]
    own = None
    if fit_own is not None:
        with suppress(RefusedByTheory):  # the storms of a short record leave nothing to fit to
            own = fit_own(_without(storms, time, first))
    without_weather, with_weather = (
        {} if each is None else {FORECASTER: partial(each, time, np.where(first, level, np.nan))}
        for each in (None if own is None else own.without_weather, None if own is None else own.with_weather)
    )
    try:
        fitted = fit_sea_level(
            time,
            gauges,
            own_tide,
            first,
            [peak for peak in peaks if HOURS_NEEDED <= peak < half - HORIZON_HOURS],
            first,
            without_weather,
            from_own_gauge=(FORECASTER,),
            with_weather=with_weather,
        )
    except RefusedByTheory:
        return None
    used = [gauge for gauge in gauges if gauge.name in fitted.tides]
    tested = max(half, time.size - round(most_years * HOURS_PER_YEAR))
    later = time[tested:]
    ahead = np.append(later, later[-1] + np.arange(1, HORIZON_HOURS + 1).astype("timedelta64[h]"))
    tides = np.array([fitted.tides[gauge.name].level(later) for gauge in used])
    neighbour = gauges[1].level - zero_of_neighbour if len(gauges) > 1 else None
    return HindcastData(
        later,
        np.array([gauge.level[tested:] for gauge in used]),
        tides,
        own_tide.level(ahead),
        fitted,
        None if neighbour is None else neighbour[tested:],
        None if neighbour is None else NeighbourRule(time[:half], level[:half], neighbour[:half]),
        half / HOURS_PER_YEAR,
        None if own is None else own.issued,
        FILTER_ALONE if own is None else source,
    )


def _without(storms: Sequence[Storm], time: Times, hours: Mask) -> Mask:
    """The hours outside of the storms."""
    left = hours.copy()
    for storm in storms:
        left &= ~storm.contains(time)
    return left
