"""Process of the hourly residual: an autoregression with regime-dependent shocks, calm or stormy."""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
from scipy.linalg import solve_toeplitz

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats

ORDER = 30
"""Order of the autoregression [h]: more than the daily period of tide errors."""
REGIMES = 2
EXTREME_SCALE, ONSET_RATE, DECAY_RATE = 2.5, 1 / 50, 1 / 8
"""The extreme regime, a storm that a record of a few years does not contain: factor on the shocks of the fitted storm
regime, probability per hour of its onset in that regime, and of its end. Assumptions, of the size of a cyclone's
landfall; without it the filter takes an extreme surge for a broken gauge."""
FEWEST = 500
"""Shocks that a fit of the regimes needs."""
_ROUNDS = 60


@dataclass(frozen=True, eq=False)
class SurgeProcess:
    """The residual r (level − tide − mean sea level) as r_t = Σ φ_k r_{t−k} + s e_t, e standard normal.

    The shock's size s depends on the regime, which persists: storms are not the tail of calm weather.

    Attributes:
        coefficients: (P,) φ, latest hour first.
        shocks: (R,) size of the shocks in each regime [m], ascending; the last is the extreme regime.
        transition: (R, R) probability [-] of each regime (column) an hour after each (row).

    Raises:
        InputError: shapes do not match, or rows of ``transition`` do not sum to 1.

    Source: Markov-switching autoregression, Hamilton (1989), Econometrica 57, 357-384.
    """

    coefficients: Floats
    shocks: Floats
    transition: Floats

    def __post_init__(self) -> None:
        count = self.shocks.size
        if self.transition.shape != (count, count) or not np.allclose(self.transition.sum(axis=1), 1):
            raise InputError("surge process", f"transition {self.transition.shape}", f"give {count} rows that sum to 1")
        if not ((self.shocks > 0).all() and (np.diff(self.shocks) >= 0).all()):
            raise InputError("surge process", f"shocks {self.shocks}", "give sizes above 0, ascending")

    @property
    def order(self) -> int:
        """P, order of the autoregression [h]."""
        return int(self.coefficients.size)

    @cached_property
    def stationary(self) -> Floats:
        """(R,) share of time in each regime [-]."""
        values, vectors = np.linalg.eig(self.transition.T)
        share = np.abs(vectors[:, np.argmin(np.abs(values - 1))].real)
        return np.asarray(share / share.sum())

    def shocks_of(self, residual: Floats) -> Floats:
        """(T,) shocks [m] of a residual (T,); NaN where it or an hour before it is missing."""
        shocks = np.full(residual.size, np.nan)
        if residual.size > self.order:
            windows = np.lib.stride_tricks.sliding_window_view(residual, self.order + 1)
            shocks[self.order :] = windows[:, -1] - windows[:, :-1] @ self.coefficients[::-1]
        return shocks

    def regimes_of(self, residual: Floats) -> Floats:
        """(T, R) probability [-] of each regime at each hour of a record (T,) [m], NaN = not observed."""
        return _smooth(_densities(self.shocks_of(residual), self.shocks), self.transition)[0]

    def climate(self, hours: int) -> Floats:
        """(hours, hours) covariance [m2] of consecutive hours without readings."""
        shock = float(self.stationary @ self.shocks**2)
        response = self.response(_SETTLED)
        products = [shock * float(response[: _SETTLED - lag] @ response[lag:]) for lag in range(hours)]
        lag = np.abs(np.arange(hours)[:, None] - np.arange(hours))
        return np.asarray(np.asarray(products)[lag])

    def response(self, hours: int) -> Floats:
        """(hours,) impulse response after 0, 1, … hours [-]."""
        response = np.zeros(hours + self.order)
        response[self.order] = 1.0
        for hour in range(self.order + 1, response.size):
            response[hour] = self.coefficients @ response[hour - self.order : hour][::-1]
        return response[self.order :]


_SETTLED = 1500
"""Hours after which the impulse response has decayed."""


