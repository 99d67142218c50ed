"""Simulated radar archive of a real region: floods by hydrodynamics on its terrain, driven by its gauge.

Without radar scenes the teacher has no flood observations. The floods of past storms are then simulated on the
region's terrain and observed by a simulated radar. The result is marked as simulated; its terrain is no better than
the elevation product.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from scipy.ndimage import binary_dilation

from strandline.errors import InputError
from strandline.models.terrain_features import sea_of
from strandline.observations.arrays import Floats, Indices, Mask, Times
from strandline.observations.observations import Observations, Provenance
from strandline.observations.variables import as_variable
from strandline.observations.weather.storm_waves import set_up_at
from strandline.observations.weather.storms import Storm
from strandline.simulator.coast import HOURS_AFTER, HOURS_BEFORE
from strandline.simulator.hydrodynamics import inundation
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.rain_and_rivers import ROOM, SOAKS, rain_and_rivers
from strandline.simulator.landscape.polders import Polders
from strandline.simulator.landscape.terrain import DEEPEST_BED, ReferenceLevels, Terrain
from strandline.simulator.sensors.gauges import SensorQuality, survey_floods
from strandline.simulator.sensors.radar import radar_modalities

LAND_ROUGHNESS, WATER_ROUGHNESS = 0.045, 0.022
"""Manning's n [s m-1/3] of fields and of open water where no land cover is given: Chow (1959), table 5-6."""
CROP_SHARE = 0.6
"""Share of crops where no land cover is given; an assumption."""
_RADAR_HOURS = (2, 14)


def simulate_archive(
    observations: Observations,
    storms: Sequence[Storm],
    n_surveys: int,
    rng: np.random.Generator,
    progress: Callable[[float], None] | None = None,
) -> Observations:
    """A copy with simulated ``sar``, ``sar_reference``, ``flood_survey`` and ``truth`` of the storms.

    Where people surveyed floods, their surveys stay and none is simulated. Rain and rivers flood where they are known;
    waves lift the sea where they are.

    Args:
        observations: terrain and tide gauge; the elevation product is used as the true bed.
        storms: those with a gap of the own gauge within 24 h of the peak are skipped.
        n_surveys: number of storms with a labelled map, drawn at random.
        rng: draws radar conditions and surveys.

    Raises:
        InputError: no gauge, or every storm has a gap.
    """
    gauge = observations.require_gauge()
    level = np.where(gauge["quality"].values[0] == 0, gauge["water_level"].values[0], np.nan)
    window, complete = whole_windows(gauge["time"].values, level, storms)
    hours = np.arange(window.shape[1])
    kept = [storm for storm, is_complete in zip(storms, complete, strict=True) if is_complete]
    terrain = solver_terrain(observations, max(storm.peak_level for storm in kept))
    basin = Basin(terrain.bed, terrain.roughness, terrain.cell_size, terrain.open_boundary)
    sea = np.asarray(level[window], dtype=np.float64)
    sea = sea + set_up_at(observations.waves, sea.max(axis=1))[:, None]
    forcing = Forcing(hours.astype(np.float64) * 3600.0, sea)
    inland = rain_and_rivers(observations, gauge["time"].values, window, terrain.land, terrain.open_boundary)
    if inland.rain is not None:
        soil = np.where(terrain.land, SOAKS, 0.0), np.full(terrain.bed.shape, ROOM)
        basin, forcing = replace(basin, infiltration=soil), replace(forcing, rain=inland.rain)
    if inland.discharge is not None:
        basin, forcing = replace(basin, inflow_cells=inland.cells), replace(forcing, discharge=inland.discharge)
    flood = inundation.inundate(
        basin,
        forcing,
        initial_level=sea[:, 0],
        output_times=(HOURS_BEFORE + np.arange(1.0, HOURS_AFTER + 1)) * 3600.0,
        initially_dry=terrain.land,
        progress=progress,
    )
    return _observe_floods(observations, terrain, kept, flood, n_surveys, rng)


def whole_windows(time: Times, level: Floats, storms: Sequence[Storm]) -> tuple[Indices, Mask]:
    """(E, 49) hours of the record about the peak of each storm that has all of them, and (S,) which storms these are.

    Args:
        time, level: (T,) hourly record [m]; NaN = gap or flagged.

    Raises:
        InputError: every storm has a gap.
    """
    hours = np.arange(HOURS_BEFORE + HOURS_AFTER + 1)
    first = np.searchsorted(time, np.array([storm.peak for storm in storms])) - HOURS_BEFORE
    inside = (first >= 0) & (first + hours[-1] < time.size)
    window = np.where(inside, first, 0)[:, None] + hours
    complete = inside & ~np.isnan(level[window]).any(axis=1)
    if not complete.any():
        raise InputError("tide_gauge", "has gaps in every storm", "give a record with 49 h without a gap at a storm")
    return window[complete], complete


