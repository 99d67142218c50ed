"""Scores of flood maps on the storms of a test, and the threshold that turns probabilities into maps."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.delta.cases import Case
from benchmarks.statistics import expected_calibration_error
from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.observations.arrays import SingleFloats
from strandline.uncertainty.calibration import choose_threshold
from strandline.uncertainty.metrics import overlap_counts, pooled_iou

DEFAULT_THRESHOLD = 0.45
"""Probability from which a cell counts as flooded where no local label can choose it; from the tuning coasts."""
FEWEST_STORMS = 5
"""Surveyed storms from which labels choose the threshold; cells of one storm are too similar."""
Predictor = Callable[[Batch], SingleFloats]
"""From all streams of some storms to class probabilities (n, K, H, W)."""


@dataclass(frozen=True)
class Score:
    """Scores pooled over the storms of a test."""

    iou: float
    macro_f1: float
    ece: float


def score(case: Case, test: str, probability: SingleFloats, threshold: float) -> Score:
    """Scores on land: IoU of the flood mask at ``threshold``, F1 of the likeliest classes, calibration error."""
    coast = case.coast
    truth = coast.storms.require("flood_class")[torch.from_numpy(case.tests[test])].numpy()
    land = np.broadcast_to(coast.land.numpy(), truth.shape)
    flooded = 1 - probability[:, 0]
    iou = pooled_iou(overlap_counts(flooded >= threshold, truth > 0, land))
    predicted, true = probability.argmax(axis=1)[land], truth[land]
    f1 = []
    for k in range(FLOOD_CLASSES):
        of_class = (predicted == k).sum() + (true == k).sum()
        if (true == k).any():
            f1.append(2 * ((predicted == k) & (true == k)).sum() / of_class)
    return Score(iou, float(np.mean(f1)), expected_calibration_error(flooded[land].astype(float), true > 0))


def labels_choose_threshold(case: Case, fraction: float) -> bool:
    """Whether this share of labels lies in enough storms to choose a threshold."""
    return int(case.labels(fraction).flatten(1).any(dim=1).sum()) >= FEWEST_STORMS


def threshold_on_labels(case: Case, predictor: Predictor, storms: Batch) -> float:
    """The best threshold on the labelled cells of training storms; the default where too few storms are surveyed."""
    flood_class, flood_valid = storms.pair("flood_class")
    valid = (flood_valid & case.coast.land).numpy()
    if valid.any(axis=(1, 2)).sum() < FEWEST_STORMS:
        return DEFAULT_THRESHOLD
    return choose_threshold(1 - predictor(storms)[:, 0], (flood_class > 0).numpy(), valid)
