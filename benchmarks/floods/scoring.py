"""Scores of flood maps on the test chips of an event, and the threshold that turns probabilities into maps."""

from dataclasses import dataclass

import numpy as np

from benchmarks.floods.views import Views
from benchmarks.statistics import brier, expected_calibration_error
from strandline.observations.arrays import Mask, SingleFloats
from strandline.uncertainty.metrics import overlap_counts, pooled_iou

THRESHOLDS = np.arange(0.1, 0.91, 0.05)


@dataclass(frozen=True)
class Reference:
    """Maps for the choice of a threshold: (N, H, W) probabilities, true floods, and where these are known."""

    probability: SingleFloats
    truth: Mask
    known: Mask


def choose_threshold(references: list[Reference]) -> float:
    """Probability from which a cell counts as flooded, by mean IoU over the references; 0.5 without references.

    The middle of all thresholds within 0.005 of the best, which is robust where the maximum is flat.
    """
    if not references:
        return 0.5
    scores = [
        np.mean([pooled(part.probability >= threshold, part.truth, part.known) for part in references])
        for threshold in THRESHOLDS
    ]
    good = THRESHOLDS[np.array(scores) >= max(scores) - 0.005]
    return float(good[len(good) // 2])


def score(views: Views, probability: SingleFloats, flooded: Mask) -> dict[str, float]:
    """Scores over the chips of an event without permanent water; IoU also with it (``iou_raw``).

    Args:
        probability, flooded: (N, H, W) of the map.
    """
    truth, known = views.truth, views.seen & ~views.points
    scored = views.trained & ~views.points
    return {
        **score_cells(probability[scored], flooded[scored], truth[scored]),
        "iou_raw": pooled(flooded, truth, known),
    }


def score_cells(probability: SingleFloats, flooded: Mask, truth: Mask) -> dict[str, float]:
    """Scores over cells (N,)."""
    iou = pooled(flooded[None], truth[None], np.ones((1, truth.size), dtype=bool))
    return {
        "iou": iou,
        "f1": 2 * iou / (1 + iou),
        "brier": brier(probability, truth),
        "ece": expected_calibration_error(probability, truth),
    }


def pooled(flooded: Mask, truth: Mask, known: Mask) -> float:
    """Intersection over union of all chips together; 0 where nothing is flooded or mapped."""
    iou = pooled_iou(overlap_counts(flooded, truth, known))
    return 0.0 if np.isnan(iou) else iou
