"""How a region is cut: tiles that lie side by side, each mapped from a window that reaches over its edges."""

from collections.abc import Iterator
from dataclasses import dataclass

EDGE, MARGIN = 96, 16
"""[cells] of a tile, and seen around it. A network's answer hangs on all of its window, so that these belong to the
numbers of a map: whoever maps it, in whatever order, uses the same. What they cost: ``benchmarks.mosaic``."""


@dataclass(frozen=True)
class Tile:
    """A part of a region's grid.

    Attributes:
        row, column: which tile, from the north-west.
        rows, columns: its cells.
        window: rows and columns that are looked at, of which the tile's are some.
    """

    row: int
    column: int
    rows: slice
    columns: slice
    window: tuple[slice, slice]

    @property
    def inner(self) -> tuple[slice, slice]:
        """The tile within its window."""
        down, across = self.window
        return (
            slice(self.rows.start - down.start, self.rows.stop - down.start),
            slice(self.columns.start - across.start, self.columns.stop - across.start),
        )


def tiles_of(shape: tuple[int, int], edge: int = EDGE, margin: int = MARGIN) -> list[Tile]:
    """All tiles of a grid, row by row. At the grid's edges a window is moved inwards, so that all are of one size."""
    downwards, across = (list(_cut(cells, edge, margin)) for cells in shape)
    return [
        Tile(row, column, rows, columns, (window_rows, window_columns))
        for row, (rows, window_rows) in enumerate(downwards)
        for column, (columns, window_columns) in enumerate(across)
    ]


def _cut(cells: int, edge: int, margin: int) -> Iterator[tuple[slice, slice]]:
    """Parts of a line of cells, and their windows."""
    reach = edge + 2 * margin
    for start in range(0, cells, edge):
        first = max(min(start - margin, cells - reach), 0)
        yield slice(start, min(start + edge, cells)), slice(first, min(first + reach, cells))
