"""Random deltas: sea, shelf, distributaries with levees, creeks, polders, roads, villages and vegetation."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, gaussian_filter, label

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask
from strandline.simulator.landscape.polders import Polders, breach_cells, draw_polders
from strandline.simulator.landscape.random_fields import correlated_noise
from strandline.simulator.landscape.waterways import draw_waterways

Side = Literal["north", "east", "south", "west"]
_TURNS: dict[Side, int] = {"south": 0, "east": 1, "north": 2, "west": 3}

DEEPEST_BED = -6.5
"""Bed of the open sea at the edge [m above mean sea level]; deeper water only shortens the time step."""
_MANNING = {"water": 0.022, "field": 0.06, "woody": 0.14, "settlement": 0.09}
"""Manning's n [s m-1/3]: Chow (1959), Open-Channel Hydraulics, table 5-6; Mattocks and Forbes (2008), table 2."""


@dataclass(frozen=True)
class ReferenceLevels:
    """Water levels that shape a delta [m above the region's datum].

    Attributes:
        mean_sea_level: mean of the tide.
        high_water: highest water of a year without storms; the approximate height of banks and levees.
        design: design level of the embankments.
    """

    mean_sea_level: float
    high_water: float
    design: float

    def __post_init__(self) -> None:
        if not self.mean_sea_level < self.high_water < self.design:
            raise InputError(
                "reference levels", f"{self} do not increase", "order them mean sea level < high water < design level"
            )


@dataclass(frozen=True, eq=False)
class Terrain:
    """The true terrain of a simulated delta; maps are (H, W), row 0 in the north.

    Attributes:
        bed: ground and bed elevation [m above the region's datum], embankments included.
        permanent_water: sea, channels, creeks and intertidal flats.
        open_boundary: cells with prescribed water level.
        roughness: Manning's n [s m-1/3].
        polders: land behind embankments, with their condition.
        crest: crest of the embankments [m above the region's datum], NaN elsewhere.
        vegetation: share covered by vegetation [-].
        woody: share covered by trees: mangrove and gardens [-].
        settlement: density of buildings [-].
        road: cells that carry a road.
        inflow_cell: row and column at which the river enters.
        cell_size: edge of a cell [m].
    """

    bed: Floats
    permanent_water: Mask
    open_boundary: Mask
    roughness: Floats
    polders: Polders
    crest: Floats
    vegetation: Floats
    woody: Floats
    settlement: Floats
    road: Mask
    inflow_cell: tuple[int, int]
    cell_size: float
    levels: ReferenceLevels

    @property
    def land(self) -> Mask:
        """Cells that are not permanent water."""
        return ~self.permanent_water


def draw_terrain(
    shape: tuple[int, int],
    cell_size: float,
    levels: ReferenceLevels,
    rng: np.random.Generator,
    seaward: Side,
) -> Terrain:
    """Draw a random delta.

    Args:
        shape: rows and columns, 24 or more each.
        cell_size: edge of a cell [m].

    Raises:
        InputError: the grid is too small for a delta.
    """
    if min(shape) < 24:
        raise InputError("delta", f"{shape[0]}×{shape[1]} cells are too few", "use 24×24 or more")
    turns, mirrored = _TURNS[seaward], bool(rng.random() < 0.5)
    canonical = _draw_facing_south(shape if turns % 2 == 0 else (shape[1], shape[0]), cell_size, levels, rng)
    return _rotate(canonical, turns, mirrored)


