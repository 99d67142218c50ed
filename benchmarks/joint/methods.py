"""What is compared: the library's joint model, other dependences of its events, and the record's frequency."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import gammaln, ndtr, ndtri, stdtr, stdtrit
from scipy.stats import kendalltau

from strandline.observations.arrays import Floats, Indices

DEGREES = (3.0, 5.0, 8.0, 15.0, 30.0, np.inf)
"""Degrees of freedom of t copulas that are tried [-]."""


class Dependence(Protocol):
    """Draws the ranks of drivers in an event."""

    def draw_given(self, event: Indices, rng: np.random.Generator) -> Floats: ...

    def others_given(self, driver: int, rank: Floats, rng: np.random.Generator) -> Floats: ...


@dataclass(frozen=True, eq=False)
class Copula:
    """A normal (``degrees`` = inf) or t copula of ranks.

    Attributes:
        correlation: (D, D).

    Source: Demarta and McNeil (2005), International Statistical Review 73, 111-129.
    """

    correlation: Floats
    degrees: float

    def draw_given(self, event: Indices, rng: np.random.Generator) -> Floats:
        """(n, D) ranks; the record's events count for nothing but their number."""
        normal = rng.standard_normal((event.size, len(self.correlation))) @ np.linalg.cholesky(self.correlation).T
        if np.isinf(self.degrees):
            return np.asarray(ndtr(normal))
        return self.to_ranks(normal / np.sqrt(rng.chisquare(self.degrees, (event.size, 1)) / self.degrees))

    def others_given(self, driver: int, rank: Floats, rng: np.random.Generator) -> Floats:
        """(n, D) ranks of all drivers given one (n,)."""
        score = self.to_scores(rank)
        others = [i for i in range(len(self.correlation)) if i != driver]
        slope = self.correlation[others, driver]
        spread = np.linalg.cholesky(self.correlation[np.ix_(others, others)] - np.outer(slope, slope))
        noise = rng.standard_normal((rank.size, len(others))) @ spread.T
        if not np.isinf(self.degrees):
            mixing = (self.degrees + score**2) / rng.chisquare(self.degrees + 1, rank.size)
            noise *= np.sqrt(mixing)[:, None]
        result = np.empty((rank.size, len(self.correlation)))
        result[:, driver] = rank
        result[:, others] = self.to_ranks(score[:, None] * slope + noise)
        return result

    def to_scores(self, rank: Floats) -> Floats:
        return np.asarray(ndtri(rank) if np.isinf(self.degrees) else stdtrit(self.degrees, rank))

    def to_ranks(self, score: Floats) -> Floats:
        return np.asarray(ndtr(score) if np.isinf(self.degrees) else stdtr(self.degrees, score))

    def log_likelihood(self, ranks: Floats) -> float:
        """Of ranks (N, D), in nats per event."""
        x = self.to_scores(ranks)
        d, nu = x.shape[1], self.degrees
        square = np.einsum("ni,ij,nj->n", x, np.linalg.inv(self.correlation), x)
        half = 0.5 * np.linalg.slogdet(self.correlation)[1]
        if np.isinf(nu):
            return float((-half - 0.5 * (square - (x**2).sum(axis=1))).mean())
        joint = gammaln((nu + d) / 2) - gammaln(nu / 2) - d / 2 * np.log(nu * np.pi) - half
        joint = joint - (nu + d) / 2 * np.log1p(square / nu)
        single = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
        return float((joint - (single - (nu + 1) / 2 * np.log1p(x**2 / nu)).sum(axis=1)).mean())


def fit_copula(ranks: Floats, degrees: tuple[float, ...]) -> Copula:
    """Correlation by Kendall's tau, degrees of freedom by likelihood, of ranks (N, D)."""
    count = ranks.shape[1]
    correlation = np.eye(count)
    for i in range(count):
        for j in range(i):
            tau = kendalltau(ranks[:, i], ranks[:, j]).statistic
            correlation[i, j] = correlation[j, i] = np.sin(0.5 * np.pi * tau)
    value, vectors = np.linalg.eigh(correlation)
    correlation = vectors @ np.diag(np.maximum(value, 1e-3)) @ vectors.T
    spread = np.sqrt(np.diag(correlation))
    correlation = correlation / np.outer(spread, spread)
    return max((Copula(correlation, nu) for nu in degrees), key=lambda copula: copula.log_likelihood(ranks))


@dataclass(frozen=True, eq=False)
class Independent:
    """Every driver's rank is drawn from the record's events by itself."""

    ranks: Floats

    def draw_given(self, event: Indices, rng: np.random.Generator) -> Floats:
        return rng.random((event.size, self.ranks.shape[1]))

    def others_given(self, driver: int, rank: Floats, rng: np.random.Generator) -> Floats:
        drawn = rng.random((rank.size, self.ranks.shape[1]))
        drawn[:, driver] = rank
        return drawn


@dataclass(frozen=True, eq=False)
class Together:
    """Full dependence: all drivers have the same rank."""

    ranks: Floats

    def draw_given(self, event: Indices, rng: np.random.Generator) -> Floats:
        return np.repeat(rng.random((event.size, 1)), self.ranks.shape[1], axis=1)

    def others_given(self, driver: int, rank: Floats, rng: np.random.Generator) -> Floats:
        return np.repeat(rank[:, None], self.ranks.shape[1], axis=1)


def energy_score(drawn: Floats, observed: Floats) -> float:
    """Energy score of samples (M, D) against one observation (D,). Source: Gneiting et al. (2008), TEST 17, eq. 22."""
    half = len(drawn) // 2
    between = np.linalg.norm(drawn[:half] - drawn[half : 2 * half], axis=1).mean()
    return float(np.linalg.norm(drawn - observed, axis=1).mean() - 0.5 * between)
