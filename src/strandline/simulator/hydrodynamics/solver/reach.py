"""The columns of each row that water can enter in a step: all others are dry land, whose fluxes are zero.

A step moves water from a wet cell to its four neighbours at most. The reach of a row holds every cell that was wet at
any time so far, the neighbours of each, and whatever else gives or takes water; it only grows. Fluxes outside of it
have always been zero, so that a storm has bit for bit the results of a sweep over all columns.
"""

from strandline.observations.arrays import Floats, Indices
from strandline.simulator.hydrodynamics.solver.rows import ONE, Column, compile_loop
from strandline.simulator.hydrodynamics.solver.state import Given

VECTOR = 8
"""Columns that the compiler computes at once; a reach holds whole groups of them."""


@compile_loop
def find_reach(reach: Indices, greatest: Floats, bed: Floats, given: Given) -> None:
    """The reach (2, H) of one storm, from the greatest level of each cell so far [m]."""
    rows, columns = bed.shape
    everywhere = given.rain.rate.shape[2] > 0 or given.tables.face_bottom.size > 0
    reach[0, :], reach[1, :] = (1, columns - 1) if everywhere else (columns, 0)
    for i in range(1, rows - 1):
        widen_row(reach, i, ONE, Column(columns - 1), greatest, bed)
    for b in range(given.boundary_row.size):
        _widen(reach, given.boundary_row[b], given.boundary_column[b], columns)
    for r in range(given.inflow_row.size):
        _widen(reach, given.inflow_row[r], given.inflow_column[r], columns)
    for s in range(given.structures.shape[0]):
        for end in (1, 3):
            if given.structures[s, end] >= 0.0:
                _widen(reach, int(given.structures[s, end]), int(given.structures[s, end + 1]), columns)
    for w in range(given.barriers.face.shape[0]):  # waves throw water over a wall from a cell that need not be wet
        _widen(reach, given.barriers.face[w, 1], given.barriers.face[w, 2], columns)


@compile_loop
def columns_of(reach: Indices, row: int) -> tuple[Column, Column]:
    """First column of a row, and the one after its last, that water can enter."""
    return Column(reach[0, row]), Column(reach[1, row])


@compile_loop
def widen_row(reach: Indices, row: int, first: Column, last: Column, level: Floats, bed: Floats) -> None:
    """Let the reach hold the wet cells of a row from ``first`` to before ``last``, and their neighbours."""
    for j in range(first, last):
        if level[row, j] > bed[row, j]:
            _widen(reach, row, int(j), level.shape[1])


@compile_loop
def _widen(reach: Indices, row: int, column: int, columns: int) -> None:
    """Let the reach hold a cell and its neighbours."""
    first = 1 + max(column - 2, 0) // VECTOR * VECTOR
    last = min(1 + (column // VECTOR + 1) * VECTOR, columns - 1)
    for i in range(max(row - 1, 0), min(row + 2, reach.shape[1])):
        reach[0, i], reach[1, i] = min(reach[0, i], first), max(reach[1, i], last)
