"""How a committee's members are joined, fitted to labels of floods that no member was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from strandline.models.flood.scenes.stacking import Recalibration, Stacking, log_odds, scene_threshold
from strandline.observations.arrays import Floats, Mask, Reals

THRESHOLDS = np.arange(0.1, 0.91, 0.02)
EXPONENTS = (0.0, 4.0, 8.0)
"""Candidates for how strongly the expected overlap decides."""
SHRINKAGE = 2.0
"""Strength of the prior about no recalibration: so many floods, of which each counts as one observation."""
JOINED_SHRINKAGE = 0.1
"""The same for the joined probability: a mean of recalibrated members is too cautious."""
FEW_LABELS = 3.0
"""Strength of what the images tell against few labelled scenes of one flood, each of which counts as one."""


def fit_stacking(predicted: Sequence[Mapping[str, Reals]], labels: Sequence[Mask]) -> Stacking:
    """Recalibrations and exponent that suit some floods.

    Args:
        predicted: of each flood, member → (N,) probability at cells with a label; ``labels``: of each flood (N,) wet.
    """
    names = list(predicted[0])
    members = {name: fit_recalibration([of_flood[name] for of_flood in predicted], labels) for name in names}
    candidates = []
    for exponent in EXPONENTS:
        stacking = Stacking(members, exponent)
        maps = [stacking.join(of_flood, stacking.qualities(of_flood)) for of_flood in predicted]
        joined = fit_recalibration(maps, labels, JOINED_SHRINKAGE)
        maps = [joined.apply(map_) for map_ in maps]
        score = float(np.mean([_overlap(m >= scene_threshold(m), wet) for m, wet in zip(maps, labels, strict=True)]))
        candidates.append((score, replace(stacking, joined=joined)))
    highest = max(score for score, _ in candidates)
    return next(stacking for score, stacking in candidates if score >= highest - 0.002)  # the plainest of the best


def fit_recalibration(maps: Sequence[Reals], labels: Sequence[Mask], strength: float = SHRINKAGE) -> Recalibration:
    """Slope and shift of log odds, by the mean log-likelihood of each flood and a prior about no change.

    Cells of one flood err together, so that it counts as one observation.
    """
    odds = [np.stack([log_odds(map_), np.ones(map_.size)]) for map_ in maps]
    centre = np.array([1.0, 0.0])
    found = centre.copy()
    for _ in range(50):  # Newton's method on a convex function
        gradient, curvature = strength * (found - centre), strength * np.eye(2)
        for x, wet in zip(odds, labels, strict=True):
            p = 1 / (1 + np.exp(-found @ x))
            gradient -= x @ (wet - p) / wet.size
            curvature += (x * (p * (1 - p))) @ x.T / wet.size
        step = np.linalg.solve(curvature, gradient)
        found = found - step
        if np.abs(step).max() < 1e-6:
            break
    return Recalibration(float(max(found[0], 0.05)), float(found[1]))


def qualities_with_labels(
    stacking: Stacking,
    qualities: Mapping[str, float],
    predicted: Sequence[Mapping[str, Reals]],
    labels: Sequence[Mask],
    threshold: float,
    strength: float = FEW_LABELS,
) -> dict[str, float]:
    """Overlap of each member, expected from images and measured on few labelled scenes.

    Args:
        qualities: expected by each member of itself; ``strength``: of this, in labelled scenes.
        predicted: of each labelled scene, member → (N,); ``labels``: (N,) wet; ``threshold``: from which a cell is wet.
    """
    found = {}
    for name, recalibration in stacking.members.items():
        maps = [recalibration.apply(of_scene[name]) for of_scene in predicted]
        measured = [_overlap(map_ >= threshold, wet) for map_, wet in zip(maps, labels, strict=True)]
        found[name] = (strength * qualities[name] + sum(measured)) / (strength + len(measured))
    return found


def threshold_with_labels(
    threshold: float, maps: Sequence[Floats], labels: Sequence[Mask], strength: float = FEW_LABELS
) -> float:
    """Threshold of few labelled scenes, shrunk in log odds towards the one without labels.

    Args:
        threshold: without labels; ``maps``: joined probabilities (N,) of each labelled scene, possibly of none;
            ``labels``: (N,) wet.
    """
    if not maps:
        return threshold
    share = len(labels) / (len(labels) + strength)
    odds = share * _odds(best_threshold(maps, labels)) + (1 - share) * _odds(threshold)
    return float(1 / (1 + np.exp(-odds)))


def best_threshold(maps: Sequence[Floats], labels: Sequence[Mask]) -> float:
    """Threshold of the highest mean overlap over floods.

    The middle of all thresholds within 0.005 of the best, which is robust where the maximum is flat.
    """
    scores = np.array([mean_overlap(maps, labels, float(threshold)) for threshold in THRESHOLDS])
    good = THRESHOLDS[scores >= scores.max() - 0.005]
    return float(good[len(good) // 2])


def mean_overlap(maps: Sequence[Floats], labels: Sequence[Mask], threshold: float) -> float:
    """Mean over floods of intersection over union."""
    return float(np.mean([_overlap(map_ >= threshold, wet) for map_, wet in zip(maps, labels, strict=True)]))


def _overlap(mapped: Mask, wet: Mask) -> float:
    """Intersection over union; 1 where nothing is wet or mapped."""
    either = int((mapped | wet).sum())
    return int((mapped & wet).sum()) / either if either else 1.0


def _odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))
