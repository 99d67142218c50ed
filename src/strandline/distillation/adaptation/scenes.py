"""Adaptation of a scene mapper to a flood of which somebody saw a few cells, judged on those that are held out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from strandline.models.flood.scenes.index_thresholds import as_probability
from strandline.models.flood.scenes.scene_map import SceneMap, SceneMapper
from strandline.observations.arrays import Floats, Mask, SingleFloats
from strandline.observations.flood_scenes.scene import UNKNOWN, WET, FloodScene

BLOCKS = 8
"""Blocks along each side of a scene; neighbouring cells are no evidence of their own, whole blocks are held out."""
FOLDS = 4
LEAST_BLOCKS = 4
"""Blocks with labels, and two of them with both states, below which no gain can be judged. An assumption."""
RIDGE = 1.0
"""Prior precision of the slope's logarithm and of the shift [log odds], in labelled blocks. An assumption."""
LEAST_GAIN = 0.01
"""Of the overlap on labels held out, below which a change is noise. An assumption."""
FINITE = 1e-3


@dataclass(frozen=True)
class SceneAdaptation:
    """What labels changed.

    Attributes:
        labelled_cells: how many.
        iou_before, iou_after: on blocks of labels that were held out; ``None`` where there are too few.
        weight: of the labels against the mapper as it was, 0 = not adapted, to 1.
        advice: what was done and why, in a sentence.
    """

    labelled_cells: int
    iou_before: float | None
    iou_after: float | None
    weight: float
    advice: str


@dataclass(frozen=True)
class RecalibratedMapper:
    """A mapper whose log odds are scaled and shifted.

    Attributes:
        slope, shift: new log odds = slope × log odds + shift.
    """

    mapper: SceneMapper
    slope: float
    shift: float

    def map(self, scene: FloodScene, progress: Callable[[float], None] | None = None) -> SceneMap:
        """Map one scene of any size.

        Raises:
            InputError: no layer that shows water.
        """
        found = self.mapper.map(scene, progress)
        odds = self.slope * _odds(found.probability) + self.shift
        return replace(found, probability=np.where(np.isnan(found.probability), np.float32(np.nan), _chance(odds)))


def adapt_scene_mapper(
    mapper: SceneMapper, scene: FloodScene, label: npt.NDArray[np.int8], seed: int
) -> tuple[SceneMapper, SceneAdaptation]:
    """Fit slope and shift of a mapper's log odds to labels, if that helps on labels that are held out.

    Args:
        label: (H, W) ``WET``, ``DRY`` or ``UNKNOWN``.
        seed: of the split into folds.

    Source: Platt (1999), Advances in Large Margin Classifiers, 61–74; here with a prior about no change.
    """
    found = mapper.map(scene)
    known = (label != UNKNOWN) & ~np.isnan(found.probability)
    cells = int(known.sum())
    if cells == 0:
        return mapper, SceneAdaptation(0, None, None, 0.0, "not adapted: no labelled cell is seen by an image")
    odds, wet, block = _odds(found.probability)[known], label[known] == WET, _blocks(label.shape)[known]
    blocks = np.unique(block)
    mixed = sum(np.unique(wet[block == each]).size == 2 for each in blocks)
    if wet.all() or not wet.any() or blocks.size < LEAST_BLOCKS or mixed < 2:
        return mapper, SceneAdaptation(
            cells, None, None, 0.0, "not adapted: the labels lie in too few places, or show only one state, to judge it"
        )
    threshold = float(_odds(np.array([found.threshold], np.float32))[0])
    fold = np.random.default_rng(seed).permutation(blocks.size)[np.searchsorted(blocks, block)] % FOLDS
    after = np.empty(wet.size, bool)
    for each in range(FOLDS):
        held = fold == each
        slope, shift = _fit(odds[~held], wet[~held], block[~held])
        after[held] = slope * odds[held] + shift >= threshold
    iou_before, iou_after = _iou(odds >= threshold, wet), _iou(after, wet)
    if iou_after < iou_before + LEAST_GAIN:
        advice = f"not adapted: on labels held out the overlap would be {iou_after:.2f}, it is {iou_before:.2f}"
        return mapper, SceneAdaptation(cells, iou_before, iou_after, 0.0, advice)
    slope, shift = _fit(odds, wet, block)
    weight = blocks.size / (blocks.size + RIDGE)
    advice = f"adapted: on labels held out the overlap rises from {iou_before:.2f} to {iou_after:.2f}"
    return RecalibratedMapper(mapper, slope, shift), SceneAdaptation(cells, iou_before, iou_after, weight, advice)


def _blocks(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """(H, W) number of the block of each cell."""
    row, column = (np.arange(size) * BLOCKS // max(size, BLOCKS) for size in shape)
    return np.asarray(row[:, None] * BLOCKS + column)


def _fit(odds: Floats, wet: Mask, block: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Slope and shift [log odds]; each block counts as one observation."""
    _, number, count = np.unique(block, return_inverse=True, return_counts=True)
    weight = 1.0 / count[number]

    def loss(parameters: Floats) -> float:
        log_slope, shift = parameters
        margin = np.where(wet, 1.0, -1.0) * (np.exp(log_slope) * odds + shift)
        prior = 0.5 * RIDGE * (log_slope**2 + shift**2)
        return float((weight * np.logaddexp(0.0, -margin)).sum() + prior)

    log_slope, shift = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(np.exp(log_slope)), float(shift)


def _odds(probability: SingleFloats) -> Floats:
    clipped = np.clip(probability.astype(np.float64), FINITE, 1 - FINITE)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _chance(odds: Floats) -> SingleFloats:
    return as_probability(odds.astype(np.float32))


def _iou(mapped: Mask, wet: Mask) -> float:
    union = int((mapped | wet).sum())
    return float((mapped & wet).sum() / union) if union else 1.0
