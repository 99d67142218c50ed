"""Simulated tide gauges, depth loggers and flood surveys, with errors and gaps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.ndimage import distance_transform_edt

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.simulator.landscape.random_fields import correlated_noise
from strandline.simulator.landscape.terrain import Terrain


@dataclass(frozen=True)
class SensorQuality:
    """Quality of all simulated observations; the defaults describe a data-poor region.

    Attributes:
        radar_looks: equivalent number of looks of a radar cell [-].
        radar_reference_scenes: dry-season scenes behind the reference; 0 = no reference.
        cloud_cover: mean cover of an optical scene [-].
        optical_factor: edge of an optical pixel [cells].
        gauge_noise: standard deviation of an hourly reading [m].
        gauge_gaps_per_year, gauge_gap_hours: number and mean length of the gaps of a gauge.
        gauge_dropout_at_peak: probability of a gap that contains a storm's peak [-].
        gauge_datum_offset: standard deviation of a gauge's unknown datum error [m].
        loggers: number of depth loggers in the floodplain.
        logger_dropout: probability that a reading is missing; twice that in water deeper than 1.5 m [-].
        unsurveyed: least and greatest share of a flood survey that is missing [-].
        asset_missing: share of the assets missing in the survey [-].
        asset_gone: share of the surveyed assets that no longer exist [-].
        asset_shift: standard deviation of a surveyed position [m].
    """

    radar_looks: float = 12.0
    radar_reference_scenes: int = 12
    cloud_cover: float = 0.7
    optical_factor: int = 4
    gauge_noise: float = 0.02
    gauge_gaps_per_year: float = 6.0
    gauge_gap_hours: float = 40.0
    gauge_dropout_at_peak: float = 0.3
    gauge_datum_offset: float = 0.10
    loggers: int = 8
    logger_dropout: float = 0.15
    unsurveyed: tuple[float, float] = (0.1, 0.3)
    asset_missing: float = 0.15
    asset_gone: float = 0.05
    asset_shift: float = 25.0

    def __post_init__(self) -> None:
        shares = ("cloud_cover", "gauge_dropout_at_peak", "logger_dropout", "asset_missing", "asset_gone")
        for name in shares:
            if not 0.0 <= getattr(self, name) < 1.0:
                raise InputError("sensor quality", f"{name} is {getattr(self, name)}", "give a share from 0 to below 1")
        if not 0.0 <= self.unsurveyed[0] <= self.unsurveyed[1] < 1.0:
            raise InputError("sensor quality", f"unsurveyed is {self.unsurveyed}", "give two ascending shares below 1")
        if self.radar_looks <= 0 or self.radar_reference_scenes < 0 or self.optical_factor < 1 or self.loggers < 1:
            raise InputError("sensor quality", "looks, factor or loggers are not positive", "give numbers above 0")


def observe_gauges(
    tide_gauge: xr.Dataset, peaks: Times, quality: SensorQuality, rng: np.random.Generator
) -> xr.Dataset:
    """Gauge readings with noise, a datum error for each gauge, and gaps as NaN.

    Args:
        tide_gauge: true levels, modality ``tide_gauge``.
        peaks: times of the storms' peaks; each gauge fails at each with probability
            ``quality.gauge_dropout_at_peak``, from up to 8 h before the peak to some hours or days after it.

    The coordinate ``mean_sea_level`` includes the datum error.
    """
    level = np.asarray(tide_gauge["water_level"].values, dtype=np.float64)
    stations, hours = level.shape
    offset: Floats = quality.gauge_datum_offset * rng.standard_normal((stations,))
    observed: Floats = level + offset[:, None] + quality.gauge_noise * rng.standard_normal(level.shape)
    position = np.searchsorted(tide_gauge["time"].values, peaks)
    years = hours / HOURS_PER_YEAR
    for station in range(stations):
        for start in rng.integers(0, hours, size=rng.poisson(quality.gauge_gaps_per_year * years)):
            observed[station, start : start + 1 + int(rng.exponential(quality.gauge_gap_hours))] = np.nan
        for peak in position:
            fails, before, after = rng.random(), rng.integers(0, 9), 4 + int(rng.exponential(24.0))
            if fails < quality.gauge_dropout_at_peak:
                observed[station, max(peak - before, 0) : peak + after] = np.nan
    result = tide_gauge.copy()
    result["water_level"] = tide_gauge["water_level"].copy(data=observed)
    return result.assign_coords(mean_sea_level=("station", tide_gauge["mean_sea_level"].values + offset))


def place_loggers(terrain: Terrain, count: int, rng: np.random.Generator) -> tuple[npt.NDArray, npt.NDArray]:
    """Rows and columns of loggers, spread over the fields behind the embankments.

    Each is the farthest of 12 random candidates from the loggers already placed.
    """
    fields = terrain.land & (terrain.polders.identity > 0) & ~terrain.polders.embankment & ~terrain.road
    field_cells = np.argwhere(fields)
    if len(field_cells) < count:
        field_cells = np.argwhere(terrain.land & ~terrain.polders.embankment)
    taken = np.zeros(terrain.bed.shape, dtype=bool)
    chosen: list[npt.NDArray[np.int64]] = []
    for _ in range(count):
        candidates = field_cells[rng.choice(len(field_cells), size=min(12, len(field_cells)), replace=False)]
        if chosen:
            distance = distance_transform_edt(~taken)
            best = candidates[int(np.argmax([distance[tuple(cell)] for cell in candidates]))]
        else:
            best = candidates[0]
        taken[tuple(best)] = True
        chosen.append(best)
    cells = np.array(chosen)
    return cells[:, 0], cells[:, 1]


def observe_loggers(
    depth: Floats, rows: npt.NDArray, columns: npt.NDArray, quality: SensorQuality, rng: np.random.Generator
) -> Floats:
    """Depth readings [m] (E, P) from the depths at scene times (E, H, W); NaN = no reading."""
    true = depth[:, rows, columns]
    reading = np.clip(true + 0.03 * rng.standard_normal(true.shape), 0.0, None)
    probability = quality.logger_dropout * np.where(true > 1.5, 2.0, 1.0)
    return np.where(rng.random(true.shape) < probability, np.nan, reading)


def survey_floods(max_depth: Floats, quality: SensorQuality, rng: np.random.Generator) -> Floats:
    """Surveyed greatest depth [m] (E, H, W), with an error of 0.05 m; NaN in unvisited patches."""
    surveyed = np.empty_like(max_depth)
    for index, depth in enumerate(max_depth):
        field = correlated_noise(depth.shape, 5.0, rng)
        unseen = field < np.quantile(field, rng.uniform(*quality.unsurveyed))
        error = np.where(depth > 0.02, 0.05 * rng.standard_normal(depth.shape), 0.0)
        surveyed[index] = np.where(unseen, np.nan, np.clip(depth + error, 0.0, None))
    return surveyed
