"""Fit of the sea-level model, the gauges and the forecast sources to hourly records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from strandline.distillation.training.loop import Progress
from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.sea_level.harmonic_tide import TidalConstants, fit_tide, predict_tide
from strandline.observations.sea_level.residual_process import autocovariance
from strandline.uncertainty.assimilation.ensemble import Guidance
from strandline.uncertainty.assimilation.filter import SeaModel
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast, ForecastSource, fit_error_inflation
from strandline.uncertainty.assimilation.gauge_model import fit_sensor, own_sensor
from strandline.uncertainty.assimilation.spread_inflation import (
    NO_INFLATION,
    SpreadInflation,
    fit_spread_inflation,
    hindcast_storm,
    observed_ahead,
)
from strandline.uncertainty.assimilation.surge_process import fit_surge_process

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
class GaugeRecord:
    """A gauge's hourly record: latitude [degrees] and levels (T,) [m, region datum], NaN = no reading."""

    name: str
    latitude: float
    level: Floats


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


def fit_sea_level(
    time: Times,
    gauges: Sequence[GaugeRecord],
    own_tide: GaugeTide,
    training: Mask,
    peaks: Sequence[int],
    scored: Mask,
    functions: Mapping[str, ForecastFunction],
    progress: Progress | None = None,
) -> SeaLevelFit:
    """Fit to hourly records.

    The surge process and the gauges are fitted to the hours ``training``; error inflation of forecasts and spread
    inflation to hindcasts of storms.

    Args:
        time: (T,) UTC, hourly.
        gauges: the own gauge first.
        training: (T,) hours that the process and the gauges are fitted to.
        peaks: positions of the storms' highest levels; no source of forecasts was trained on these storms.
        scored: (T,) hours that hindcasts may read and are scored on.
        functions: stream → its past forecasts.

    Raises:
        RefusedByTheory: the own gauge's record is too short.
    """
    notes: list[str] = []
    tides = {gauges[0].name: own_tide}
    residuals = [gauges[0].level - own_tide.level(time)]
    own_training = np.where(training, residuals[0], np.nan)
    process = fit_surge_process(own_training, autocovariance(own_training))
    sensors = [own_sensor(gauges[0].name, process)]
    for gauge in gauges[1:]:
        try:
            fitted = fit_tide(
                time[training],
                gauge.level[training],
                gauge.latitude,
                name=gauge.name,
                source=f"record of {gauge.name}",
            )
            tide = GaugeTide(fitted.constants, fitted.mean)
            residual = gauge.level - tide.level(time)
            sensors.append(fit_sensor(gauge.name, own_training, np.where(training, residual, np.nan), process))
        except RefusedByTheory as refusal:
            notes.append(f"'{gauge.name}' is not used: {refusal}.")
            continue
        tides[gauge.name] = tide
        residuals.append(residual)
    model = SeaModel(process, tuple(sensors))
    available = np.where(scored, np.array(residuals), np.nan)  # (S, T)
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
