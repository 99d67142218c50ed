"""What grows on each field at one time: crops are sown, grow, are cut and ploughed between two images."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Indices
from strandline.simulator.flood_chips.landscape import Cover, Landscape, smooth_noise

_TEXTURE, _FIELD_SPREAD = 0.6, 1.3
"""[dB] Deviation of cells within a cover, and of whole fields: row direction, roughness and moisture. Assumptions; the
5th and 95th percentiles of land in eight Sen1Floods11 chips lie 4 dB about the median, speckle included."""


@dataclass(frozen=True, eq=False)
class Surface:
    """(H, W) maps of one time.

    Attributes:
        cover: codes of ``Cover``.
        height: of crops [m]; houses and trees stay above any flood.
        brightness: (2, H, W) of VV and VH relative to their cover [dB].
        green: vigour of the plants, 0 to 1 [-].
    """

    cover: Indices
    height: Floats
    brightness: Floats
    green: Floats


@dataclass(frozen=True, eq=False)
class _Fields:
    """(N,) state of each field; ``ploughed`` crops are bare, some of them rolled smooth."""

    height: Floats
    brightness: Floats
    green: Floats
    ploughed: Indices


def draw_surfaces(landscape: Landscape, change: float, rng: np.random.Generator) -> tuple[Surface, Surface]:
    """Before and after; a share ``change`` of the fields was sown, cut or ploughed in between, and all crops grew."""
    count = int(landscape.field.max()) + 1
    shape, cell = landscape.field.shape, landscape.cell_size
    natural = sum(_TEXTURE * smooth_noise(shape, length / cell, rng) for length in (100.0, 400.0))
    texture = natural + np.stack([_TEXTURE * smooth_noise(shape, 1.5, rng) for _ in range(2)])
    ripe = rng.uniform(0.1, 1.0)
    first, other = _draw_fields(count, ripe, rng), _draw_fields(count, ripe, rng)
    changed = rng.random(count) < change
    second = _Fields(
        np.where(changed, other.height, first.height),
        np.where(changed, other.brightness, first.brightness),
        np.where(changed, other.green, first.green),
        np.where(changed, other.ploughed, first.ploughed),
    )
    growth = 0.5 * rng.standard_normal()
    return _surface(landscape, first, texture, 0.0), _surface(landscape, second, texture, growth)


def _draw_fields(count: int, ripe: float, rng: np.random.Generator) -> _Fields:
    vv = _FIELD_SPREAD * rng.standard_normal(count)
    vh = 0.6 * vv + 0.8 * _FIELD_SPREAD * rng.standard_normal(count)
    vigour = np.clip(ripe + 0.3 * rng.standard_normal(count), 0.0, 1.0)
    ploughed = rng.choice([-1, int(Cover.BARE), int(Cover.SMOOTH)], count, p=[0.82, 0.15, 0.03])
    height = vigour * rng.uniform(0.2, 1.5, count)
    return _Fields(height, np.stack([vv, vh]), vigour, np.asarray(ploughed, dtype=np.int64))


def _surface(landscape: Landscape, fields: _Fields, texture: Floats, growth: float) -> Surface:
    field = landscape.field
    is_crop, ploughed = landscape.cover == Cover.CROP, fields.ploughed[field]
    cover = np.where(is_crop & (ploughed >= 0), ploughed, landscape.cover)
    is_crop = cover == Cover.CROP
    of_fields = np.isin(cover, (Cover.CROP, Cover.BARE, Cover.SMOOTH)) & ~landscape.seam
    brightness = texture + np.where(of_fields, fields.brightness[:, field], 0.0)
    brightness = brightness + np.where(is_crop, np.array([growth, 2.0 * growth])[:, None, None], 0.0)
    green = np.where(is_crop, np.clip(fields.green[field] + 0.3 * growth, 0.0, 1.0), 0.0)
    height = np.where(is_crop, np.maximum(fields.height[field] * (1.0 + growth), 0.05), 0.0)
    return Surface(cover, height, brightness, np.where(cover == Cover.WOODY, 0.8, green))