def _draw_facing_south(
    shape: tuple[int, int], cell_size: float, levels: ReferenceLevels, rng: np.random.Generator
) -> Terrain:
    rows, columns = shape
    row = np.arange(rows, dtype=np.float64)[:, None]
    high_water = levels.high_water - levels.mean_sea_level
    shoreline = rows * (1.0 - rng.uniform(0.16, 0.22)) + np.clip(
        rows / 30.0 * correlated_noise((1, columns), columns / 10.0, rng)[0], -rows / 12.0, rows / 12.0
    )
    seawards = row - shoreline[None, :]  # cells; positive in the sea
    waterways = draw_waterways(shape, shoreline, rng)
    water = waterways.channel | waterways.creek | (seawards > 0)

    # Natural terrain: flats at the shore, then land up to about high water.
    plain = high_water + 0.10 + 0.012 * np.clip(-seawards, 0, None) + 0.12 * correlated_noise(shape, 4.0, rng)
    flat = np.clip(-seawards / 0.6, 0.0, 1.0)
    bed = 0.2 + (plain - 0.2) * flat
    from_channel = distance_transform_edt(~waterways.channel)
    levee = 0.8 * np.exp(-(from_channel - 1.0) / 1.2) * np.clip(-seawards / 6.0, 0.0, 1.0)
    bed = bed + levee + 0.06 * rng.standard_normal(shape)
    shelf_width = rows - shoreline[None, :].mean()
    shelf = -0.4 + (DEEPEST_BED + 0.4) * np.clip(seawards / shelf_width, 0.0, 1.0) ** 1.3
    bed = np.where(seawards > 0, shelf + 0.15 * correlated_noise(shape, 3.0, rng), bed)
    bed = np.maximum(np.minimum(bed, waterways.bed), DEEPEST_BED)

    # Land behind embankments no longer gets silt and sinks (Auerbach et al. 2015, Nature Climate Change 5, 153–157:
    # 1.0–1.5 m below the mangroves outside after fifty years).
    polders = draw_polders(~water & (seawards < -2), water, 0.05, rng, cells_each=max(70, rows * columns // 30))
    n_polders = int(polders.identity.max())
    sunk = np.concatenate([[0.0], rng.uniform(-0.4, 0.9, size=n_polders)])[polders.identity]
    inside = polders.identity > 0
    relief = 0.28 * correlated_noise(shape, 3.0, rng) + 0.05 * rng.standard_normal(shape)
    bed = np.where(inside, np.minimum(sunk + relief, high_water - 0.1), bed)

    settlement = _draw_settlement(inside & ~polders.embankment, from_channel, rng)
    bed = np.where(inside, bed + 0.7 * settlement, bed)
    road = _draw_roads(settlement, inside & ~polders.embankment, rng)
    bed = np.where(road, bed + rng.uniform(0.5, 0.9), bed)
    crest = _draw_crests(polders, levels.design - levels.mean_sea_level, rng)
    bed = np.where(polders.embankment, np.maximum(crest, bed), bed)

    permanent = _reached_by_sea(bed < 0.5 * high_water, water & (seawards > shelf_width - 2))
    woody = np.clip(0.75 + 0.25 * correlated_noise(shape, 2.0, rng), 0.2, 1.0)
    woody *= np.where(inside, 0.0, np.exp(np.minimum(seawards, 0.0) / (rows / 8.0)))
    woody = np.where(permanent, 0.0, np.clip(woody + 0.35 * settlement, 0.0, 1.0))
    crops = np.clip(0.55 + 0.2 * correlated_noise(shape, 4.0, rng), 0.05, 0.95)
    vegetation = np.where(permanent, 0.0, np.clip(np.maximum(woody, crops * (1.0 - settlement)), 0.0, 1.0))
    settlement = np.where(permanent, 0.0, settlement)
    roughness = _MANNING["field"] + (_MANNING["woody"] - _MANNING["field"]) * woody
    roughness = roughness + (_MANNING["settlement"] - roughness) * settlement
    roughness = np.where(permanent, _MANNING["water"], roughness)
    open_boundary = np.zeros(shape, dtype=bool)
    open_boundary[-1] = True
    return Terrain(
        bed=bed + levels.mean_sea_level,
        permanent_water=permanent,
        open_boundary=open_boundary,
        roughness=roughness,
        polders=polders,
        crest=crest + levels.mean_sea_level,
        vegetation=vegetation,
        woody=woody,
        settlement=settlement,
        road=road,
        inflow_cell=waterways.source,
        cell_size=cell_size,
        levels=levels,
    )


def _draw_settlement(ground: Mask, from_channel: Floats, rng: np.random.Generator) -> Floats:
    """Villages: clusters of buildings, more frequent near the channels, as homesteads line the levees."""
    density = np.zeros(ground.shape)
    candidates = np.argwhere(ground)
    if not len(candidates):
        return density
    attraction = np.exp(-from_channel[ground] / 6.0) + 0.1
    count = max(2, len(candidates) // 130)
    chosen = rng.choice(len(candidates), size=count, replace=False, p=attraction / attraction.sum())
    row, column = np.indices(ground.shape)
    for number in chosen:
        size = rng.uniform(0.8, 2.2)
        distance = (row - candidates[number][0]) ** 2 + (column - candidates[number][1]) ** 2
        density = np.maximum(density, rng.uniform(0.5, 1.0) * np.exp(-distance / (2.0 * size**2)))
    scattered = density * np.clip(1.0 + 0.3 * rng.standard_normal(ground.shape), 0.2, 1.0)
    return np.where(ground & (scattered > 0.05), scattered, 0.0)


def _draw_roads(settlement: Floats, ground: Mask, rng: np.random.Generator) -> Mask:
    """Roads on low embankments between neighbouring villages, with some openings for bridges and culverts."""
    road = np.zeros(ground.shape, dtype=bool)
    villages, count = label(settlement > 0.3)
    middles = [np.argwhere(villages == number).mean(axis=0) for number in range(1, count + 1)]
    for index, start in enumerate(middles):
        others = [other for number, other in enumerate(middles) if number != index]
        if not others:
            break
        end = min(others, key=lambda other: float(np.hypot(*(other - start))))
        row, column = (int(v) for v in start)
        while (row, column) != (int(end[0]), int(end[1])):
            down, along = int(end[0]) - row, int(end[1]) - column
            if abs(down) >= abs(along):
                row += int(np.sign(down))
            else:
                column += int(np.sign(along))
            road[row, column] = True
    passage = rng.random(ground.shape) < 0.12
    return road & ground & ~passage


def _draw_crests(polders: Polders, design: float, rng: np.random.Generator) -> Floats:
    """Crest heights [m above mean sea level]: a standard for each polder, with settlement; inner dikes are lower.

    Standards range from 0.2 m below the design level to well above it: they are evenly spaced quantiles of a shifted
    exponential distribution with mean 0.35 m, in random order.
    """
    count = int(polders.identity.max())
    rank = (rng.permutation(count) + 0.5) / max(count, 1)
    standard = np.concatenate([[0.0], design - 0.2 - 0.35 * np.log1p(-rank)])
    crest = standard[polders.identity] + 0.12 * correlated_noise(polders.identity.shape, 2.0, rng)
    crest = crest - np.where(polders.exposed, 0.0, rng.uniform(0.5, 1.2))
    return np.where(polders.embankment, crest, np.nan)


def _reached_by_sea(low: Mask, sea: Mask) -> Mask:
    """Low cells that are connected to the sea."""
    parts, _ = label(low)
    wanted = np.unique(parts[sea & low])
    reached: Mask = np.isin(parts, wanted[wanted > 0])
    return reached


def _rotate(terrain: Terrain, turns: int, mirrored: bool) -> Terrain:
    """A copy rotated by quarter turns (anticlockwise) and mirrored."""
    rows, columns = terrain.bed.shape
    marker = np.zeros((rows, columns), dtype=bool)
    marker[terrain.inflow_cell] = True

    def turn(array: npt.NDArray) -> npt.NDArray:
        return np.ascontiguousarray(np.rot90(array[:, ::-1] if mirrored else array, turns))

    polders = Polders(**{name: turn(array) for name, array in vars(terrain.polders).items()})
    maps: dict[str, Any] = {name: turn(value) for name, value in vars(terrain).items() if isinstance(value, np.ndarray)}
    row, column = np.argwhere(turn(marker))[0]
    return replace(terrain, **maps, polders=polders, inflow_cell=(int(row), int(column)))


def breach(terrain: Terrain, storm_peak_level: float, rng: np.random.Generator) -> Floats:
    """(H, W) bed [m above the region's datum] of one storm, with breached embankments at ground level.

    Segments breach at random with ``polders.probability_of_breach``. A breach is one cell wide and reaches down to the
    lowest adjacent ground of the polder, but not below mean sea level minus half a metre.
    """
    bed, polders = terrain.bed.copy(), terrain.polders
    for row, column in breach_cells(polders, terrain.crest, storm_peak_level, rng):
        around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        around = [cell for cell in around if 0 <= cell[0] < bed.shape[0] and 0 <= cell[1] < bed.shape[1]]
        interior = (cell for cell in around if polders.identity[cell] > 0 and not polders.embankment[cell])
        sill = max(min(terrain.bed[cell] for cell in interior), terrain.levels.mean_sea_level - 0.5)
        bed[row, column] = min(bed[row, column], sill)
        for cell in around:  # the flow scours the bank in front of the breach
            if polders.identity[cell] == 0:
                bed[cell] = min(bed[cell], max(sill, terrain.levels.mean_sea_level))
    return bed


def elevation_product(terrain: Terrain, rng: np.random.Generator) -> tuple[Floats, float]:
    """A satellite elevation model (H, W) [m above the region's datum], and its stated error [m].

    It is the true terrain smoothed over about a cell, plus a correlated error, plus the bias of canopy and roofs. The
    root mean square error over land is drawn from 1.05–1.45 m: global models have 1–2 m on low coasts, biased high over
    vegetation and buildings (Hawker, Neal and Bates 2019, Remote Sensing of Environment 232, 111319; Kulp and Strauss
    2019, Nature Communications 10, 4844).
    """
    shape = terrain.bed.shape
    target = rng.uniform(1.05, 1.45)
    land = terrain.land
    seen = np.where(land, gaussian_filter(terrain.bed, 0.6), terrain.bed)
    blur = seen - terrain.bed
    bias = 0.9 * terrain.woody + 0.35 * terrain.vegetation + 0.9 * terrain.settlement
    bias = np.where(land, bias, 0.0)
    wave = correlated_noise(shape, 2.5, rng) + 0.5 * correlated_noise(shape, 0.7, rng)
    # Scale the wave so that the land's root mean square is the target: a quadratic in the scale.
    fixed = (blur + bias)[land]
    free = wave[land]
    a, b, c = (free**2).mean(), 2.0 * (free * fixed).mean(), (fixed**2).mean() - target**2
    scale = (-b + np.sqrt(max(b * b - 4.0 * a * c, 0.0))) / (2.0 * a)
    if c > 0:
        raise InputError(
            "elevation product",
            "the bias of canopy and roofs exceeds the target error",
            "reduce vegetation and settlement",
        )
    return terrain.bed + blur + bias + scale * wave, float(target)
