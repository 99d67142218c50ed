"""Weights of a committee's members, fitted to labels of floods that no member was trained on."""

from collections.abc import Mapping, Sequence

import numpy as np

from strandline.models.flood.scenes.committee import Stacking, log_odds
from strandline.observations.arrays import Floats, Mask, Reals

THRESHOLDS = np.arange(0.1, 0.91, 0.02)
SHRINKAGE = 4.0
"""Strength of the prior: so many floods, of which each counts as one observation."""


def equal_weights(names: Sequence[str], threshold: float = 0.5) -> Stacking:
    """The mean of the members' log odds."""
    return Stacking(dict.fromkeys(names, 1.0 / len(names)), 0.0, threshold)


def fit_stacking(
    probabilities: Sequence[Mapping[str, Reals]],
    labels: Sequence[Mask],
    prior: Stacking,
    strength: float = SHRINKAGE,
) -> Stacking:
    """Weights, bias and threshold that suit some floods, shrunk towards a prior.

    Maximises the sum over floods of the mean log-likelihood of a flood's cells, less ``strength`` / 2 times the squared
    distance of weights and bias from the prior: cells of one flood err together, so that it counts once.

    Args:
        probabilities: of each flood, member → (N,) at cells with a label; members as the prior's.
        labels: of each flood (N,) wet.
        prior: also decides the members.
    """
    names = list(prior.weights)
    odds = [_with_ones(np.stack([log_odds(of_flood[name]) for name in names])) for of_flood in probabilities]
    centre = np.array([*prior.weights.values(), prior.bias])
    found = centre.copy()
    for _ in range(50):  # Newton's method on a convex function
        gradient = strength * (found - centre)
        curvature = strength * np.eye(len(found))
        for x, wet in zip(odds, labels, strict=True):
            p = 1 / (1 + np.exp(-found @ x))
            gradient -= x @ (wet - p) / len(wet)
            curvature += (x * (p * (1 - p))) @ x.T / len(wet)
        step = np.linalg.solve(curvature, gradient)
        found = found - step
        if np.abs(step).max() < 1e-6:
            break
    joined = Stacking(dict(zip(names, found[:-1].tolist(), strict=True)), float(found[-1]), prior.threshold)
    maps = [joined.join(of_flood) for of_flood in probabilities]
    threshold = best_threshold(maps, labels, prior.threshold, strength)
    return Stacking(joined.weights, joined.bias, threshold)


def best_threshold(maps: Sequence[Floats], labels: Sequence[Mask], prior: float, strength: float) -> float:
    """Threshold of the highest mean IoU over floods, shrunk towards a prior in log odds.

    The middle of all thresholds within 0.005 of the best, which is robust where the maximum is flat.
    """
    scores = [
        np.mean([_iou(of_flood >= threshold, wet) for of_flood, wet in zip(maps, labels, strict=True)])
        for threshold in THRESHOLDS
    ]
    good = THRESHOLDS[np.array(scores) >= max(scores) - 0.005]
    best, share = float(good[len(good) // 2]), len(labels) / (len(labels) + strength)
    odds = share * _odds(best) + (1 - share) * _odds(prior)
    return float(1 / (1 + np.exp(-odds)))


def _iou(mapped: Mask, wet: Mask) -> float:
    """Intersection over union; 1 where nothing is wet or mapped."""
    either = int((mapped | wet).sum())
    return int((mapped & wet).sum()) / either if either else 1.0


def _with_ones(odds: Floats) -> Floats:
    return np.concatenate([odds, np.ones((1, odds.shape[1]))])


def _odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))
