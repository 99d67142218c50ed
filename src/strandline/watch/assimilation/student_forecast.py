"""The run's calibrated student as a source of forecasts."""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from strandline.models.batching import build_surge_batch
from strandline.models.inference import student_inputs
from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS, LEADS
from strandline.pipeline.deployment import Deployment
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.uncertainty.forecaster import Forecaster

STUDENT = "student"
"""Name of the student among the forecast sources."""
Z_90 = 1.645
"""Half-width of a normal distribution's 90 % interval, in standard deviations."""


@dataclass(frozen=True, eq=False)
class StudentForecaster:
    """The calibrated student of a run."""

    forecaster: Forecaster
    observations: Observations
    deployment: Deployment

    def forecast(self, hour: np.datetime64, time: Times, level: Floats) -> ExternalForecast | None:
        """Forecast from the own gauge's readings (C,) [m, region datum] of the three days up to ``hour``.

        ``None`` without any reading: the student then predicts no more than the climate.
        """
        hour = hour.astype("datetime64[ns]")
        hours = hour + np.arange(1 - CONTEXT_HOURS, LEADS).astype("timedelta64[h]")
        context = np.full(hours.size, np.nan)
        position = np.searchsorted(hours, time)
        inside = (position < hours.size) & (hours[np.minimum(position, hours.size - 1)] == time) & (time <= hour)
        context[position[inside]] = level[inside]
        if np.isnan(context).all():
            return None
        own = self.observations.require_gauge().isel(station=[0])
        recent = xr.Dataset(
            {
                "water_level": own["water_level"]
                .isel(time=0, drop=True)
                .expand_dims(time=hours)
                .T.copy(data=context[None]),
                "quality": (("station", "time"), np.isnan(context)[None].astype(np.uint8), own["quality"].attrs),
            },
            {**{name: own[name] for name in own.coords if name != "time"}, "time": hours},
        )
        observed = replace(self.observations, tide_gauge=recent, weather=None, weather_forecast=None, truth=None)
        batch = student_inputs(build_surge_batch(observed, np.array([hour]), self.deployment.sea_level, "survey"))
        prediction = self.forecaster.predict(batch)
        low, high = self.forecaster.surge_interval(prediction, 0.9)
        return ExternalForecast(
            hour.astype("datetime64[h]"), np.arange(LEADS), prediction.surge_mean[0], (high[0] - low[0]) / (2 * Z_90)
        )
