"""Polders: low land behind embankments, and embankment breaches."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation, distance_transform_edt, label
from scipy.special import ndtr

from strandline.observations.arrays import Floats, Indices, Mask
from strandline.simulator.landscape.random_fields import correlated_noise

_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)
SEGMENT_LENGTH = 6
"""Cells of embankment that breach together (0.9 km at 150 m)."""


@dataclass(frozen=True)
class Polders:
    """Land behind embankments.

    Attributes:
        identity: (H, W) number of the polder from 1, 0 outside; its embankment belongs to it.
        embankment: (H, W) cells that carry an embankment or an inner dike.
        exposed: (H, W) embankment cells with unprotected ground or water next to them.
        segment: (H, W) number of the segment an embankment cell belongs to, −1 elsewhere.
        condition: (H, W) from 0 (neglected) to 1 (sound); NaN elsewhere.
    """

    identity: Indices
    embankment: Mask
    exposed: Mask
    segment: Indices
    condition: Floats


def draw_polders(
    land: Mask, water: Mask, open_share: float, rng: np.random.Generator, cells_each: int = 300
) -> Polders:
    """Divide the land at least two cells from water into polders of about ``cells_each`` cells.

    Args:
        land, water: (H, W) where ground lies dry, and where channels, creeks and the sea are.
        open_share: share of the polders without an embankment [-].
        cells_each: cells of a polder; Bangladesh's coastal polders cover 5–500 km².
    """
    shape = land.shape
    protected = land & (distance_transform_edt(~water) > 1.9)
    candidates = np.argwhere(protected)
    identity = np.zeros(shape, dtype=np.int64)
    if len(candidates):
        count = max(3, round(len(candidates) / cells_each))
        seeds = candidates[rng.choice(len(candidates), size=min(count, len(candidates)), replace=False)]
        warp = 2.0 * correlated_noise((2, *shape), 3.0, rng)  # avoids straight borders
        row, column = np.indices(shape) + warp
        distance = (row[None] - seeds[:, 0, None, None]) ** 2 + (column[None] - seeds[:, 1, None, None]) ** 2
        nearest = distance.argmin(axis=0)
        number = 0
        for seed in range(len(seeds)):
            parts, n_parts = label(protected & (nearest == seed))
            for part in range(1, n_parts + 1):
                cells = parts == part
                has_interior = (cells & ~_touches(~cells)).sum() >= 9
                if has_interior and rng.random() >= open_share:
                    number += 1
                    identity[cells] = number
    outside = identity == 0
    embankment, exposed = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for number in range(1, int(identity.max()) + 1):
        cells = identity == number
        exposed |= cells & _touches(outside)
        inner = cells & _touches((identity > 0) & (identity < number))
        embankment |= exposed | inner
    segment = _number_segments(identity, embankment)
    n_segments = int(segment.max()) + 1
    state = rng.beta(2.4, 1.6, size=max(n_segments, 1))
    condition = np.where(embankment, state[np.maximum(segment, 0)], np.nan)
    return Polders(identity, embankment, exposed, segment, condition)


def _touches(mask: Mask) -> Mask:
    """Cells with a face in common with ``mask``."""
    grown: Mask = binary_dilation(mask, _CROSS)
    return grown


def _number_segments(identity: Indices, embankment: Mask) -> Indices:
    """Number each polder's embankment cells in groups of SEGMENT_LENGTH, by their bearing from its centre."""
    segment = np.full(identity.shape, -1, dtype=np.int64)
    offset = 0
    for number in range(1, int(identity.max()) + 1):
        row, column = np.nonzero(embankment & (identity == number))
        if not len(row):
            continue
        middle = np.argwhere(identity == number).mean(axis=0)
        bearing = np.arctan2(row - middle[0], column - middle[1])
        order = np.argsort(bearing, kind="stable")
        segment[row[order], column[order]] = offset + np.arange(len(row)) // SEGMENT_LENGTH
        offset = int(segment.max()) + 1
    return segment


def probability_of_breach(head: Floats, condition: Floats) -> Floats:
    """Probability that a segment breaches at a water level ``head`` [m] above its crest (negative: below).

    A normal fragility curve whose median rises from 0.55 m *below* the crest (neglected: piping and slope
    failure) to 0.4 m above it (sound: overtopping erodes the inner slope), with 0.15 m spread. The shape is that
    of the levee fragility curves of Vorogushyn, Merz and Apel (2009), Nat. Hazards Earth Syst. Sci. 9, 1383–1401.
    """
    median = -0.55 + 0.95 * condition
    probability: Floats = ndtr((head - median) / 0.15)
    return probability


def breach_cells(polders: Polders, crest: Floats, peak_level: float, rng: np.random.Generator) -> list[tuple[int, int]]:
    """The embankment cells that breach in one storm; at most one per segment.

    Args:
        crest: (H, W) elevation of the embankments' crests [m, region datum]; NaN elsewhere.
        peak_level: highest sea level of the storm [m, region datum].
        rng: source of randomness; the number of draws does not depend on the level, so that with one seed a higher
            level breaches every segment that a lower one does.
    """
    interior = (polders.identity > 0) & ~polders.embankment
    weak = polders.exposed & _touches(interior)
    chosen = []
    for number in range(int(polders.segment.max()) + 1):
        draw, position = rng.random(), rng.random()
        cells = np.argwhere(weak & (polders.segment == number))
        if not len(cells):
            continue
        heads = np.array([peak_level - crest[tuple(cell)] for cell in cells])
        condition = np.array([polders.condition[tuple(cell)] for cell in cells])
        if draw < float(probability_of_breach(heads, condition).mean()):
            row, column = cells[int(position * len(cells))]
            chosen.append((int(row), int(column)))
    return chosen
