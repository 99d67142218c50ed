"""The forecaster of the package: normal process, response to the weather, and what neighbours tell of other weeks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from benchmarks.surge.methods.method import LEVELS, Forecast
from benchmarks.surge.protocol import Issues, Task
from benchmarks.surge.records.gauge import HOUR, Gauge, Kind
from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.sea_level.harmonic_tide import FittedTide, error_of_mean, fit_tide, predict_tide
from strandline.observations.sea_level.surge.kernels import AFTER, BEFORE
from strandline.observations.sea_level.surge.river_process import RiverProcess, fit_river_process
from strandline.observations.sea_level.surge.weather_response import (
    INVERSE_BAROMETER,
    Column,
    WeatherResponse,
    forcing_of,
)
from strandline.observations.weather.known_rivers import between_readings
from strandline.uncertainty.gauge_forecast.fit import PAST_ISSUES
from strandline.uncertainty.gauge_forecast.forecaster import leading_modes
from strandline.uncertainty.gauge_forecast.history import fit_to_history, gauge_history
from strandline.uncertainty.residual_forecaster import (
    CONTEXT_HOURS,
    LONGEST_LEAD,
    FittedForecaster,
    GaugeHistory,
    ResidualForecaster,
    Situation,
    learn_forecast_error,
)

SHUFFLED_DAYS = 90
"""Days by which the neighbours of the control teacher are late."""
FEWEST_HOURS, LEAST_SHARE = 72, 0.5
"""Known levels at whose hours a column of weather must be known, and their share of those of the best known column."""


def process(task: Task) -> Forecast:
    """Readings alone: the student without weather."""
    return _forecast(task, list)


def labels_only(task: Task) -> Forecast:
    """Readings and weather, trained on the known weeks."""
    return _forecast(task, list)


def distilled(task: Task) -> Forecast:
    """The same, trained on what neighbours tell of the other weeks too."""
    return _forecast(task, partial(neighbours_of, task))


def shuffled_teacher(task: Task) -> Forecast:
    """Control: the neighbours' records are months late."""
    return _forecast(task, partial(neighbours_of, task, SHUFFLED_DAYS * 24))


def history_of(task: Task, neighbours: Callable[[], Sequence[Floats]] = list) -> GaugeHistory:
    """Levels of the known weeks about the allowed tide, and the weather of the training hours.

    Args:
        neighbours: as of `gauge_history`.
    """
    gauge = task.gauge
    if gauge.tide is not None:
        above = np.where(task.known, gauge.level - gauge.tide, np.nan)
        residual = above - np.nanmean(above)
        read = residual[np.isfinite(residual)]
        modes = np.full((gauge.time.size, 1), error_of_mean(read, read.size / 24), dtype=np.float32)
    else:
        tide = _fit_known_tide(task)
        allowed = tide.mean + predict_tide(tide.constants, gauge.time)
        residual = np.where(task.known, gauge.level, np.nan) - allowed
        modes = replace(tide, modes=leading_modes(tide, float(np.nanmean(residual**2)))).error_modes(gauge.time)
    weather = _Columns(task)
    series = np.where(task.train[:, None], weather.analysis, np.nan)
    return gauge_history(residual, modes, series, weather.columns, neighbours)


def _forecast(task: Task, neighbours: Callable[[], Sequence[Floats]]) -> Forecast:
    """NaN beyond the longest lead of the package."""
    fitted = fit_task(task, neighbours)

    def forecast(issues: Issues) -> Floats:
        quantiles = fitted.residual.quantiles(fitted.situation(issues), LEVELS)
        leads = np.array(issues.leads)
        found = np.where((leads <= LONGEST_LEAD)[:, None], quantiles[:, np.minimum(leads, LONGEST_LEAD)], np.nan)
        return np.asarray(found + issues.tide_at_leads[..., None])

    return forecast


@dataclass(frozen=True, eq=False)
class FittedTask:
    """The package's forecaster of a task's gauge.

    Attributes:
        whole: before its errors were measured, with the same of all parts of the record but each.
        residual: what forecasts.
        history: that it was fitted to.
    """

    whole: FittedForecaster
    residual: ResidualForecaster
    history: GaugeHistory
    _task: Task
    _drivers: "_Columns"

    def situation(self, issues: Issues, *, is_dry: bool = False) -> Situation:
        """What was known at issues of the test; ``is_dry`` as of `drivers_at`."""
        hours = ((issues.time - self._task.gauge.time[0]) / HOUR).astype(np.int64)
        return _situation(self._task, self.history, self._drivers, issues.residual, hours, is_dry=is_dry)

    def situation_of_record(self, hours: Indices, *, is_dry: bool = False) -> Situation:
        """What was known at hours of the known weeks."""
        own = _own(self._task, self.history, hours)
        return _situation(self._task, self.history, self._drivers, own, hours, is_dry=is_dry)


