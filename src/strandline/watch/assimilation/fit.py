"""Fit of the sea-level model to a site's record, before a watch starts."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from strandline.distillation.training.loop import Progress
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.weather.storms import Window
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.uncertainty.assimilation.fit import ForecastFunction, GaugeRecord, GaugeTide, SeaLevelFit, fit_sea_level
from strandline.uncertainty.assimilation.inflation_fit import HOURS_NEEDED
from strandline.uncertainty.assimilation.storm_climate import AFTER_HOURS
from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster
from strandline.uncertainty.gauge_forecast.guidance import FORECASTER, past_forecasts


def fit(
    study_area: StudyArea,
    deployment: Deployment,
    forecaster: GaugeForecaster,
    archives: Mapping[str, ForecastFunction] | None = None,
    progress: Progress | None = None,
) -> SeaLevelFit:
    """Fit to the record of a study area, without its held-out windows.

    The surge process and the gauges are fitted to hours that the run trained on. Spread inflation and the error
    inflation of the forecaster are fitted to storms of the run's calibration or test, which it never saw.

    Args:
        archives: stream → its past forecasts.

    Raises:
        RefusedByTheory: the own gauge's record is too short.
    """
    time, levels = study_area.hourly_levels
    fitted = deployment.sea_level.fitted
    held_out = _within(time, study_area.held_out)  # storm windows may overlap them
    own = np.where(held_out, np.nan, levels[0])
    without_weather, with_weather = past_forecasts(forecaster, study_area.observations, time)
    return fit_sea_level(
        time,
        [
            GaugeRecord(gauge.name, gauge.latitude, level)
            for gauge, level in zip(deployment.gauges, levels, strict=True)
        ],
        GaugeTide(fitted.constants, fitted.mean + deployment.mean_sea_level),
        ~_within(time, deployment.withheld),
        _peaks(time, own, deployment.withheld, study_area.held_out),
        ~held_out,
        {FORECASTER: partial(without_weather, time, own), **(archives or {})},
        progress,
        from_own_gauge=(FORECASTER,),
        with_weather={} if with_weather is None else {FORECASTER: partial(with_weather, time, own)},
    )


def _within(time: Times, windows: Sequence[Window]) -> Mask:
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
            if HOURS_NEEDED <= peak < time.size - AFTER_HOURS:
                found.append(peak)
    return sorted(set(found))
