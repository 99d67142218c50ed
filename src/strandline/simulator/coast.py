"""A simulated coast: sea, terrain, floods and sensors, as ``Observations`` with truth."""

import logging
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.observations import Observations, Provenance
from strandline.observations.region import Region
from strandline.observations.variables import DEPTH_EDGES, as_variable
from strandline.observations.weather.storms import Storm
from strandline.simulator.drawn_coast import DrawnCoast, arm_discharge, draw_coast, own_level
from strandline.simulator.exposure.assets import damage_states, draw_exposure
from strandline.simulator.exposure.population import add_population
from strandline.simulator.hydrodynamics import inundation
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.rain_and_rivers import M_PER_MM_H, ROOM, SOAKS
from strandline.simulator.landscape.drainage import draw_sluices
from strandline.simulator.landscape.terrain import (
    Terrain,
    breach,
    elevation_product,
)
from strandline.simulator.sea.sea import SeaRecord
from strandline.simulator.sensors.gauges import (
    SensorQuality,
    observe_gauges,
    observe_loggers,
    place_loggers,
    survey_floods,
)
from strandline.simulator.sensors.optical import BANDS, observe_optical
from strandline.simulator.sensors.radar import radar_modalities
from strandline.simulator.sensors.rain_and_river import observe_rain_and_river

logger = logging.getLogger(__name__)

HOURS_BEFORE, HOURS_AFTER = 24, 24
"""Simulated hours before and after a storm's peak."""
_RADAR_HOURS, _OPTICAL_HOURS = (2, 14), (4, 24)
SIMULATED = Provenance("simulated", "strandline.simulator", "Apache-2.0")
_OBSERVED = (
    "terrain", "tide_gauge", "sar", "sar_reference", "optical", "weather", "weather_forecast", "storms", "river",
    "in_situ", "flood_survey", "assets", "truth",
)  # fmt: skip
"""Order in which the report lists the sources."""


