"""Land that sinks under the observations of a place."""

from dataclasses import replace

import geopandas as gpd
import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.exposure.assets import ASSET_LEVELS
from strandline.observations.observations import Observations
from strandline.observations.region import Region
from strandline.observations.sea_level.subsidence import Subsidence


def bring_land_to(observations: Observations, subsidence: Subsidence, terrain_year: int, year: int) -> Observations:
    """The observations on the land of a year: the terrain from its own year on, crests and toes from their survey's.

    Permanent water stays where it was. What the terrain rests on says that it was lowered.
    """
    lowered = lower_terrain(observations, subsidence.depth(year - terrain_year))
    terrain = observations.provenance["terrain"]
    source = f"{terrain.source}, of {terrain_year}; lowered to the land of {year} ({subsidence.source})"
    provenance = {**observations.provenance, "terrain": replace(terrain, source=source)}
    assets = observations.assets
    for level in ASSET_LEVELS:
        if assets is not None and level in assets:
            sunk = _sunk(assets, observations.region, subsidence, year)
            assets = assets.assign(**{level: assets[level] - sunk})
    return replace(lowered, provenance=provenance, assets=assets)


def lower_terrain(observations: Observations, depth: Floats) -> Observations:
    """The observations with land that lies ``depth`` (H, W) [m] lower."""
    terrain = observations.terrain
    elevation = terrain["elevation"]
    return replace(observations, terrain=terrain.assign(elevation=elevation.copy(data=elevation.values - depth)))


def _sunk(assets: gpd.GeoDataFrame, region: Region, subsidence: Subsidence, year: int) -> Floats:
    """(A,) how far the ground of each asset has sunk since its survey [m]; 0 outside the region."""
    points = assets.geometry.representative_point()
    row, column = region.cells_of(points.x.to_numpy(), points.y.to_numpy())
    rate = np.where(row >= 0, subsidence.median[row, column], 0.0)
    return np.asarray(rate * (year - assets["survey_year"].to_numpy(dtype=float)))
