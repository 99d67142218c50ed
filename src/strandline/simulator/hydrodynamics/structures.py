"""Pumps and gates: water that passes from one cell to another by a rule."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats

Cell = tuple[int, int]
"""Row and column."""


@dataclass(frozen=True)
class Pump:
    """A pump, which starts and stops by the level at its intake.

    Attributes:
        intake, outlet: cells; ``None`` = the water leaves the domain.
        capacity: [m3 s-1].
        starts_at, stops_at: level at the intake [m above the datum].
    """

    intake: Cell
    outlet: Cell | None
    capacity: float
    starts_at: float = -math.inf
    stops_at: float = -math.inf

    def __post_init__(self) -> None:
        if not (0 < self.capacity < math.inf and self.stops_at <= self.starts_at):
            raise InputError("pump", f"{self}", "give a capacity above 0, and stops_at not above starts_at")

    @property
    def as_row(self) -> tuple[float, ...]:
        """Numbers for the solver."""
        outlet = (-1, -1) if self.outlet is None else self.outlet
        return (0.0, *self.intake, *outlet, self.capacity, self.starts_at, self.stops_at)


@dataclass(frozen=True)
class Gate:
    """A culvert or gate between two cells: Q = area · √(2 g Δη) above its sill.

    Attributes:
        first, second: cells.
        area: of the opening times its coefficient of discharge [m2].
        sill: [m above the datum].
        one_way: whether a flap lets water pass from first to second alone.
        closes_at: level at the second cell from which it is shut [m].

    Source: orifice flow, for example Chow (1959), Open-channel hydraulics, section 17-3.
    """

    first: Cell
    second: Cell
    area: float
    sill: float = -math.inf
    one_way: bool = False
    closes_at: float = math.inf

    def __post_init__(self) -> None:
        if not 0 < self.area < math.inf:
            raise InputError("gate", f"{self}", "give an area above 0")

    @property
    def as_row(self) -> tuple[float, ...]:
        """Numbers for the solver."""
        return (2.0 if self.one_way else 1.0, *self.first, *self.second, self.area, self.sill, self.closes_at)


Structure = Pump | Gate


def as_table(structures: Sequence[Structure]) -> Floats:
    """(S, 8) numbers of pumps and gates for the solver: kind, two cells, size, two levels."""
    return np.array([each.as_row for each in structures], dtype=np.float64).reshape(-1, 8)


def cells_of(structure: Structure) -> list[Cell]:
    """The cells that it takes water from or gives it to."""
    both = (structure.intake, structure.outlet) if isinstance(structure, Pump) else (structure.first, structure.second)
    return [cell for cell in both if cell is not None]
