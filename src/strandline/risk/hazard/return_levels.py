"""Return levels with what is not known about them: samples, intervals, and published fits for short records."""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import optimize, stats

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.risk.hazard.extremes import (
    FEWEST_PEAKS,
    SHAPE_RANGE,
    ReturnLevelFit,
    block_log_likelihood,
    fit_block_maxima,
    fit_peaks_over_threshold,
    require_record,
    stretch,
)

IMPOSSIBLE = 1e12
"""Stands for an infinite loss, which the search for an interval's end could not compare."""


def published_parameters(
    location: float,
    scale: float,
    shape: float,
    *,
    sd: tuple[float, float, float],
    source: str,
    record_years: float = float("inf"),
) -> ReturnLevelFit:
    """A GEV that somebody else fitted, for a place whose own record is too short.

    Args:
        location, scale: [m, datum of the publication]; move them with ``.shifted(offset, sd)``.
        shape: xi with the sign of Coles (xi < 0 = bounded) [-].
        sd: standard errors of location, scale, shape; taken as independent, which widens the intervals a little.
        source: citation.
        record_years: length of the record behind the publication [years], where stated: it limits the periods.
    """
    if min(sd) < 0:
        raise InputError(source, f"standard errors {sd} are negative", "give standard deviations")
    covariance = np.diag(np.square(np.asarray(sd, dtype=float)))
    return ReturnLevelFit("published", location, scale, shape, record_years, source, covariance=covariance)


def published_levels(
    return_periods: tuple[float, ...],
    levels: tuple[float, ...],
    sd: tuple[float, ...],
    *,
    source: str,
    record_years: float = float("inf"),
) -> ReturnLevelFit:
    """A GEV through levels that somebody else published: least squares, Gumbel where only two levels are given.

    The errors are taken as common to all levels (all too high or all too low), the careful choice for damage.

    Args:
        return_periods: [years], ascending, at least two.
        levels: [m], rising.
        sd: standard error of each level [m].
    """
    period, level, error = (np.asarray(values, dtype=float) for values in (return_periods, levels, sd))
    if (
        not (period.size == level.size == error.size >= 2)
        or (np.diff(level) <= 0).any()
        or (np.diff(period) <= 0).any()
    ):
        raise InputError(source, "levels do not rise with their return periods", "give two or more, ascending")
    gumbel = ReturnLevelFit("published", 0.0, 1.0, 0.0, record_years, source)

    def misfit(shape: float) -> float:
        return float(np.linalg.norm(level - _line(gumbel.reduced_level(return_periods, shape), level)[0]))

    shape = 0.0
    if period.size > 2:
        shape = float(optimize.minimize_scalar(misfit, bounds=(-0.45, 0.45), method="bounded").x)
    design = gumbel.reduced_level(return_periods, shape)
    _, location, scale = _line(design, level)
    _, location_error, scale_error = _line(design, error)
    step = np.array([location_error, scale_error, 0.0])
    return replace(gumbel, location=location, scale=scale, shape=shape, covariance=np.outer(step, step))


def sample_return_levels(
    fit: ReturnLevelFit, return_periods: tuple[float, ...], n_samples: int, rng: np.random.Generator
) -> Floats:
    """(S, R) return levels [m] of tails that the record allows as well; rows rise with the return period.

    A fit to data is resampled by parametric bootstrap (simulate a record like it, fit again) and each new fit is
    mirrored at the estimate (location, ln scale, shape): the estimate errs about the truth as the new fits err about
    the estimate, so that the samples are skewed upwards as the profile likelihood is. In 200 drawn records of 60 years
    the plain 90 % interval of the 20-year level held the truth in 81 %, the mirrored one in 84 % (100 records), the
    profile likelihood in 88 %: use `profile_interval` where the coverage itself matters. A published fit is drawn from
    a normal law of its parameters, cut to scale > 0 and a regular shape.

    Raises:
        RefusedByTheory: a period is longer than the record allows.

    Source: basic bootstrap on a transformed scale, Davison & Hinkley (1997), sections 5.2 and 5.2.2.
    """
    require_record(fit.record_years, return_periods, fit.method)
    drawn = np.stack([_tail_levels(_redraw(fit, rng), return_periods) for _ in range(n_samples)])
    return drawn + rng.normal(0.0, fit.datum_sd, size=(n_samples, 1)) if fit.datum_sd else drawn


