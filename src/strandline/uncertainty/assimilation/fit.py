"""Fit of the sea-level model, the gauges and the forecast sources to hourly records."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from strandline.distillation.training.loop import Progress
from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.sea_level.harmonic_tide import TidalConstants, fit_tide, predict_tide
from strandline.observations.sea_level.surge.residual_process import autocovariance
from strandline.uncertainty.assimilation.ensemble import ResidualPaths
from strandline.uncertainty.assimilation.filter import SeaModel
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast, ForecastSource, fit_error_inflation
from strandline.uncertainty.assimilation.gauge_model import fit_sensor, own_sensor
from strandline.uncertainty.assimilation.inflation_fit import (
    HOURS_NEEDED,
    Errors,
    Hindcast,
    hindcast_blind,
    hindcast_storm,
    observed_ahead,
)
from strandline.uncertainty.assimilation.spread_inflation import NO_INFLATION, SpreadInflation
from strandline.uncertainty.assimilation.storm_climate import fit_storm_bounds
from strandline.uncertainty.assimilation.surge_process import fit_surge_process

ForecastFunction = Callable[[Times], list[ExternalForecast | None]]
"""Hours (N,) → the forecast available at each; ``None`` = none."""


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
    from_own_gauge: Collection[str] = (),
    with_weather: Mapping[str, ForecastFunction] | None = None,
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
        from_own_gauge: sources that need the own gauge.
        with_weather: stream → the past forecasts of the same source, had it known a forecast of the weather.

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
        sources, spread_inflation = fit_forecast_weights(
            model, time, available, peaks, functions, progress, from_own_gauge, with_weather or {}
        )
    except RefusedByTheory as refusal:
        notes.append(f"The spread of the forecast could not be calibrated ({refusal}); the model's own spread is used.")
        sources = ()
        spread_inflation = replace(NO_INFLATION, storm_bounds=fit_storm_bounds(time, available[0]))
    return SeaLevelFit(model, tides, spread_inflation, sources, tuple(notes))


def fit_forecast_weights(
    model: SeaModel,
    time: Times,
    residuals: Floats,
    peaks: Sequence[int],
    functions: Mapping[str, ForecastFunction],
    progress: Progress | None = None,
    from_own_gauge: Collection[str] = (),
    with_weather: Mapping[str, ForecastFunction] | None = None,
) -> tuple[tuple[ForecastSource, ...], SpreadInflation]:
    """Fit the error inflation of each forecast source in turn, then the spread inflation of the ensemble.

    Spread inflation is fitted to hindcasts with all gauges, without the own one and without any, each with and without
    the forecasts that are available then.

    Args:
        time: (T,) UTC, hourly; ``residuals``: (S, T) [m] of the model's gauges, NaN = no reading.
        peaks: positions of storms that no source was trained on.
        functions: stream → its past forecasts.
        from_own_gauge: sources that need the own gauge.
        with_weather: as of `fit_sea_level`; the spread is inflated for whichever of both is less sure.

    Raises:
        RefusedByTheory: too few storms.
    """
    report: Progress = (lambda done: None) if progress is None else progress
    storms = [peak for peak in sorted(peaks) if peak >= HOURS_NEEDED]
    hindcasts: list[Hindcast] = []
    for number, peak in enumerate(storms, start=1):
        hindcasts += hindcast_storm(model, time, residuals, peak, ())
        report(0.4 * number / len(storms))
    hours = sorted({each.paths.hour for each in hindcasts})
    at = np.array(hours, dtype="datetime64[ns]")
    archive, informed = (
        {name: dict(zip(hours, function(at) if hours else [], strict=True)) for name, function in each.items()}
        for each in (functions, with_weather or {})
    )
    chains = [(hindcasts, archive), (hindcasts, archive | informed)][: 2 if informed else 1]
    sources: list[ForecastSource] = []
    for name in archive:
        inflations = [
            fit_error_inflation(name, _past(chain, forecasts[name], residuals[0]))
            for chain, forecasts in (chains if name in informed else chains[:1])
        ]
        sources.append(ForecastSource(name, inflations[0], inflations[-1]))
        chains = [
            ([_guided(each, sources[-1], forecasts[name][each.paths.hour]) for each in chain], forecasts)
            for chain, forecasts in chains
        ]
    unguided_factors = _errors(hindcasts, residuals[0]).factors()
    guided_factors = [_errors(chain, residuals[0]).factors() for chain, _ in chains if sources] or [unguided_factors]
    factors = [np.stack([unguided_factors, np.max(guided_factors, axis=0)])]
    report(0.6)
    external = [source for source in sources if source.stream not in from_own_gauge]
    for silent in ((0,), tuple(range(len(model.sensors)))):
        unguided, guided = Errors(), Errors()
        for number, peak in enumerate(storms, start=1):
            blind = len(silent) == len(model.sensors)
            for each in (
                hindcast_blind(model, time, peak) if blind else hindcast_storm(model, time, residuals, peak, silent)
            ):
                observed = observed_ahead(residuals[0], each.at)
                unguided.add(each, observed)
                after = each
                for source in external:
                    after = _guided(after, source, archive[source.stream][each.paths.hour])
                if external:
                    guided.add(after, observed)
            report((0.9 if blind else 0.6) + (0.1 if blind else 0.3) * number / len(storms))
        factors.append(np.stack([unguided.factors(), (guided if external else unguided).factors()]))
    ascending = np.maximum.accumulate(np.array(factors), axis=0)  # fewer gauges are never narrower
    return tuple(sources), SpreadInflation(ascending, fit_storm_bounds(time, residuals[0]))


def _past(
    hindcasts: Sequence[Hindcast], forecasts: Mapping[np.datetime64, ExternalForecast | None], residual: Floats
) -> list[tuple[ResidualPaths, ExternalForecast, Floats]]:
    """Every second hindcast, which give the same inflation as all, with the forecast and the observations then."""
    return [
        (each.paths, forecast, observed_ahead(residual, each.at))
        for each in hindcasts[::2]
        if (forecast := forecasts[each.paths.hour]) is not None
    ]


def _errors(hindcasts: Sequence[Hindcast], residual: Floats) -> Errors:
    errors = Errors()
    for each in hindcasts:
        errors.add(each, observed_ahead(residual, each.at))
    return errors


def _guided(hindcast: Hindcast, source: ForecastSource, forecast: ExternalForecast | None) -> Hindcast:
    guidance = None if forecast is None else source.guidance_from(forecast, hindcast.paths.hour)
    return hindcast if guidance is None else replace(hindcast, paths=hindcast.paths.assimilating(guidance))