def fit_surge_process(residual: Floats, covariance: Floats) -> SurgeProcess:
    """Fit to a record of the residual (T,) [m], hourly, NaN = not observed, and its autocovariance (> P,) [m2].

    Coefficients by Yule-Walker; regimes by expectation-maximisation on the shocks of stretches without gaps.

    Raises:
        RefusedByTheory: too few shocks to fit the regimes.
    """
    floor = 1e-4 * covariance[0]  # reading noise; keeps the autoregression stable
    toeplitz = covariance[:ORDER].copy()
    toeplitz[0] += floor
    coefficients = solve_toeplitz(toeplitz, covariance[1 : ORDER + 1])
    calm = SurgeProcess(np.asarray(coefficients), np.ones(1), np.ones((1, 1)))
    shocks = calm.shocks_of(residual)
    known = int(np.isfinite(shocks).sum())
    if known < FEWEST:
        raise RefusedByTheory(
            f"{known} hours after {ORDER} hours without a gap are too few to separate calm from storm; give {FEWEST}"
        )
    sizes, transition = _find_regimes(shocks)
    return SurgeProcess(calm.coefficients, *_with_extreme_regime(sizes, transition))


def _with_extreme_regime(sizes: Floats, transition: Floats) -> tuple[Floats, Floats]:
    """The fitted regimes and the extreme one, which follows the stormiest of them and ends in it."""
    count = sizes.size
    extended = np.zeros((count + 1, count + 1))
    extended[:count, :count] = transition
    extended[count - 1] *= 1 - ONSET_RATE
    extended[count - 1, count] = ONSET_RATE
    extended[count, count - 1 :] = DECAY_RATE, 1 - DECAY_RATE
    return np.append(sizes, EXTREME_SCALE * sizes[-1]), extended


def _find_regimes(shocks: Floats) -> tuple[Floats, Floats]:
    """Sizes (R,) and transition (R, R) of a hidden Markov chain of zero-mean normal shocks (T,), NaN = missing.

    Source: Baum-Welch, Rabiner (1989), Proceedings of the IEEE 77, section III-C.
    """
    known = np.isfinite(shocks)
    magnitude = np.abs(np.where(known, shocks, 0.0))
    spread = float(np.sqrt((shocks[known] ** 2).mean()))
    sizes = spread * np.geomspace(0.5, 4.0, REGIMES)
    transition = np.full((REGIMES, REGIMES), 0.02) + (1 - 0.02 * REGIMES) * np.eye(REGIMES)
    for _ in range(_ROUNDS):
        share, pairs = _smooth(_densities(shocks, sizes), transition)
        weight = share * known[:, None]
        sizes = np.sqrt((weight * magnitude[:, None] ** 2).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12))
        sizes = np.maximum(sizes, 1e-3 * spread)
        pairs += 0.5  # half a visit to each, so that no regime is absorbing
        transition = pairs / pairs.sum(axis=1, keepdims=True)
    order = np.argsort(sizes)
    return sizes[order], transition[np.ix_(order, order)]


def _densities(shocks: Floats, sizes: Floats) -> Floats:
    """(T, R) density of each shock in each regime; 1 where it is missing."""
    density = np.exp(-0.5 * (np.nan_to_num(shocks)[:, None] / sizes) ** 2) / sizes
    return np.where(np.isfinite(shocks)[:, None], density, 1.0) + 1e-300


@numba.njit(cache=True)
def _smooth(density: Floats, transition: Floats) -> tuple[Floats, Floats]:
    """Smoothed probability (T, R) of each regime at each hour, and expected number (R, R) of transitions.

    Sums are written out: for a handful of regimes, arrays within the loop would take ten times as long.
    """
    hours, count = density.shape
    forward, share = np.empty_like(density), np.empty_like(density)
    pairs, joint = np.zeros((count, count)), np.empty((count, count))
    backward, after = np.ones(count), np.empty(count)
    for hour in range(hours):
        total = 0.0
        for to in range(count):
            state = 0.0
            for source in range(count):
                state += (forward[hour - 1, source] if hour else 1 / count) * transition[source, to]
            forward[hour, to] = state * density[hour, to]
            total += forward[hour, to]
        for to in range(count):
            forward[hour, to] /= total
    for hour in range(hours - 1, -1, -1):
        total = 0.0
        for regime in range(count):
            share[hour, regime] = forward[hour, regime] * backward[regime]
            after[regime] = density[hour, regime] * backward[regime]
            total += share[hour, regime]
        for regime in range(count):
            share[hour, regime] /= total
        if hour == 0:
            break
        total, norm = 0.0, 0.0
        for source in range(count):
            backward[source] = 0.0
            for to in range(count):
                joint[source, to] = forward[hour - 1, source] * transition[source, to] * after[to]
                total += joint[source, to]
                backward[source] += transition[source, to] * after[to]
            norm += backward[source]
        for source in range(count):
            backward[source] /= norm
            for to in range(count):
                pairs[source, to] += joint[source, to] / total
    return share, pairs
