"""Two parts of doubt: what chance leaves open (aleatoric), and what the members do not know (epistemic).

The first stays however much is learned; the second is what more data could take away. Their sum is the doubt of the
members' mixture, exactly.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats


class Parts(NamedTuple):
    """Doubt of a mixture of members; ``total`` = ``aleatoric`` + ``epistemic``, in nats or as a variance."""

    total: Floats
    aleatoric: Floats
    epistemic: Floats


def class_parts(probability: npt.NDArray[np.floating], axis: int) -> Parts:
    """Entropy of the mean = mean entropy + mutual information of class and member [nat].

    Args:
        probability: (M, …, K, …) of each member; flood maps are (M, B, K, H, W).
        axis: of the K classes.

    Returns:
        Each part in the shape of ``probability`` without M and K. The epistemic part is 0 where all members agree and
        at most ln M and ln K.

    Raises:
        InputError: probabilities that do not sum to 1.

    Source: Houlsby et al. (2011), Bayesian active learning by disagreement, eq. 2; Depeweg et al. (2018), eq. 2.
    """
    words = np.moveaxis(np.asarray(probability, dtype=float), axis, -1)  # (M, …, K)
    if not (np.abs(words.sum(-1) - 1) < 1e-3).all() or not (words >= 0).all():
        raise InputError("members' probabilities", "do not sum to 1 over the classes", "name the axis of the classes")
    total, aleatoric = _entropy(words.mean(0)), _entropy(words).mean(0)
    return Parts(total, aleatoric, total - aleatoric)


def gaussian_parts(mean: npt.NDArray[np.floating], scale: npt.NDArray[np.floating]) -> Parts:
    """Variance of the mixture = mean of the variances + variance of the means, (M, …) each → (…).

    Source: law of total variance; Lakshminarayanan et al. (2017), section 2.4; Depeweg et al. (2018), eq. 4.
    """
    return _of_moments(np.asarray(mean, dtype=float), np.asarray(scale, dtype=float) ** 2)


def quantile_parts(quantiles: npt.NDArray[np.floating], levels: npt.NDArray[np.floating]) -> Parts:
    """The same for members that tell quantiles, (M, …, Q) → (…).

    A member's quantile function is taken as linear between its levels and constant beyond the outermost ones, so that
    variance in the tails is missing: with levels 0.05, 0.10 … 0.95 a normal member seems to have 0.84 of its variance.

    Args:
        quantiles: rising along the last axis; ``levels``: (Q,) rising, within 0…1.

    Raises:
        InputError: levels or quantiles that do not rise.
    """
    points, levels = np.asarray(quantiles, dtype=float), np.asarray(levels, dtype=float)
    if levels[0] < 0 or levels[-1] > 1 or not (np.diff(levels) > 0).all():
        raise InputError("quantile levels", f"{levels.tolist()} do not rise within 0 to 1", "sort them")
    if not (np.diff(points, axis=-1) >= 0).all():
        raise InputError("quantiles", "cross", "sort each member's quantiles first")
    points = np.concatenate([points[..., :1], points, points[..., -1:]], axis=-1)
    width = np.diff(np.concatenate([[0.0], levels, [1.0]]))  # (Q + 1,) probability between two points
    low, high = points[..., :-1], points[..., 1:]
    mean = ((low + high) / 2 * width).sum(-1)  # ∫ q(τ) dτ
    low, high = low - mean[..., None], high - mean[..., None]  # before squaring, so that levels far from 0 lose nothing
    return _of_moments(mean, ((low**2 + low * high + high**2) / 3 * width).sum(-1))


def _of_moments(mean: Floats, variance: Floats) -> Parts:
    aleatoric, epistemic = np.asarray(variance.mean(0)), np.asarray(mean.var(0))
    return Parts(aleatoric + epistemic, aleatoric, epistemic)


def _entropy(probability: Floats) -> Floats:
    """−Σ p ln p over the last axis; 0 · ln 0 = 0."""
    logarithm = np.log(np.where(probability > 0, probability, 1.0))
    entropy: Floats = -(probability * logarithm).sum(-1)
    return entropy
