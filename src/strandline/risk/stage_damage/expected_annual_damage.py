"""Expected annual damage: the integral of damage over its frequency."""

from typing import Literal

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats

Rule = Literal["log_linear", "trapezoid"]


def frequency_weights(return_periods: tuple[float, ...], rule: Rule = "log_linear") -> Floats:
    """(R,) weights [a-1] whose sum with the damages at ``return_periods`` is the expected annual damage.

    ``log_linear``: between two return periods damage is linear in ln T, D = a - b ln f with f = 1/T, and is integrated
    over the frequency f. ``trapezoid``: damage is linear in f. Both add D(T_max) / T_max for everything rarer, and
    nothing for what is more frequent than the first return period.

    Raises:
        InputError: periods that do not ascend above 0.

    Source: Delft-FIAT, "risk" (log-linear rule); the integral of ln f is f ln f - f.
    """
    period = np.asarray(return_periods, dtype=float)
    if period.ndim != 1 or period.size == 0 or (period <= 0).any() or (np.diff(period) <= 0).any():
        raise InputError("return periods", f"{return_periods} do not ascend", "sort them, in years")
    frequency = 1 / period
    weights = np.zeros(period.size)
    weights[-1] = frequency[-1]
    width = frequency[:-1] - frequency[1:]
    if rule == "trapezoid":
        upper = width / 2
    elif rule == "log_linear":
        # Share of the later damage at f: ln(f_i / f) / ln(f_i / f_{i+1}), integrated from f_{i+1} to f_i.
        log_step = np.log(frequency[:-1] / frequency[1:])
        upper = (width - frequency[1:] * log_step) / log_step
    else:
        raise InputError("damage rule", f"'{rule}' is unknown", "known: log_linear, trapezoid")
    weights[1:] += upper
    weights[:-1] += width - upper
    return weights


def left_out_at_most(return_periods: tuple[float, ...], first: float) -> float:
    """Greatest expected annual damage [money a-1] of the years whose highest sea is below the first return level.

    They are a share 1 - 1/T of the years, and none damages more than that level does, ``first`` [money] on average.
    """
    return (1.0 - 1.0 / return_periods[0]) * first
