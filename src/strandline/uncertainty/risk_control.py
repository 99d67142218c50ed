"""Conformal risk control of flood maps: a threshold that bounds the expected miss rate."""

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Mask, Reals
from strandline.uncertainty.conformal import storms_needed


def miss_rate(flood_extent: Mask, flooded: Mask, valid: Mask) -> npt.NDArray[np.float64]:
    """(B,) share of each storm's flooded cells that are predicted dry, over valid cells; maps are (B, H, W).

    The rate is the false-negative rate of the map. A storm without flooded cells has a rate of 0.
    """
    wet = (flooded & valid).reshape(len(flooded), -1)
    missed = wet & ~flood_extent.reshape(len(flooded), -1)
    rate: npt.NDArray[np.float64] = missed.sum(1) / np.maximum(wet.sum(1), 1)
    return rate


def miss_rate_threshold(probability: Reals, flooded: Mask, valid: Mask, rate: float) -> float:
    """Highest probability threshold at which a new storm's expected miss rate is at most ``rate``.

    The largest t with n/(n + 1) · R̂(t) + 1/(n + 1) ≤ ``rate``, where R̂ is the mean over the n storms of their
    `miss_rate` when cells of probability t or more are predicted flooded. R̂ rises with t. The bound holds on average
    over all storms: those without flooded cells count with a loss of 0, so that where there are many the others may
    miss more. It refers to whatever ``flooded`` is: the truth, a survey, or the teacher's map.

    Args:
        probability: (B, H, W) that a cell is flooded, of storms that nothing was trained or chosen on.
        flooded: (B, H, W) whether it was; ``valid``: (B, H, W) cells where that is known.
        rate: share of flooded cells that may be predicted dry, 0…1.

    Raises:
        RefusedByTheory: too few storms for the rate, with the number needed; or a rate that is not between 0 and 1.
        InputError: a valid cell without a probability.

    Source: Angelopoulos, Bates, Fisch, Lei, Schuster (2024), Conformal risk control, eq. 4 and theorem 1, with
    λ = −t and B = 1; whole storms are exchangeable.
    """
    if not 0 < rate < 1:
        raise RefusedByTheory(f"a miss rate of {rate:.0%} is not possible; name one between 0 and 1")
    storms, needed = len(probability), storms_needed(1 - rate)
    if storms < needed:
        raise RefusedByTheory(
            f"{storms} calibration storms cannot keep the miss rate at {rate:.0%}; need {needed} or more"
        )
    wet = flooded & valid
    flooded_probability = probability[wet].astype(float)
    if not ((flooded_probability >= 0) & (flooded_probability <= 1)).all():
        raise InputError("flood probability", "is not from 0 to 1 in a flooded cell", "mask what is unknown")
    share = 1 / np.maximum(wet.reshape(storms, -1).sum(1), 1)  # of its storm's loss that a cell contributes
    weights = np.broadcast_to(share.reshape(-1, 1, 1), wet.shape)[wet]
    order = np.argsort(flooded_probability)
    allowed = rate * (storms + 1) - 1  # Σ of the storms' losses
    first_too_many = int(np.searchsorted(np.cumsum(weights[order]), allowed + 1e-9, side="right"))
    return float(flooded_probability[order][first_too_many]) if first_too_many < flooded_probability.size else 1.0
