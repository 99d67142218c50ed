"""Simulated coasts of the agent benchmark: two decades of sea level; the sea-level model is fitted to the first."""

from dataclasses import dataclass

import numpy as np
import torch

from strandline.distillation.training.loop import Progress
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.harmonic_tide import fit_tide, predict_tide
from strandline.observations.sea_level.surge.residual_process import autocovariance
from strandline.observations.weather.storms import find_storms
from strandline.simulator.sea.sea import simulate_sea
from strandline.simulator.sea.surge_forecasts import ForecastSkill, SurgeForecasts, forecast_surges
from strandline.simulator.sea.tracks import Basin
from strandline.uncertainty.assimilation.filter import SeaModel
from strandline.uncertainty.assimilation.fit import fit_forecast_weights
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast, ForecastSource
from strandline.uncertainty.assimilation.gauge_model import fit_sensor, own_sensor
from strandline.uncertainty.assimilation.spread_inflation import SpreadInflation
from strandline.uncertainty.assimilation.surge_process import fit_surge_process

SITES: dict[Basin, tuple[float, float, float]] = {
    "bay_of_bengal": (90.4, 22.0, 180.0),
    "mekong": (106.7, 9.8, 120.0),
}
"""Longitude, latitude, and direction of the sea [degrees]."""
TYPICAL_SHELF: dict[Basin, tuple[float, float]] = {"bay_of_bengal": (180_000.0, 8.0), "mekong": (120_000.0, 15.0)}
"""Width and mean depth [m] of the shelf off the two deltas, chosen for plausible return levels: a 10-year surge of
about 1.7 m at the head of the Bay of Bengal and 0.5 m off the Mekong."""
DECADE = 10.0
STORMS = 60
"""Highest storms of a decade; the lowest peak of those of the first decade is the event level of the second."""
GAUGES = ("own", "neighbour-1", "neighbour-2")
SERVICE = "surge service"
STREAMS = (*GAUGES, SERVICE)
READING_NOISE = 0.01
DELAY_H = 1
FITTED_STORMS = 40
"""Storms of the first decade that the weights of forecast sources are fitted to."""


@dataclass(frozen=True, eq=False)
class Coast:
    """A coast and what is fitted to its first decade.

    Attributes:
        time: (T,) UTC, hourly; ``first``: position at which the second decade starts.
        level: (T,) true level at the own gauge [m].
        tide: (T,) [m]; ``residuals``: (3, T) readings of the gauges minus their tides [m].
        event_level: [m].
        forecasts: of the surge service.
        model: of the sea level; ``forecast_sources``: with their fitted weights; ``spread_inflation``: of ensembles.
    """

    name: str
    time: Times
    first: int
    level: Floats
    tide: Floats
    residuals: Floats
    event_level: float
    forecasts: SurgeForecasts
    model: SeaModel
    forecast_sources: tuple[ForecastSource, ...]
    spread_inflation: SpreadInflation

    def service_forecast(self, at: int) -> ExternalForecast | None:
        """The newest issue of the service, from position ``at`` on."""
        return newest_issue(self.forecasts, self.time[at])


def newest_issue(forecasts: SurgeForecasts, hour: np.datetime64) -> ExternalForecast | None:
    """Mean and spread of the newest issue that is available at an hour; ``None`` = there is none."""
    issue = int(np.searchsorted(forecasts.issued, hour - np.timedelta64(DELAY_H, "h"), side="right")) - 1
    if issue < 0:
        return None
    values = forecasts.values[issue].astype(float)
    known = np.isfinite(values).all(axis=1)
    mean, spread = values[known].mean(axis=1), values[known].std(axis=1, ddof=1)
    return ExternalForecast(forecasts.issued[issue].astype("datetime64[h]"), np.flatnonzero(known), mean, spread)


def simulate(seed: int, progress: Progress | None = None) -> Coast:
    """Simulate two decades at one coast; nothing of the second is used in any fit."""
    torch.set_num_threads(1)
    basin: Basin = ("bay_of_bengal", "mekong")[seed % 2]
    longitude, latitude, seaward = SITES[basin]
    width, depth = TYPICAL_SHELF[basin]
    rng = np.random.default_rng(seed)
    sea = simulate_sea(
        basin, longitude, latitude, 2 * DECADE, rng, seaward_direction=seaward, shelf_width=width, shelf_depth=depth,
        neighbours=2,
    )  # fmt: skip
    time, true = sea.tide_gauge["time"].values, sea.tide_gauge["water_level"].values
    half = time.size // 2
    readings = true + READING_NOISE * rng.standard_normal(true.shape)
    tides, residuals = np.empty_like(true), np.empty_like(true)
    for number, level in enumerate(readings):
        fitted = fit_tide(time[:half], level[:half], latitude, name=GAUGES[number], source="first decade")
        tides[number] = predict_tide(fitted.constants, time) + fitted.mean
        residuals[number] = level - tides[number]
    first_decade = residuals[:, :half]
    process = fit_surge_process(first_decade[0], autocovariance(first_decade[0]))
    neighbours = (
        fit_sensor(name, first_decade[0], other, process)
        for name, other in zip(GAUGES[1:], first_decade[1:], strict=True)
    )
    model = SeaModel(process, (own_sensor(GAUGES[0], process), *neighbours))
    forecasts = forecast_surges(time, sea.surge.values[0], seed, ForecastSkill())
    storms = find_storms(time[200 : half - 200], true[0, 200 : half - 200], STORMS)
    peaks = [int(np.searchsorted(time, storm.peak)) for storm in storms[:FITTED_STORMS]]
    sources, spread_inflation = fit_forecast_weights(
        model,
        time,
        residuals,
        peaks,
        {SERVICE: lambda hours: [newest_issue(forecasts, hour) for hour in hours]},
        progress,
    )
    level = min(storm.peak_level for storm in storms)
    name = f"{basin}-{seed}"
    return Coast(name, time, half, true[0], tides[0], residuals, level, forecasts, model, sources, spread_inflation)
