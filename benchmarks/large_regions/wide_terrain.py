"""Synthetic terrain of any size: sea in the west, a plain that rises inland, and noise on several scales."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from scipy.ndimage import map_coordinates

from benchmarks.large_regions.coast_files import REGION
from strandline.observations.region import Region

SCALES = {400.0: 1.2, 60.0: 0.8, 8.0: 0.5}
"""[cells] → standard deviation [m]."""
ROWS_AT_ONCE = 512
ASSETS = """
[assets]
path = "assets.geojson"
columns = { asset_class = "asset_class", value = "value", survey_year = "survey_year" }
"""
ASSET_CLASS, VALUE = "residential", 100_000.0
"""Of each asset [EUR]."""


def write_terrain(folder: Path, edge: int, like: Region, seed: int, assets: int = 0) -> Path:
    """Write ``edge`` × ``edge`` cells with the datum and cell size of another region; returns the region file.

    The first tenth is sea; so many assets stand anywhere on the three tenths beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = like.cell_size
    left, top = like.bounds[0], like.bounds[3]
    bounds = (left, top - edge * size, left + edge * size, top)
    region = Region(
        "a wide coast", like.crs, bounds, size, like.vertical_datum, (left + size, top - size), like.continent
    )
    facts = {**vars(region), "bounds": list(bounds), "sea_point": list(region.sea_point)}
    text = REGION.format(**facts).replace('{ path = "water.tif" }', "{ below = -1.0 }")
    path = folder / "region.toml"
    path.write_text(text + ASSETS if assets else text, encoding="utf-8")
    rng = np.random.default_rng(seed)
    noise = {scale: rng.normal(0, spread, (int(edge / scale) + 4,) * 2) for scale, spread in SCALES.items()}
    columns = np.arange(edge)
    profile = {
        "driver": "GTiff", "dtype": "float32", "count": 1, "height": edge, "width": edge, "crs": region.crs,
        "transform": region.transform, "nodata": np.nan, "tiled": True, "compress": "DEFLATE",
    }  # fmt: skip
    with rasterio.open(folder / "elevation.tif", "w", **profile) as file:
        for first in range(0, edge, ROWS_AT_ONCE):
            rows = np.arange(first, min(first + ROWS_AT_ONCE, edge))
            height = np.full((rows.size, edge), -1.0, np.float32) + 5.0 * columns / edge
            for scale, grid in noise.items():
                at = np.meshgrid(1 + rows / scale, 1 + columns / scale, indexing="ij")
                height += map_coordinates(grid, at, order=1, output=np.float32)
            height[:, : edge // 10] = -4.0
            window = rasterio.windows.Window(0, first, edge, rows.size)
            file.write(height.astype(np.float32)[None], window=window)
    if assets:
        east, north = rng.uniform(0.1, 0.4, assets), rng.uniform(0.0, 1.0, assets)
        points = gpd.points_from_xy(left + east * edge * size, top - north * edge * size, crs=region.crs)
        table = pd.DataFrame({"asset_class": ASSET_CLASS, "value": VALUE, "survey_year": 2020}, index=range(assets))
        gpd.GeoDataFrame(table, geometry=points).to_crs("EPSG:4326").to_file(
            folder / "assets.geojson", engine="pyogrio"
        )
    return path
