"""Depths of the mosaic at the cells that assets touch, kept in a file, and where any map shows water."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from strandline.distillation.training.loop import Progress
from strandline.observations.arrays import Floats, Indices, Mask, SingleFloats
from strandline.observations.region import Region
from strandline.pipeline.maps.large_regions.mosaic import blend_depths, blocks_of
from strandline.pipeline.maps.large_regions.store import MapStore
from strandline.pipeline.maps.tiles import Tile, Window
from strandline.risk.hazard.hazard import Hazard


@dataclass(frozen=True, eq=False)
class SeaLevels:
    """The sea levels whose floods were mapped.

    Attributes:
        return_periods: R [years].
        levels: (S, R) of each sample [m, region datum].
        higher: (S, H) seas above them, whose depths alone are kept; H is 0 or 1.
    """

    return_periods: tuple[float, ...]
    levels: Floats
    higher: Floats

    @property
    def all(self) -> Floats:
        """(S, R + H) [m, region datum]."""
        return np.concatenate([self.levels, self.higher], axis=1)


@dataclass(frozen=True, eq=False)
class DepthsAtCells:
    """Depth at some cells of a region.

    Attributes:
        cells: (C,) flat indices, ascending.
        depth: (C, S, L) [m], in a file; NaN = unknown.
    """

    cells: Indices
    depth: SingleFloats

    def of(self, cells: Indices) -> SingleFloats:
        """(S, L, 1, n) at some of the cells, as a grid of one row."""
        chosen = np.asarray(self.depth[np.searchsorted(self.cells, cells)])
        return np.ascontiguousarray(chosen.transpose(1, 2, 0))[:, :, None]


def gather(
    store: MapStore,
    region: Region,
    tiles: Sequence[Tile],
    seas: SeaLevels,
    cells: Indices,
    file: Path,
    report: Progress,
) -> tuple[DepthsAtCells, Mask]:
    """Depths at cells (C,), and (H, W) where any sample has water at any sea level.

    Args:
        file: to keep the depths in; it is made.
    """
    samples, count = seas.all.shape
    shape = max(cells.size, 1), samples, count
    depth = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=shape)
    row, column = np.divmod(cells, region.shape[1])
    has_water = np.zeros(region.shape, dtype=bool)
    blocks = blocks_of(region)
    for done, block in enumerate(blocks, start=1):
        found = blend_depths(store, tiles, block, samples)
        has_water[block] = (found > 0).any(axis=(0, 1))
        here = _inside(row, column, block)
        own = row[here] - block[0].start, column[here] - block[1].start
        depth[here] = found[:, :, *own].transpose(2, 0, 1)
        report(done / len(blocks))
    depth.flush()
    return DepthsAtCells(cells, depth[: cells.size]), has_water


def _inside(row: Indices, column: Indices, block: Window) -> Indices:
    rows, columns = block
    first, last = np.searchsorted(row, [rows.start, rows.stop])  # cells ascend, and so do their rows
    among = column[first:last]
    return np.asarray(first + np.flatnonzero((among >= columns.start) & (among < columns.stop)), dtype=np.int64)


def hazard_in_row(region: Region, seas: SeaLevels, depth: SingleFloats, draws: int) -> Hazard:
    """Flood maps of cells in one row, read by ``draws`` draws of damage for each map; they hold depths alone.

    Args:
        depth: (S, L, 1, n) [m].
    """
    left, _, _, top = region.bounds
    size = region.cell_size
    row = replace(region, bounds=(left, top - size, left + depth.shape[3] * size, top))
    periods = len(seas.return_periods)
    empty = np.broadcast_to(np.float32(0), (periods, *row.shape))
    return Hazard(
        row, seas.return_periods, seas.levels, depth[:, :periods], empty, empty, empty, {}, None,
        np.repeat(seas.levels, draws, axis=0),
    )  # fmt: skip
