"""Scores of flood maps on an event's test chips, and the threshold that turns chances into maps."""

from dataclasses import dataclass

import numpy as np

from benchmarks.floods.views import Views
from strandline.observations.arrays import Mask, SingleFloats
from strandline.uncertainty.metrics import brier, expected_calibration_error, overlap_counts, pooled_iou

THRESHOLDS = np.arange(0.1, 0.91, 0.05)


@dataclass(frozen=True)
class Reference:
    """Maps that a threshold is chosen on: (N, H, W) chances, what they should show, and where that is known."""

    chance: SingleFloats
    truth: Mask
    known: Mask


def choose_threshold(references: list[Reference]) -> float:
    """The chance from which a cell is called flooded: highest mean IoU over the references, 0.5 when there is none.

    The middle of all thresholds that come within 0.005 of the best, so that a flat top does not end at its edge.
    """
    if not references:
        return 0.5
    scores = [
        np.mean([_pooled(part.chance >= threshold, part.truth, part.known) for part in references])
        for threshold in THRESHOLDS
    ]
    good = THRESHOLDS[np.array(scores) >= max(scores) - 0.005]
    return float(good[len(good) // 2])


def score(views: Views, chance: SingleFloats, threshold: float) -> dict[str, float]:
    """IoU, F1, Brier score and calibration error over an event's chips, without permanent water; IoU also with it."""
    truth, known = views.chips.mask, views.chips.valid & ~views.points
    scored = known & ~views.water
    flooded = chance >= threshold
    iou = _pooled(flooded, truth, scored)
    return {
        "iou": iou,
        "iou_raw": _pooled(flooded, truth, known),
        "f1": 2 * iou / (1 + iou),
        "brier": brier(chance[scored], truth[scored]),
        "ece": expected_calibration_error(chance[scored], truth[scored]),
    }


def _pooled(flooded: Mask, truth: Mask, known: Mask) -> float:
    iou = pooled_iou(overlap_counts(flooded, truth, known))
    return 0.0 if np.isnan(iou) else iou
