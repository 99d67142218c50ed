"""What is believed of a coast's surges before its record is read, and how a short record changes that.

Surges of different coasts differ in size far more than in form. A prior on the form, in units of the spread of all skew
surges, lets two years of readings speak: they give the spread well, and its few storms correct the form. Without any
reading the spread has a prior too, as wide as coasts differ.
"""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats
from strandline.risk.hazard.surges.tail import SHAPE_PRIOR, Tails

EVENTS_PER_YEAR = 3.0
"""Independent peaks a year above the threshold; two to three as a rule (Lang et al. 1999, Journal of Hydrology 225,
103-117)."""
_NODES, _REACH = 25, 2.5  # of the grid of the posterior, in deviations of the prior
_LEAST = 0.05  # of 1 + shape × excess / scale, below which a tail of the grid has ended


@dataclass(frozen=True)
class SurgePrior:
    """Form and size of skew surges of coasts without cyclones; each a mean and a standard deviation.

    Attributes:
        threshold: height that three storms a year exceed, above the mean of all skew surges, in spreads of these [-].
        log_scale: ln of the tail's scale above it, in spreads [-].
        shape: of the tail [-].
        log_spread: ln of the spread of all skew surges [ln m].
    """

    threshold: tuple[float, float]
    log_scale: tuple[float, float]
    shape: tuple[float, float]
    log_spread: tuple[float, float]


WORLD = SurgePrior(threshold=(2.8, 0.5), log_scale=(-0.2, 0.4), shape=SHAPE_PRIOR, log_spread=(-1.95, 0.45))
"""Of any coast. One to three years of 26 gauges in Australia, the Strait of Georgia, Texas and the Adriatic: at the
twelve with two years or more the threshold is 2.7 ± 0.4 spreads and ln(scale / spread) −0.25 ± 0.3; the spread is
0.13 m in the middle, 0.08 to 0.20 m. Deviations are wider than theirs, since these are few coasts: an ASSUMPTION."""


def update_tails(
    prior: SurgePrior,
    mean: float,
    spread: float,
    peaks: Floats,
    threshold: float,
    years: float,
    n_samples: int,
    rng: np.random.Generator,
) -> Tails:
    """Draw tails from the posterior of a prior and the peaks (N,) [m] of some years; without years, from the prior.

    Peaks above a threshold are a Poisson process whose intensity follows from the level that three storms a year
    exceed, the scale of the tail above that level, and its shape.

    Args:
        mean, spread: of all skew surges of the record [m].
        threshold: [m], above which the peaks are all known.
        years: observed time; 0 = no record.

    Source: point-process likelihood, Coles (2001), equation 7.9; posterior on a grid, Gelman et al. (2013), Bayesian
        Data Analysis, section 3.7.
    """
    deviates = np.linspace(-_REACH, _REACH, _NODES)
    first, second, third = (axis.ravel() for axis in np.meshgrid(deviates, deviates, deviates, indexing="ij"))
    logarithm = -0.5 * (first**2 + second**2 + third**2)
    if years > 0:
        location, scale, shape = _of_deviates(prior, mean, spread, first, second, third)
        inside = 1.0 + shape * (threshold - location) / scale
        alive = inside > 0
        expected = EVENTS_PER_YEAR * years * np.where(alive, inside, 1.0) ** (-1.0 / shape)
        logarithm = np.where(alive, logarithm - expected, -np.inf)
        for peak in peaks[peaks > threshold]:
            inside = 1.0 + shape * (peak - location) / scale
            density = -np.log(scale) - (1.0 + 1.0 / shape) * np.log(np.where(inside > 0, inside, 1.0))
            logarithm = np.where(inside > 0, logarithm + density, -np.inf)
    weight = np.exp(logarithm - logarithm.max())
    chosen = rng.choice(weight.size, n_samples, p=weight / weight.sum())
    step = deviates[1] - deviates[0]
    jitter = rng.uniform(-0.5 * step, 0.5 * step, (3, n_samples))
    location, scale, shape = _of_deviates(
        prior, mean, spread, first[chosen] + jitter[0], second[chosen] + jitter[1], third[chosen] + jitter[2]
    )
    inside = np.maximum(1.0 + shape * (threshold - location) / scale, _LEAST)
    return Tails(threshold, scale * inside, shape, EVENTS_PER_YEAR * inside ** (-1.0 / shape))


def _of_deviates(
    prior: SurgePrior, mean: float, spread: float, first: Floats, second: Floats, third: Floats
) -> tuple[Floats, Floats, Floats]:
    """Level of three storms a year [m], scale [m] and shape [-] of the tail above it."""
    location = mean + spread * (prior.threshold[0] + prior.threshold[1] * first)
    scale = spread * np.exp(prior.log_scale[0] + prior.log_scale[1] * second)
    shape = np.clip(prior.shape[0] + prior.shape[1] * third, -0.49, 0.99)
    return location, scale, np.where(np.abs(shape) < 1e-4, 1e-4, shape)
