"""The recorded tracks of all basins, and land."""

import importlib.resources
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from rasterio.features import rasterize
from rasterio.transform import from_origin

from strandline.observations.arrays import Floats
from strandline.observations.weather.cyclone_fields import KNOT
from strandline.simulator.sea.cyclone_climate.fixes import Fixes
from strandline.simulator.sea.cyclone_climate.grid import BOUND, LAND_CELL, LandMask

TRACKS = "ibtracs_jtwc_1980_2024.csv.gz"
PRESSURES = "ibtracs_wmo_1980_2024.csv.gz"


def read_fixes(folder: Path) -> tuple[Fixes, Floats]:
    """Six-hourly fixes with 1-minute winds of the United States' agencies, and central pressure [Pa] (N,).

    Winds missing between others are interpolated in time; fixes before the first and after the last wind are left out.
    Pressure is that of the same agencies or, where they give none, of the responsible centre; NaN where neither does.
    """
    tracks, other = (
        pd.read_csv(folder / name, keep_default_na=False, na_values=[""], parse_dates=["time"])
        for name in (TRACKS, PRESSURES)
    )
    tracks = tracks[tracks["time"].dt.hour.isin((0, 6, 12, 18)) & (tracks["time"].dt.minute == 0)]
    tracks = tracks.sort_values(["track_id", "time"]).reset_index(drop=True)
    tracks["wind"] = tracks.groupby("track_id")["wind"].transform(lambda wind: wind.interpolate(limit_area="inside"))
    tracks = tracks.dropna(subset=["wind", "lat", "lon"])
    pressure = tracks.merge(
        other[["track_id", "time", "slp"]], on=["track_id", "time"], how="left", suffixes=("", "_wmo")
    )
    fixes = Fixes(
        pd.factorize(tracks["track_id"])[0].astype(np.int64),
        tracks["basin"].to_numpy(dtype=str),
        tracks["time"].to_numpy().astype("datetime64[s]"),
        tracks["lon"].to_numpy(dtype=float),
        tracks["lat"].to_numpy(dtype=float),
        KNOT * tracks["wind"].to_numpy(dtype=float),
    )
    return fixes, 100.0 * pressure["slp"].fillna(pressure["slp_wmo"]).to_numpy(dtype=float)


def read_land() -> LandMask:
    """Land of Natural Earth 1:110 million (public domain), as pyogrio brings it with its tests."""
    path = importlib.resources.files("pyogrio") / "tests/fixtures/naturalearth_lowres/naturalearth_lowres.shp"
    countries = gpd.read_file(str(path))
    rows, columns = round(2 * BOUND / LAND_CELL), round(360 / LAND_CELL)
    cells = rasterize(countries.geometry, (rows, columns), transform=from_origin(-180.0, BOUND, LAND_CELL, LAND_CELL))
    return LandMask.of(np.roll(cells[::-1], -columns // 2, axis=1) > 0)
