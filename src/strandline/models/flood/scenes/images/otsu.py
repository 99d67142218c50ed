"""A threshold between two classes of one image, and whether there are two."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import SingleFloats

BINS = 256
BLOCK = 64
"""Edge of the parts of an image [cells] that are looked at one by one."""
BIMODAL = 0.75
"""Share of a part's variance that lies between its two classes, from which it counts as showing both. One normal
distribution has 2/π = 0.64. Source: the default of HYDRAFloods (SERVIR) for its Bmax Otsu."""
LEAST_SHARE = 0.1
"""Of either class in such a part: a few outliers make no class. An assumption."""


@dataclass(frozen=True)
class TwoClasses:
    """Two classes of an image, the lower one and the higher one.

    Attributes:
        threshold: between them; ``low`` and ``high``: their means, all in the image's unit.
        separation: share of the variance that lies between the classes, 0 to 1.
        low_share: share of the values that are in the lower class.
    """

    threshold: float
    low: float
    high: float
    separation: float
    low_share: float

    @classmethod
    def of(cls, values: SingleFloats) -> Self | None:
        """The split of the greatest variance between classes; ``None`` with fewer than two different values.

        Source: Otsu (1979), IEEE Transactions on Systems, Man, and Cybernetics 9(1), 62–66.
        """
        known = values[np.isfinite(values)].astype(np.float64)
        if known.size < 2 or known.min() == known.max():
            return None
        count, edges = np.histogram(known, BINS)
        centre = (edges[1:] + edges[:-1]) / 2
        below = np.cumsum(count)[:-1]
        above = known.size - below
        summed = np.cumsum(count * centre)
        low, high = summed[:-1] / np.maximum(below, 1), (summed[-1] - summed[:-1]) / np.maximum(above, 1)
        between = below * above * (high - low) ** 2 / known.size**2
        best = np.flatnonzero(between == between.max())
        at = int(best[best.size // 2])  # the middle of an empty valley
        variance = float(known.var())
        return cls(
            float(edges[at + 1]), float(low[at]), float(high[at]), float(between[at] / variance),
            float(below[at] / known.size),
        )  # fmt: skip

    @property
    def is_bimodal(self) -> bool:
        """Whether there are two classes, and not one that was cut in two."""
        return self.separation >= BIMODAL and LEAST_SHARE <= self.low_share <= 1 - LEAST_SHARE


def classes_of_image(image: SingleFloats) -> TwoClasses | None:
    """The two classes of those parts of an image (H, W) that show both; ``None`` where no part does.

    A flood that fills a small share of an image has no peak of its own in the histogram of the whole; in the parts
    along its edge it has.

    Source: Cao, Zhang, Wang, Zhang (2019), Water 11(4), 786, and Markert et al. (2020), Remote Sensing 12(15), 2469,
    who choose parts by the same share of variance (own code; the least share of a class is an assumption).
    """
    chosen = [part.ravel() for part in _parts_of(image) if (found := TwoClasses.of(part)) and found.is_bimodal]
    return TwoClasses.of(np.concatenate(chosen)) if chosen else None


def _parts_of(image: SingleFloats) -> list[npt.NDArray[np.float32]]:
    rows, columns = (max(1, size // BLOCK) for size in image.shape)
    parts = [part for strip in np.array_split(image, rows) for part in np.array_split(strip, columns, axis=1)]
    return [part for part in parts if np.isfinite(part).mean() >= 0.5]
