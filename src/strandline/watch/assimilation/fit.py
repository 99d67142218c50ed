"""Fit of the sea-level model, the gauges and the forecast sources to a site's record, before a watch starts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.distillation.training.loop import Progress
from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.forecast_window import CONTEXT_HOURS
from strandline.observations.sea_level.harmonic_tide import TidalConstants, fit_tide, predict_tide
from strandline.observations.sea_level.residual_process import autocovariance
from strandline.observations.storms import Window
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.uncertainty.assimilation.ensemble import Guidance
from strandline.uncertainty.assimilation.filter import SeaModel
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast, ForecastSource, fit_error_inflation
from strandline.uncertainty.assimilation.gauge_model import fit_sensor, own_sensor
from strandline.uncertainty.assimilation.spread_inflation import (
    AFTER_HOURS,
    BEFORE_HOURS,
    NO_INFLATION,
    WARM_UP_HOURS,
    SpreadInflation,
    fit_spread_inflation,
    hindcast_storm,
    observed_ahead,
)
from strandline.uncertainty.assimilation.surge_process import fit_surge_process
from strandline.uncertainty.forecaster import Forecaster
from strandline.watch.assimilation.student_forecast import STUDENT, StudentForecaster

ForecastFunction = Callable[[np.datetime64], ExternalForecast | None]
"""Hour → the forecast available then; ``None`` = none."""


@dataclass(frozen=True)
class GaugeTide:
    """A gauge's tide and its mean level [m, region datum]."""

    constants: TidalConstants
    mean: float

    def level(self, time: Times) -> Floats:
        """Tide and mean level [m, region datum]."""
        return self.mean + predict_tide(self.constants, time)


@dataclass(frozen=True, eq=False)
class SeaLevelFit:
    """What is fitted to the record.

    Attributes:
        tides: gauge → its tide, in the order of the model's sensors.
        sources: of forecasts, with the inflation of their errors.
        notes: what could not be fitted, in plain sentences.
        deployment: SHA-256 of the ``deployment.nc`` that it belongs to; for another one the fit is repeated.
    """

    model: SeaModel
    tides: dict[str, GaugeTide]
    spread_inflation: SpreadInflation
    sources: tuple[ForecastSource, ...]
    notes: tuple[str, ...]
    deployment: str = ""


def fit(
    study_area: StudyArea,
    deployment: Deployment,
    forecaster: Forecaster,
    archives: Mapping[str, ForecastFunction] | None = None,
    progress: Progress | None = None,
) -> SeaLevelFit:
    """Fit to the record of a study area, without its held-out windows.

    The surge process and the gauges are fitted to hours that the run trained on. Spread inflation and the error
    inflation of the student are fitted to storms of the run's calibration or test, which the student never saw.

    Args:
        archives: stream → its past forecasts.

    Raises:
        RefusedByTheory: the own gauge's record is too short.
    """
    time, levels = study_area.hourly_levels
    training = ~_within(time, deployment.withheld)
    notes: list[str] = []
    own_tide = GaugeTide(
        deployment.sea_level.fitted.constants, deployment.sea_level.fitted.mean + deployment.mean_sea_level
    )
    tides = {deployment.gauges[0].name: own_tide}
    residuals = [levels[0] - own_tide.level(time)]
    own_training = np.where(training, residuals[0], np.nan)
    process = fit_surge_process(own_training, autocovariance(own_training))
    sensors = [own_sensor(deployment.gauges[0].name, process)]
    for gauge, level in zip(deployment.gauges[1:], levels[1:], strict=True):
        try:
            fitted = fit_tide(
                time[training], level[training], gauge.latitude, name=gauge.name, source=f"record of {gauge.name}"
            )
            tide = GaugeTide(fitted.constants, fitted.mean)
            residual = level - tide.level(time)
            sensors.append(fit_sensor(gauge.name, own_training, np.where(training, residual, np.nan), process))
        except RefusedByTheory as refusal:
            notes.append(f"'{gauge.name}' is not used: {refusal}.")
            continue
        tides[gauge.name] = tide
        residuals.append(residual)
    model = SeaModel(process, tuple(sensors))
    student = StudentForecaster(forecaster, study_area.observations, deployment)
    held_out = _within(time, study_area.held_out)
    own = np.where(held_out, np.nan, levels[0])
    functions = {STUDENT: lambda hour: student.forecast(hour, *_context(time, own, hour)), **(archives or {})}
    peaks = _peaks(time, own, deployment.withheld, study_area.held_out)
    available = np.where(held_out, np.nan, np.array(residuals))  # (S, T); storm windows may overlap held-out ones
    try:
        sources, spread_inflation = fit_forecast_weights(model, time, available, peaks, functions, progress)
    except RefusedByTheory as refusal:
        notes.append(f"The spread of the forecast could not be calibrated ({refusal}); the model's own spread is used.")
        sources, spread_inflation = (), NO_INFLATION
    return SeaLevelFit(model, tides, spread_inflation, sources, tuple(notes))


