"""The unfinished layers of a map of one moment, on disk, so that memory does not grow with the region."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import SingleFloats
from strandline.pipeline.maps.tiles import Tile, Window

BLENDED = ("probability", "spread", "wet", "before")
"""Probability of water and its spread [-], whether a cell counts as wet, and probability of water before the flood."""
SINGLE = ("sea_probability", "sea_spread", "sea_wet", "elevation", "depth_low", "depth_middle", "depth_high")
"""The sea's flood [-], the ground [m, region datum] and the depth [m]."""
CODES = ("extent", "source")
DRY, FLOODED, PERMANENT, UNKNOWN_EXTENT = 0, 1, 2, 255
EXTENTS = {DRY: "dry", FLOODED: "flooded", PERMANENT: "permanent water", UNKNOWN_EXTENT: "unknown"}
UNKNOWN_SOURCE, IMAGES, SEA, BOTH, SEEN, INFERRED = 0, 1, 2, 3, 4, 5
SOURCES = {
    UNKNOWN_SOURCE: "unknown", IMAGES: "images", SEA: "the sea's flood", BOTH: "images and the sea's flood",
    SEEN: "seen by people", INFERRED: "inferred from around",
}  # fmt: skip
BLOCK = 1024


class Layers:
    """Arrays (H, W) of a region, NaN or unknown where nothing was written.

    Args:
        folder: for the arrays; whoever makes it removes it.
    """

    def __init__(self, folder: Path, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._folder = folder
        self._arrays: dict[str, npt.NDArray[np.generic]] = {}

    def array(self, name: str) -> npt.NDArray[np.generic]:
        """One layer, made when it is first asked for."""
        if name not in self._arrays:
            is_code, is_sum = name in CODES, name.startswith(("sum ", "weight "))
            kind = np.uint8 if is_code else np.float32
            made = np.lib.format.open_memmap(self._folder / f"{name}.npy", mode="w+", dtype=kind, shape=self.shape)
            if not is_sum:
                made[:] = (UNKNOWN_EXTENT if name == "extent" else UNKNOWN_SOURCE) if is_code else np.nan
            self._arrays[name] = made
        return self._arrays[name]

    def floats(self, name: str, window: Window) -> SingleFloats:
        """A part of a layer."""
        return np.asarray(self.array(name)[window], dtype=np.float32)

    def has(self, name: str) -> bool:
        """Whether anything was written to a layer."""
        return name in self._arrays

    def add(self, tile: Tile, parts: dict[str, SingleFloats]) -> None:
        """Add a tile's part of blended layers with its weight."""
        for name, values in parts.items():
            known = np.isfinite(values)
            for kind, part in (("sum", values * tile.weight), ("weight", tile.weight)):
                summed = self.floats(f"{kind} {name}", tile.window) + np.where(known, part, 0)
                self.array(f"{kind} {name}")[tile.window] = summed

    def blend(self) -> None:
        """Make the blended layers of what was added."""
        for name in BLENDED:
            if not self.has(f"sum {name}"):
                continue
            for block in self.blocks():
                total, weight = self.floats(f"sum {name}", block), self.floats(f"weight {name}", block)
                unknown = np.full(total.shape, np.nan, np.float32)
                self.array(name)[block] = np.divide(total, weight, out=unknown, where=weight > 0)

    def blocks(self, size: int = BLOCK) -> Iterator[Window]:
        """Windows that cover the region once."""
        rows, columns = self.shape
        for row in range(0, rows, size):
            for column in range(0, columns, size):
                yield slice(row, min(row + size, rows)), slice(column, min(column + size, columns))

    def thinned(self, name: str, most: int) -> npt.NDArray[np.generic]:
        """Every so many rows and columns, so that at most ``most`` of either remain."""
        step = max(1, -(-max(self.shape) // most))
        return np.asarray(self.array(name)[step // 2 :: step, step // 2 :: step])
