"""What a gauge's own readings foretell: weather that is forgotten, about a tide that is not quite known."""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from torch import Tensor

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.forecast_window import TIDE_HOURS
from strandline.observations.sea_level.harmonic_tide import TidalConstants, adopt_tide, fit_tide
from strandline.observations.sea_level.likelihood import LAG_HOURS, READING_NOISE, Expansion, RecordLikelihood
from strandline.observations.sea_level.model import SeaLevelModel

WEIGHT_SPREAD = 3.0
"""Of the logarithm of a shape's variance, before the record speaks."""
STEEPEST = 1e-3
"""Of the −log posterior density where it counts as least: with the prior's curvature less than 1e-5 is left to gain."""
SMOOTH_HOURS, TIDAL_HOURS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0), (24.84, 12.42, 8.28, 6.21)
_LAG = np.arange(LAG_HOURS)


def _smooth(hours: float) -> Floats:
    age = np.sqrt(3) * _LAG / hours
    matern: Floats = (1 + age) * np.exp(-age)
    return matern


def _tidal(period: float, memory: float) -> Floats:
    wave: Floats = np.exp(-_LAG / memory) * np.cos(2 * np.pi * _LAG / period)
    return wave


SHAPES = np.stack(
    [
        *(_smooth(hours) for hours in SMOOTH_HOURS),
        *(_tidal(period, memory) for period in TIDAL_HOURS for memory in (72.0, 720.0)),
        (_LAG == 0).astype(float),
    ]
)
"""(16, 168) autocorrelations of which any weather may be made: Matérn 3/2, waves of the tide's species that lose their
phase in three days or a month, and noise."""


def autocovariance(level: Floats) -> Floats:
    """(168,) mean product [m2] of residuals (T,) some hours apart, never negative definite; NaN = not observed.

    Raises:
        RefusedByTheory: some lag is never seen twice.
    """
    seen = np.isfinite(level)
    padded = 2 * level.size
    spectrum = np.fft.rfft(np.where(seen, level, 0.0), padded)
    there = np.fft.rfft(seen.astype(float), padded)
    products = np.fft.irfft(np.abs(spectrum) ** 2)[:LAG_HOURS]
    count = np.rint(np.fft.irfft(np.abs(there) ** 2)[:LAG_HOURS])
    if level.size < LAG_HOURS or (count < 1).any():
        raise RefusedByTheory(f"{seen.sum()} readings cannot tell how hours up to {LAG_HOURS} apart go together")
    mean = products / count
    power = np.fft.rfft(np.concatenate([mean, mean[:0:-1]])).real  # gaps may make some negative, which nothing is
    covariance: Floats = np.fft.irfft(np.maximum(power, 0.0), 2 * LAG_HOURS - 1)[:LAG_HOURS]
    return covariance


def fit_residual_covariance(
    level: Floats, modes: npt.NDArray[np.float32], prior_covariances: Floats, prior_variance: float | None = None
) -> Floats:
    """(168,) the most probable autocovariance [m2] of the weather in a record, short and with gaps as it is.

    A sum of known shapes, each with a variance that the record's likelihood chooses: those of `SHAPES`, and how the
    residuals of other gauges remember. What the tide may be off is no weather, and is left out.

    Args:
        level: (T,) hourly residuals about a fitted tide [m]; NaN = not observed.
        modes: (T, R) of that tide's error [m] (`FittedTide.error_modes`).
        elsewhere: (K, 168) autocovariances of other gauges [m2]; K may be 0.
        usual: variance [m2] that is expected before the record speaks; ``None`` = the record's own.

    Raises:
        RefusedByTheory: a record without a reading.

    Source: marginal likelihood of a Gaussian process with explicit basis functions, Rasmussen and Williams (2006),
    section 2.7.
    """
    shapes = np.vstack([SHAPES, prior_covariances / np.maximum(prior_covariances[:, :1], 1e-12)])
    likelihood = RecordLikelihood(level, modes, shapes)
    own = likelihood.mean_square
    logarithms = choose_variances(likelihood, own if prior_variance is None else math.sqrt(own * prior_variance))
    residual_covariance: Floats = np.exp(logarithms) @ shapes
    return residual_covariance


