"""A low landscape on cells of 10 to 20 m: rivers, a shore, ponds, fields, woods, villages, roads and embankments.

Shapes and shares are assumptions, drawn wide so that real places lie among them.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy import ndimage

from strandline.observations.arrays import Floats, Indices, Mask
from strandline.simulator.landscape.random_fields import correlated_noise


class Cover(IntEnum):
    """What covers a cell; ``SMOOTH`` is sand, sealed or rolled ground, which is as dark to a radar as calm water."""

    SMOOTH = 0
    BARE = 1
    CROP = 2
    WOODY = 3
    SETTLEMENT = 4


@dataclass(frozen=True)
class Climate:
    """What the chips of one event have in common.

    Attributes:
        arid: share of fields that are smooth and bare [-]; ``woody``, ``settled``: of ground under trees, houses.
        field: typical edge of a field [m], of a kilometre where nothing is tilled; ``bearing``: of its rows [rad].
        relief: standard deviation of the ground over a kilometre [m]; ``hills``: the same of hills beside it.
        rivers, shores, ponds: probability that a chip has one.
        river_width: typical [m].
    """

    arid: float
    woody: float
    settled: float
    field: float
    bearing: float
    relief: float
    hills: float
    rivers: float
    shores: float
    ponds: float
    river_width: float


@dataclass(frozen=True, eq=False)
class Landscape:
    """(H, W) maps.

    Attributes:
        elevation: of ground and beds [m above the mean level of the nearest river or sea].
        water: permanent water.
        cover: codes of ``Cover``.
        field: number of each cell's field.
        seam: cells that carry an embankment or a road.
        cell_size: [m].
    """

    elevation: Floats
    water: Mask
    cover: Indices
    field: Indices
    seam: Mask
    cell_size: float


def draw_climate(rng: np.random.Generator) -> Climate:
    """From dry plains with little vegetation to green deltas."""
    return Climate(
        arid=float(rng.beta(0.5, 4.0)),
        woody=float(rng.beta(1.0, 6.0)),
        settled=float(rng.beta(1.0, 14.0)),
        field=float(np.exp(rng.normal(np.log(170.0), 0.6)) * rng.choice([1.0, 6.0], p=[0.75, 0.25])),
        bearing=float(rng.uniform(0.0, np.pi)),
        relief=float(np.exp(rng.normal(np.log(0.8), 0.5))),
        hills=float(rng.choice([0.0, rng.uniform(20.0, 80.0)], p=[0.75, 0.25])),
        rivers=float(rng.uniform(0.3, 1.0)),
        shores=float(rng.choice([0.0, 0.5], p=[0.7, 0.3])),
        ponds=float(rng.uniform(0.0, 1.0)),
        river_width=float(np.exp(rng.normal(np.log(60.0), 0.8))),
    )


def draw_landscape(climate: Climate, shape: tuple[int, int], cell_size: float, rng: np.random.Generator) -> Landscape:
    """One chip of a climate."""
    kilometre = 1000.0 / cell_size
    slope = rng.uniform(0.0, 2.0) / kilometre  # [m per cell]
    u, v = _turned(shape, rng.uniform(0.0, 2 * np.pi))
    ground = 0.6 + slope * (v - v.min()) + climate.relief * smooth_noise(shape, 0.25 * kilometre, rng)
    ground += 0.35 * climate.relief * smooth_noise(shape, 0.06 * kilometre, rng) + 0.05 * rng.standard_normal(shape)
    if climate.hills:
        rise = np.maximum(smooth_noise(shape, 0.5 * kilometre, rng) - 0.4, 0.0)
        ground += climate.hills * rise * (1.0 + 0.3 * smooth_noise(shape, 0.1 * kilometre, rng))
    water = np.zeros(shape, dtype=bool)
    banks = np.full(shape, np.inf)
    if rng.random() < climate.rivers:
        for _ in range(int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))):
            distance = _river(u, v, kilometre, rng) * cell_size
            width = climate.river_width * np.exp(0.4 * rng.standard_normal())
            water |= distance < width / 2
            banks = np.minimum(banks, distance - width / 2)
        levee = 0.8 * np.exp(-np.maximum(banks, 0.0) / 80.0)
        ground = ground * (1.0 - 0.5 * np.exp(-np.maximum(banks, 0.0) / 400.0)) + levee
    if rng.random() < climate.shores:
        shore = np.quantile(v, rng.uniform(0.1, 0.4)) + 0.08 * kilometre * smooth_noise(shape, 0.2 * kilometre, rng)
        water |= v < shore
        ground = np.where(v < shore, ground, np.minimum(ground, 0.3 + 0.004 * cell_size * (v - shore)))
    field = _fields(shape, climate.field / cell_size, climate.bearing, rng)
    ground = ground + 0.25 * climate.relief * rng.standard_normal(int(field.max()) + 1)[field]  # fields are levelled
    if rng.random() < climate.ponds:
        water |= _ponds(field, shape, kilometre, rng)
    seam, crest = _seams(u, v, banks, kilometre, cell_size, rng)
    ground = np.where(seam & ~water, ground + crest, ground)
    cover = _covers(climate, field, seam, water, banks, kilometre, rng)
    return Landscape(np.where(water, -1.5, ground), water, cover, field, seam, cell_size)


def smooth_noise(shape: tuple[int, int], length: float, rng: np.random.Generator) -> Floats:
    """``correlated_noise`` that stays fast at great lengths [cells]: drawn on coarser cells and interpolated."""
    factor = max(1, int(length / 3.0))
    if factor == 1:
        return correlated_noise(shape, max(length, 0.5), rng)
    coarse = (shape[0] // factor + 3, shape[1] // factor + 3)
    fine = ndimage.zoom(correlated_noise(coarse, length / factor, rng), factor, order=1)
    return np.asarray(fine[: shape[0], : shape[1]])


def _turned(shape: tuple[int, int], bearing: float) -> tuple[Floats, Floats]:
    """Coordinates [cells] along and across a bearing, 0 in the middle."""
    row, column = np.indices(shape, dtype=float)
    row, column = row - shape[0] / 2, column - shape[1] / 2
    return column * np.cos(bearing) + row * np.sin(bearing), row * np.cos(bearing) - column * np.sin(bearing)


def _river(u: Floats, v: Floats, kilometre: float, rng: np.random.Generator) -> Floats:
    """Distance [cells] from a meandering line along u: two sines of unlike wavelength."""
    line, along = np.full(u.shape, rng.uniform(-0.8, 0.8) * kilometre), np.zeros(u.shape)
    for wavelength, sinuosity in ((rng.uniform(0.8, 2.5), rng.uniform(0.0, 0.25)), (rng.uniform(0.3, 0.8), 0.06)):
        k, phase = 2 * np.pi / (wavelength * kilometre), rng.uniform(0, 2 * np.pi)
        line += sinuosity * wavelength * kilometre * np.sin(k * u + phase)
        along += sinuosity * wavelength * kilometre * k * np.cos(k * u + phase)
    return np.asarray(np.abs(v - line) / np.hypot(1.0, along))


def _fields(shape: tuple[int, int], edge: float, bearing: float, rng: np.random.Generator) -> Indices:
    """Strips of unlike width along a bearing, cut into fields of unlike length; borders bend a little."""
    u, v = _turned(shape, bearing + 0.1 * rng.standard_normal())
    u = u + 0.3 * edge * smooth_noise(shape, 2.0 * edge, rng)
    v = v + 0.3 * edge * smooth_noise(shape, 2.0 * edge, rng)
    widths = edge * np.exp(0.4 * rng.standard_normal(int(4 * max(shape) / max(edge, 1.0)) + 8))
    strip = np.searchsorted(np.cumsum(widths) + u.min(), u)
    strip = np.minimum(strip, len(widths) - 1)
    lengths = edge * np.exp(0.5 + 0.5 * rng.standard_normal(len(widths)))
    piece = np.floor((v + rng.uniform(0, 100, len(widths))[strip]) / np.maximum(lengths[strip], 1.0)).astype(np.int64)
    _, number = np.unique(strip * 100_003 + piece, return_inverse=True)
    return np.asarray(number.reshape(shape))


def _ponds(field: Indices, shape: tuple[int, int], kilometre: float, rng: np.random.Generator) -> Mask:
    """Round ponds where a smooth field is high, or whole fields: fish ponds, salterns and reservoirs."""
    if rng.random() < 0.5:
        return np.asarray(smooth_noise(shape, rng.uniform(0.03, 0.12) * kilometre, rng) > rng.uniform(1.6, 2.4))
    chosen = rng.random(int(field.max()) + 1) < rng.uniform(0.01, 0.15)
    region = smooth_noise(shape, 0.3 * kilometre, rng) > 0.3
    return np.asarray(ndimage.binary_erosion(chosen[field]) & region)


def _seams(
    u: Floats, v: Floats, banks: Floats, kilometre: float, cell_size: float, rng: np.random.Generator
) -> tuple[Mask, Floats]:
    """Straight roads on low banks and embankments beside the river, each with gaps; and their heights [m]."""
    seam, crest = np.zeros(u.shape, dtype=bool), np.zeros(u.shape)
    for _ in range(int(rng.integers(0, 4))):
        bearing, offset = rng.uniform(0, np.pi), rng.uniform(-1.0, 1.0) * kilometre
        line = np.abs(u * np.sin(bearing) + v * np.cos(bearing) - offset) < rng.uniform(0.5, 1.0)
        seam, crest = seam | line, np.where(line, rng.uniform(0.2, 1.5), crest)
    if np.isfinite(banks).any() and rng.random() < 0.5:
        away = rng.uniform(30.0, 300.0)
        dike = np.abs(banks - away) < 0.8 * cell_size
        gaps = smooth_noise(u.shape, 0.08 * kilometre, rng) > rng.uniform(1.0, 3.0)
        seam, crest = seam | dike, np.where(dike & ~gaps, rng.uniform(1.5, 4.0), crest)
    return seam, crest


def _covers(
    climate: Climate, field: Indices, seam: Mask, water: Mask, banks: Floats, kilometre: float,
    rng: np.random.Generator,
) -> Indices:  # fmt: skip
    """Fields of one cover each; trees in patches and along water; villages in clusters; sand in natural patches too."""
    shape = field.shape
    kinds = rng.choice(
        [Cover.SMOOTH, Cover.BARE, Cover.CROP], int(field.max()) + 1,
        p=[0.5 * climate.arid, 0.1 + 0.4 * climate.arid, 0.9 - 0.9 * climate.arid],
    )  # fmt: skip
    cover = kinds[field]
    patches = smooth_noise(shape, rng.uniform(0.04, 0.2) * kilometre, rng)
    cover[patches > 0.5 + 2.0 * (1.0 - climate.arid)] = Cover.SMOOTH
    trees = smooth_noise(shape, rng.uniform(0.03, 0.15) * kilometre, rng) + 1.2 * np.exp(-np.maximum(banks, 0.0) / 60.0)
    cover[trees > np.quantile(trees, 1.0 - climate.woody)] = Cover.WOODY
    houses = smooth_noise(shape, 0.12 * kilometre, rng) + 0.2 * rng.standard_normal(shape)
    cover[houses > np.quantile(houses, 1.0 - climate.settled)] = Cover.SETTLEMENT
    cover[seam] = rng.choice([Cover.SMOOTH, Cover.BARE, Cover.WOODY])
    cover[water] = Cover.BARE
    return np.asarray(cover)
