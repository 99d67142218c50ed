"""Aleatoric and epistemic parts of the uncertainty of an ensemble of class probabilities.

The aleatoric part is that of the mean member; the epistemic part is the disagreement of the members, which more data
could reduce. Their sum is the entropy of the mixture.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats


class Parts(NamedTuple):
    """Uncertainty of a mixture of members [nat]; ``total`` = ``aleatoric`` + ``epistemic``."""

    total: Floats
    aleatoric: Floats
    epistemic: Floats


def class_parts(probability: npt.NDArray[np.floating], axis: int) -> Parts:
    """Entropy of the mean = mean entropy + mutual information of class and member [nat].

    Args:
        probability: (M, …, K, …) of each member; flood maps are (M, B, K, H, W).
        axis: of the K classes.

    Returns:
        Each part in the shape of ``probability`` without M and K. The epistemic part is 0 where all members agree, and
        at most ln M and ln K.

    Raises:
        InputError: probabilities that do not sum to 1.

    Source: Houlsby et al. (2011), Bayesian active learning by disagreement, eq. 2; Depeweg et al. (2018), eq. 2.
    """
    members = np.moveaxis(np.asarray(probability, dtype=float), axis, -1)  # (M, …, K)
    if not (np.abs(members.sum(-1) - 1) < 1e-3).all() or not (members >= 0).all():
        raise InputError("members' probabilities", "do not sum to 1 over the classes", "name the axis of the classes")
    total, aleatoric = _entropy(members.mean(0)), _entropy(members).mean(0)
    return Parts(total, aleatoric, total - aleatoric)


def _entropy(probability: Floats) -> Floats:
    """−Σ p ln p over the last axis; 0 · ln 0 = 0."""
    logarithm = np.log(np.where(probability > 0, probability, 1.0))
    entropy: Floats = -(probability * logarithm).sum(-1)
    return entropy
