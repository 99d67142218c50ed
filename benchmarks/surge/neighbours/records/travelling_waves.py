"""Optimal interpolation of surges that travel along the coast, at a point between gauges."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Mask

HOURLY_BINS = tuple((first, first + 3) for first in range(0, 27, 3))
SLOW_BINS = tuple((first, first + 6) for first in range(30, 72, 6)) + tuple((24 * d, 24 * d + 24) for d in range(3, 7))
BINS = HOURLY_BINS + SLOW_BINS
"""Intervals before an issue [h] over which readings of a neighbour are averaged."""
BOUNDS = ((-2.0, 2.0), (1.5, 6.5), (-5.0, 5.0), (-5.0, 5.0), (-3.0, 1.0))
"""Bounds of the parameters: reach 135 to 7400 km, duration 4 to 670 h, slowness ±150 h per 1000 km, own 0.05 to 2.7."""
START_DIRECTIONS = ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0))
"""Initial directions of the fit, east and north."""
NEEDED_SHARE = 0.75
"""Share of its bins that a gauge must have to be used."""


@dataclass(frozen=True)
class TravellingWaves:
    """Correlation of residuals at two positions and hours.

    ρ(Δx, Δt) = exp(−|Δx| / reach) · (1 + √3 a) exp(−√3 a) with a = |Δt − slowness · Δx| / duration: a wave that travels
    and decays.

    Attributes:
        reach: [1000 km].
        duration: time scale of the decay [h].
        slowness: east and north [h per 1000 km].
        own: standard deviation of the independent part of a reading, as a share of the spread of its gauge [-].

    Source: optimal interpolation, Gandin (1963); a Matérn 3/2 covariance in the frame of the wave, as for coastally
    trapped waves, Gill (1982), section 10.12.
    """

    reach: float
    duration: float
    slowness: tuple[float, float]
    own: float

    def correlation(self, offset: Floats, later: Floats) -> Floats:
        """Of positions (…, 2) [1000 km] east and north of others, at hours (…) after them."""
        numbers = torch.tensor([self.reach, self.duration, *self.slowness], dtype=torch.float64)
        return _correlation(numbers, torch.from_numpy(offset), torch.from_numpy(later)).numpy()


@dataclass(frozen=True, eq=False)
class Interpolation:
    """Prediction at a position for the hours of each issue.

    Attributes:
        mean, spread: (T, H) [m] of the residual; without neighbours 0 and the spread of the position.
        available: (T,) whether a neighbour was available.
    """

    mean: Floats
    spread: Floats
    available: Mask


def fit_waves(positions: Floats, level: Floats, target: Floats) -> tuple[TravellingWaves, ...]:
    """Fit the waves by leave-one-out prediction of the gauges; returns all optima, the best first.

    A few gauges seldom determine the direction of travel, and the best optimum for the gauges need not be the best for
    a position between them.

    Args:
        positions: (S, 2) east and north of any point [1000 km].
        level: (S, T) hourly residuals [m]; NaN = not observed.
        target: (2,) position of interest; gauges have weights exp(−distance / 1000 km).

    Raises:
        RefusedByTheory: fewer than three gauges, which cannot determine a direction.
    """
    if len(positions) < 3:
        raise RefusedByTheory(f"{len(positions)} gauges cannot determine how a surge travels; need 3 or more")
    scaled = level / spreads_of(level)[:, None]
    bins, seen = _bins(scaled)
    inputs = np.where(seen, bins, 0.0)[:, :, ::3].reshape(len(positions) * len(BINS), -1)  # (S · K, T / 3)
    now = scaled[:, ::3]
    among = torch.from_numpy(inputs @ inputs.T / inputs.shape[1])
    to_now = [inputs[:, np.isfinite(row)] @ row[np.isfinite(row)] / np.isfinite(row).sum() for row in now]
    importance = np.exp(-np.linalg.norm(positions - target, axis=1))

    def error(unbounded: Floats) -> tuple[float, Floats]:
        numbers = torch.from_numpy(unbounded).requires_grad_()
        total = torch.zeros((), dtype=torch.float64)
        for station, row in enumerate(to_now):
            others = [other for other in range(len(positions)) if other != station]
            index = torch.tensor([other * len(BINS) + b for other in others for b in range(len(BINS))])
            offset, now_only = (
                torch.from_numpy(positions[others] - positions[station]),
                torch.zeros(1, dtype=torch.float64),
            )
            weights = _weights(_natural(numbers), offset, now_only)[0][0]
            left = 1 - 2 * weights @ torch.from_numpy(row)[index] + weights @ among[index][:, index] @ weights
            total = total + importance[station] / importance.sum() * left
        (slope,) = torch.autograd.grad(total, numbers)
        return float(total.detach()), slope.numpy()

    tries = [
        minimize(error, np.array([0.0, 4.3, *direction, -1.5]), jac=True, method="L-BFGS-B", bounds=BOUNDS)
        for direction in START_DIRECTIONS
    ]
    optima = {round(float(found.fun), 3): found.x for found in tries}
    found = [_natural(torch.from_numpy(optima[error])).tolist() for error in sorted(optima)]
    return tuple(TravellingWaves(reach, duration, (east, north), own) for reach, duration, east, north, own in found)


def interpolate(
    waves: Sequence[TravellingWaves],
    positions: Floats,
    spreads: Floats,
    level: Floats,
    position: Floats,
    hours: Sequence[int],
) -> Interpolation:
    """Predict a position from gauges for every hour, from data available then.

    The spread of the position is a weighted mean of those of its neighbours. A gauge with gaps is used where it has
    three quarters of its bins; missing bins are 0.

    Args:
        waves: all optima, with equal weights.
        positions: (S, 2) of the gauges [1000 km].
        spreads: (S,) root mean square of their residuals [m] in training hours (`spreads_of`).
        level: (S, T) their hourly residuals [m]; NaN = not observed.
        position: (2,) without a gauge.
        hours: H wanted hours relative to an issue; negative = before it.

    Raises:
        InputError: positions and records of different numbers of gauges.
    """
    if len(positions) != len(level):
        raise InputError("travelling waves", f"{len(positions)} positions, {len(level)} records", "give one of each")
    bins, seen = _bins(level / spreads[:, None])
    near = np.exp(-np.linalg.norm(positions - position, axis=1) / 0.7)
    spread = float((near * spreads).sum() / near.sum())
    wanted = torch.tensor(list(hours), dtype=torch.float64)
    available_by_gauge = seen.mean(axis=1) >= NEEDED_SHARE  # (S, T)
    mean = np.zeros((level.shape[1], wanted.numel()))
    rest = np.full(mean.shape, spread)
    parameters = [
        torch.tensor([wave.reach, wave.duration, *wave.slowness, wave.own], dtype=torch.float64) for wave in waves
    ]
    patterns, which = np.unique(available_by_gauge, axis=1, return_inverse=True)
    for number, pattern in enumerate(patterns.T):
        if pattern.any():
            at = np.flatnonzero(which.ravel() == number)
            offset = torch.from_numpy(positions[pattern] - position)
            inputs = np.where(seen[pattern][:, :, at], bins[pattern][:, :, at], 0.0).reshape(-1, at.size)
            predicted = [_weights(numbers, offset, wanted) for numbers in parameters]
            each = np.stack([weights.numpy() @ inputs for weights, _ in predicted])  # (W, H, N)
            unexplained = np.mean([np.clip(1 - explained.numpy(), 0.0, 1.0) for _, explained in predicted], axis=0)
            mean[at] = spread * each.mean(axis=0).T
            rest[at] = spread * np.sqrt(unexplained[:, None] + each.var(axis=0)).T
    return Interpolation(mean, rest, available_by_gauge.any(axis=0))


def spreads_of(level: Floats) -> Floats:
    """(S,) root mean square [m] of each record."""
    seen = np.isfinite(level)
    squares = np.where(seen, level, 0.0) ** 2
    spreads: Floats = np.sqrt(squares.sum(axis=1) / np.maximum(seen.sum(axis=1), 1))
    return spreads


def _correlation(numbers: Tensor, offset: Tensor, later: Tensor) -> Tensor:
    reach, duration, slowness = numbers[0], numbers[1], numbers[2:4]
    age = 3**0.5 * (later - offset @ slowness).abs() / duration
    correlation: Tensor = torch.exp(-offset.norm(dim=-1) / reach) * (1 + age) * torch.exp(-age)
    return correlation


def _natural(numbers: Tensor) -> Tensor:
    """Reach, duration, slowness east and north, own, from unconstrained parameters."""
    return torch.cat([numbers[:2].exp(), 30 * numbers[2:4], numbers[4:].exp()])


def _weights(numbers: Tensor, offset: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (H, N · K) of the bins of the neighbours, and the share (H,) of the variance that they explain.

    Args:
        numbers: of the waves.
        offset: (N, 2) from the position to its neighbours [1000 km].
        wanted: (H,) hours after the issue.
    """
    middle = torch.tensor([-(first + last - 1) / 2 for first, last in BINS], dtype=torch.float64)
    position, hour = offset.repeat_interleave(len(BINS), dim=0), middle.repeat(len(offset))
    among = _correlation(numbers, position[:, None] - position, hour[:, None] - hour)
    among = among + numbers[4] ** 2 * torch.eye(len(hour), dtype=torch.float64)
    to_wanted = _correlation(numbers, -position.expand(len(wanted), -1, -1), wanted[:, None] - hour)
    weights = torch.linalg.solve(among, to_wanted.T).T
    return weights, (weights * to_wanted).sum(dim=1)


def _bins(level: Floats) -> tuple[Floats, Mask]:
    """(S, K, T) means over `BINS` before each hour, and where at least half of a bin was observed."""
    seen = np.isfinite(level)
    total = np.cumsum(np.pad(np.where(seen, level, 0.0), ((0, 0), (1, 0))), axis=1)
    count = np.cumsum(np.pad(seen, ((0, 0), (1, 0))), axis=1)
    hour = np.arange(level.shape[1]) + 1
    means, there = [], []
    for first, last in BINS:
        newest, oldest = np.clip(hour - first, 0, None), np.clip(hour - last, 0, None)
        number = count[:, newest] - count[:, oldest]
        means.append((total[:, newest] - total[:, oldest]) / np.maximum(number, 1))
        there.append(2 * number >= last - first)
    return np.stack(means, axis=1), np.stack(there, axis=1)