def fit_task(task: Task, neighbours: Callable[[], Sequence[Floats]] = list) -> FittedTask:
    """Fit to the known weeks of a task; ``neighbours`` as of `gauge_history`."""
    drivers, history = _Columns(task), history_of(task, neighbours)

    def situation_at(_: ResidualForecaster, hours: Indices) -> Situation:
        return _situation(task, history, drivers, _own(task, history, hours), hours)

    def forecast_error(response: WeatherResponse) -> Floats | None:
        if task.weather.mode == "analysis":
            return None
        past = _past_hours(task.train)
        return learn_forecast_error(response, drivers.known_at(past)[0], drivers.later(past))

    whole, fitted = fit_to_history(history, situation_at, forecast_error)
    return FittedTask(whole, fitted, history, task, drivers)


def _own(task: Task, history: GaugeHistory, hours: Indices) -> Floats:
    """(N, 72) residuals of the known weeks up to some hours, as far as they came by then."""
    own = history.level[hours[:, None] + np.arange(1 - CONTEXT_HOURS, 1)]
    own[:, CONTEXT_HOURS - task.gauge.reading_delay :] = np.nan
    return own


def _situation(
    task: Task, history: GaugeHistory, drivers: "_Columns", own: Floats, hours: Indices, *, is_dry: bool = False
) -> Situation:
    window = np.clip(hours[:, None] + np.arange(1 - CONTEXT_HOURS, LONGEST_LEAD + 1), 0, task.gauge.time.size - 1)
    modes = history.tide_modes[window].astype(float)
    return Situation(own, modes, *(drivers.known_at(hours, is_dry=is_dry) if history.columns else ()))


class _Columns:
    """The weather of a task in the columns of a response: pressure and stress, or components of them."""

    def __init__(self, task: Task) -> None:
        self._weather = task.weather
        forcing = task.gauge.forcing
        kinds = [column.kind for column in task.weather.columns]
        values = np.zeros((task.gauge.time.size, 0)) if forcing is None or not kinds else forcing.values
        count = np.isfinite(values[task.known & np.isfinite(task.gauge.level)]).sum(axis=0)
        enough = count >= max(FEWEST_HOURS, LEAST_SHARE * count.max(initial=0))
        self._kept: list[tuple[str, list[int]]] = []  # kind → columns that are taken together
        for i, kind in enumerate(kinds):
            if kind == "wind_east" and kinds[i + 1] == "wind_north" and enough[i : i + 2].all():
                self._kept.append(("wind", [i, i + 1]))
            elif kind in ("pressure", "stress_component", "pressure_component", "rain") and enough[i]:
                self._kept.append((kind, [i]))
        self._names = [column.name for column in task.weather.columns]
        self._river: RiverProcess | None = None
        self._rain = [i for i, kind in enumerate(kinds) if kind == "rain"]
        if kinds and task.gauge.river:
            self._kept = [(kind, at) for kind, at in self._kept if kind != "rain"]  # rain acts through the river
            self._at_river = self._names.index(task.gauge.river)
            train = task.train[:, None]
            rain, readings = (np.where(train, values, np.nan)[:, at] for at in (self._rain, self._at_river))
            is_stage = task.weather.columns[self._at_river].unit == "m"
            self._river = fit_river_process(task.gauge.river, readings, _of_catchment(rain), is_stage=is_stage)
        self.columns = tuple(column for kind, at in self._kept for column in self._of(kind, at))
        self.analysis = _without_short_gaps(self._forcing(values))
        if self._river is not None:
            self.columns += (Column(self._river.name, "river", "1"),)
            flow = self._river.flow(between_readings(values[:, self._at_river]))
            self.analysis = np.hstack([self.analysis, flow[:, None]])

    def _of(self, kind: "Kind | str", at: list[int]) -> tuple[Column, ...]:
        if kind == "wind":
            return tuple(Column(self._names[i], "stress", "N m-2") for i in at)
        gain = 100 * INVERSE_BAROMETER if kind == "pressure" else 0.0  # [m hPa-1]
        return (Column(self._names[at[0]], kind, "", gain=gain),)

    def _forcing(self, values: Floats) -> Floats:
        """(…, C) of the service's columns → (…, C′) of the response's."""
        parts = [np.zeros((*values.shape[:-1], 0))]
        for kind, at in self._kept:
            part = values[..., at]
            if kind == "wind":
                still = np.full((*part.shape[:-1], 1), 101300.0)
                part = forcing_of(np.concatenate([still, part], axis=-1))[..., 1:]
            parts.append(part)
        return np.concatenate(parts, axis=-1)

    def known_at(self, hours: Indices, *, is_dry: bool = False) -> tuple[Floats, Floats | None]:
        """(N, 222, M, C′) as known at hours of issue, and (N, 222, C′) how unsure a river is."""
        context, ahead = CONTEXT_HOURS + BEFORE, LONGEST_LEAD + AFTER
        weather, members, _ = self._weather.at(hours, context, ahead)
        if members is None:
            found = _without_short_gaps(self._forcing(weather))[:, :, None]
        else:
            past = np.repeat(weather[:, None, :context], members.shape[1], axis=1)
            found = np.moveaxis(self._forcing(np.concatenate([past, members], axis=2)), 1, 2)
        if self._river is None:
            return found, None
        rain = _of_catchment(weather[..., self._rain])
        readings = weather[:, :context, self._at_river]
        flow, spread = self._river.expect(readings, self._river.dry(rain) if is_dry else rain)
        flows = np.broadcast_to(flow[:, :, None, None], (*found.shape[:3], 1))
        doubt = np.zeros((*found.shape[:2], found.shape[3] + 1))
        doubt[..., -1] = spread
        return np.concatenate([found, flows], axis=3), doubt

    def later(self, hours: Indices) -> Floats:
        """(N, 222, C′) as analysed."""
        window = hours[:, None] + np.arange(1 - CONTEXT_HOURS - BEFORE, LONGEST_LEAD + AFTER + 1)
        found = self.analysis[np.clip(window, 0, len(self.analysis) - 1)]
        found[(window < 0) | (window >= len(self.analysis))] = np.nan
        return np.asarray(found)


