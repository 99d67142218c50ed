"""Gaussian process of a gauge's residual, about an uncertain tide: covariance fit and prediction."""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from torch import Tensor

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.sea_level.harmonic_tide import TidalConstants, adopt_tide, fit_tide
from strandline.observations.sea_level.surge.forecast_window import TIDE_HOURS
from strandline.observations.sea_level.surge.likelihood import (
    LAG_HOURS,
    READING_NOISE,
    Expansion,
    Record,
    RecordLikelihood,
)
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.sea_level.surge.variance_prior import ANY_SPREAD, VariancePrior, variance_prior

GRADIENT_TOLERANCE = 1e-3
"""Gradient of the −log posterior density at convergence; with the prior's curvature, less than 1e-5 is left to gain."""
SMOOTH_HOURS, TIDAL_HOURS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0), (24.84, 12.42, 8.28, 6.21)
SEICHE_HOURS = (21.5, 18.5, 16.0, 14.2, 10.9, 9.7)
"""Periods between those of the tides at which a basin may swing, about 0.007 cycles per hour apart: three half-widths
of a wave that decays in three days. The Adriatic swings at 21 h (Leder and Orlic 2004, Ann. Geophys. 22) and 11 h."""
_LAG = np.arange(LAG_HOURS)


def _smooth(hours: float) -> Floats:
    age = np.sqrt(3) * _LAG / hours
    matern: Floats = (1 + age) * np.exp(-age)
    return matern


def _wave(period: float, memory: float) -> Floats:
    wave: Floats = np.exp(-_LAG / memory) * np.cos(2 * np.pi * _LAG / period)
    return wave


SHAPES = np.stack(
    [
        *(_smooth(hours) for hours in SMOOTH_HOURS),
        *(_wave(period, memory) for period in TIDAL_HOURS for memory in (72.0, 720.0)),
        *(_wave(period, 72.0) for period in SEICHE_HOURS),
        (_LAG == 0).astype(float),
        np.ones(LAG_HOURS),
    ]
)
"""(23, 168) basis autocorrelations: Matérn 3/2, waves of the tidal species that decorrelate in three days or a month,
seiches, noise, and what lasts longer than a week."""


def autocovariance(level: Floats) -> Floats:
    """(168,) empirical autocovariance [m2] of residuals (T,), made positive semi-definite; NaN = not observed.

    Raises:
        RefusedByTheory: some lag has no pair of readings.
    """
    seen = np.isfinite(level)
    padded = 2 * level.size
    spectrum = np.fft.rfft(np.where(seen, level, 0.0), padded)
    mask_spectrum = np.fft.rfft(seen.astype(float), padded)
    products = np.fft.irfft(np.abs(spectrum) ** 2)[:LAG_HOURS]
    count = np.rint(np.fft.irfft(np.abs(mask_spectrum) ** 2)[:LAG_HOURS])
    if level.size < LAG_HOURS or (count < 1).any():
        raise RefusedByTheory(f"{seen.sum()} readings have no pairs at some lags up to {LAG_HOURS} h")
    mean = products / count
    power = np.fft.rfft(np.concatenate([mean, mean[:0:-1]])).real  # gaps can make some negative
    covariance: Floats = np.fft.irfft(np.maximum(power, 0.0), 2 * LAG_HOURS - 1)[:LAG_HOURS]
    return covariance


def fit_residual_covariance(
    level: Floats, modes: npt.NDArray[np.float32], prior_covariances: Floats, prior_variance: float | None = None
) -> Floats:
    """(168,) most probable autocovariance [m2] of the residuals of a record, which may be short and have gaps.

    It is a sum of known shapes, those of `SHAPES` and the autocorrelations of other gauges, with variances fitted by
    the marginal likelihood. The error of the tide is modelled separately and not included.

    Args:
        level: (T,) hourly residuals about a fitted tide [m]; NaN = not observed.
        modes: (T, R) of the error of that tide [m] (`FittedTide.error_modes`).
        prior_covariances: (K, 168) autocovariances of other gauges [m2]; K may be 0.
        prior_variance: prior expectation of the variance [m2]; ``None`` = the record's own.

    Raises:
        RefusedByTheory: the record has no reading.

    Source: marginal likelihood of a Gaussian process with explicit basis functions, Rasmussen and Williams (2006),
    section 2.7.
    """
    shapes = np.vstack([SHAPES, prior_covariances / np.maximum(prior_covariances[:, :1], 1e-12)])
    likelihood = RecordLikelihood([Record.without_weather(level, modes)], shapes)
    own = likelihood.mean_square
    expected = own if prior_variance is None else math.sqrt(own * prior_variance)
    logarithms = choose_variances(likelihood, variance_prior(expected, len(prior_covariances)))
    residual_covariance: Floats = np.exp(logarithms) @ shapes
    return residual_covariance


