"""Tail of independent peaks over a threshold: a generalised Pareto distribution with all shapes that the data allow."""

from dataclasses import dataclass

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Indices, Times

SHAPE_RANGE = (-0.5, 1.0)
"""Where ML theory is regular (xi > -0.5; Smith 1985, Biometrika 72, 67-90) and the mean is finite (xi < 1)."""
SHAPE_PRIOR = (0.0, 0.15)
"""Mean and deviation of the shape before the data [-]. Thirty peaks alone leave any tail possible; a prior that keeps
to what sea levels show (about -0.3 to 0.3) bounds it. ASSUMPTION, after the use of such priors for floods (Martins and
Stedinger 2000, Water Resources Research 36, 737-744) and surges (Howard and Williams 2021, Natural Hazards and Earth
System Sciences 21, 3693-3712)."""
FEWEST_PEAKS = 5
"""Excesses below which no tail is fitted, even with a prior; a convention."""
_GRID = 81
_SCALES = np.linspace(-2.0, 2.0, _GRID)  # ln(scale / mean excess)
_SHAPES = np.linspace(SHAPE_RANGE[0] + 0.01, SHAPE_RANGE[1] - 0.01, _GRID)


@dataclass(frozen=True, eq=False)
class Tails:
    """Tails above one threshold that are consistent with the data, one for each sample.

    Attributes:
        threshold: [m].
        scale, shape: (S,) [m], [-]; Coles' sign, so that a shape below 0 is a bounded tail.
        rate: (S,) mean peaks above the threshold in a year [a-1].
    """

    threshold: float
    scale: Floats
    shape: Floats
    rate: Floats

    def exceedance(self, height: Floats) -> Floats:
        """(S, X) chance [-] that a peak above the threshold exceeds heights (X,) [m]; 1 below the threshold."""
        excess = np.maximum(height - self.threshold, 0.0)[None, :] / self.scale[:, None]
        shape = np.where(np.abs(self.shape) < 1e-6, 1e-6, self.shape)[:, None]
        inside = np.maximum(1.0 + shape * excess, 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(np.where(inside > 0, inside ** (-1.0 / shape), 0.0))


def fit_tails(
    peaks: Floats,
    threshold: float,
    record_years: float,
    n_samples: int,
    rng: np.random.Generator,
    prior: tuple[float, float] = SHAPE_PRIOR,
) -> Tails:
    """Draw tails from the posterior of scale and shape, on a grid; the prior is flat in the logarithm of the scale.

    Args:
        peaks: (N,) independent peaks [m]; those at or below the threshold are left out.
        threshold: [m].
        record_years: observed time [years].
        prior: mean and deviation of the shape [-].

    Raises:
        RefusedByTheory: fewer than ``FEWEST_PEAKS`` excesses.

    Source: likelihood of Coles (2001), equation 4.10; posterior by evaluation on a grid, Gelman et al. (2013), Bayesian
        Data Analysis, section 3.7.
    """
    excess = peaks[peaks > threshold] - threshold
    if excess.size < FEWEST_PEAKS:
        raise RefusedByTheory(f"{excess.size} peaks above {threshold:.2f} m are too few; give a longer record")
    mean = float(excess.mean())
    scale = np.exp(_SCALES)[:, None]  # over the mean excess
    shape = np.where(np.abs(_SHAPES) < 1e-6, 1e-6, _SHAPES)[None, :]
    log_likelihood = excess_log_likelihood(excess / mean, scale, shape)
    logarithm = log_likelihood - 0.5 * ((shape - prior[0]) / prior[1]) ** 2
    weight = np.exp(logarithm - logarithm.max()).ravel()
    chosen = rng.choice(weight.size, size=n_samples, p=weight / weight.sum())
    row, column = np.divmod(chosen, _GRID)
    jitter = rng.uniform(-0.5, 0.5, (2, n_samples))
    return Tails(
        threshold,
        mean * np.exp(_SCALES[row] + jitter[0] * (_SCALES[1] - _SCALES[0])),
        np.asarray(_SHAPES[column] + jitter[1] * (_SHAPES[1] - _SHAPES[0])),
        rng.gamma(excess.size, 1.0 / record_years, n_samples),
    )


def excess_log_likelihood(excess: Floats, scale: Floats, shape: Floats) -> Floats:
    """Log-likelihood of excesses (N,) under generalised Pareto distributions with these scales and shapes (broadcast).

    −inf where an excess lies outside the distribution. Source: Coles (2001), equation 4.10.
    """
    inside = 1.0 + shape[..., None] * excess / scale[..., None]
    possible = (inside > 0).all(axis=-1)
    reduced = np.log(np.where(inside > 0, inside, 1.0)).sum(axis=-1)
    return np.asarray(np.where(possible, -excess.size * np.log(scale) - (1.0 + 1.0 / shape) * reduced, -np.inf))


def cluster_peaks(time: Times, height: Floats, threshold: float, separation: np.timedelta64) -> Indices:
    """Indices of the highest of each run of exceedances; runs end when ``separation`` passes without one.

    Source: runs declustering, Coles (2001), section 5.3.2.
    """
    above = np.flatnonzero(height > threshold)
    if above.size == 0:
        return above
    run = np.cumsum(np.diff(time[above], prepend=time[above[0]]) > separation)
    order = np.lexsort((height[above], run))  # the highest of each run comes last
    last = np.flatnonzero(np.diff(run[order], append=run[order][-1] + 1))
    return np.asarray(above[order[last]])
