"""Few annual maxima: what they change of what is known of other coasts."""

from dataclasses import replace

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.risk.hazard.extremes import (
    EXTRAPOLATION,
    FEWEST_BLOCKS,
    ReturnLevelFit,
    fit_block_maxima,
    maxima_at_epoch,
)
from strandline.risk.hazard.surges.regional_prior import WORLD, SurgePrior

_NODES, _REACH = 31, 2.5  # of the grid of the posterior, in deviations of the prior
_OFFSETS = 3.0  # of the location from the mean of the maxima, in scales


def needs_prior(years: float, longest: float) -> bool:
    """Whether so many annual maxima are too few to give a level of the longest return period by themselves."""
    return years < FEWEST_BLOCKS or longest > EXTRAPOLATION * years


def fit_annual_maxima(
    maxima: Floats, years: Floats, *, source: str, trend: bool, prior: SurgePrior = WORLD
) -> ReturnLevelFit:
    """A GEV of annual maxima (N,) [m]: by maximum likelihood or, of fewer than ten, the middle of the posterior.

    No trend is fitted to fewer than ten.

    Raises:
        InputError: there are fewer than two.
    """
    if len(maxima) >= FEWEST_BLOCKS:
        return fit_block_maxima(maxima, years, source=source, trend=trend)
    if len(maxima) < 2:
        raise InputError(source, "has a single annual maximum", "give two or more, or leave [extremes] out")
    data = np.asarray(maxima, dtype=float)
    location, scale, shape = draw_posterior(data, 401, np.random.default_rng(0), prior)
    middle = [float(np.median(each)) for each in (location, scale, shape)]
    return ReturnLevelFit(
        location=middle[0],
        scale=middle[1],
        shape=middle[2],
        record_years=float(data.size),
        source=source,
        data=data[:, None],
        years=np.asarray(years, dtype=float),
        log_likelihood=float("nan"),
    )


def sample_posterior(
    fit: ReturnLevelFit, n_samples: int, rng: np.random.Generator, prior: SurgePrior = WORLD
) -> list[ReturnLevelFit]:
    """Tails that are consistent with the maxima of a fit and with other coasts."""
    drawn = zip(*draw_posterior(maxima_at_epoch(fit), n_samples, rng, prior), strict=True)
    return [replace(fit, location=float(a), scale=float(b), shape=float(c)) for a, b, c in drawn]


def draw_posterior(
    maxima: Floats, n_samples: int, rng: np.random.Generator, prior: SurgePrior = WORLD
) -> tuple[Floats, Floats, Floats]:
    """Location [m], scale [m] and shape [-] (S,) of a GEV: posterior of annual maxima (N,) [m].

    The prior of the scale is that of the tail of skew surges of any coast, the location's is flat.

    Source: likelihood of Coles (2001), equation 3.7; posterior on a grid, Gelman et al. (2013), Bayesian Data Analysis,
        section 3.7.
    """
    deviates, offsets = np.linspace(-_REACH, _REACH, _NODES), np.linspace(-_OFFSETS, _OFFSETS, 2 * _NODES)
    grid = [axis.ravel() for axis in np.meshgrid(offsets, deviates, deviates, indexing="ij")]
    location, scale, shape = _of_deviates(prior, float(maxima.mean()), *grid)
    logarithm = np.log(scale) - 0.5 * (grid[1] ** 2 + grid[2] ** 2)  # the location's step is proportional to the scale
    for level in maxima:
        inside = 1.0 + shape * (level - location) / scale
        alive = inside > 0
        reduced = np.log(np.where(alive, inside, 1.0)) / shape
        density = -np.log(scale) - (1.0 + shape) * reduced - np.exp(-reduced)
        logarithm = np.where(alive, logarithm + density, -np.inf)
    weight = np.exp(logarithm - logarithm.max())
    chosen = rng.choice(weight.size, n_samples, p=weight / weight.sum())
    steps = (offsets[1] - offsets[0], deviates[1] - deviates[0], deviates[1] - deviates[0])
    moved = [axis[chosen] + step * rng.uniform(-0.5, 0.5, n_samples) for axis, step in zip(grid, steps, strict=True)]
    return _of_deviates(prior, float(maxima.mean()), *moved)


def _of_deviates(
    prior: SurgePrior, mean: float, offset: Floats, first: Floats, second: Floats
) -> tuple[Floats, Floats, Floats]:
    width = float(np.hypot(prior.log_spread[1], prior.log_scale[1]))
    scale = np.exp(prior.log_spread[0] + prior.log_scale[0] + width * first)
    shape = np.clip(prior.shape[0] + prior.shape[1] * second, -0.49, 0.99)
    return mean + offset * scale, scale, np.where(np.abs(shape) < 1e-4, 1e-4, shape)
