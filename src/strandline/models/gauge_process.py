"""What a gauge's own readings foretell: weather that is forgotten, about a tide that is not quite known."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from torch import Tensor

from strandline.batch import CONTEXT_HOURS, TIDE_HOURS, Batch
from strandline.errors import InputError, RefusedByTheory
from strandline.tide_and_weather import TideAndWeather
from strandline.tides import TidalConstants, Times, adopt_tide, fit_tide

Floats = npt.NDArray[np.float64]

MEMORY_HOURS = 168
"""Lags [h] of an autocovariance, and hours of the longest stretch whose likelihood is taken at once."""
READING_NOISE = 0.003
"""Standard deviation [m] of a reading."""
WEIGHT_SPREAD = 3.0
"""Of the logarithm of a shape's variance, before the record speaks."""
MOST_STRETCHES = 60
"""Of a long record, evenly spread: more tell nothing new of 168 lags."""
SMOOTH_HOURS, TIDAL_HOURS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0), (24.84, 12.42, 8.28, 6.21)
_LAG = np.arange(MEMORY_HOURS)


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
    products = np.fft.irfft(np.abs(spectrum) ** 2)[:MEMORY_HOURS]
    count = np.rint(np.fft.irfft(np.abs(there) ** 2)[:MEMORY_HOURS])
    if level.size < MEMORY_HOURS or (count < 1).any():
        raise RefusedByTheory(f"{seen.sum()} readings cannot tell how hours up to {MEMORY_HOURS} apart go together")
    mean = products / count
    power = np.fft.rfft(np.concatenate([mean, mean[:0:-1]])).real  # gaps may make some negative, which nothing is
    covariance: Floats = np.fft.irfft(np.maximum(power, 0.0), 2 * MEMORY_HOURS - 1)[:MEMORY_HOURS]
    return covariance


def fit_weather(level: Floats, modes: npt.NDArray[np.float32], elsewhere: Floats, usual: float | None = None) -> Floats:
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
    values, seen, patterns = _stretches(level, modes)
    own = float((values**2).sum() / seen.sum())
    usual = own if usual is None else math.sqrt(own * usual)
    shapes = np.vstack([SHAPES, elsewhere / np.maximum(elsewhere[:, :1], 1e-12)])
    lag = np.abs(_LAG[:, None] - _LAG)
    kernels = torch.from_numpy(shapes[:, lag])  # (K, 168, 168)
    start = np.full(len(shapes), math.log(max(usual, 1e-6) / len(shapes)))
    masks, which = np.unique(seen, axis=0, return_inverse=True)  # stretches with the same gaps are solved together
    counts, there = torch.from_numpy(np.bincount(which)), torch.from_numpy(masks.astype(float))
    both = torch.from_numpy(np.concatenate([values[..., None], patterns], axis=2))  # (N, 168, 1 + R)
    alike = [both[which == mask].transpose(0, 1).flatten(1) for mask in range(len(masks))]  # (168, n (1 + R)) each

    def surprise(logarithms: Floats) -> tuple[float, Floats]:
        """−log posterior density, up to a constant, and its slope."""
        sizes = torch.from_numpy(logarithms).requires_grad_()
        covariance = torch.einsum("k,kij->ij", sizes.exp(), kernels) + READING_NOISE**2 * torch.eye(MEMORY_HOURS)
        known = covariance * there[:, :, None] * there[:, None] + torch.diag_embed(1 - there)
        root = torch.linalg.cholesky(known)
        solved = [
            torch.linalg.solve_triangular(one, sides, upper=False) for one, sides in zip(root, alike, strict=True)
        ]
        white = torch.cat([part.reshape(-1, both.shape[2]) for part in solved])
        white_y, white_e = white[:, 0], white[:, 1:]
        tide = torch.linalg.cholesky(torch.eye(white_e.shape[1], dtype=torch.float64) + white_e.T @ white_e)
        told = torch.linalg.solve_triangular(tide, (white_e.T @ white_y)[:, None], upper=False)
        size = 2 * ((root.diagonal(dim1=1, dim2=2).log().sum(dim=1) * counts).sum() + tide.diagonal().log().sum())
        likelihood = white_y.square().sum() - told.square().sum() + size
        prior = ((sizes - torch.from_numpy(start)) / WEIGHT_SPREAD).square().sum()
        found = 0.5 * (likelihood + prior)
        (slope,) = torch.autograd.grad(found, sizes)
        return float(found.detach()), slope.numpy()

    bounds = [(first - 20.0, first + 5.0) for first in start]
    best = minimize(surprise, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60})
    weather: Floats = np.exp(best.x) @ shapes
    return weather


