"""How a region is cut into square tiles that overlap; each is mapped by itself and blended with its neighbown."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

REACH, OVERLAP = 256, 32
"""Edge of a tile and its least overlap with neighbours [cells]. A network's prediction depends on all that it sees at
once, so these are part of a map's numbers: every worker uses the same. Their cost: ``benchmarks.large_regions``."""
Window = tuple[slice, slice]


@dataclass(frozen=True)
class Tile:
    """A part of a region's grid.

    Attributes:
        row, column: position of the tile, from the north-west.
        window: its rows and columns.
        weight: (h, w) of its prediction in each cell, above 0 to 1; lower near its edges.
    """

    row: int
    column: int
    window: Window
    weight: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Tiling:
    """All tiles of a grid of ``shape``, of one size, evenly spaced.

    Attributes:
        reach, overlap: [cells], of tiles; smaller where the grid is.
    """

    shape: tuple[int, int]
    reach: int = REACH
    overlap: int = OVERLAP

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of a tile."""
        return min(self.reach, self.shape[0]), min(self.reach, self.shape[1])

    @property
    def count(self) -> tuple[int, int]:
        """Tiles southwards and eastwards."""
        return len(self._cut(self.shape[0])), len(self._cut(self.shape[1]))

    def tiles(self) -> list[Tile]:
        """All tiles, row by row."""
        return [
            Tile(
                row,
                column,
                (rows, columns),
                self._fade(rows, self.shape[0])[:, None] * self._fade(columns, self.shape[1]),
            )
            for row, rows in enumerate(self._cut(self.shape[0]))
            for column, columns in enumerate(self._cut(self.shape[1]))
        ]

    def _cut(self, cells: int) -> list[slice]:
        spare = max(cells - self.reach, 0)
        count = 1 + -(-spare // (self.reach - self.overlap))
        starts = np.rint(np.linspace(0, spare, count)).astype(int)
        return [slice(int(start), int(start) + min(self.reach, cells)) for start in starts]

    def _fade(self, part: slice, cells: int) -> npt.NDArray[np.float32]:
        """From 0 at an edge to 1 beyond the overlap; 1 at the edges of the region."""
        cell = np.arange(part.start, part.stop)
        before = cell - part.start + 1 if part.start > 0 else np.full(cell.size, np.inf)
        after = part.stop - cell if part.stop < cells else np.full(cell.size, np.inf)
        weight = np.minimum(np.minimum(before, after) / (self.overlap + 1), 1.0)
        return np.asarray(weight, dtype=np.float32)


def intersection(tile: Tile, block: Window) -> tuple[Window, Window] | None:
    """The cells that a tile and a block of the grid share, counted within each; ``None`` where there are none."""
    within_tile, within_block = [], []
    for own, other in zip(tile.window, block, strict=True):
        start, stop = max(own.start, other.start), min(own.stop, other.stop)
        if start >= stop:
            return None
        within_tile.append(slice(start - own.start, stop - own.start))
        within_block.append(slice(start - other.start, stop - other.start))
    return (within_tile[0], within_tile[1]), (within_block[0], within_block[1])
