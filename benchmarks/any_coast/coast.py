"""The land of a place and what satellites see of it: a simulated delta, laid on the real box."""

from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
import xarray as xr
from pyproj import Transformer

from benchmarks.any_coast.places import STAND_IN, Place
from benchmarks.any_coast.sea import MEAN_SEA_LEVEL, PlaceSea, days_before
from strandline.observations.arrays import Floats, Times
from strandline.observations.fetch.raster_access.grid import utm_zone
from strandline.observations.observations import Observations, Provenance
from strandline.observations.region import Region
from strandline.observations.variables import as_variable
from strandline.observations.weather.storms import find_storms
from strandline.simulator.drawn_coast import DIRECTION
from strandline.simulator.exposure.assets import draw_exposure
from strandline.simulator.exposure.population import add_population
from strandline.simulator.hydrodynamics import inundation
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.landscape.terrain import (
    ReferenceLevels,
    Terrain,
    breach,
    draw_terrain,
    elevation_product,
)
from strandline.simulator.sensors.gauges import SensorQuality
from strandline.simulator.sensors.optical import observe_optical
from strandline.simulator.sensors.radar import draw_texture, observe_radar

MARGIN = 1200.0
"""[m] Around the box: more than a fetch reads beyond it."""
_HOURS = 38
"""Simulated before a radar scene [h]."""
_RADAR_YEARS, _OPTICAL_YEARS, _OPTICAL_SCENES = 5, 2, 8
_PASSES = np.array([0, 60, 144, 204], dtype="timedelta64[h]")
"""Hours between a satellite pair's passes in its cycle of 12 days: two orbits of each; an assumption."""
_DAWN = 6.0
"""[h] Local solar time of Sentinel-1's passes, there and twelve hours later."""
PEOPLE_PER_HOME = 4.3
_HOMES_PER_CELL = 22.0
"""Of a village's densest cell of 4 ha; an assumption."""


@dataclass(frozen=True, eq=False)
class Scenes:
    """Scenes of one satellite. ``bands`` → (E, H, W); ``time`` (E,) UTC."""

    time: Times
    bands: dict[str, Floats]


@dataclass(frozen=True, eq=False)
class PlaceCoast:
    """A simulated delta at a real box, and what is seen of it; maps are (H, W), row 0 in the north.

    Attributes:
        region: its grid.
        elevation: as a global product has it: the sea flat at 0, no bed [m, EGM2008].
        radar: ``vv``, ``vh`` in linear power. optical: reflectance, and ``cloud`` (1, else 0).
        buildings: footprints with ``floors`` (NaN = not stated) and ``subtype``, in degrees.
        lifelines: roads, bridges, refuges and embankments, in degrees.
    """

    region: Region
    terrain: Terrain
    elevation: Floats
    radar: Scenes
    optical: Scenes
    buildings: gpd.GeoDataFrame
    lifelines: gpd.GeoDataFrame


def simulate_place_coast(place: Place, sea: PlaceSea, until: date) -> PlaceCoast:
    """The delta of a place; the same seed and sea give the same."""
    terrain_rng, breach_rng, sensor_rng, people_rng = (
        np.random.default_rng([place.seed, part]) for part in (2, 3, 4, 5)
    )
    region = _region(place)
    terrain = draw_terrain(region.shape, place.cell_size, _levels(sea), terrain_rng, place.seaward)
    product, _ = elevation_product(terrain, sensor_rng)
    return PlaceCoast(
        region,
        terrain,
        np.where(terrain.permanent_water, 0.0, product),
        _radar(place, terrain, sea, until, breach_rng, sensor_rng),
        _optical(terrain, sea, until, sensor_rng),
        draw_buildings(terrain, region, people_rng),
        _lifelines(terrain, region, until, people_rng),
    )


def _region(place: Place) -> Region:
    """The grid of a place, a little larger than its box."""
    crs, cell = f"EPSG:{utm_zone(*place.box.centre)}", place.cell_size
    bounds = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform_bounds(*place.box.bounds)
    left, bottom = (float(np.floor((edge - MARGIN) / cell) * cell) for edge in bounds[:2])
    right, top = (float(np.ceil((edge + MARGIN) / cell) * cell) for edge in bounds[2:])
    facing = np.deg2rad(DIRECTION[place.seaward])
    x = (left + right) / 2 + np.sin(facing) * ((right - left) / 2 - cell / 2)
    y = (bottom + top) / 2 + np.cos(facing) * ((top - bottom) / 2 - cell / 2)
    return Region(place.title, crs, (left, bottom, right, top), cell, "EGM2008", (float(x), float(y)), "asia")


def _levels(sea: PlaceSea) -> ReferenceLevels:
    """As for any simulated coast: high water is exceeded twice a year, the embankments' design once in three."""
    years = (sea.time[-1] - sea.time[0]) / np.timedelta64(8766, "h")
    peaks = np.sort([storm.peak_level for storm in find_storms(sea.time, sea.level[0], max(6, round(2 * years)))])
    high, design = float(peaks[0]), float(peaks[-1 - min(round(0.3 * years), len(peaks) - 2)])
    return ReferenceLevels(MEAN_SEA_LEVEL, high, max(design, high + 0.3))


