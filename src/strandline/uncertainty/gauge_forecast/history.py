"""From the hours of a gauge to its forecaster: parts that are left out, what neighbours teach, errors measured."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from strandline.distillation.sea_level.neighbour_teacher import infer_from_neighbours
from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Indices
from strandline.observations.sea_level.surge.likelihood import LAG_HOURS, MAX_SEGMENTS, Record
from strandline.observations.sea_level.surge.weather_response import Column, WeatherResponse
from strandline.uncertainty.residual_forecaster import (
    CONTEXT_HOURS,
    LONGEST_LEAD,
    FittedForecaster,
    GaugeHistory,
    ResidualForecaster,
    Situation,
    fit_residual_forecaster,
)

PARTS, PART_WEEKS = 5, 4
"""Parts of a record that are left out in turn, and weeks with readings in a row that belong to the same one; fewer
where the record is short."""
MOST_ISSUES = 1000
"""At which errors of left-out parts are measured."""


def gauge_history(
    residual: Floats,
    tide_modes: npt.NDArray[np.float32],
    weather: Floats,
    columns: tuple[Column, ...],
    neighbours: Callable[[], Sequence[Floats]],
    fallbacks: tuple[tuple[str, ...], ...] = (),
) -> GaugeHistory:
    """The hours of a gauge in parts, with what its neighbours teach.

    Neighbours teach a gauge that has weather and fewer weeks of readings than the fit takes; a longer record needs no
    teacher.

    Args:
        residual: (T,) about the tide [m]; NaN = not read, or not to be used.
        tide_modes: (T, R) of the tide's error [m].
        weather: (T, C) analyses in the columns' units; NaN = not known.
        neighbours: residuals (T,) of others about their own tides [m], of the same hours; asked where they teach.
        fallbacks: as of `GaugeHistory`.
    """
    others: tuple[Record, ...] = ()
    if columns and np.isfinite(residual).sum() < MAX_SEGMENTS * LAG_HOURS:
        others = _seen_by(residual, neighbours())
    return GaugeHistory(residual, tide_modes, weather, columns, _parts(residual), others, fallbacks)


def fit_to_history(
    history: GaugeHistory,
    situation_at: Callable[[ResidualForecaster, Indices], Situation],
    forecast_error: Callable[[WeatherResponse], Floats | None],
) -> tuple[FittedForecaster, ResidualForecaster]:
    """The forecaster of a gauge without and with its errors in parts that it was not fitted to.

    Args:
        situation_at: what was known at hours of the history (N,), for a forecaster's columns of weather.
        forecast_error: from its response to the weather to modes of what forecasts of the weather miss.

    Raises:
        RefusedByTheory: no reading.
    """
    fitted = fit_residual_forecaster(history)
    hours = _issues(history)
    errors = [forecast_error(each.response) for each in fitted.whole.responses] or [None]
    return fitted, fitted.measured(hours, situation_at(fitted.whole, hours), errors[0], errors[1:])


def _seen_by(own: Floats, neighbours: Sequence[Floats]) -> tuple[Record, ...]:
    """The own residual as neighbours show it; empty where none can teach."""
    if not neighbours:
        return ()
    try:
        return (infer_from_neighbours(own, np.stack(neighbours)).as_record(),)
    except RefusedByTheory:  # none has enough hours in common with the own gauge
        return ()


def _parts(residual: Floats) -> Indices:
    """(T,) weeks with readings, counted from the first reading, in parts by turns."""
    known = np.flatnonzero(np.isfinite(residual))
    if not known.size:
        return np.zeros(residual.size, dtype=np.int64)
    week = np.maximum(np.arange(residual.size) - known[0], 0) // LAG_HOURS
    is_read = np.bincount(week, np.isfinite(residual)) > 0
    length = int(np.clip(is_read.sum() // PARTS, 1, PART_WEEKS))
    rank = np.maximum(np.cumsum(is_read) - 1, 0)
    part: Indices = (rank // length % PARTS)[week]
    return part


def _issues(history: GaugeHistory) -> Indices:
    """Hours with a reading, evenly spread."""
    hours = np.flatnonzero(np.isfinite(history.level))
    hours = hours[(hours >= CONTEXT_HOURS - 1) & (hours < history.level.size - LONGEST_LEAD)]
    chosen: Indices = hours[np.linspace(0, hours.size - 1, min(MOST_ISSUES, hours.size)).astype(int)]
    return chosen
