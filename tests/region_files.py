"""A tiny real-looking place on disk: region file, terrain raster, gauge table and assets."""

from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
from tests.batch_fixtures import REGION, bell, ground, hours, make_assets, make_tide

from strandline.region import Region

REGION_FILE = """
[region]
name = "Handmade"
crs = "EPSG:32633"
bounds = [500000.0, 5000000.0, 501600.0, 5001600.0]
cell_size = 100.0
vertical_datum = "chart datum"
sea_point = [500050.0, 5000850.0]
continent = "europe"

[terrain]
path = "dem.tif"
datum_shift = 0.0
elevation_error = 0.5
permanent_water = { below = -1.0 }

[[tide_gauge]]
name = "Pier"
paths = "levels.csv"
format = "wide"
columns = { time = "time", level = "level" }
unit = "m"
time_zone = "UTC"
datum_shift = 0.0
longitude = 15.0
latitude = 45.2
mean_sea_level = 0.2
minimum_share = 0.5

[tides]
fit = true

[assets]
path = "assets.geojson"
columns = { asset_class = "asset_class", value = "value", survey_year = "survey_year" }
"""


def write_place(folder: Path, days: int = 60) -> Path:
    """Write the place whole and sound; returns the region file."""
    folder.mkdir(parents=True, exist_ok=True)
    write_terrain(folder / "dem.tif", ground())
    time = hours(days)
    surge = bell(time, [np.datetime64("2020-01-10T06", "ns"), np.datetime64("2020-01-25T18", "ns")])
    write_levels(folder / "levels.csv", time, 0.2 + make_tide(time) + surge)
    assets = make_assets().iloc[:2]
    assets.to_crs("EPSG:4326").to_file(folder / "assets.geojson", driver="GeoJSON", engine="pyogrio")
    path = folder / "place.toml"
    path.write_text(REGION_FILE, encoding="utf-8")
    return path


def write_levels(path: Path, time: np.ndarray, level: np.ndarray) -> None:
    stamps = pd.DatetimeIndex(time).strftime("%Y-%m-%dT%H:%M")
    pd.DataFrame({"time": stamps, "level": np.round(level, 4)}).to_csv(path, index=False)


def write_terrain(
    path: Path, elevation: np.ndarray, crs: str | None = REGION.crs, region: Region = REGION, nodata: float = -9999.0
) -> None:
    height, width = elevation.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=height, width=width, dtype="float32", crs=crs,
        transform=region.transform, nodata=nodata,
    ) as file:  # fmt: skip
        file.write(np.where(np.isnan(elevation), nodata, elevation).astype("float32"), 1)
