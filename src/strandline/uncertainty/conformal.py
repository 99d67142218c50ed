"""Split conformal prediction with whole storms, not hours, as exchangeable units."""

import math
from collections.abc import Sequence

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Reals


def storms_needed(coverage: float) -> int:
    """Fewest calibration storms for a coverage: with n storms the highest attainable coverage is n/(n + 1)."""
    return math.ceil(round(coverage / (1 - coverage), 9))


def conformal_radius(scores: Sequence[Reals], coverage: float) -> float:
    """Score that a new hour of a new storm exceeds with probability at most 1 − coverage.

    Args:
        scores: one array a calibration storm, the non-conformity of each of its hours; storms may differ in length.
        coverage: nominal coverage, 0…1.

    Returns:
        The coverage-quantile of the storms' pooled scores; every storm has weight 1/(K + 1), the rest lies at infinity.

    Raises:
        RefusedByTheory: too few storms, with the number needed; or a coverage that is not between 0 and 1.

    Source: Lee, Barber, Willett (2023), Distribution-free inference with hierarchical data, eq. 7 (HCP).
    """
    if not 0 < coverage < 1:
        raise RefusedByTheory(f"a coverage of {coverage:.0%} is not possible; name one between 0 and 1")
    storms = [np.asarray(score, dtype=float).ravel() for score in scores]
    storms = [score for score in storms if score.size]
    needed = storms_needed(coverage)
    if len(storms) < needed:
        raise RefusedByTheory(
            f"{len(storms)} calibration storms cannot give {coverage:.0%} coverage; need {needed} or more"
        )
    values = np.concatenate(storms)
    if np.isnan(values).any():
        raise ValueError("scores hold NaN; remove gaps first")
    weights = np.concatenate([np.full(score.size, 1 / (score.size * (len(storms) + 1))) for score in storms])
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    first = int(np.searchsorted(reached, coverage - 1e-12))
    return float(values[order][min(first, values.size - 1)])
