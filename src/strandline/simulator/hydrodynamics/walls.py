"""Walls on the faces between cells: embankments and thin dams, which water overflows, breaches and overtops."""

from dataclasses import dataclass, field

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices

WEST, NORTH = 0, 1
"""Faces between a cell and its western neighbour, and between a cell and the one in the row above."""


def _no_numbers() -> Indices:
    return np.zeros(0, dtype=np.int64)


def _no_levels() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Walls:
    """N walled faces, for all storms or, with a leading axis E, for each.

    A wall that fails sinks linearly to its breach level. Waves overtop it from one side.

    Attributes:
        face: (N,) `WEST` or `NORTH`; ``row``, ``column``: (N,) of the cell whose face it is.
        crest: (N,) or (E, N) [m above the datum]; infinite = never overflowed, minus infinite = no wall there.
        fails_at: (N,) or (E, N) level of the higher water beside it at which it fails [m]; infinite = never.
        breach_level: (N,) or (E, N) crest after the failure [m].
        breach_duration: from the failure until then [s].
        waves_from: (N,) 1 = waves arrive at the western or northern side, −1 = at the other, 0 = at neither.
        slope: tangent of the seaward slope of the walls [-].
    """

    face: Indices = field(default_factory=_no_numbers)
    row: Indices = field(default_factory=_no_numbers)
    column: Indices = field(default_factory=_no_numbers)
    crest: Floats = field(default_factory=_no_levels)
    fails_at: Floats | None = None
    breach_level: Floats | None = None
    breach_duration: float = 3600.0
    waves_from: Indices | None = None
    slope: float = 1 / 3

    def __post_init__(self) -> None:
        count = len(self.face)
        for name in ("row", "column", "waves_from"):
            values = getattr(self, name)
            if values is not None and np.shape(values) != (count,):
                raise InputError("walls", f"{name} has shape {np.shape(values)}", f"give ({count},), one for each face")
        for name in ("crest", "fails_at", "breach_level"):
            values = getattr(self, name)
            if values is not None and (np.ndim(values) not in (1, 2) or np.shape(values)[-1] != count):
                raise InputError("walls", f"{name} has shape {np.shape(values)}", f"give ({count},) or (E, {count})")
            if values is not None and np.isnan(values).any():
                raise InputError("walls", f"{name} has gaps", "give metres, or infinity where it never is")
        if not np.isin(self.face, (WEST, NORTH)).all():
            raise InputError("walls", "a face is neither WEST nor NORTH", "give 0 or 1")
        if (self.fails_at is None) != (self.breach_level is None):
            raise InputError("walls", "only one of fails_at and breach_level is given", "give both, or none")
        if not (self.breach_duration > 0 and self.slope > 0):
            raise InputError("walls", "breach_duration or slope is not above 0", "give seconds, and a tangent")

    def __len__(self) -> int:
        return len(self.face)

    def for_storms(self, name: str, storms: int, missing: float) -> Floats:
        """(E, N) values of ``name``; ``missing`` where there are none.

        Raises:
            InputError: values of another number of storms.
        """
        values = getattr(self, name)
        found = np.full(len(self), missing) if values is None else np.asarray(values, dtype=np.float64)
        if found.ndim == 2 and len(found) != storms:
            raise InputError("walls", f"{name} is of {len(found)} storms", f"give (N,) or ({storms}, N)")
        return np.ascontiguousarray(np.broadcast_to(found, (storms, len(self))))
