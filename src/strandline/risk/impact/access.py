"""Who is cut off: settlements whose roads to a hospital or a shelter lie under water."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices

ROADS = ("road", "bridge")
SNAP = 1.0
"""Ends of roads closer than about this meet [m]; an assumption about how surveys are drawn."""
REACH = 500.0
"""A place farther than this from every road has unknown access [m]; an assumption."""


@dataclass(frozen=True, eq=False)
class RoadNetwork:
    """Roads as a graph.

    Attributes:
        nodes: (N, 2) x and y [m].
        edges: (E, 2) the nodes that each stretch joins.
        road: (E,) place of the asset that a stretch belongs to among all assets.
    """

    nodes: Floats
    edges: Indices
    road: Indices

    def nearest_node(self, x: Floats, y: Floats, reach: float = REACH) -> Indices:
        """(P,) the node nearest to each place, −1 where none lies within ``reach`` [m]."""
        if not len(self.nodes):
            return np.full(len(x), -1, dtype=np.int64)
        distance, node = cKDTree(self.nodes).query(np.stack([x, y], axis=1))
        return np.where(distance <= reach, node, -1).astype(np.int64)


def road_network(assets: gpd.GeoDataFrame) -> RoadNetwork:
    """The graph of all roads and bridges; they meet where they share a vertex, not where they merely cross.

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
    network: RoadNetwork, closed: Floats, facility: Indices, shut: Floats, place: Indices
) -> npt.NDArray[np.float64]:
    """(P,) 1 = no road leads to a facility that serves, 0 = one does, NaN = that hangs on what is unknown.

    1 is said only if it holds with every unknown road passable and every unknown facility at work; 0 only if it holds
    with all of them shut.

    Args:
        closed: (E,) 1 = impassable, 0 = passable, NaN = unknown.
        facility: (F,) nodes of the facilities, −1 = its access is unknown.
        shut: (F,) 1 = out of service, 0 = serves, NaN = unknown.
        place: (P,) nodes of the places, −1 = access unknown.
    """
    cut_at_best = ~_served(network, closed != 1, facility, shut != 1, place)
    if (facility < 0).any() and (shut[facility < 0] != 1).any():
        cut_at_best[:] = False  # it may stand anywhere
    cut_at_worst = ~_served(network, closed == 0, facility, shut == 0, place)
    answer = np.where(cut_at_best, 1.0, np.where(cut_at_worst, np.nan, 0.0))
    return np.where(place < 0, np.nan, answer)


def _served(
    network: RoadNetwork,
    passable: npt.NDArray[np.bool_],
    facility: Indices,
    serves: npt.NDArray[np.bool_],
    place: Indices,
) -> npt.NDArray[np.bool_]:
    """(P,) whether a place lies in one piece of the network with a facility that serves."""
    start, end = network.edges[passable].T
    size = len(network.nodes)
    graph = sparse.coo_array((np.ones(start.size, dtype=np.int8), (start, end)), shape=(size, size))
    pieces, piece = connected_components(graph, directed=False)
    served = np.zeros(pieces + 1, dtype=bool)  # the last one for places without a road
    served[piece[facility[serves & (facility >= 0)]]] = True
    return np.asarray(served[np.where(place < 0, pieces, np.append(piece, 0)[place])])
