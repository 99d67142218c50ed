"""Scenes that show where water stands: the part of an image series that a sea level can be read from."""

from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask, Times

ALWAYS = 0.05
"""Share of the scenes up to which a cell may be wet, or dry, and still counts as one that never changes: shadows and
glint make any cell change now and then. A convention."""


@dataclass(frozen=True, eq=False)
class WaterScenes:
    """What N scenes show of C cells.

    Attributes:
        time: (N,) UTC, in any order.
        wet: (N, C) probability that the cell is under water; NaN = not seen (cloud, no data).
    """

    time: Times
    wet: Floats

    def __post_init__(self) -> None:
        if self.wet.ndim != 2 or self.time.shape != self.wet.shape[:1]:
            what = f"has {self.time.shape} times and {self.wet.shape} cells"
            raise InputError("scenes of water", what, "give one row of cells for each time")
        if np.nanmin(self.wet, initial=0.0) < 0 or np.nanmax(self.wet, initial=1.0) > 1:
            raise InputError("scenes of water", "hold a probability outside 0 to 1", "give shares between 0 and 1")

    def __len__(self) -> int:
        return int(self.time.size)

    @property
    def seen(self) -> Mask:
        """(N, C) whether a cell was seen."""
        return np.isfinite(self.wet)

    @property
    def frequency(self) -> Floats:
        """(C,) share of the scenes that saw a cell and showed it wet; NaN = never seen."""
        count = self.seen.sum(axis=0)
        return np.where(count > 0, np.nansum(self.wet, axis=0) / np.maximum(count, 1), np.nan)

    @property
    def changes(self) -> Mask:
        """(C,) cells that are now wet, now dry: the ground between the tides."""
        frequency = self.frequency
        return (frequency > ALWAYS) & (frequency < 1 - ALWAYS)

    def sample(self, most: int = 500) -> Indices:
        """Cells that change, evenly spaced among all of them, ``most`` at most: enough for the levels."""
        cells = np.flatnonzero(self.changes)
        return cells if cells.size <= most else cells[np.linspace(0, cells.size - 1, most).astype(int)]

    def take(self, scenes: Indices | Mask | slice, cells: Indices | Mask | slice = slice(None)) -> "WaterScenes":
        """Some of the scenes and of the cells."""
        return WaterScenes(self.time[scenes], self.wet[scenes][:, cells])