def solver_terrain(observations: Observations, highest: float) -> Terrain:
    """The elevation product as the solver's terrain; NaN is outside the domain.

    Args:
        highest: highest water level of the simulations [m, region datum].
    """
    product = observations.terrain
    bed = product["elevation"].values.astype(np.float64)
    water = product["permanent_water"].values > 0.5
    sea = sea_of(observations.region, product)
    known = ~np.isnan(bed)
    inner = known & ~binary_dilation(~known, structure=np.ones((3, 3)))
    inner[[0, -1], :] = inner[:, [0, -1]] = False
    mean = float(observations.require_gauge()["mean_sea_level"].values[0])
    no_polder = np.zeros(bed.shape, dtype=np.int64)
    no_cell = np.zeros(bed.shape, dtype=bool)
    return Terrain(
        bed=np.where(known, np.maximum(bed, DEEPEST_BED), np.nan),
        permanent_water=water,
        open_boundary=sea & known & ~inner,
        roughness=np.where(water, WATER_ROUGHNESS, LAND_ROUGHNESS),
        polders=Polders(no_polder, no_cell, no_cell, no_polder - 1, np.full(bed.shape, np.nan)),
        crest=np.full(bed.shape, np.nan),
        vegetation=np.where(water, 0.0, CROP_SHARE),
        woody=np.zeros(bed.shape),
        settlement=np.zeros(bed.shape),
        road=no_cell,
        inflow_cell=(0, 0),
        cell_size=observations.region.cell_size,
        levels=ReferenceLevels(mean, mean + 0.5, max(highest, mean + 1.0)),
    )


def within_bounds(terrain: Terrain, lowest: Floats, highest: Floats) -> Terrain:
    """The terrain with its land (H, W) clipped to what past floods show of it.

    A dry cell behind an embankment becomes ground as high as the sea level that it withstood.

    Args:
        lowest, highest: (H, W) of the effective elevation [m, region datum]; infinite where unbounded.
    """
    clipped = np.clip(terrain.bed, np.minimum(lowest, highest), highest)
    return replace(terrain, bed=np.where(terrain.land, clipped, terrain.bed))


def _observe_floods(
    observations: Observations,
    terrain: Terrain,
    storms: Sequence[Storm],
    flood: inundation.Inundation,
    n_surveys: int,
    rng: np.random.Generator,
) -> Observations:
    """Radar scenes 2 to 14 h after each peak, a dry reference and surveys; unknown terrain stays unobserved."""
    region, quality = observations.region, SensorQuality()
    peaks = np.array([storm.peak for storm in storms])
    every = np.arange(len(storms))
    hour = rng.integers(_RADAR_HOURS[0], _RADAR_HOURS[1] + 1, size=len(storms))
    at_scene = np.clip(flood.levels[every, hour - 1] - terrain.bed, 0.0, None)  # (E, H, W)
    grid = {"y": region.y, "x": region.x}
    radar = radar_modalities(terrain, at_scene, peaks + hour.astype("timedelta64[h]"), grid, quality, rng)

    def depths(values: Floats, scene: Indices) -> xr.Dataset:
        variables = {"flood_depth": as_variable("flood_depth", ("scene", "y", "x"), values)}
        return xr.Dataset(variables, {"scene": scene, "time": ("scene", peaks[scene]), **grid})

    surveyed = np.sort(rng.choice(len(storms), size=min(n_surveys, len(storms)), replace=False))
    unknown = np.isnan(flood.max_depth[surveyed])
    seen = survey_floods(np.where(unknown, 0.0, flood.max_depth[surveyed]), quality, rng)
    source = Provenance(
        "simulated",
        "hydrodynamics on this terrain, driven by this gauge, and by rain and rivers where these are known, observed by"
        " a simulated radar",
    )
    simulated = {**radar, "truth": depths(flood.max_depth, every)}
    if observations.flood_survey is None:
        simulated["flood_survey"] = depths(np.where(unknown, np.nan, seen), surveyed)
    provenance = {**observations.provenance, **dict.fromkeys(simulated, source)}
    return replace(observations, provenance=provenance, **simulated)  # type: ignore[arg-type]
