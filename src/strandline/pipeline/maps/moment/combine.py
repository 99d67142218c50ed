"""Two maps of one flood as one: the sea's flood is the prior, what images show the likelihood."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.models.flood.scenes.scene_map import SceneMap
from strandline.observations.arrays import SingleFloats
from strandline.pipeline.maps.moment.layers import BOTH, IMAGES, INFERRED, SEA, SEEN, UNKNOWN_SOURCE

MOST_PRIOR = 0.9
"""What the sea's flood counts at most against an image, and 1 − this at least: 9 to 1. A run knows the sea alone; a
clear image of water from a river or from rain must stand against it. An assumption."""
CERTAIN = 0.99


@dataclass(frozen=True, eq=False)
class SeaFlood:
    """The flood that the sea alone makes.

    Attributes:
        probability, spread: (H, W); NaN where the ground is unknown or permanent water, of which it says nothing.
        wet: (H, W) 1 = in its flood extent, 0 = not; NaN likewise.
    """

    probability: SingleFloats
    spread: SingleFloats
    wet: SingleFloats


@dataclass(frozen=True, eq=False)
class CombinedMap:
    """Probability of water in each cell, and who says so.

    Attributes:
        probability, spread: (H, W); NaN = nobody knows.
        wet: (H, W) 1 = water, 0 = none; NaN likewise.
        source: (H, W) uint8, codes of ``SOURCES``.
    """

    probability: SingleFloats
    spread: SingleFloats
    wet: SingleFloats
    source: npt.NDArray[np.uint8]


def combine(images: SceneMap | None, sea: SeaFlood | None, seen: SingleFloats | None) -> CombinedMap:
    """One map of what images show and the sea makes.

    Posterior odds = prior odds × likelihood ratio. The prior is the sea's flood, at most 9 to 1; the likelihood ratio
    is the odds of the images' probability over those of their threshold, at which they tell nothing. A cell that only
    one of them knows is that one's; a cell that people saw is theirs. Where no image shows a cell, the sea's flood
    answers alone; without it a cell that is inferred to be wet counts as wet, one that is inferred to be dry stays
    unknown: nobody saw it.

    Args:
        seen: (H, W) cells that people saw, which are in ``images`` already; NaN = not.
    """
    shape = (images.probability if images is not None else sea.probability).shape  # type: ignore[union-attr]
    nobody = np.full(shape, np.nan, np.float32)
    shown = nobody if images is None else np.where(images.shown, images.probability, np.nan)
    by_sea = nobody if sea is None else sea.probability
    probability, spread = np.where(np.isnan(shown), by_sea, shown), nobody.copy()
    wet, source = nobody.copy(), np.full(shape, UNKNOWN_SOURCE, np.uint8)
    is_seen = np.zeros(shape, bool) if seen is None else np.isfinite(seen)
    if images is not None:
        alone = np.isfinite(shown)
        spread[alone], source[alone] = images.spread[alone], IMAGES
        wet[alone] = shown[alone] >= images.threshold
    if images is not None and images.inferred is not None:
        hidden = images.inferred & np.isfinite(images.probability) & np.isnan(by_sea)
        probability[hidden], spread[hidden] = images.probability[hidden], images.spread[hidden]
        source[hidden], wet[hidden & (images.probability >= images.threshold)] = INFERRED, 1.0
    if sea is not None:
        alone = np.isnan(shown) & np.isfinite(by_sea)
        spread[alone], wet[alone], source[alone] = sea.spread[alone], sea.wet[alone], SEA
    both = np.isfinite(shown) & np.isfinite(by_sea) & ~is_seen
    if images is not None and sea is not None and both.any():
        prior = np.clip(by_sea[both], 1 - MOST_PRIOR, MOST_PRIOR)
        odds = _odds(shown[both]) - float(_odds(np.array(images.threshold))) + _odds(prior)
        joined = 1 / (1 + np.exp(-odds))
        probability[both], wet[both], source[both] = joined, joined >= 0.5, BOTH
        spread[both] = _spread_of(joined, (shown[both], images.spread[both]), (prior, sea.spread[both]))
    source[is_seen & np.isfinite(probability)] = SEEN
    return CombinedMap(probability.astype(np.float32), spread, wet, source)


@dataclass(frozen=True)
class Agreement:
    """How far images and the sea's flood agree on land that both know.

    Attributes:
        cells: how many; ``same``: share of them with the same state.
        overlap: intersection over union of both floods; ``None`` = neither has one.
    """

    cells: int
    same: float
    overlap: float | None


@dataclass
class AgreementCount:
    """Counts over tiles."""

    cells: int = 0
    same: int = 0
    both_wet: int = 0
    any_wet: int = 0

    def add(self, first: SingleFloats, second: SingleFloats) -> None:
        """Count two maps (h, w) of 1 = wet, 0 = dry, NaN = unknown."""
        known = np.isfinite(first) & np.isfinite(second)
        one, other = first[known] >= 0.5, second[known] >= 0.5
        self.cells += int(known.sum())
        self.same += int((one == other).sum())
        self.both_wet += int((one & other).sum())
        self.any_wet += int((one | other).sum())

    def result(self) -> Agreement | None:
        """``None`` = no cell is known to both."""
        if self.cells == 0:
            return None
        overlap = self.both_wet / self.any_wet if self.any_wet else None
        return Agreement(self.cells, self.same / self.cells, overlap)


def _odds(probability: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    clipped = np.clip(probability.astype(np.float64), 1 - CERTAIN, CERTAIN)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _spread_of(joined: npt.NDArray[np.float64], *parts: tuple[SingleFloats, SingleFloats]) -> SingleFloats:
    """Standard deviation of the joined probability: those of the log odds add up as variances."""
    variance = np.zeros(joined.shape)
    for probability, spread in parts:
        clipped = np.clip(probability, 1 - CERTAIN, CERTAIN)
        variance += (np.nan_to_num(spread) / (clipped * (1 - clipped))) ** 2
    return np.minimum(np.sqrt(variance) * joined * (1 - joined), 0.5).astype(np.float32)