def simulate_coast(
    name: str,
    seed: int,
    *,
    shape: tuple[int, int] = (64, 64),
    cell_size: float = 150.0,
    years: float = 12.0,
    n_storms: int = 40,
    n_surveys: int = 3,
    basin: Literal["bay_of_bengal", "mekong"] | None = None,
    sensors: SensorQuality | None = None,
    inhabited: bool = False,
    compound: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Observations:
    """Simulate a delta: some years of sea level, the flood of each storm, and imperfect observations.

    Args:
        seed: the same seed gives the same coast.
        shape: rows and columns; multiples of ``sensors.optical_factor``.
        cell_size: edge of a cell [m].
        years: length of the gauges' record.
        n_storms: number of simulated storms, the highest of the record.
        n_surveys: number of surveyed storms; storms with larger floods are more likely.
        basin: of the sea; drawn from the seed when None.
        inhabited: whether the survey includes people, roads, refuges and embankments; nothing else changes.
        compound: whether it rains, and the river answers: a storm is then the highest sea, the most rain or the
            greatest discharge of its days, and polders have sluices.
        progress: called with the completed fraction.

    Raises:
        InputError: the record has fewer storms, or the shape is not a multiple of ``sensors.optical_factor``.
    """
    (coast,) = simulate_under_sensors(
        name,
        seed,
        (sensors or SensorQuality(),),
        shape=shape,
        cell_size=cell_size,
        years=years,
        n_storms=n_storms,
        n_surveys=n_surveys,
        basin=basin,
        inhabited=inhabited,
        compound=compound,
        progress=progress,
    )
    return coast


def simulate_under_sensors(
    name: str,
    seed: int,
    sensors: Sequence[SensorQuality],
    *,
    shape: tuple[int, int] = (64, 64),
    cell_size: float = 150.0,
    years: float = 12.0,
    n_storms: int = 40,
    n_surveys: int = 3,
    basin: Literal["bay_of_bengal", "mekong"] | None = None,
    inhabited: bool = False,
    compound: bool = False,
    progress: Callable[[float], None] | None = None,
) -> tuple[Observations, ...]:
    """One coast and its floods, simulated once, as each set of sensors observes them.

    Args:
        sensors: each set draws its errors from the same state, and so sees what `simulate_coast` gives with it. All
            have optical pixels of one size.

    The other arguments, and what is raised, are those of `simulate_coast`.
    """
    if not 0 <= n_surveys <= n_storms:
        raise InputError(f"coast '{name}'", f"{n_surveys} surveys of {n_storms} storms", "survey at most all storms")
    drawn = draw_coast(name, seed, shape, cell_size, years, n_storms, basin, sensors[0], compound=compound)
    beds = np.stack([breach(drawn.terrain, storm.peak_level, drawn.breaches) for storm in drawn.storms])
    flood = _flood(drawn, beds, progress)
    logger.info("coast %s: %d storms, %d cell-steps", name, len(drawn.storms), flood.cell_steps)
    coasts = []
    for quality in sensors:
        coast = _observe(replace(drawn, sensors=deepcopy(drawn.sensors)), beds, flood, n_surveys, quality)
        coasts.append(add_population(coast, drawn.terrain, np.random.default_rng([seed, 5])) if inhabited else coast)
    return tuple(coasts)


def simulate_dry_coast(
    name: str, seed: int, *, shape: tuple[int, int] = (64, 64), years: float = 12.0, n_storms: int = 40
) -> Observations:
    """The terrain, gauges and weather of `simulate_coast` without floods, which take most of the time.

    Gauge gaps differ from those of `simulate_coast`. The truth is level and surge at the own gauge, and storm peaks.
    """
    quality = SensorQuality()
    drawn = draw_coast(name, seed, shape, 150.0, years, n_storms, None, quality)
    sea, peaks = drawn.sea, np.array([storm.peak for storm in drawn.storms])
    modalities = {
        "terrain": _elevation_modality(drawn.region, drawn.terrain, drawn.sensors),
        "tide_gauge": observe_gauges(sea.tide_gauge, peaks, quality, drawn.sensors),
        "weather": sea.weather,
        "weather_forecast": drawn.forecasts,
        "truth": _truth_at_gauge(sea, drawn.storms, drawn.terrain),
    }
    provenance = dict.fromkeys(modalities, SIMULATED)
    return Observations(drawn.region, provenance=provenance, findings=(), files=(), waves=None, **modalities)


def _flood(drawn: DrawnCoast, beds: Floats, progress: Callable[[float], None] | None) -> inundation.Inundation:
    """Simulate every storm from 24 h before to 24 h after its peak; levels are stored hourly after the peak."""
    terrain, (time, level) = drawn.terrain, own_level(drawn.sea)
    hours = np.arange(HOURS_BEFORE + HOURS_AFTER + 1)
    first = np.searchsorted(time, np.array([storm.peak for storm in drawn.storms])) - HOURS_BEFORE
    window = first[:, None] + hours  # (E, T)
    domain = Basin(beds, terrain.roughness, terrain.cell_size, terrain.open_boundary, (terrain.inflow_cell,))
    seconds, discharge = hours.astype(np.float64) * 3600.0, arm_discharge(drawn.sea)[window][:, :, None]
    forcing = Forcing(seconds, level[window], discharge=discharge)
    if drawn.sea.rain is not None:
        soil = np.where(terrain.land, SOAKS, 0.0), np.full(terrain.bed.shape, ROOM)
        domain = replace(domain, structures=draw_sluices(terrain), infiltration=soil)
        forcing = replace(forcing, rain=drawn.sea.rain.values[window] * M_PER_MM_H)
    return inundation.inundate(
        domain,
        forcing,
        initial_level=level[window[:, 0]],
        output_times=np.asarray(hours[HOURS_BEFORE + 1 :] * 3600.0, dtype=np.float64),
        initially_dry=terrain.land,
        progress=progress,
    )


def _observe(
    drawn: DrawnCoast, beds: Floats, flood: inundation.Inundation, n_surveys: int, quality: SensorQuality
) -> Observations:
    """Observations of the simulated storms by all sensors, with the truth."""
    region, terrain, sea, storms, rng = drawn.region, drawn.terrain, drawn.sea, drawn.storms, drawn.sensors
    peaks = np.array([storm.peak for storm in storms])
    every = np.arange(len(storms))
    grid = {"y": region.y, "x": region.x}
    max_depth = np.clip(flood.max_depth, 0.0, 30.0)

    def depth_at(hour: npt.NDArray[np.int64]) -> Floats:
        return np.clip(flood.levels[every, hour - 1] - beds, 0.0, None)  # (E, H, W)

    def scenes(hour: npt.NDArray[np.int64]) -> dict[str, object]:
        return {"scene": every, "time": ("scene", peaks + hour.astype("timedelta64[h]"))}

    radar_hour = rng.integers(_RADAR_HOURS[0], _RADAR_HOURS[1] + 1, size=len(storms))
    optical_hour = rng.integers(_OPTICAL_HOURS[0], _OPTICAL_HOURS[1] + 1, size=len(storms))
    radar_time = peaks + radar_hour.astype("timedelta64[h]")
    modalities = radar_modalities(terrain, depth_at(radar_hour), radar_time, grid, quality, rng)
    maps = ("scene", "y", "x")
    factor = quality.optical_factor
    reflectance = observe_optical(terrain, depth_at(optical_hour), factor, quality.cloud_cover, rng)
    modalities["optical"] = xr.Dataset(
        {band: as_variable(band, maps, reflectance[:, index]) for index, band in enumerate(BANDS)},
        {
            **scenes(optical_hour),
            "y": region.y.reshape(-1, factor).mean(axis=1),
            "x": region.x.reshape(-1, factor).mean(axis=1),
        },
    )
    row, column = place_loggers(terrain, quality.loggers, rng)
    readings = observe_loggers(depth_at(radar_hour), row, column, quality, rng)
    modalities["in_situ"] = xr.Dataset(
        {"flood_depth": as_variable("flood_depth", ("scene", "point"), readings)},
        {
            **scenes(radar_hour),
            "point": np.arange(quality.loggers),
            "x": ("point", region.x[column]),
            "y": ("point", region.y[row]),
        },
    )
    if n_surveys:
        share = ((max_depth >= DEPTH_EDGES[0]) & terrain.land).sum(axis=(1, 2)) / terrain.land.sum()
        weight = (0.02 + share) / (0.02 + share).sum()
        surveyed = np.sort(rng.choice(len(storms), size=n_surveys, replace=False, p=weight))
        depth = survey_floods(max_depth[surveyed], quality, rng)
        modalities["flood_survey"] = xr.Dataset(
            {"flood_depth": as_variable("flood_depth", maps, depth)},
            {"scene": surveyed, "time": ("scene", peaks[surveyed]), **grid},
        )
    modalities["terrain"] = _elevation_modality(region, terrain, rng)
    last_year = int(pd.Timestamp(sea.tide_gauge["time"].values[-1]).year)
    exposure = draw_exposure(terrain, region, last_year - 4, quality, rng)
    truth = _truth_at_gauge(sea, storms, terrain).assign_coords(
        {"asset": exposure.survey["asset_id"].to_numpy(dtype=str), **grid}
    )
    modalities["truth"] = truth.assign(
        {
            "flood_depth": as_variable("flood_depth", maps, max_depth),
            "elevation": as_variable("elevation", ("y", "x"), terrain.bed),
            "breached": (maps, beds < terrain.bed - 0.1),
            "damage_state": (("scene", "asset"), damage_states(exposure, max_depth, rng)),
        }
    ).assign_attrs(assets_unknown_to_survey=exposure.unknown)
    modalities |= {
        "tide_gauge": observe_gauges(sea.tide_gauge, peaks, quality, rng), "weather": sea.weather,
        "weather_forecast": drawn.forecasts, "storms": sea.storms
    }  # fmt: skip
    if sea.rain is not None:
        modalities |= observe_rain_and_river(sea, rng)._asdict()
    provenance = {name: SIMULATED for name in _OBSERVED if name == "assets" or name in modalities}
    return Observations(
        region, assets=exposure.survey, provenance=provenance, findings=(), files=(), waves=None, **modalities
    )


def _elevation_modality(region: Region, terrain: Terrain, rng: np.random.Generator) -> xr.Dataset:
    """Modality ``terrain``, from an elevation product."""
    elevation, error = elevation_product(terrain, rng)
    return xr.Dataset(
        {
            "elevation": as_variable("elevation", ("y", "x"), elevation),
            "permanent_water": as_variable("permanent_water", ("y", "x"), terrain.permanent_water.astype(float)),
            "elevation_error": as_variable("elevation_error", ("y", "x"), np.full(elevation.shape, error)),
        },
        {"y": region.y, "x": region.x},
    )


def _truth_at_gauge(sea: SeaRecord, storms: list[Storm], terrain: Terrain) -> xr.Dataset:
    """Hourly level and surge at the own gauge, and the storms' peaks."""
    return xr.Dataset(
        {
            "water_level": as_variable("water_level", ("hour",), sea.tide_gauge["water_level"].values[0]),
            "surge": as_variable("surge", ("hour",), sea.surge.values[0]),
        },
        {
            "scene": np.arange(len(storms)),
            "time": ("scene", np.array([storm.peak for storm in storms])),
            "peak_level": ("scene", [storm.peak_level for storm in storms]),
            "hour": sea.tide_gauge["time"].values,
        },
        {"design_level": terrain.levels.design, "mean_sea_level": terrain.levels.mean_sea_level},
    )