def choose_variances(likelihood: RecordLikelihood, prior_variance: float) -> Floats:
    """(K,) most probable logarithms of the shapes' variances [m2], which are expected to sum to ``prior_variance`` [m2].

    Newton's steps within a region of trust, with the average information for the curvature. The prior alone keeps a
    shape of which the record tells nothing from running away.

    Source: Nocedal and Wright (2006), Numerical Optimization, section 4.3.
    """
    start = np.full(likelihood.count, math.log(max(prior_variance, 1e-6) / likelihood.count))

    @lru_cache(maxsize=1)  # a point's value, slope and curvature are asked for one after the other
    def posterior(*logarithms: float) -> Expansion:
        at = np.array(logarithms)
        told, off = likelihood.about(at), (at - start) / WEIGHT_SPREAD
        return Expansion(
            told.value + 0.5 * float(off @ off),
            told.slope + off / WEIGHT_SPREAD,
            told.curvature + np.eye(at.size) / WEIGHT_SPREAD**2,
        )

    best = minimize(
        lambda at: posterior(*at).value,
        start,
        jac=lambda at: posterior(*at).slope,
        hess=lambda at: posterior(*at).curvature,
        method="trust-exact",
        options={"gtol": STEEPEST, "initial_trust_radius": WEIGHT_SPREAD, "max_trust_radius": 3 * WEIGHT_SPREAD},
    )
    chosen: Floats = best.x
    return chosen


def fit_sea_level_model(
    time: Times, level: Floats, latitude: float, *, name: str, source: str, published: TidalConstants | None = None
) -> SeaLevelModel:
    """What a gauge's record alone tells of its tide and of the weather about it.

    Args:
        time: (T,) UTC, hourly.
        level: (T,) [m above the gauge's stated mean sea level]; NaN = not observed, or not to be learned from.
        latitude: [degrees north]; ``name`` of the gauge; ``source`` of the record.
        published: constants to adopt where the tide is not to be fitted.

    Raises:
        RefusedByTheory: under 15 observed days, or under one where constants are published.
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
    """What a gauge's last readings say of the hours about them and of those that follow.

    Where nothing was read the mean is 0 and the spread that of the weather and the tide's error.

    Args:
        own: (B, C) residuals [m] of the last C hours; ``seen``: (B, C) which of them were read.
        weather: (B, 168) autocovariances [m2].
        modes: (B, H, R) of the tide's error [m] in H hours, of which the first C are those of ``own``.
        first: of these hours that is asked about.

    Returns:
        Mean and standard deviation of the residual, (B, H - first) [m].

    Raises:
        InputError: shapes that do not fit, or more hours than lags.

    Source: conditional normal distribution, Rasmussen and Williams (2006), eqs. 2.23 and 2.24.
    """
    context, hours = own.shape[1], modes.shape[1]
    if seen.shape != own.shape or not context <= hours <= residual_covariance.shape[1]:
        given = f"{tuple(own.shape)} readings, {tuple(seen.shape)} masks, {tuple(modes.shape)} modes"
        raise InputError("a gauge's readings", given, "give a mask a reading, and modes of them and the hours ahead")
    hour = torch.arange(hours)
    past, asked = hour[:context, None], modes[:, first:]
    there = seen.to(own.dtype)
    known = (
        residual_covariance[:, (past - hour[:context]).abs()] + modes[:, :context] @ modes[:, :context].mT
    ) * there[:, :, None]
    known = known * there[:, None] + torch.diag_embed(1 - there + READING_NOISE**2 * there)  # (B, C, C)
    across = (residual_covariance[:, (past - hour[first:]).abs()] + modes[:, :context] @ asked.mT) * there[:, :, None]
    root = torch.linalg.cholesky(known)
    half = torch.linalg.solve_triangular(root, across, upper=False)  # (B, C, H - first)
    white = torch.linalg.solve_triangular(root, (own * there)[..., None], upper=False)
    mean = (half * white).sum(dim=1)
    rest = residual_covariance[:, :1] + asked.square().sum(dim=2) - half.square().sum(dim=1)
    return mean, rest.clamp(min=READING_NOISE**2).sqrt()
