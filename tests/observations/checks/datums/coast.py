"""A low coast whose sea, ground and maxima agree, with a shift of each to make them disagree."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr

from strandline.observations.checks.cross_checks import Published
from strandline.observations.checks.datums import check_datums
from strandline.observations.checks.findings import Finding
from strandline.observations.region_file import RegionFile

TIDE, STORM = 0.6, 1.3
"""Amplitude of the tide and height of the storms [m]."""
SIZE = 40
DAYS = 120
TIME = (np.datetime64("2022-10-01", "h") + np.arange(DAYS * 24)).astype("datetime64[ns]")
WINDOW = (datetime(2022, 10, 1, tzinfo=UTC), datetime(2023, 1, 29, tzinfo=UTC))


@cache
def sea_levels(stations: int, mean: float = 0.0) -> np.ndarray:
    """(S, T) hourly levels [m]: a tide, weather, and a storm every 40 days; neighbours differ by centimetres."""
    hour = np.arange(TIME.size)
    rng = np.random.default_rng(5)
    weather = np.convolve(rng.normal(0.0, 0.1, hour.size + 71), np.full(72, 1 / np.sqrt(72)), "valid")
    storms = sum(STORM * np.exp(-(((hour - 24 * day) / 10.0) ** 2)) for day in (20, 60, 100))
    level = mean + TIDE * np.cos(2 * np.pi * hour / 12.42) + weather + storms
    return np.stack([level + 0.03 * station for station in range(stations)])


@cache
def ground(mean: float = 0.0) -> np.ndarray:
    """(40, 40) [m]: ten columns of sea, a levee at twice mean high water, and lower land behind it."""
    rng = np.random.default_rng(6)
    profile = np.r_[np.full(10, -3.0), np.full(4, 2.0 * TIDE), np.linspace(0.8 * TIDE, 3.0 * TIDE, SIZE - 14)]
    rough = rng.normal(0.0, 0.3, (SIZE, SIZE))
    rough[:, :10] = 0.0
    return mean + profile + rough


def region_file(
    kind: str = "local", mean: float = 0.0, accepted: tuple[dict[str, str], ...] = (), window: bool = False
) -> RegionFile:
    datum: dict[str, object] = {"name": "the zero", "kind": kind}
    if kind == "mean sea level":
        datum["epoch"] = (2010, 2020)
    gauge = {
        "paths": "levels.csv", "format": "wide", "columns": {"time": "time", "level": "level"}, "unit": "m",
        "time_zone": "UTC", "vertical_datum": "region", "latitude": 10.0, "minimum_share": 0.5,
        "mean_sea_level": WINDOW if window else mean,
    }  # fmt: skip
    extremes = {
        "source": "harbour book", "path": "maxima.csv", "year": "year", "maximum": "level", "unit": "m",
        "trend": False, "vertical_datum": "region",
    }  # fmt: skip
    return RegionFile.model_validate(
        {
            "region": {
                "name": "Lowshore", "crs": "EPSG:32648", "bounds": (0.0, 0.0, 4000.0, 4000.0), "cell_size": 100.0,
                "vertical_datum": datum, "sea_point": (50.0, 2050.0), "continent": "asia",
            },
            "terrain": {
                "path": "dem.tif", "vertical_datum": "region", "elevation_error": 1.0,
                "permanent_water": {"path": "water.tif"},
            },
            "tide_gauge": [gauge | {"name": name, "longitude": 105.0 + i / 10} for i, name in enumerate("ABC")],
            "extremes": extremes,
            "accepted": accepted,
        },
        context={"data": Path()},
    )  # fmt: skip


def check(
    stated: RegionFile,
    *,
    mean: float = 0.0,
    gauges: tuple[float, ...] = (0.0, 0.0, 0.0),
    terrain: float = 0.0,
    maxima: float = 0.0,
) -> tuple[Finding, ...]:
    """The findings, with each data set shifted by so many metres against what is right."""
    level = sea_levels(3, mean) + np.array(gauges)[:, None]
    window = isinstance(stated.tide_gauge[0].mean_sea_level, tuple)
    record = xr.Dataset(
        {
            "water_level": (("station", "time"), level),
            "quality": (("station", "time"), np.zeros(level.shape, np.uint8)),
        },
        {
            "station": list("ABC"),
            "time": TIME,
            "mean_sea_level": ("station", level.mean(axis=1) if window else np.full(3, mean)),
        },
    )
    elevation = ground(mean)
    water = (elevation < mean - 1.0).astype(float)
    land = xr.Dataset({"elevation": (("y", "x"), elevation + terrain), "permanent_water": (("y", "x"), water)})
    years = np.arange(1990.0, 2022.0)
    published = mean + TIDE + 1.1 + 0.25 * np.random.default_rng(7).gumbel(size=years.size) + maxima
    return check_datums(stated, land, record, Published(years=years, maxima=published))
