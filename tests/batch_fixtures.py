"""A batch with every stream, drawn at random, and a tiny coast made by hand: no file, no simulator."""

import geopandas as gpd
import numpy as np
import torch
import xarray as xr
from shapely import Point

from strandline.batch import CONTEXT_HOURS, LEADS, TIDE_HOURS, TIDE_MODES, Batch
from strandline.observations import CURVE_CLASSES, Observations, Provenance
from strandline.region import Region
from strandline.tide_and_weather import TideAndWeather
from strandline.tides import FittedTide, TidalConstants
from strandline.vocabulary import as_variable

HOUR = np.timedelta64(1, "h")
MEAN_SEA_LEVEL = 0.2
REGION = Region(
    "Handmade", "EPSG:32633", (500000.0, 5000000.0, 501600.0, 5001600.0), 100.0, "chart datum", (500050.0, 5000850.0),
    "europe",
)  # fmt: skip
"""16 × 16 cells; the sea is in the west."""
HERE = Provenance("real", "made by hand for a test")


def make_batch(samples: int = 3, shape: tuple[int, int] = (16, 24), stations: int = 3, seed: int = 0) -> Batch:
    """Every modality and every target, with holes in each; zeros stand behind the holes."""
    draw = torch.Generator().manual_seed(seed)
    rows, columns = shape

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=draw)

    def mask(*size: int) -> torch.Tensor:
        return torch.rand(*size, generator=draw) < 0.7

    def grid(channels: int) -> tuple[torch.Tensor, torch.Tensor]:
        seen = mask(samples, rows, columns)
        return normal(samples, channels, rows, columns) * seen[:, None], seen

    gauge_seen, climate_seen = mask(samples, stations, CONTEXT_HOURS), mask(samples, 6)
    terrain, terrain_seen = grid(4)
    water = terrain_seen & (torch.rand(samples, rows, columns, generator=draw) < 0.2)
    terrain[:, 2], terrain[:, 3] = water.float(), terrain[:, 3].abs()
    radar, radar_seen = grid(4)
    optical, optical_seen = grid(3)
    in_situ, in_situ_seen = grid(1)
    asset_seen = mask(samples, 5)
    cell = torch.stack(
        [
            torch.randint(rows, (samples, 5), generator=draw),
            torch.randint(columns, (samples, 5), generator=draw),
        ],
        dim=-1,
    )
    return Batch(
        gauge=normal(samples, stations, CONTEXT_HOURS) * gauge_seen,
        gauge_seen=gauge_seen,
        tide=normal(samples, TIDE_HOURS) * 0.5,
        tide_modes=normal(samples, TIDE_HOURS, TIDE_MODES) * 0.01,
        weather=torch.exp(-torch.arange(TIDE_HOURS) / (10 + 40 * torch.rand(samples, 1, generator=draw))) * 0.04,
        season=normal(samples, 2),
        terrain=terrain,
        terrain_seen=terrain_seen,
        radar=radar,
        radar_seen=radar_seen,
        optical=optical,
        optical_seen=optical_seen,
        in_situ=in_situ,
        in_situ_seen=in_situ_seen,
        climate=normal(samples, 6, 5) * climate_seen[..., None],
        climate_seen=climate_seen,
        climate_hours=torch.arange(-72.0, 72.0, 24.0).expand(samples, 6).clone(),
        asset_cell=cell * asset_seen[..., None],
        asset_class=torch.randint(len(CURVE_CLASSES), (samples, 5), generator=draw),
        asset_seen=asset_seen,
        flood_class=torch.randint(5, (samples, rows, columns), generator=draw),
        flood_valid=mask(samples, rows, columns) & terrain_seen,
        surge=normal(samples, LEADS) * 0.3,
        surge_valid=mask(samples, LEADS),
        damage_state=torch.randint(5, (samples, 5), generator=draw),
        damage_valid=mask(samples, 5) & asset_seen,
    )


def gauges_alone(batch: Batch) -> Batch:
    """The same samples without maps, as surge windows are."""
    names = ("gauge", "gauge_seen", "tide", "tide_modes", "weather", "season", "surge", "surge_valid")
    return Batch(**{name: getattr(batch, name) for name in names})


