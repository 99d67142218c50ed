"""How drivers depend on each other in an event: given that one is extreme, the others (Heffernan and Tawn)."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Indices

_SLOPES = np.linspace(-0.6, 1.0, 33)
_POWERS = np.linspace(-0.6, 0.9, 16)
_PASSES = 30


@dataclass(frozen=True, eq=False)
class ConditionalExtremes:
    """Ranks of all drivers in an event.

    Where no driver is extreme, the events are those of the record. Where driver i is extreme and the greatest, it is
    Y_i on the Laplace scale, and the others are a_ij Y_i + Y_i^b_ij Z with residuals Z of the record.

    Attributes:
        ranks: (N, D) chance of a lower peak [-] of the record's events.
        slope, power: (D, D) a and b [-]; row = the extreme driver.
        residuals: for each extreme driver (n_i, D); its own column is 0.
        extreme: chance of a lower peak from which a driver is extreme [-], 0.5 or more.

    Source: Heffernan and Tawn (2004), J. R. Stat. Soc. B 66, 497-546, section 4; Laplace margins, Keef,
        Papastathopoulos and Tawn (2013), J. Multivariate Analysis 115, 396-404; drawing events, section 4.3 of
        the former.
    """

    ranks: Floats
    slope: Floats
    power: Floats
    residuals: tuple[Floats, ...]
    extreme: float

    def draw_given(self, event: Indices, rng: np.random.Generator) -> Floats:
        """(n, D) ranks of new events, each with the same greatest driver as the record's event (n,), where extreme."""
        ranks = self.ranks[event].copy()
        greatest = ranks.argmax(axis=1)
        for driver, residuals in enumerate(self.residuals):
            waiting = np.flatnonzero((greatest == driver) & (ranks[:, driver] > self.extreme))
            for _ in range(_PASSES if len(residuals) else 0):
                if not waiting.size:
                    break
                own = self.extreme + (1 - self.extreme) * rng.random(waiting.size)
                drawn = self.others_given(driver, own, rng)
                accepted = drawn.argmax(axis=1) == driver
                ranks[waiting[accepted]] = drawn[accepted]
                waiting = waiting[~accepted]
        return ranks

    def others_given(self, driver: int, rank: Floats, rng: np.random.Generator) -> Floats:
        """(n, D) ranks of all drivers, given that of an extreme one (n,)."""
        extreme = to_laplace(rank)[:, None]
        residual = self.residuals[driver][rng.integers(len(self.residuals[driver]), size=rank.size)]
        others = self.slope[driver] * extreme + extreme ** self.power[driver] * residual
        others[:, driver] = extreme[:, 0]
        return from_laplace(others)


def fit_conditional_extremes(ranks: Floats, extreme: float) -> ConditionalExtremes:
    """Fit slopes and powers to ranks (N, D) by the likelihood of normal residuals, on a grid."""
    laplace = to_laplace(ranks)
    count = ranks.shape[1]
    slope, power = np.eye(count), np.zeros((count, count))
    residuals = []
    for i in range(count):
        chosen = laplace[ranks[:, i] > extreme]
        residual = np.zeros_like(chosen)
        for j in range(count):
            if j != i and len(chosen):
                slope[i, j], power[i, j] = _most_likely(chosen[:, i], chosen[:, j])
                residual[:, j] = (chosen[:, j] - slope[i, j] * chosen[:, i]) / chosen[:, i] ** power[i, j]
        residuals.append(residual)
    return ConditionalExtremes(ranks, slope, power, tuple(residuals), extreme)


def to_laplace(rank: Floats) -> Floats:
    """Quantiles of the standard Laplace distribution; ``rank`` in 0 to 1."""
    return np.asarray(np.where(rank < 0.5, np.log(2 * rank), -np.log(2 * (1 - rank))))


def from_laplace(value: Floats) -> Floats:
    """Chance of a lower value under the standard Laplace distribution."""
    half = 0.5 * np.exp(-np.abs(value))
    return np.asarray(np.where(value < 0, half, 1 - half))


def _most_likely(extreme: Floats, other: Floats) -> tuple[float, float]:
    """Slope and power of the greatest profile likelihood; mean and spread of the residuals are their own."""
    scaled = extreme ** _POWERS[:, None]  # (powers, n)
    left = other - _SLOPES[:, None] * extreme  # (slopes, n)
    spread = (left[:, None, :] / scaled).std(axis=2)
    likelihood = -extreme.size * np.log(np.maximum(spread, 1e-9)) - np.log(scaled).sum(axis=1)
    row, column = np.unravel_index(int(likelihood.argmax()), likelihood.shape)
    return float(_SLOPES[row]), float(_POWERS[column])
