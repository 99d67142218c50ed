"""Access by road: which settlements have no passable road to a hospital or a shelter."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.exposure.assets import ROADS

SNAP = 1.0
"""Ends of roads closer than about this connect [m]; an assumption about how surveys are drawn."""
REACH = 500.0
"""A settlement farther than this from every road has unknown access [m]; an assumption."""


@dataclass(frozen=True, eq=False)
class RoadNetwork:
    """Roads as a graph.

    Attributes:
        nodes: (N, 2) x and y [m].
        edges: (E, 2) the nodes that each segment connects.
        road: (E,) position, among all assets, of the asset that a segment belongs to.
    """

    nodes: Floats
    edges: Indices
    road: Indices

    def nearest_node(self, x: Floats, y: Floats, reach: float = REACH) -> Indices:
        """(P,) the node nearest to each point, −1 where none lies within ``reach`` [m]."""
        if not len(self.nodes):
            return np.full(len(x), -1, dtype=np.int64)
        distance, node = cKDTree(self.nodes).query(np.stack([x, y], axis=1))
        return np.where(distance <= reach, node, -1).astype(np.int64)


def road_network(assets: gpd.GeoDataFrame) -> RoadNetwork:
    """The graph of all roads and bridges; they connect where they share a vertex, not where they cross.

    Raises:
        InputError: a road or bridge that is not a line.
    """
    rows = np.flatnonzero(assets["asset_class"].isin(ROADS).to_numpy())
    shapes = assets.geometry.to_numpy()[rows]
    lines = shapely.get_dimensions(shapes) == 1
    if not lines.all():
        name = assets["asset_id"].iloc[rows[int(np.argmin(lines))]]
        raise InputError("road network", f"'{name}' is not a line", "draw roads and bridges as lines")
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    points, of_part = shapely.get_coordinates(parts, return_index=True)
    _, first, node = np.unique(np.round(points / SNAP), axis=0, return_index=True, return_inverse=True)
    node = node.ravel()
    joined = of_part[1:] == of_part[:-1]
    edges = np.stack([node[:-1][joined], node[1:][joined]], axis=1).reshape(-1, 2).astype(np.int64)
    return RoadNetwork(points[first], edges, rows[of_shape[of_part[1:][joined]]].astype(np.int64))


def is_cut_off(
    network: RoadNetwork, closed: Floats, facility: Indices, out_of_service: Floats, settlement: Indices
) -> Floats:
    """(P,) 1 = no road leads to a working facility, 0 = one does, NaN = unknown.

    The result is 1 if it holds with every unknown road passable and every unknown facility working, and 0 if it holds
    with none of them.

    Args:
        closed: (E,) 1 = impassable, 0 = passable, NaN = unknown.
        facility: (F,) nodes of the facilities, −1 = unknown access.
        out_of_service: (F,) 1 = out of service, 0 = working, NaN = unknown.
        settlement: (P,) nodes of the settlements, −1 = unknown access.
    """
    cut_off_at_best = ~_is_served(network, closed != 1, facility, out_of_service != 1, settlement)
    if (facility < 0).any() and (out_of_service[facility < 0] != 1).any():
        cut_off_at_best[:] = False  # it may be anywhere
    cut_off_at_worst = ~_is_served(network, closed == 0, facility, out_of_service == 0, settlement)
    cut_off = np.where(cut_off_at_best, 1.0, np.where(cut_off_at_worst, np.nan, 0.0))
    return np.where(settlement < 0, np.nan, cut_off)


def _is_served(network: RoadNetwork, passable: Mask, facility: Indices, works: Mask, settlement: Indices) -> Mask:
    """(P,) whether a settlement is in one component of the network with a working facility."""
    start, end = network.edges[passable].T
    size = len(network.nodes)
    graph = sparse.coo_array((np.ones(start.size, dtype=np.int8), (start, end)), shape=(size, size))
    count, component = connected_components(graph, directed=False)
    served = np.zeros(count + 1, dtype=bool)  # the last one for settlements without a road
    served[component[facility[works & (facility >= 0)]]] = True
    return np.asarray(served[np.where(settlement < 0, count, np.append(component, 0)[settlement])])