def choose_variances(likelihood: RecordLikelihood, prior: VariancePrior) -> Floats:
    """(K + G,) most probable logarithms of the variances of shapes [m2] and of groups of coefficients.

    Newton steps within a trust region, with the average information as curvature. The prior bounds what the record does
    not constrain.

    Source: Nocedal and Wright (2006), Numerical Optimization, section 4.3.
    """
    start, spread = prior.mean, prior.spread

    @lru_cache(maxsize=1)  # value, gradient and curvature at a point are requested one after the other
    def posterior(*logarithms: float) -> Expansion:
        at = np.array(logarithms)
        expansion, offset = likelihood.expand(at), (at - start) / spread
        return Expansion(
            expansion.value + 0.5 * float(offset @ offset),
            expansion.gradient + offset / spread,
            expansion.curvature + np.diag(spread**-2),
        )

    best = minimize(
        lambda at: posterior(*at).value,
        start,
        jac=lambda at: posterior(*at).gradient,
        hess=lambda at: posterior(*at).curvature,
        method="trust-exact",
        options={
            "gtol": GRADIENT_TOLERANCE,
            "initial_trust_radius": ANY_SPREAD,
            "max_trust_radius": 3 * ANY_SPREAD,
        },
    )
    chosen: Floats = best.x
    return chosen


def fit_sea_level_model(
    time: Times, level: Floats, latitude: float, *, name: str, source: str, published: TidalConstants | None = None
) -> SeaLevelModel:
    """Tide and residual covariance from the record of one gauge.

    Args:
        time: (T,) UTC, hourly.
        level: (T,) [m above the gauge's stated mean sea level]; NaN = not observed, or excluded from training.
        latitude: [degrees north]; ``name`` of the gauge; ``source`` of the record.
        published: constants to use instead of a fit.

    Raises:
        RefusedByTheory: fewer than 15 observed days, or less than one with published constants.
    """
    if published is None:
        fitted = fit_tide(time, level, latitude, name=name, source=source)
    else:
        fitted = adopt_tide(published, time, level)
    sea_level = SeaLevelModel(fitted, np.zeros(TIDE_HOURS))
    residual_covariance = fit_residual_covariance(
        level - sea_level.tide(time), fitted.error_modes(time), np.zeros((0, LAG_HOURS))
    )
    return replace(sea_level, residual_covariance=residual_covariance[:TIDE_HOURS])


def predict_residual(
    own: Tensor, seen: Tensor, residual_covariance: Tensor, modes: Tensor, first: int = 0
) -> tuple[Tensor, Tensor]:
    """Conditional distribution of a gauge's residual given its last readings.

    Without readings the mean is 0 and the variance that of the residual and of the tide's error.

    Args:
        own: (B, C) residuals [m] of the last C hours; ``seen``: (B, C) mask of the observed ones.
        residual_covariance: (B, 168) autocovariances [m2].
        modes: (B, H, R) of the tide's error [m] in H hours, of which the first C are those of ``own``.
        first: index of the first hour to predict.

    Returns:
        Mean and standard deviation of the residual, (B, H - first) [m].

    Raises:
        InputError: shapes do not match, or there are more hours than lags.

    Source: conditional normal distribution, Rasmussen and Williams (2006), eqs. 2.23 and 2.24.
    """
    context, hours = own.shape[1], modes.shape[1]
    if seen.shape != own.shape or not context <= hours <= residual_covariance.shape[1]:
        shapes = f"{tuple(own.shape)} readings, {tuple(seen.shape)} masks, {tuple(modes.shape)} modes"
        raise InputError(
            "a gauge's readings", shapes, "give one mask per reading, and modes of these hours and the hours ahead"
        )
    hour = torch.arange(hours)
    past, ahead = hour[:context, None], modes[:, first:]
    mask = seen.to(own.dtype)
    known = (residual_covariance[:, (past - hour[:context]).abs()] + modes[:, :context] @ modes[:, :context].mT) * mask[
        :, :, None
    ]
    known = known * mask[:, None] + torch.diag_embed(1 - mask + READING_NOISE**2 * mask)  # (B, C, C)
    across = (residual_covariance[:, (past - hour[first:]).abs()] + modes[:, :context] @ ahead.mT) * mask[:, :, None]
    root = torch.linalg.cholesky(known)
    half = torch.linalg.solve_triangular(root, across, upper=False)  # (B, C, H - first)
    white = torch.linalg.solve_triangular(root, (own * mask)[..., None], upper=False)
    mean = (half * white).sum(dim=1)
    rest = residual_covariance[:, :1] + ahead.square().sum(dim=2) - half.square().sum(dim=1)
    return mean, rest.clamp(min=READING_NOISE**2).sqrt()


def weights_of_readings(seen: Mask, covariance: Floats, hours: int) -> tuple[Floats, Floats]:
    """How much each of the last readings counts in every hour, by which of them there are; without a tide's error.

    As `predict_residual`, whose mean these weights give, but once for all issues with the same gaps.

    Args:
        seen: (M, C) mask of the observed ones of the first C hours.
        covariance: (168,) autocovariance [m2].
        hours: H, of which the first C are those of the readings.

    Returns:
        Weights (M, C, H), 0 where nothing was observed, and standard deviation (M, H) [m] given the readings.
    """
    past, hour = np.arange(seen.shape[1])[:, None], np.arange(hours)
    mask = seen.astype(float)
    known = covariance[np.abs(past - past.T)] * mask[:, :, None] * mask[:, None]
    known[:, past[:, 0], past[:, 0]] += 1 - mask + READING_NOISE**2 * mask
    across = covariance[np.abs(past - hour)] * mask[:, :, None]  # (M, C, H)
    weights = np.linalg.solve(known, across)
    rest = covariance[0] - (weights * across).sum(axis=1)
    return weights, np.sqrt(np.maximum(rest, READING_NOISE**2))
