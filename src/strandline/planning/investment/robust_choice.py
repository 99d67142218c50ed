"""Robust decisions without probabilities of scenarios: conditional value at risk, regret, and no-regret measures."""

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats

LEAST_DRAWS, LEAST_TAIL = 200, 20
"""Draws in all, and in the tail, below which the mean of a tail is not given; conventions."""
LIKELY, VERY_LIKELY = 0.6, 0.9
"""Chance to pay from which a measure has medium and high confidence [-]; conventions."""


def worst_mean(values: npt.ArrayLike, share: float = 0.1) -> Floats:
    """Conditional value at risk: mean of the worst (lowest) ``share`` of values (…, S), all equally likely.

    Where the share cuts a sample in two, that part of it is counted.

    Raises:
        InputError: no values, or a share outside 0 to 1.

    Source: Rockafellar & Uryasev (2000), Journal of Risk 2(3), 21-41; with atoms as in (2002), Journal of Banking &
        Finance 26, 1443-1471, proposition 8.
    """
    ordered = np.sort(np.asarray(values, dtype=float), axis=-1)
    if ordered.ndim == 0 or ordered.shape[-1] == 0 or not 0 < share <= 1:
        raise InputError("worst mean", f"share {share:g} of {ordered.shape} values", "give values and a share up to 1")
    count = ordered.shape[-1]
    weights = np.clip(share * count - np.arange(count), 0.0, 1.0)
    return np.asarray(ordered @ weights / weights.sum())


def worst_tenth(values: Floats) -> float | None:
    """Mean of the worst tenth of draws (N,); ``None`` = too few of them to know it."""
    enough = values.size >= LEAST_DRAWS and values.size / 10 >= LEAST_TAIL
    return float(worst_mean(values)) if enough else None


def regrets(values: Floats) -> Floats:
    """(C, W) regret of each option in each scenario: the value of the best option there minus its own.

    Args:
        values: (C, W) value of C options in W scenarios.

    Source: Savage (1951), Journal of the American Statistical Association 46, 55-67.
    """
    return np.asarray(values.max(axis=0) - values)


def least_regret(values: Floats, cost: Floats) -> int:
    """The option (of C) whose greatest regret over the scenarios is least; the cheaper of equals.

    Args:
        values: (C, W) value of C options in W scenarios.
        cost: (C,) decides between equals.
    """
    greatest = regrets(values).max(axis=1)
    return int(np.lexsort((cost, np.round(greatest, 2)))[0])


def is_no_regret(values: Floats) -> bool:
    """Whether nobody is likely to regret an option: it pays on average in every scenario, and if nothing changes, where
    it also pays in ``LIKELY`` of the draws or more.

    Args:
        values: (W, N) in the draws of each scenario, of which the last is that nothing changes.
    """
    return bool((values.mean(axis=1) > 0).all()) and chance_to_pay(values[-1]) >= LIKELY


def chance_to_pay(values: Floats) -> float:
    """Share of the draws (N,) with a value above 0 [-]."""
    return float((values > 0).mean())
