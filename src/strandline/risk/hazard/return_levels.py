"""Uncertainty of return levels: samples of tails that are consistent with the record."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from strandline.observations.arrays import Floats
from strandline.risk.hazard.extremes import (
    ReturnLevelFit,
    fit_block_maxima,
    require_record,
    stretch,
)
from strandline.risk.hazard.mean_level_trend import global_mean_rise
from strandline.risk.hazard.tail import SHAPE_RANGE


def sample_tails(fit: ReturnLevelFit, n_samples: int, rng: np.random.Generator) -> list[ReturnLevelFit]:
    """Tails that are consistent with the record of a fit.

    The fit is resampled by parametric bootstrap (simulate a record from it, fit again), and each new fit is reflected
    at the estimate (location, ln scale, shape): the estimate deviates from the truth as the new fits deviate from the
    estimate, so that the samples are skewed upwards like the profile likelihood. In 200 simulated records of 60 years
    the plain 90 % interval of the 20-year level contained the truth in 81 %, the reflected one in 84 % (100 records),
    the profile likelihood in 88 %.

    Source: basic bootstrap on a transformed scale, Davison & Hinkley (1997), sections 5.2 and 5.2.2.
    """
    return [_resample(fit, rng) for _ in range(n_samples)]


def levels_of(tails: Sequence[ReturnLevelFit], return_periods: tuple[float, ...]) -> Floats:
    """(S, R) return levels [m] of sampled tails; rows rise with the return period.

    Raises:
        RefusedByTheory: a period is longer than the record allows.
    """
    require_record(tails[0].record_years, return_periods)
    return np.stack([tail.location + tail.scale * tail.reduced_level(return_periods) for tail in tails])


def at_year(fit: ReturnLevelFit, year: float, epoch: float | None = None) -> ReturnLevelFit:
    """The fit on the mean sea level of a year: raised by its own trend or, without one, by the global mean's rise.

    Args:
        epoch: of whose sea the maxima are where no trend was fitted; the mean of their years when ``None``.
    """
    if not np.isnan(fit.reference_year):
        raised = fit.trend * (year - fit.reference_year)
        return replace(fit, location=fit.location + raised, reference_year=year)
    raised = global_mean_rise(float(fit.years.mean()) if epoch is None else epoch, year)
    return replace(fit, location=fit.location + raised, data=fit.data + raised)


def _resample(fit: ReturnLevelFit, rng: np.random.Generator) -> ReturnLevelFit:
    """The reflection at the fit of a fit to a record simulated from it."""
    again = _refit(fit, rng)
    low, high = SHAPE_RANGE
    return replace(
        fit,
        location=2 * fit.location - again.location,
        scale=fit.scale**2 / again.scale,
        shape=float(np.clip(2 * fit.shape - again.shape, low, high)),
    )


def _refit(fit: ReturnLevelFit, rng: np.random.Generator) -> ReturnLevelFit:
    """A fit to a record simulated from ``fit``."""
    arrivals = np.cumsum(rng.exponential(size=fit.data.shape), axis=1)  # (N, r); -ln of them is Gumbel
    standard = stretch(-np.log(arrivals), fit.shape)
    years = fit.years
    has_trend = not np.isnan(fit.reference_year)
    location = fit.location + (fit.trend * (years - fit.reference_year)[:, None] if has_trend else 0.0)
    simulated = np.where(np.isnan(fit.data), np.nan, location + fit.scale * standard)
    reference = fit.reference_year if has_trend else None
    return fit_block_maxima(simulated, years, source=fit.source, trend=has_trend, reference_year=reference, near=fit)