def fit_forecast_weights(
    model: SeaModel,
    time: Times,
    residuals: Floats,
    peaks: Sequence[int],
    functions: Mapping[str, ForecastFunction],
    progress: Progress | None = None,
) -> tuple[tuple[ForecastSource, ...], SpreadInflation]:
    """Fit the error inflation of each forecast source in turn, then the spread inflation of the ensemble with all.

    Args:
        time: (T,) UTC, hourly; ``residuals``: (S, T) [m] of the model's gauges, NaN = no reading.
        peaks: positions of storms that no source was trained on.
        functions: stream → its past forecasts.

    Raises:
        RefusedByTheory: too few storms.
    """
    report: Progress = (lambda done: None) if progress is None else progress
    hindcasts = []
    for number, peak in enumerate(peaks, start=1):
        hindcasts += hindcast_storm(model, time, residuals, peak, lambda hour: ())
        report(number / (3 * len(peaks)))
    observed = [observed_ahead(residuals[0], at) for at, _ in hindcasts]
    ensembles = [ensemble for _, ensemble in hindcasts]
    forecasts = {name: {each.hour: function(each.hour) for each in ensembles} for name, function in functions.items()}
    sources: list[ForecastSource] = []
    for name in functions:
        own_forecasts = [forecasts[name][ensemble.hour] for ensemble in ensembles]
        past = [
            (ensemble, forecast, truth)
            for ensemble, forecast, truth in zip(ensembles, own_forecasts, observed, strict=True)
            if forecast is not None
        ]
        source = fit_error_inflation(name, past)
        sources.append(source)
        guidance = [None if forecast is None else source.guidance_from(forecast) for forecast in own_forecasts]
        ensembles = [
            ensemble if each is None else ensemble.assimilating(each)
            for ensemble, each in zip(ensembles, guidance, strict=True)
        ]

    def guidance_at(hour: np.datetime64) -> list[Guidance]:
        available = ((source, forecasts[source.stream].get(hour)) for source in sources)
        guidance = [source.guidance_from(forecast) for source, forecast in available if forecast is not None]
        return [each for each in guidance if each is not None]

    spread_inflation = fit_spread_inflation(
        model, time, residuals, peaks, guidance_at, lambda done: report((1 + 2 * done) / 3)
    )
    return tuple(sources), spread_inflation


def _within(time: Times, windows: Sequence[Window]) -> npt.NDArray[np.bool_]:
    inside = np.zeros(time.size, dtype=bool)
    for start, end in windows:
        inside |= (time >= start) & (time <= end)
    return inside


def _peaks(time: Times, level: Floats, withheld: Sequence[Window], held_out: Sequence[Window]) -> list[int]:
    """Positions of the peak of each withheld storm that no held-out window overlaps, with enough hours around it."""
    found = []
    for start, end in withheld:
        if any(start <= until and since <= end for since, until in held_out):
            continue
        inside = np.flatnonzero((time >= start) & (time <= end) & np.isfinite(level))
        if inside.size:
            peak = int(inside[np.argmax(level[inside])])
            if BEFORE_HOURS + WARM_UP_HOURS <= peak < time.size - AFTER_HOURS:
                found.append(peak)
    return sorted(set(found))


def _context(time: Times, level: Floats, hour: np.datetime64) -> tuple[Times, Floats]:
    """The readings of the three days up to ``hour``."""
    last = int(np.searchsorted(time, hour.astype("datetime64[ns]"), side="right"))
    first = max(last - CONTEXT_HOURS, 0)
    known = np.isfinite(level[first:last])
    return time[first:last][known], level[first:last][known]