def ground() -> np.ndarray:
    """(16, 16) [m]: three columns of sea, a plain that rises eastwards, a dike in column 3 with a gap in row 8."""
    elevation = np.tile(np.r_[-4.0, -4.0, -4.0, 3.0, np.linspace(0.4, 2.6, 12)], (16, 1))
    elevation[8, 3] = 0.3
    elevation[0:2, 13:] = np.nan
    return elevation


def make_terrain(elevation: np.ndarray | None = None) -> xr.Dataset:
    bed = ground() if elevation is None else elevation
    return xr.Dataset(
        {
            "elevation": as_variable("elevation", ("y", "x"), bed),
            "permanent_water": as_variable("permanent_water", ("y", "x"), (bed < -1.0).astype(float)),
        },
        {"y": REGION.y, "x": REGION.x},
    )


def hours(days: int, start: str = "2020-01-01T00") -> np.ndarray:
    return (np.datetime64(start, "h") + np.arange(24 * days)).astype("datetime64[ns]")


def make_sea(**amplitude: float) -> TideAndWeather:
    """A tide known for certain, of M2 alone where nothing else is given [m], and weather of 0.2 m that lasts a day."""
    amplitude = amplitude or {"M2": 0.5}
    constants = TidalConstants("here", 45.2, "made by hand", amplitude, dict.fromkeys(amplitude, 30.0))
    weather = 0.2**2 * np.exp(-np.arange(TIDE_HOURS) / 24)
    return TideAndWeather(FittedTide(constants, 0.0, np.zeros((2 * len(amplitude) + 1, 0))), weather)


def make_tide(time: np.ndarray) -> np.ndarray:
    """Predicted tide [m about mean sea level] of the hand-made gauge."""
    return make_sea().tide(time)


def make_gauge(time: np.ndarray, surge: np.ndarray, neighbours: int = 1) -> xr.Dataset:
    """Own gauge: mean sea level + tide + surge [m, region datum]; each neighbour is a few centimetres higher."""
    own = MEAN_SEA_LEVEL + make_tide(time) + surge
    level = own + 0.05 * np.arange(1 + neighbours)[:, None]
    names = [f"gauge {i}" for i in range(1 + neighbours)]
    return xr.Dataset(
        {
            "water_level": as_variable("water_level", ("station", "time"), level),
            "quality": as_variable("quality", ("station", "time"), np.zeros(level.shape)),
        },
        {
            "station": names,
            "time": time,
            "longitude": ("station", np.full(len(names), 15.0)),
            "latitude": ("station", np.full(len(names), 45.2)),
            "mean_sea_level": ("station", MEAN_SEA_LEVEL + 0.05 * np.arange(1 + neighbours)),
        },
    )


def bell(time: np.ndarray, peaks: list[np.datetime64], height: float = 1.5, width_h: float = 8.0) -> np.ndarray:
    """Surges [m] that rise and fall around each peak."""
    since = np.stack([(time - peak) / HOUR for peak in peaks])
    return height * np.exp(-((since / width_h) ** 2)).sum(axis=0)


def scenes(time: list[np.datetime64], **values: np.ndarray) -> xr.Dataset:
    """Maps (scene, y, x) on the region's grid."""
    dims = ("scene", "y", "x")
    stamps = np.array(time, dtype="datetime64[ns]")
    return xr.Dataset(
        {name: as_variable(name, dims, value) for name, value in values.items()},
        {"scene": np.arange(len(time)), "time": ("scene", stamps), "y": REGION.y, "x": REGION.x},
    )


def make_assets() -> gpd.GeoDataFrame:
    """A house on low ground, a shop on high ground, a farm outside."""
    return gpd.GeoDataFrame(
        {
            "asset_id": ["house", "shop", "farm"],
            "asset_class": ["residential", "commercial", "agriculture"],
            "value": [1e5, 2e5, 3e5],
            "survey_year": [2015] * 3,
        },
        geometry=[Point(500450, 5000850), Point(501550, 5000050), Point(0, 0)],
        crs=REGION.crs,
    )


def make_place(days: int = 40, peaks: tuple[str, ...] = ("2020-01-10T06", "2020-01-25T18")) -> Observations:
    """Terrain, two gauges and assets, with a surge at each peak."""
    time = hours(days)
    surge = bell(time, [np.datetime64(peak, "ns") for peak in peaks])
    return Observations(
        REGION,
        make_terrain(),
        {"terrain": HERE, "tide_gauge": HERE, "assets": HERE},
        tide_gauge=make_gauge(time, surge),
        assets=make_assets(),
    )