def _of_catchment(rain: Floats) -> Floats:
    """(…, T) mean of the gauges of rain (…, T, G), where all were read."""
    return _without_short_gaps(rain.mean(axis=-1, keepdims=True))[..., 0]


def _without_short_gaps(values: Floats) -> Floats:
    """(…, T, C) with gaps of up to six hours interpolated."""
    flat = np.moveaxis(values, -2, -1).reshape(-1, values.shape[-2]).copy()
    for row in flat[np.isnan(flat).any(axis=1)]:
        seen = np.flatnonzero(np.isfinite(row))
        for first, last in pairwise(seen):
            if 1 < last - first <= 7:
                row[first:last] = np.interp(np.arange(first, last), [first, last], [row[first], row[last]])
    shape = (*values.shape[:-2], values.shape[-1], values.shape[-2])
    return np.moveaxis(flat.reshape(shape), -1, -2)


def _fit_known_tide(task: Task) -> FittedTide:
    """The allowed tide with its error."""
    gauge = task.gauge
    assert gauge.latitude is not None  # the allowed tide was fitted
    level = np.where(task.known, gauge.level, np.nan)
    return fit_tide(gauge.time, level, gauge.latitude, name=gauge.name, source="known weeks")


def neighbours_of(task: Task, late: int = 0) -> list[Floats]:
    """(T,) residuals of the other gauges in the training hours, some hours late."""
    found = [_residual(other, task.gauge, task.train) for other in task.others]
    return [np.roll(each, late) for each in found if each is not None]


def _residual(other: Gauge, gauge: Gauge, train: Mask) -> Floats | None:
    """(T,) residual of a neighbour about its own tide in the training hours of a gauge."""
    if other.has_only_high_waters:
        return None
    position = np.searchsorted(other.time, gauge.time)
    inside = (position < other.time.size) & (other.time[np.minimum(position, other.time.size - 1)] == gauge.time)
    at = np.where(inside, position, 0)
    level = np.where(inside & train, other.level[at], np.nan)
    if other.tide is not None:
        rest = level - other.tide[at]
        return np.asarray(rest - np.nanmean(rest)) if np.isfinite(rest).any() else None
    if other.latitude is None:
        return None
    try:
        tide = fit_tide(gauge.time, level, other.latitude, name=other.name, source="training hours")
    except RefusedByTheory:
        return None
    return np.asarray(level - tide.mean - predict_tide(tide.constants, gauge.time))


def _past_hours(train: Mask) -> Indices:
    hours = np.flatnonzero(train)
    hours = hours[(hours > CONTEXT_HOURS + BEFORE) & (hours < train.size - LONGEST_LEAD - AFTER)]
    return hours[np.linspace(0, hours.size - 1, min(PAST_ISSUES, hours.size)).astype(int)]
