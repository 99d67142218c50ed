"""Adaptation of a scene mapper to a flood of which somebody saw a few cells, judged on those that are held out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from strandline.distillation.pretraining.scenes.fit_stacking import qualities_with_labels
from strandline.models.flood.scenes.committee import Committee, Heard
from strandline.models.flood.scenes.images.working_size import coarse_label, factor_of, refined
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
    """Fit a mapper to labels, if that helps on labels that are held out.

    Slope and shift of its log odds are fitted; of a committee, first the qualities of its members.

    Args:
        label: (H, W) ``WET``, ``DRY`` or ``UNKNOWN``.
        seed: of the split into folds.

    Source: Platt (1999), Advances in Large Margin Classifiers, 61–74; here with a prior about no change.
    """
    answers = _Answers(mapper, scene, label)
    known = (label != UNKNOWN) & ~np.isnan(answers.found.probability)
    cells = int(known.sum())
    if cells == 0:
        return mapper, SceneAdaptation(0, None, None, 0.0, "not adapted: no labelled cell is seen by an image")
    odds, wet, block = _odds(answers.found.probability)[known], label[known] == WET, _blocks(label.shape)[known]
    blocks = np.unique(block)
    mixed = sum(np.unique(wet[block == each]).size == 2 for each in blocks)
    if wet.all() or not wet.any() or blocks.size < LEAST_BLOCKS or mixed < 2:
        return mapper, SceneAdaptation(
            cells, None, None, 0.0, "not adapted: the labels lie in too few places, or show only one state, to judge it"
        )
    threshold = float(_odds(np.array([answers.found.threshold], np.float32))[0])
    fold = np.random.default_rng(seed).permutation(blocks.size)[np.searchsorted(blocks, block)] % FOLDS
    after = np.empty(wet.size, bool)
    for each in range(FOLDS):
        held = fold == each
        train = np.zeros(label.shape, dtype=bool)
        train[known] = ~held
        reweighted = _odds(answers.refitted(train)[1].probability)[known]
        slope, shift = _fit(reweighted[~held], wet[~held], block[~held])
        after[held] = slope * reweighted[held] + shift >= threshold
    iou_before, iou_after = _iou(odds >= threshold, wet), _iou(after, wet)
    if iou_after < iou_before + LEAST_GAIN:
        advice = f"not adapted: on labels held out the overlap would be {iou_after:.2f}, it is {iou_before:.2f}"
        return mapper, SceneAdaptation(cells, iou_before, iou_after, 0.0, advice)
    fitted, found = answers.refitted(known)
    slope, shift = _fit(_odds(found.probability)[known], wet, block)
    weight = blocks.size / (blocks.size + RIDGE)
    advice = f"adapted: on labels held out the overlap rises from {iou_before:.2f} to {iou_after:.2f}"
    return RecalibratedMapper(fitted, slope, shift), SceneAdaptation(cells, iou_before, iou_after, weight, advice)


class _Answers:
    """What a mapper answers on a scene, before and after some of the labels.

    Attributes:
        found: its map without labels.
    """

    def __init__(self, mapper: SceneMapper, scene: FloodScene, label: npt.NDArray[np.int8]) -> None:
        self._mapper, self._shape, self._label = mapper, scene.shape, label
        self._factor = factor_of(scene.cell_size)
        self._heard = mapper.of_region(scene).hear(scene) if isinstance(mapper, Committee) else None
        self.found = mapper.map(scene) if self._heard is None else self._refined(self._heard.joined())

    def refitted(self, train: Mask) -> tuple[SceneMapper, SceneMap]:
        """The mapper after the labels of the cells (H, W) ``train``, and its map; blocks of labels count as scenes."""
        if self._heard is None:
            return self._mapper, self.found
        label = coarse_label(np.where(train, self._label, np.int8(UNKNOWN)), self._factor)
        fitted = replace(self._heard, committee=weigh_members(self._heard, label, _blocks(label.shape)))
        return fitted.committee, self._refined(fitted.joined())

    def _refined(self, found: SceneMap) -> SceneMap:
        """A map of working cells on the scene's own cells."""
        if self._heard is None:
            return found
        return replace(found, probability=refined(found.probability, self._factor, self._shape))


def weigh_members(heard: Heard, label: npt.NDArray[np.int8], block: npt.NDArray[np.int64]) -> Committee:
    """The committee with its members' qualities measured on labels, shrunk to what they expect of themselves.

    Args:
        heard: the answers of a committee that knows the region; ``label``: (H, W) of its working cells.
        block: (H, W) number of the block of each cell; each counts as one labelled scene.
    """
    committee = heard.committee
    qualities: dict[str, Mapping[str, float]] = {}
    for key, where in heard.groups.items():
        stacking, known = committee.stackings[key], where & (label != UNKNOWN)
        predicted, labels = [], []
        for each in np.unique(block[known]):
            cells = known & (block == each)
            predicted.append({name: heard.probability[name][cells] for name in stacking.members})
            labels.append(label[cells] == WET)
        own = (committee.qualities or {})[key]
        qualities[key] = qualities_with_labels(stacking, own, predicted, labels, committee.threshold or 0.5)
    return replace(committee, qualities=qualities)


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
