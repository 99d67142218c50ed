"""How the sea about its tide goes on from hour to hour: an autoregression whose shocks come calm or stormy."""

from dataclasses import dataclass

import numba
import numpy as np
from scipy.linalg import solve_toeplitz

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats

ORDER = 30
"""Hours that an hour is foretold from: more than the day after which a tide's error comes round."""
REGIMES = 2
EXTREME_SCALE, ONSET_RATE, DECAY_RATE = 2.5, 1 / 50, 1 / 8
"""A storm that no record of a few years holds: times the learned storm's shocks, chance an hour that a learned storm
turns into one, and that it is over. Assumptions, of the size of a cyclone's landfall; without it the belief would
sooner call a gauge broken than the sea violent."""
FEWEST = 500
"""Shocks from which regimes can be told apart."""
_ROUNDS = 60


@dataclass(frozen=True, eq=False)
class SurgeProcess:
    """The residual r (level − tide − mean sea level) as r_t = Σ φ_k r_{t−k} + s e_t, e standard normal.

    The shock's size s is one of a few, and stays for a while: storms are not the tail of calm weather.

    Attributes:
        coefficients: (P,) φ, latest hour first.
        shocks: (R,) size of the shocks in each regime [m], ascending; the last is beyond what was learned.
        transition: (R, R) chance [-] of each regime (column) an hour after each (row).

    Raises:
        InputError: shapes that do not fit, or rows that are no chances.

    Source: Markov-switching autoregression, Hamilton (1989), Econometrica 57, 357-384.
    """

    coefficients: Floats
    shocks: Floats
    transition: Floats

    def __post_init__(self) -> None:
        count = self.shocks.size
        if self.transition.shape != (count, count) or not np.allclose(self.transition.sum(axis=1), 1):
            raise InputError("surge process", f"transition {self.transition.shape}", f"give {count} rows of chances")
        if not ((self.shocks > 0).all() and (np.diff(self.shocks) >= 0).all()):
            raise InputError("surge process", f"shocks {self.shocks}", "give sizes above 0, ascending")

    @property
    def order(self) -> int:
        """P, hours that it looks back on."""
        return int(self.coefficients.size)

    @property
    def usual(self) -> Floats:
        """(R,) share of time in each regime [-]."""
        values, vectors = np.linalg.eig(self.transition.T)
        share = np.abs(vectors[:, np.argmin(np.abs(values - 1))].real)
        return np.asarray(share / share.sum())

    def shocks_of(self, residual: Floats) -> Floats:
        """(T,) the shocks [m] behind a residual (T,); NaN where it or an hour before it is not known."""
        shocks = np.full(residual.size, np.nan)
        if residual.size > self.order:
            windows = np.lib.stride_tricks.sliding_window_view(residual, self.order + 1)
            shocks[self.order :] = windows[:, -1] - windows[:, :-1] @ self.coefficients[::-1]
        return shocks

    def regimes_of(self, residual: Floats) -> Floats:
        """(T, R) chance [-] of each regime at each hour of a record (T,) [m], NaN = not observed."""
        return _shares(_densities(self.shocks_of(residual), self.shocks), self.transition)[0]

    def climate(self, hours: int) -> Floats:
        """(hours, hours) covariance [m2] of as many hours in a row of which nothing is known."""
        shock = float(self.usual @ self.shocks**2)
        response = self.response(_SETTLED)
        products = [shock * float(response[: _SETTLED - lag] @ response[lag:]) for lag in range(hours)]
        lag = np.abs(np.arange(hours)[:, None] - np.arange(hours))
        return np.asarray(np.asarray(products)[lag])

    def response(self, hours: int) -> Floats:
        """(hours,) what is left after 0, 1, … hours of a shock of 1 [-]."""
        response = np.zeros(hours + self.order)
        response[self.order] = 1.0
        for hour in range(self.order + 1, response.size):
            response[hour] = self.coefficients @ response[hour - self.order : hour][::-1]
        return response[self.order :]


_SETTLED = 1500
"""Hours after which a shock is forgotten, however long the memory of weather."""


