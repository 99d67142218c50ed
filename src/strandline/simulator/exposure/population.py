"""Population and lifelines of a simulated coast: people, roads, bridges, refuges and embankments."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.ndimage import label
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from shapely import Geometry, LineString, MultiLineString, Point

from strandline.observations.arrays import Indices, Mask
from strandline.observations.observations import Observations
from strandline.simulator.landscape.terrain import Terrain

PRICE_OF_HOMES, PRICE_OF_REFUGES = 310.0, 361.0
"""EUR 2010 per m² of floor, as in ``exposure``."""
FLOOR_PER_HEAD = (6.0, 12.0)
"""Floor area per person [m2]; an assumption."""
UNKNOWN_PEOPLE = 0.1
"""Share of homes with an unknown number of people; an assumption."""
SHELTERED = 0.7
"""Share of villages with a shelter; an assumption."""
REFUGE_FLOOR = {"hospital": 2000.0, "shelter": 500.0}
FLOOR_PER_PLACE = 1.9
"""Floor area per person in a shelter [m2]: 20 square feet for a few days, American Red Cross 4496 (2002)."""
PRICE_PER_METRE = {"road": 300.0, "bridge": 3000.0, "embankment": 500.0}
"""EUR 2010 per m, and m² of floor of the refuges; orders of magnitude, assumptions."""
CREST_ERROR = 0.1
"""Standard deviation of a surveyed crest [m]; an assumption."""
SECTION_CELLS = 5
"""Cells of road in one entry of the survey."""
ROAD_COSTS = {"built": 1.0, "land": 3.0, "water": 30.0}
"""Relative cost of a cell of road: on existing roads and embankments, on land, over water."""
SECOND_ROAD = 0.25
"""Probability that a village has a second road besides the minimum spanning tree."""


def add_population(coast: Observations, terrain: Terrain, rng: np.random.Generator) -> Observations:
    """A copy whose survey also has people, districts, roads, refuges and embankments.

    Districts are the polders. Roads connect all villages, most of them by one route only. The true damage state of the
    added assets is NaN.
    """
    survey = coast.require_assets()
    added = [*_roads(terrain, coast, rng), *_refuges(terrain, coast, rng), *_embankments(terrain, coast, rng)]
    added_assets = gpd.GeoDataFrame(
        {
            "asset_id": [f"{kind[0].upper()}{number:04d}" for number, (kind, *_) in enumerate(added)],
            "asset_class": [kind for kind, *_ in added],
            "value": [round(value, -1) for _, _, value, _ in added],
            "survey_year": int(survey["survey_year"].max()),
            "people": np.nan,
            "crest": [crest for *_, crest in added],
            "places": [REFUGE_FLOOR[kind] // FLOOR_PER_PLACE if kind == "shelter" else np.nan for kind, *_ in added],
        },
        geometry=[shape for _, shape, *_ in added],
        crs=survey.crs,
    )
    counted = survey.assign(people=_people(survey, rng), crest=np.nan, places=np.nan)
    assets = gpd.GeoDataFrame(pd.concat([counted, added_assets], ignore_index=True), crs=survey.crs)
    assets["district"] = _districts(assets, terrain, coast)
    truth = coast.require("truth").reindex(asset=assets["asset_id"].to_numpy(dtype=str))
    return replace(coast, assets=assets, truth=truth)


def _people(survey: gpd.GeoDataFrame, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """(A,) inhabitants: of homes by floor area, 0 in other classes; NaN = unknown."""
    floor = survey["value"].to_numpy(dtype=float) / PRICE_OF_HOMES
    people = np.round(floor / rng.uniform(*FLOOR_PER_HEAD, size=len(survey)))
    people[rng.random(len(survey)) < UNKNOWN_PEOPLE] = np.nan
    return np.where(survey["asset_class"] == "residential", people, 0.0)


def _districts(assets: gpd.GeoDataFrame, terrain: Terrain, coast: Observations) -> list[str]:
    point = assets.geometry.representative_point()
    row, column = coast.region.cells_of(point.x.to_numpy(), point.y.to_numpy())
    polder = np.where(row >= 0, terrain.polders.identity[row, column], 0)
    return [f"polder {number:02d}" if number else "outside the polders" for number in polder]


def _villages(terrain: Terrain) -> Indices:
    """(V, 2) the densest cell of each village."""
    parts, count = label((terrain.settlement > 0.3) & terrain.land)
    inside = [np.argwhere(parts == number) for number in range(1, count + 1)]
    return np.array([cells[np.argmax(terrain.settlement[tuple(cells.T)])] for cells in inside]).reshape(-1, 2)


Entry = tuple[str, Geometry, float, float]
"""Class, shape, value [EUR 2010] and crest [m, region datum] or NaN."""


def _roads(terrain: Terrain, coast: Observations, rng: np.random.Generator) -> Iterator[Entry]:
    """Sections of road and bridges: the minimum spanning tree of the villages, and some second roads."""
    villages = _villages(terrain)
    if len(villages) < 2:
        return
    graph, columns = _cell_graph(terrain), terrain.bed.shape[1]
    ends = villages[:, 0] * columns + villages[:, 1]
    cost, before = dijkstra(graph, directed=False, indices=ends, return_predecessors=True)
    between = cost[:, ends]
    links = {(int(a), int(b)) for a, b in zip(*minimum_spanning_tree(between).nonzero(), strict=True)}
    for village in np.flatnonzero(rng.random(len(villages)) < SECOND_ROAD):
        nearest = np.argsort(between[village])
        links |= {(int(village), int(nearest[min(2, len(nearest) - 1)]))}
    paths = []
    for start, end in sorted(links):
        path = [int(ends[end])]
        while path[-1] != ends[start]:
            path.append(int(before[start, path[-1]]))
        paths.append(path)
    x, y = coast.region.x, coast.region.y
    for kind, cells in _sections(paths, terrain.permanent_water.ravel()):
        shape = LineString([(x[cell % columns], y[cell // columns]) for cell in cells])
        yield kind, shape, PRICE_PER_METRE[kind] * shape.length, np.nan


def _cell_graph(terrain: Terrain) -> sparse.csr_array:
    """Graph (H·W, H·W) of neighbouring cells with the cost of a road between them."""
    built = terrain.road | terrain.polders.embankment
    cost = np.where(
        terrain.permanent_water, ROAD_COSTS["water"], np.where(built, ROAD_COSTS["built"], ROAD_COSTS["land"])
    )
    number = np.arange(cost.size).reshape(cost.shape)
    start = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    end = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    weight = (cost.ravel()[start] + cost.ravel()[end]) / 2
    return sparse.csr_array((weight, (start, end)), shape=(cost.size, cost.size))


def _sections(paths: Sequence[Sequence[int]], water: Mask) -> Iterator[tuple[str, list[int]]]:
    """Class and cells of each section; no step belongs to two sections."""
    taken: set[frozenset[int]] = set()
    for path in paths:
        kind, cells = "", list[int]()
        for here, there in pairwise(path):
            step, over = frozenset((here, there)), "bridge" if water[here] or water[there] else "road"
            if cells and (step in taken or over != kind or len(cells) > SECTION_CELLS):
                yield kind, cells
                cells = []
            if step not in taken:
                taken.add(step)
                kind, cells = over, [*(cells or [here]), there]
        if cells:
            yield kind, cells


def _refuges(terrain: Terrain, coast: Observations, rng: np.random.Generator) -> Iterator[Entry]:
    """A hospital in the densest village, and shelters in most villages."""
    villages = _villages(terrain)
    if not len(villages):
        return
    density = terrain.settlement[tuple(villages.T)]
    chosen = [("hospital", int(np.argmax(density)))]
    chosen += [("shelter", int(village)) for village in np.flatnonzero(rng.random(len(villages)) < SHELTERED)]
    for kind, village in chosen:
        row, column = villages[village]
        yield kind, Point(coast.region.x[column], coast.region.y[row]), PRICE_OF_REFUGES * REFUGE_FLOOR[kind], np.nan


def _embankments(terrain: Terrain, coast: Observations, rng: np.random.Generator) -> Iterator[Entry]:
    """Outer embankment of each polder, with the surveyed lowest point of its crest."""
    polders, x, y = terrain.polders, coast.region.x, coast.region.y
    for number in range(1, int(polders.identity.max()) + 1):
        ring = polders.exposed & (polders.identity == number)
        row, column = np.nonzero(ring)
        steps = [((r, c), (r + down, c + along)) for r, c in zip(row, column, strict=True)
                 for down, along in ((0, 1), (1, 0), (1, 1), (1, -1))]  # fmt: skip
        rows, columns = ring.shape
        lines = [
            LineString([(x[c], y[r]) for r, c in step])
            for step in steps
            if 0 <= step[1][0] < rows and 0 <= step[1][1] < columns and ring[step[1]]
        ]
        if lines:
            shape = MultiLineString(lines)
            crest = float(terrain.crest[ring].min()) + CREST_ERROR * rng.standard_normal()
            yield "embankment", shape, PRICE_PER_METRE["embankment"] * shape.length, crest