def return_level_table(
    fit: ReturnLevelFit,
    return_periods: tuple[float, ...],
    *,
    coverage: float,
    n_samples: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Levels with bootstrap intervals: columns ``return_period`` [years], ``level``, ``low``, ``high`` [m].

    Args:
        coverage: nominal share of intervals that hold the truth [-].
    """
    samples = sample_return_levels(fit, return_periods, n_samples, rng)
    low, high = np.quantile(samples, [(1 - coverage) / 2, (1 + coverage) / 2], axis=0)
    columns = {"return_period": return_periods, "level": fit.levels(return_periods), "low": low, "high": high}
    return pd.DataFrame(columns)


def profile_interval(fit: ReturnLevelFit, return_period: float, coverage: float) -> tuple[float, float]:
    """Profile-likelihood interval [m] of one return level of a block-maxima fit; skewed as the likelihood is.

    Raises:
        InputError: the fit is not one of block maxima to data.

    Source: Coles (2001), sections 2.6.6 and 3.3.4.
    """
    if fit.method != "block_maxima" or fit.data is None or fit.years is None:
        raise InputError(fit.source, "has no block maxima to profile", "use return_level_table instead")
    data, best = fit.data, float(fit.levels((return_period,))[0])
    clock = np.zeros((len(data), 1)) if np.isnan(fit.reference_year) else (fit.years - fit.reference_year)[:, None]
    start = np.array([np.log(fit.scale), fit.shape, *([fit.trend] if clock.any() else [])])
    floor = fit.log_likelihood - stats.chi2.ppf(coverage, df=1) / 2

    def above_floor(level: float) -> float:
        def loss(p: Floats) -> float:
            location = level - np.exp(p[0]) * fit.reduced_level((return_period,), p[1])[0]
            moved = location + (p[2] * clock if p.size == 3 else 0.0)
            return min(-block_log_likelihood(data, moved, np.exp(p[0]), p[1]), IMPOSSIBLE)

        # A wide scale and a Gumbel tail hold all data, so that the search never starts outside the distribution.
        wide = np.array([np.log(2 * fit.scale + abs(level - best)), 0.0, *start[2:]])
        options = {"xatol": 1e-5, "fatol": 1e-6, "maxiter": 4000}
        found = [optimize.minimize(loss, guess, method="Nelder-Mead", options=options).fun for guess in (start, wide)]
        return float(-min(found) - floor)

    ends = []
    for direction in (-1.0, 1.0):
        step = 0.1 * fit.scale
        while above_floor(best + direction * step) > 0:
            step *= 2
        ends.append(float(optimize.brentq(above_floor, best, best + direction * step, xtol=1e-4 * fit.scale)))
    return ends[0], ends[1]


def _tail_levels(fit: ReturnLevelFit, return_periods: tuple[float, ...]) -> Floats:
    return fit.location + fit.scale * fit.reduced_level(return_periods)


def _line(design: Floats, values: Floats) -> tuple[Floats, float, float]:
    """Least squares ``values = a + b design``: the fitted values, a, b."""
    b, a = np.polyfit(design, values, 1)
    return a + b * design, float(a), float(b)


def _redraw(fit: ReturnLevelFit, rng: np.random.Generator) -> ReturnLevelFit:
    """Another tail that the same record, or the same publication, allows."""
    if fit.covariance is not None:
        return _draw_published(fit, fit.covariance, rng)
    again = _refit(fit, rng)
    low, high = SHAPE_RANGE
    return replace(
        fit,
        location=2 * fit.location - again.location,
        scale=fit.scale**2 / again.scale,
        shape=float(np.clip(2 * fit.shape - again.shape, low, high)),
        rate=fit.rate**2 / again.rate if fit.rate else 0.0,
    )


def _refit(fit: ReturnLevelFit, rng: np.random.Generator) -> ReturnLevelFit:
    """The same fit to a record simulated from it."""
    if fit.data is None:
        raise InputError(fit.source, "has neither data nor a covariance", "use one of the fit_ or published_ functions")
    if fit.method == "peaks_over_threshold":
        count = max(int(rng.poisson(fit.data.size)), FEWEST_PEAKS)  # a thinner record would be refused
        reduced = rng.exponential(size=count)
        excesses = fit.scale * stretch(reduced, fit.shape)
        return fit_peaks_over_threshold(fit.location + excesses, fit.location, fit.record_years, source=fit.source)
    arrivals = np.cumsum(rng.exponential(size=fit.data.shape), axis=1)  # (N, r), so that -ln of them is Gumbel
    standard = stretch(-np.log(arrivals), fit.shape)
    years = np.asarray(fit.years, dtype=float)
    has_trend = not np.isnan(fit.reference_year)
    location = fit.location + (fit.trend * (years - fit.reference_year)[:, None] if has_trend else 0.0)
    simulated = np.where(np.isnan(fit.data), np.nan, location + fit.scale * standard)
    reference = fit.reference_year if has_trend else None
    return fit_block_maxima(simulated, years, source=fit.source, trend=has_trend, reference_year=reference)


def _draw_published(fit: ReturnLevelFit, covariance: Floats, rng: np.random.Generator) -> ReturnLevelFit:
    centre = np.array([fit.location, fit.scale, fit.shape])
    for _ in range(1000):
        location, scale, shape = rng.multivariate_normal(centre, covariance, method="eigh")
        if scale > 0 and SHAPE_RANGE[0] < shape < SHAPE_RANGE[1]:
            return replace(fit, location=float(location), scale=float(scale), shape=float(shape))
    raise InputError(fit.source, "its standard errors hardly allow a scale above 0", "check their units")
