"""The run's forecaster of the own gauge as a source of forecasts for the belief."""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations, Provenance
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster
from strandline.uncertainty.gauge_forecast.guidance import guide

_FED = Provenance("real", "streams of the region file")


@dataclass(frozen=True, eq=False)
class OwnForecast:
    """The forecaster of a run, at a place whose weather may be known.

    Attributes:
        observations: whose weather counts, as it was known at an hour.
    """

    forecaster: GaugeForecaster
    observations: Observations

    def forecast(
        self, hour: np.datetime64, time: Times, level: Floats, weather: xr.Dataset | None = None
    ) -> ExternalForecast | None:
        """Forecast from the own gauge's readings (C,) [m, region datum] of the three days up to ``hour``.

        ``None`` without any reading and without weather: the forecast is then no more than the climate.

        Args:
            weather: ``weather_forecast`` that the streams brought, as known at ``hour``; ``None`` = that of the
                observations.
        """
        place = self.observations
        if weather is not None:
            known = {**place.provenance, "weather_forecast": _FED}
            place = replace(place, weather_forecast=weather, provenance=known)
        until = time <= hour
        return guide(self.forecaster, np.array([hour]), time[until], level[until], place)[0]
