"""Ways out of an area: roads that lead to safe ground, distances to refuges, and places in shelters."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow
from scipy.spatial import cKDTree

from strandline.observations.arrays import Floats, Mask, SingleFloats
from strandline.observations.exposure.assets import ROADS
from strandline.observations.region import Region
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.access import RoadNetwork, road_network
from strandline.risk.stage_damage.danger import DANGEROUS_DEPTH

SURE = 0.8
"""Share of the samples in which ground must stay out of dangerous depth, or a shelter in service, to be a refuge [-];
an assumption: the rest is the chance of danger for which people are evacuated."""
FARTHEST = 0.95
"""Share of the homes that live no farther from a refuge than the distance that counts [-]."""


@dataclass(frozen=True)
class WaysOut:
    """Ways out of an area.

    Attributes:
        roads: that lead to safe ground or out of the study area without sharing a stretch; ``None`` = none is surveyed.
        to_shelter, to_safe_ground: straight distance to the nearest one [m] that 95 % of the homes do not exceed;
            ``None`` = there is none, or none is known.
        places: in all shelters that stay in service [-]; ``None`` = no shelter states its places.
        closed: roads and bridges that do not count, since rain or rivers may close them.
    """

    roads: int | None
    to_shelter: float | None
    to_safe_ground: float | None
    places: float | None
    closed: int = 0

    def walk(self, has_places: Mask) -> Floats:
        """(N,) distance to walk [m]: to the nearest refuge, or to safe ground where shelters have too few places.

        Where no safe ground is known it is the distance to the shelter, and 0 where there is neither.
        """
        ground, shelter = self.to_safe_ground, self.to_shelter
        if ground is None or shelter is None:
            return np.full(has_places.shape, ground or shelter or 0.0)
        return np.where(has_places, min(ground, shelter), ground)


def safe_ground(hazard: Hazard, permanent_water: Mask, unsafe_share: SingleFloats | None = None) -> Mask:
    """(H, W) known land that stays out of dangerous depth in ``SURE`` of the samples at the highest return level.

    Args:
        unsafe_share: (H, W) share of the samples of maps of all drivers in which it does not stay out of dangerous
            depth as rarely as that; NaN = unknown. ``None`` = the sea alone is mapped.
    """
    safe = (hazard.flood_depth[:, -1] < DANGEROUS_DEPTH).mean(axis=0) >= SURE  # unknown is not below
    if unsafe_share is not None:
        safe = safe & (unsafe_share <= 1 - SURE)
    return np.asarray(safe & ~permanent_water)


def find_ways_out(
    assets: gpd.GeoDataFrame, homes: Floats, safe: Mask, region: Region, closed: Mask | None = None
) -> WaysOut:
    """The ways out from homes, by the survey of roads and shelters.

    Args:
        assets: in the region's CRS; a shelter is in service where the ``out_of_service`` of the impact, the
            probability at the design return period, is known and small.
        homes: (N, 2) x and y [m], one at least.
        safe: (H, W) safe ground.
        closed: (A,) roads that do not count, since rain or rivers may close them; ``None`` = all count.

    Raises:
        InputError: a road that is not a line.
    """
    point = assets.geometry.representative_point()
    x, y = point.x.to_numpy(), point.y.to_numpy()
    shelters = np.flatnonzero((assets["asset_class"] == "shelter").to_numpy())
    if shelters.size:
        lost = assets["out_of_service"].to_numpy(dtype=float)[shelters] if "out_of_service" in assets else np.nan
        works = np.broadcast_to(lost <= 1 - SURE, shelters.shape)
        stated = (
            assets["places"].to_numpy(dtype=float)[shelters] if "places" in assets else np.full(shelters.size, np.nan)
        )
        places = None if np.isnan(stated).all() else float(np.nansum(stated[works]))
        shelters = shelters[works]
    else:
        places = None
    row, column = np.nonzero(safe)
    network = road_network(assets)
    is_surveyed, not_counted = len(network.edges) > 0, 0
    if closed is not None:
        not_counted = int((closed & assets["asset_class"].isin(ROADS).to_numpy()).sum())
        network = road_network(assets[~closed])
    return WaysOut(
        roads=_count_roads(network, homes, safe, region) if is_surveyed else None,
        to_shelter=_distance(homes, np.column_stack([x[shelters], y[shelters]])),
        to_safe_ground=_distance(homes, np.column_stack([region.x[column], region.y[row]])),
        places=places,
        closed=not_counted,
    )


def _distance(start: Floats, end: Floats) -> float | None:
    """Distance [m] from each start (N, 2) to the nearest end (M, 2): that of ``FARTHEST``."""
    if not len(end):
        return None
    distance, _ = cKDTree(end).query(start)
    return float(np.quantile(distance, FARTHEST))


def _count_roads(network: RoadNetwork, homes: Floats, safe: Mask, region: Region) -> int:
    """Greatest number of roads from the homes to safe ground, or out of the region, that share no stretch.

    Source: Menger's theorem: it is the greatest flow where each stretch carries one.
    """
    row, column = region.cells_of(*network.nodes.T)
    is_exit = np.where(row >= 0, safe[row, column], True)
    near = network.nearest_node(*homes.T)
    begin = np.unique(near[near >= 0])
    inside = begin[~is_exit[begin]]
    if not inside.size:
        return int(begin.size)  # all live beside a road on safe ground
    count, exits = len(network.nodes), np.flatnonzero(is_exit)
    source, sink = count, count + 1
    start, end = network.edges.T
    plenty = len(network.edges) + 1
    graph = sparse.coo_array(
        (
            np.concatenate([np.ones(2 * start.size), np.full(inside.size + exits.size, plenty)]).astype(np.int32),
            (
                np.concatenate([start, end, np.full(inside.size, source), exits]),
                np.concatenate([end, start, inside, np.full(exits.size, sink)]),
            ),
        ),
        shape=(count + 2, count + 2),
    )
    return int(maximum_flow(sparse.csr_array(graph), source, sink).flow_value)