def fit_tide_and_weather(
    time: Times, level: Floats, latitude: float, *, name: str, source: str, published: TidalConstants | None = None
) -> TideAndWeather:
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
    sea = TideAndWeather(fitted, np.zeros(TIDE_HOURS))
    weather = fit_weather(level - sea.tide(time), fitted.error_modes(time), np.zeros((0, MEMORY_HOURS)))
    return replace(sea, weather=weather[:TIDE_HOURS])


def foretell_surge(batch: Batch) -> tuple[Tensor, Tensor]:
    """What the own readings of a batch foretell of the surge: mean and standard deviation (B, 25) [m]."""
    own = (batch.gauge[:, 0] - batch.tide[:, :CONTEXT_HOURS]).double()  # smooth weather is nearly singular
    mean, spread = foretell(own, batch.gauge_seen[:, 0], batch.weather.double(), batch.tide_modes.double())
    ahead = slice(CONTEXT_HOURS - 1, None)
    return mean[:, ahead].to(batch.gauge.dtype), spread[:, ahead].to(batch.gauge.dtype)


def foretell(own: Tensor, seen: Tensor, weather: Tensor, modes: Tensor) -> tuple[Tensor, Tensor]:
    """What a gauge's last readings say of the hours about them and of those that follow.

    Where nothing was read the mean is 0 and the spread that of the weather and the tide's error.

    Args:
        own: (B, C) residuals [m] of the last C hours; ``seen``: (B, C) which of them were read.
        weather: (B, 168) autocovariances [m2].
        modes: (B, H, R) of the tide's error [m] in H hours, of which the first C are those of ``own``.

    Returns:
        Mean and standard deviation of the residual, (B, H) [m].

    Raises:
        InputError: shapes that do not fit, or more hours than lags.

    Source: conditional normal distribution, Rasmussen and Williams (2006), eqs. 2.23 and 2.24.
    """
    context, hours = own.shape[1], modes.shape[1]
    if seen.shape != own.shape or not context <= hours <= weather.shape[1]:
        given = f"{tuple(own.shape)} readings, {tuple(seen.shape)} masks, {tuple(modes.shape)} modes"
        raise InputError("a gauge's readings", given, "give a mask a reading, and modes of them and the hours ahead")
    hour = torch.arange(hours)
    lag = (hour[:, None] - hour).abs()
    together = weather[:, lag] + modes @ modes.transpose(1, 2)  # (B, H, H)
    there = seen.to(own.dtype)
    known = together[:, :context, :context] * there[:, :, None] * there[:, None]
    known = known + torch.diag_embed(1 - there + READING_NOISE**2 * there)
    across = together[:, :, :context] * there[:, None]  # (B, H, C)
    root = torch.linalg.cholesky(known)
    half = torch.linalg.solve_triangular(root, across.transpose(1, 2), upper=False)  # (B, C, H)
    white = torch.linalg.solve_triangular(root, (own * there)[..., None], upper=False)
    mean = (half * white).sum(dim=1)
    rest = together.diagonal(dim1=1, dim2=2) - half.square().sum(dim=1)
    return mean, rest.clamp(min=READING_NOISE**2).sqrt()


def _stretches(level: Floats, modes: npt.NDArray[np.float32]) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Residuals (N, 168) of weeks with a reading, 0 where there is none, the mask, and the modes (N, 168, R)."""
    seen = np.isfinite(level)
    if not seen.any():
        raise RefusedByTheory("a record without a reading does not tell how its weather moves")
    first = int(seen.argmax())
    missing = -(level.size - first) % MEMORY_HOURS

    def cut(values: Floats) -> Floats:
        padded = np.pad(values[first:], [(0, missing), *[(0, 0)] * (values.ndim - 1)])
        return padded.reshape(len(padded) // MEMORY_HOURS, MEMORY_HOURS, *values.shape[1:])

    masks = cut(seen.astype(float)) > 0
    weeks = np.flatnonzero(masks.any(axis=1))
    if len(weeks) > MOST_STRETCHES:
        weeks = weeks[np.linspace(0, len(weeks) - 1, MOST_STRETCHES).astype(int)]
    masks = masks[weeks]
    values = cut(np.where(seen, level, 0.0))[weeks]
    patterns = cut(modes.astype(float))[weeks] * masks[..., None]
    return values, masks, patterns