def _radar(
    place: Place, terrain: Terrain, sea: PlaceSea, until: date, breaches: np.random.Generator, rng: np.random.Generator
) -> Scenes:
    """Of all passes of five years those at the highest sea and some others, each with the water of its hour."""
    hour = pass_hours(sea.time, days_before(until, _RADAR_YEARS), place.box.centre[0])
    order = np.argsort(-sea.level[0][hour])
    others = rng.choice(order[place.storms :], size=place.quiet, replace=False)
    chosen = np.sort(hour[np.concatenate([order[: place.storms], others])])
    window = chosen[:, None] - _HOURS + np.arange(_HOURS + 1)  # (E, T)
    level = sea.level[0][window]
    beds = np.stack([breach(terrain, float(each.max()), breaches) for each in level])
    flood = inundation.inundate(
        Basin(beds, terrain.roughness, terrain.cell_size, terrain.open_boundary),
        Forcing(np.arange(_HOURS + 1, dtype=np.float64) * 3600.0, level),
        initial_level=level[:, 0],
        output_times=np.array([_HOURS * 3600.0]),
        initially_dry=terrain.land,
    )
    depth = np.clip(flood.levels[:, 0] - beds, 0.0, None)  # (E, H, W)
    decibel = observe_radar(terrain, depth, SensorQuality().radar_looks, draw_texture(terrain, rng), rng)
    return Scenes(sea.time[chosen], {name: 10 ** (band / 10) for name, band in zip(("vv", "vh"), decibel, strict=True)})


def pass_hours(time: Times, since: date, longitude: float) -> npt.NDArray[np.int64]:
    """Indices of the hours at which a radar satellite passes, with a day and a half of record before them.

    Args:
        longitude: of the place [degrees], for its solar time.
    """
    start = max(np.datetime64(since, "D"), time[_HOURS].astype("datetime64[D]") + 1)
    cycles = np.arange(start, time[-1].astype("datetime64[D]"), 12).astype("datetime64[h]")
    dawn = np.timedelta64(round(_DAWN - longitude / 15.0) % 24, "h")
    passes = np.sort((cycles[:, None] + dawn + _PASSES).ravel())
    hour = np.searchsorted(time, passes)
    return hour[hour < time.size]


def _optical(terrain: Terrain, sea: PlaceSea, until: date, rng: np.random.Generator) -> Scenes:
    """Scenes of the last two years, most of them in the dry season, with the sea of their hour and no floods."""
    first = max(int(np.searchsorted(sea.time, np.datetime64(days_before(until, _OPTICAL_YEARS), "ns"))), 0)
    hour = np.sort(rng.choice(np.arange(first, sea.time.size), size=_OPTICAL_SCENES, replace=False))
    level = sea.level[0][hour][:, None, None]
    depth = np.where(terrain.permanent_water, np.clip(level - terrain.bed, 0.0, None), 0.0)
    seen = observe_optical(terrain, depth, 1, 0.3, rng)  # (E, 3, H, W)
    cloud = np.isnan(seen[:, 0])
    bright = np.where(np.isnan(seen), 0.45, np.maximum(seen, 0.001))
    names = ("green", "near_infrared", "shortwave_infrared")
    bands = {name: bright[:, number] for number, name in enumerate(names)}
    return Scenes(sea.time[hour], {**bands, "cloud": cloud.astype(float)})


def draw_buildings(terrain: Terrain, region: Region, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Footprints in the villages."""
    density = np.where(terrain.land & (terrain.settlement > 0.1), terrain.settlement, 0.0)
    share = region.cell_size**2 / 40_000.0
    rows, columns = np.indices(density.shape)
    count = rng.poisson(_HOMES_PER_CELL * share * density).ravel()
    row, column = np.repeat(rows.ravel(), count), np.repeat(columns.ravel(), count)
    x = region.x[column] + rng.uniform(-0.5, 0.5, row.size) * region.cell_size
    y = region.y[row] + rng.uniform(-0.5, 0.5, row.size) * region.cell_size
    wide, deep = rng.uniform(3.0, 7.0, (2, row.size))
    shapes = shapely.box(x - wide, y - deep, x + wide, y + deep)
    kinds = rng.choice(["", "residential", "education", "commercial", "industrial"], row.size,
                       p=(0.7, 0.24, 0.01, 0.04, 0.01))  # fmt: skip
    floors = np.where(rng.random(row.size) < 0.1, 2.0, np.nan)
    frame = gpd.GeoDataFrame({"subtype": kinds, "floors": floors}, geometry=shapes, crs=region.crs)
    return frame.to_crs("EPSG:4326")


def _lifelines(terrain: Terrain, region: Region, until: date, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Roads, bridges, refuges and embankments of an inhabited coast, named as stand-ins."""
    survey = draw_exposure(terrain, region, until.year, SensorQuality(), rng).survey
    grid = {"y": region.y, "x": region.x}
    maps = {
        "elevation": as_variable("elevation", ("y", "x"), terrain.bed),
        "permanent_water": as_variable("permanent_water", ("y", "x"), terrain.permanent_water.astype(float)),
    }
    coast = Observations(
        region,
        terrain=xr.Dataset(maps, grid),
        assets=survey,
        truth=xr.Dataset(coords={"asset": survey["asset_id"].to_numpy(dtype=str)}),
        provenance=dict.fromkeys(("terrain", "assets", "truth"), Provenance("simulated", STAND_IN)),
        findings=(),
    )
    assets = add_population(coast, terrain, rng).require_assets()
    kinds = ("road", "bridge", "hospital", "shelter", "embankment")
    return assets[assets["asset_class"].isin(kinds)].to_crs("EPSG:4326").reset_index(drop=True)
