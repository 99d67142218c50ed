"""A tiny coast made by hand: eight by ten cells that slope up from the sea in the west, one of them unknown."""

import geopandas as gpd
import numpy as np
from shapely import LineString, Point, box

from strandline.observations import Provenance
from strandline.region import Region
from strandline.risk.hazard import Hazard

REGION = Region("Smallshore", "EPSG:32633", (0, 0, 1000, 800), 100.0, "mean sea level", (50, 50), "europe")
RETURN_PERIODS = (2.0, 5.0, 10.0, 25.0, 50.0, 100.0)


def make_hazard(samples: int = 20, seed: int = 0, rise: float = 0.0) -> Hazard:
    rng = np.random.default_rng(seed)
    levels = np.linspace(0.8, 2.4, 6) + rng.normal(0, 0.1, (samples, 1)) + rise  # (S, R)
    ground = np.tile(np.linspace(-0.5, 3.1, 10), (8, 1))  # (H, W)
    depth = np.maximum(levels[..., None, None] - ground, 0)
    depth[..., 0, 9] = np.nan
    probability = (depth >= 0.15).mean(axis=0)
    probability[..., 0, 9] = np.nan
    return Hazard(
        REGION,
        RETURN_PERIODS,
        levels,
        depth.astype(np.float32),
        probability.astype(np.float32),
        np.where(np.isnan(probability), np.nan, probability >= 0.5).astype(np.float32),
        (0.2 * np.sqrt(probability * (1 - probability))).astype(np.float32),
        {"terrain": Provenance("simulated", "made by hand for a test")},
    )


def make_assets() -> gpd.GeoDataFrame:
    shapes = [
        Point(150, 450),  # low house
        Point(850, 450),  # high house
        box(100, 100, 300, 300),  # field on four cells
        LineString([(150, 550), (550, 550)]),  # road
        Point(950, 750),  # shop on the unknown cell
        Point(5000, 5000),  # factory outside
        Point(250, 350),  # house of unknown value
        Point(350, 650),  # shop
    ]
    return gpd.GeoDataFrame(
        {
            "asset_id": ["low", "high", "field", "road", "hidden", "outside", "priceless", "shop"],
            "asset_class": [
                "residential",
                "residential",
                "agriculture",
                "transport",
                "commercial",
                "industrial",
                "residential",
                "commercial",
            ],
            "value": [200e3, 200e3, 50e3, 400e3, 300e3, 1e6, np.nan, 250e3],
            "survey_year": [2015] * 8,
        },
        geometry=shapes,
        crs="EPSG:32633",
    )
