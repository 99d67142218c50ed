"""Distribution of one driver's peak in an event, by season: as recorded below, with a generalised Pareto tail above."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Indices
from strandline.risk.hazard.joint.driver_events import DAYS
from strandline.risk.hazard.surges.tail import fit_tails

SEASONS = 24
"""Parts of the year, half a month each."""
POOLED_EXCESSES = 3.0
"""Excesses of all seasons that are added to each season's mean excess, so that few do not decide it. An assumption."""


@dataclass(frozen=True)
class MarginSettings:
    """How the peaks of one population of events are described.

    Attributes:
        season_width: standard deviation of the weights of events by their distance in the year [days].
        tail_share: of the events of a season in the tail [-]. A fixed share, since stability plots ask for an eye
            (Scarrott and MacDonald 2012, REVSTAT 10, 33-60).
        shape: mean and deviation of the tail's shape before the data [-].
    """

    season_width: float
    tail_share: float
    shape: tuple[float, float]


@dataclass(frozen=True, eq=False)
class SeasonalMargin:
    """Quantiles of a driver's peaks, less their seasonal cycle, for each of ``SEASONS`` parts of the year.

    Attributes:
        values: (N,) in order [-].
        chance: (SEASONS, N) chance [-] of a lower one.
        threshold: (SEASONS,) where the tail begins [-].
        mean_excess: (SEASONS,) scale of the tail [-].
        tail_share: chance of the tail [-].
    """

    values: Floats
    chance: Floats
    threshold: Floats
    mean_excess: Floats
    tail_share: float

    def quantile(self, probability: Floats, season: Indices, scale: float, shape: float) -> Floats:
        """(n,) values that stay below with these chances (n,), in the parts of the year (n,).

        Args:
            scale, shape: of the tail, over the season's mean excess [-].
        """
        result = np.empty(probability.shape)
        for part in np.unique(season):
            here = season == part
            result[here] = np.interp(probability[here], self.chance[part], self.values)
        tail = probability > 1 - self.tail_share
        rarer = np.log(self.tail_share / np.maximum(1 - probability[tail], 1e-12))
        excess = scale * (rarer if abs(shape) < 1e-6 else np.expm1(shape * rarer) / shape)
        result[tail] = self.threshold[season[tail]] + self.mean_excess[season[tail]] * excess
        return result

    def rank(self, values: Floats, season: Indices) -> Floats:
        """(n,) chance [-] of a lower value in these parts of the year, by the record alone; ties share the middle."""
        result = np.empty(values.shape)
        below, above = np.nextafter(values, -np.inf), np.nextafter(values, np.inf)
        for part in np.unique(season):
            here = season == part
            low, high = (np.interp(side[here], self.values, self.chance[part]) for side in (below, above))
            result[here] = 0.5 * (low + high)
        return np.clip(result, 1e-4, 1 - 1e-4)


def season_of(day: Floats) -> Indices:
    """(n,) part of the year of times of the year [days]."""
    return np.asarray(np.floor(day / DAYS * SEASONS), dtype=np.int64) % SEASONS


def fit_margin(values: Floats, day: Floats, settings: MarginSettings) -> SeasonalMargin:
    """Weight the values (N,) by their distance in the year from the middle of each part; ``day``: (N,)."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    middle = (np.arange(SEASONS) + 0.5) / SEASONS
    turn = 2 * np.pi * (day[order][None, :] / DAYS - middle[:, None])
    weight = np.exp((np.cos(turn) - 1) * (DAYS / (2 * np.pi * settings.season_width)) ** 2)  # (SEASONS, N)
    weight = np.maximum(weight, 1e-9)
    share = weight / weight.sum(axis=1, keepdims=True)
    chance = np.cumsum(share, axis=1) - 0.5 * share
    threshold = np.array([np.interp(1 - settings.tail_share, row, ordered) for row in chance])
    excess = np.maximum(ordered[None, :] - threshold[:, None], 0.0)
    above = excess > 0
    pooled = float(excess[above].mean()) if above.any() else 1.0
    mean = ((weight * excess).sum(axis=1) + POOLED_EXCESSES * pooled) / ((weight * above).sum(axis=1) + POOLED_EXCESSES)
    return SeasonalMargin(ordered, chance, threshold, np.maximum(mean, 1e-9), settings.tail_share)


def draw_tail(
    margin: SeasonalMargin, values: Floats, day: Floats, prior: tuple[float, float], n: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """(n,) scale over the season's mean excess and (n,) shape [-] of the tail, from their posterior."""
    season = season_of(day)
    reduced = (values - margin.threshold[season]) / margin.mean_excess[season]
    tails = fit_tails(reduced, 0.0, 1.0, n, rng, prior)
    return tails.scale, tails.shape