def fit_surge_process(residual: Floats, covariance: Floats) -> SurgeProcess:
    """From a record of the residual (T,) [m], hourly, NaN = not observed, and its autocovariance (> P,) [m2].

    Coefficients by Yule-Walker, regimes by expectation-maximisation on the shocks of unbroken stretches.

    Raises:
        RefusedByTheory: a record too short or too broken to tell shocks apart.
    """
    floor = 1e-4 * covariance[0]  # what readings leave open; keeps the autoregression inside its stable region
    toeplitz = covariance[:ORDER].copy()
    toeplitz[0] += floor
    coefficients = solve_toeplitz(toeplitz, covariance[1 : ORDER + 1])
    calm = SurgeProcess(np.asarray(coefficients), np.ones(1), np.ones((1, 1)))
    shocks = calm.shocks_of(residual)
    known = int(np.isfinite(shocks).sum())
    if known < FEWEST:
        raise RefusedByTheory(
            f"{known} hours with {ORDER} unbroken ones before them cannot tell calm from storm; {FEWEST} can"
        )
    sizes, transition = _find_regimes(shocks)
    return SurgeProcess(calm.coefficients, *_with_violence(sizes, transition))


def _with_violence(sizes: Floats, transition: Floats) -> tuple[Floats, Floats]:
    """Learned regimes, and one that is reached from the stormiest of them and ends in it."""
    count = sizes.size
    wider = np.zeros((count + 1, count + 1))
    wider[:count, :count] = transition
    wider[count - 1] *= 1 - ONSET_RATE
    wider[count - 1, count] = ONSET_RATE
    wider[count, count - 1 :] = DECAY_RATE, 1 - DECAY_RATE
    return np.append(sizes, EXTREME_SCALE * sizes[-1]), wider


def _find_regimes(shocks: Floats) -> tuple[Floats, Floats]:
    """Sizes (R,) and transition (R, R) of a chain of zero-mean normal shocks (T,), NaN = not known.

    Source: Baum-Welch, Rabiner (1989), Proceedings of the IEEE 77, section III-C.
    """
    known = np.isfinite(shocks)
    magnitude = np.abs(np.where(known, shocks, 0.0))
    spread = float(np.sqrt((shocks[known] ** 2).mean()))
    sizes = spread * np.geomspace(0.5, 4.0, REGIMES)
    transition = np.full((REGIMES, REGIMES), 0.02) + (1 - 0.02 * REGIMES) * np.eye(REGIMES)
    for _ in range(_ROUNDS):
        share, pairs = _shares(_densities(shocks, sizes), transition)
        weight = share * known[:, None]
        sizes = np.sqrt((weight * magnitude[:, None] ** 2).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12))
        sizes = np.maximum(sizes, 1e-3 * spread)
        pairs += 0.5  # half a visit to each, so that no regime becomes a prison
        transition = pairs / pairs.sum(axis=1, keepdims=True)
    order = np.argsort(sizes)
    return sizes[order], transition[np.ix_(order, order)]


def _densities(shocks: Floats, sizes: Floats) -> Floats:
    """(T, R) of each shock in each regime; 1 where it is not known."""
    density = np.exp(-0.5 * (np.nan_to_num(shocks)[:, None] / sizes) ** 2) / sizes
    return np.where(np.isfinite(shocks)[:, None], density, 1.0) + 1e-300


@numba.njit(cache=True)
def _shares(density: Floats, transition: Floats) -> tuple[Floats, Floats]:
    """Chance (T, R) of each regime at each hour, and how often (R, R) each follows each."""
    hours, count = density.shape
    forward = np.empty_like(density)
    state = np.full(count, 1 / count)
    for hour in range(hours):
        state = (state @ transition) * density[hour]
        state = state / state.sum()
        forward[hour] = state
    share = np.empty_like(density)
    pairs = np.zeros((count, count))
    backward = np.ones(count)
    for hour in range(hours - 1, -1, -1):
        both = forward[hour] * backward
        share[hour] = both / both.sum()
        if hour:
            after = density[hour] * backward
            joint = forward[hour - 1].copy().reshape(-1, 1) * transition * after
            pairs += joint / joint.sum()
            backward = transition @ after
            backward = backward / backward.sum()
    return share, pairs
