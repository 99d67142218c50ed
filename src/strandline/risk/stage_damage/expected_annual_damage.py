"""Expected annual damage: the integral of damage over its frequency."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.damage_chain import DamageChain
from strandline.risk.stage_damage.exposure import Exposure
from strandline.risk.stage_damage.protection import UNPROTECTED, Protection

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


def overtopping_weights(return_periods: tuple[float, ...]) -> Floats:
    """(R + 1,) the same, with everything rarer than the last return period apart: there a crest is overtopped."""
    tail = 1 / return_periods[-1]
    weights = np.append(frequency_weights(return_periods), tail)
    weights[-2] -= tail
    return weights


def annual_damage_samples(
    hazard: Hazard,
    exposure: Exposure,
    continent: str,
    deviates: Floats,
    *,
    protections: Sequence[Protection] | None = None,
) -> Floats:
    """(S, A) expected annual damage [money a-1] of each Monte-Carlo sample; NaN where unknown.

    Behind a crest, events rarer than the last return period count as overtopping: their damage is the unprotected one.

    Args:
        deviates: (S, 6) from `draw_curve_deviates`; the same for two runs makes them comparable sample by sample.
        protections: one per sample; ``None`` = as it is today.
    """
    weights = overtopping_weights(hazard.return_periods)
    by_sample = [UNPROTECTED] * len(hazard.levels) if protections is None else protections
    chain = DamageChain((hazard,), exposure, continent, deviates)
    return np.stack(
        [
            sample.behind(protection).damage_ratios(protection) @ weights * exposure.value
            for sample, protection in zip(chain, by_sample, strict=True)
        ]
    )
