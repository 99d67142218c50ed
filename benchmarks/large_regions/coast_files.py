"""A simulated coast as files of a real study area: a region file, GeoTIFFs and a table of gauges."""

from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
import xarray as xr

from strandline.observations.observations import Observations
from strandline.observations.region import Region

REGION = """[region]
name = "{name}"
crs = "{crs}"
bounds = {bounds}
cell_size = {cell_size}
vertical_datum = {{ name = "{vertical_datum}", kind = "local" }}
sea_point = {sea_point}
continent = "{continent}"

[terrain]
path = "elevation.tif"
vertical_datum = "region"
elevation_error = 1.25
permanent_water = {{ path = "water.tif" }}
source = "simulated"
"""
GAUGE = """
[[tide_gauge]]
name = "{name}"
paths = "levels.csv"
format = "wide"
columns = {{ time = "time", level = "{name}" }}
unit = "m"
time_zone = "UTC"
vertical_datum = "region"
longitude = {longitude}
latitude = {latitude}
mean_sea_level = {mean}
minimum_share = 0.5
source = "simulated"
"""
SAR = """
[sar]
scale = "dB"
bands = { vv = 1, vh = 2 }
reference = ["dry.tif"]
source = "simulated"
"""


def write_raster(path: Path, region: Region, bands: np.ndarray) -> None:
    """(B, H, W) as a tiled GeoTIFF, NaN = nodata."""
    count, rows, columns = bands.shape
    with rasterio.open(
        path, "w", driver="GTiff", dtype="float32", count=count, height=rows, width=columns, crs=region.crs,
        transform=region.transform, nodata=np.nan, tiled=True, compress="DEFLATE",
    ) as file:  # fmt: skip
        file.write(bands.astype(np.float32))


def write_coast(coast: Observations, folder: Path, *, radar: bool) -> Path:
    """Write terrain, gauges and optionally radar; returns the region file."""
    folder.mkdir(parents=True, exist_ok=True)
    region, gauge = coast.region, coast.require_gauge()
    facts = {**vars(region), "bounds": list(region.bounds), "sea_point": list(region.sea_point)}
    text = REGION.format(**facts)
    write_raster(folder / "elevation.tif", region, coast.terrain["elevation"].values[None])
    write_raster(folder / "water.tif", region, coast.terrain["permanent_water"].values[None])
    names = [str(name) for name in gauge["station"].values]
    usable = np.where(gauge["quality"].values == 0, gauge["water_level"].values, np.nan)
    table = pd.DataFrame(np.round(usable.T, 4), columns=names)
    table.insert(0, "time", pd.DatetimeIndex(gauge["time"].values).strftime("%Y-%m-%dT%H:%M"))
    table.to_csv(folder / "levels.csv", index=False)
    for index, name in enumerate(names):
        at = {key: float(gauge[key].values[index]) for key in ("longitude", "latitude")}
        text += GAUGE.format(name=name, mean=float(gauge["mean_sea_level"].values[index]), **at)
    if radar:
        text += SAR
        write_raster(folder / "dry.tif", region, _both(coast.require("sar_reference")))
        radar_scenes = coast.require("sar")
        for scene in range(radar_scenes.sizes["scene"]):
            write_raster(folder / f"scene{scene}.tif", region, _both(radar_scenes.isel(scene=scene)))
            taken = pd.Timestamp(radar_scenes["time"].values[scene])
            text += f'\n[[sar.scenes]]\npath = "scene{scene}.tif"\ntime = {taken:%Y-%m-%dT%H:%M:%SZ}\n'
    path = folder / "region.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _both(scene: xr.Dataset) -> np.ndarray:
    return np.stack([scene["vv"].values, scene["vh"].values])
