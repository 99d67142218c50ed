"""Forecasts at the hours of a record at which the sea may come near a level, as the watch would have made them."""

from collections.abc import Iterator, Sequence

import numpy as np

from strandline.observations.arrays import Floats, Mask
from strandline.planning.early_action.hindcast.record import HindcastData
from strandline.planning.early_action.streams import Stream, forecast_stream
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.assimilation.filter import Residual
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.uncertainty.assimilation.inflation_fit import WARM_UP_HOURS
from strandline.uncertainty.assimilation.sea_state import (
    HEARD_HOURS,
    initial_sea_state,
    update_sea_state,
    with_forecasts,
)
from strandline.uncertainty.gauge_forecast.guidance import FORECASTER, is_used

RECENT_HOURS = 24
"""Hours whose highest residual may still be there in two days [h]."""
CYCLE_HOURS = 12
"""Between the forecasts of the own gauge that find where the sea may come near, and those of a silent gauge, which new
forecasts of the weather bring [h]."""
READ_EVERY = 3
"""Between those of a gauge that is read, which the watch makes hourly [h]: the last one counts until the next."""
OUT_OF_REACH = 2.5
"""Standard deviations of the climate between the sea and the lowest level beyond which no ensemble is drawn."""
AT_ONCE = 512
"""Forecasts of the own gauge that are made together: the weather that all of them read takes memory."""


def issued_forecasts(
    data: HindcastData, levels: Floats, lowest: float, part: slice | None = None
) -> Iterator[tuple[int, Stream]]:
    """Position and forecast [m, region datum] at each hour at which the sea may come near ``lowest`` [m].

    So it may where nothing is heard: no hour is calm by silence.

    Args:
        part: of the record; ``None`` = all of it.
    """
    model = data.fitted.model
    hours = data.time.astype("datetime64[h]")
    climate = float(np.sqrt(model.process.climate(1)[0, 0]))
    residuals = levels - data.tides
    begin, end, _ = (slice(None) if part is None else part).indices(hours.size)
    seldom = _own_forecasts(data, levels[0], range(begin + -begin % CYCLE_HOURS, end, CYCLE_HOURS))
    may_reach = _may_reach(data, residuals, lowest, climate)
    for at, each in seldom.items():
        if _highest(data, at, each) >= lowest:
            may_reach[at : at + CYCLE_HOURS] = True
    for first, last in _blocks(may_reach[begin:end], begin):
        state = initial_sea_state(model, hours[first])
        often = range(first + -first % READ_EVERY, last, READ_EVERY)
        read = [at for at in often if may_reach[at] and np.isfinite(levels[0, at])]
        own = {**seldom, **_own_forecasts(data, levels[0], read)}
        for at in range(first, last):
            readings = [
                Residual(sensor.stream, hours[at], float(residuals[number, at]))
                for number, sensor in enumerate(model.sensors)
                if np.isfinite(residuals[number, at])
            ]
            state = update_sea_state(state, hours[at], readings)
            mean, spread = state.belief.residual()
            tide = data.tide_ahead[at : at + HORIZON_HOURS + 1]
            highest = tide.max() + max(mean, 0.0) + OUT_OF_REACH * max(climate, spread)
            if (external := own.get(at)) is not None:
                state = with_forecasts(state, {FORECASTER: external})
                highest = max(highest, _highest(data, at, external))
            if may_reach[at] and (highest >= lowest or not state.is_heard):
                ensemble = forecast(state, data.fitted.sources, data.fitted.spread_inflation).chances
                yield at, forecast_stream(hours[at], tide + ensemble.residual, state.is_heard)


def _own_forecasts(data: HindcastData, level: Floats, hours: Sequence[int]) -> dict[int, ExternalForecast]:
    """Position → the forecast of the own gauge then; nothing where it is not used or knew nothing."""
    if data.own is None or not len(hours) or not is_used(data.fitted.sources):
        return {}
    parts = [list(hours[first : first + AT_ONCE]) for first in range(0, len(hours), AT_ONCE)]
    found = [each for part in parts for each in data.own(data.time, level, data.time[part])]
    return {at: one for at, one in zip(hours, found, strict=True) if one is not None}


def _highest(data: HindcastData, at: int, external: ExternalForecast) -> float:
    """The level [m, region datum] that a forecast hardly exceeds within two days."""
    tide = data.tide_ahead[at : at + HORIZON_HOURS + 1]
    hardly = np.interp(np.arange(tide.size), external.leads, external.mean + OUT_OF_REACH * external.spread)
    return float((tide + hardly).max())


def _may_reach(data: HindcastData, residuals: Floats, lowest: float, climate: float) -> Mask:
    """(T,) whether the tide of two days, the residual of the last day and the climate's spread come near the level.

    So they may where no gauge was read for hours.
    """
    ahead = np.lib.stride_tricks.sliding_window_view(data.tide_ahead, HORIZON_HOURS + 1).max(axis=1)
    known = np.isfinite(residuals)
    padded = np.concatenate([np.zeros(RECENT_HOURS - 1), np.where(known, residuals, 0.0).max(axis=0)])
    recent = np.lib.stride_tricks.sliding_window_view(padded, RECENT_HOURS).max(axis=1)
    silent = np.concatenate([np.zeros(HEARD_HOURS, dtype=bool), ~known.any(axis=0)])
    unheard = np.lib.stride_tricks.sliding_window_view(silent, HEARD_HOURS + 1).all(axis=1)
    return np.asarray((ahead + np.maximum(recent, 0.0) + OUT_OF_REACH * climate >= lowest) | unheard)


def _blocks(wanted: Mask, offset: int) -> Iterator[tuple[int, int]]:
    """First hour and the hour after the last of each stretch with wanted hours, with the warm-up before them."""
    needed = wanted.copy()
    for before in range(1, WARM_UP_HOURS + 1):
        needed[:-before] |= wanted[before:]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], needed.astype(np.int8), [0]])))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield offset + first, offset + last
