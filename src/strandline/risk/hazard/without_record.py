"""Return levels of a coast without any reading of the sea: what is believed of coasts at large, drawn many times."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from strandline.observations.arrays import Floats
from strandline.observations.weather.storms import Window
from strandline.risk.hazard.cyclones.simulated_cyclones import SimulatedCyclones
from strandline.risk.hazard.own_record import GaugeHours, Separation, estimate_from_record
from strandline.risk.hazard.surges.regional_prior import WORLD, SurgePrior

SEAS = 24
"""Seas that are drawn; each takes an equal part of the samples."""


@dataclass(frozen=True)
class SeaErrors:
    """How far the assumed sea may be wrong.

    Attributes:
        mean: deviation of its mean level [m].
        log_tide: of ln of the tide's size [-].
    """

    mean: float
    log_tide: float


@dataclass(frozen=True, eq=False)
class AssumedExtremes:
    """Return levels that rest on no reading.

    Attributes:
        levels: (S, R) [m above the assumed mean sea level].
        separation: whether cyclones count by the basin.
        spread: p10, p50 and p90 of the spread of skew surges that were drawn [m].
        simulated_from: what the simulated cyclones are, in words; empty = none were used.
        cyclones_a_year: that were expected [a-1].
    """

    levels: Floats
    separation: Separation
    spread: tuple[float, float, float]
    simulated_from: str = ""
    cyclones_a_year: float = 0.0


def estimate_without_record(
    assumed: GaugeHours,
    errors: SeaErrors,
    passages: list[Window] | None,
    simulated: SimulatedCyclones | None,
    return_periods: tuple[float, ...],
    n_samples: int,
    rng: np.random.Generator,
    prior: SurgePrior = WORLD,
) -> AssumedExtremes:
    """Sample return levels of seas as they may be here: size of the tide, of the surges, and mean level.

    Args:
        assumed: hours of an assumed sea: the published tide, or a usual one, with simulated weather. Only the courses
            of its storms count.
        passages: windows in which a cyclone was near; ``None`` = unknown.
        simulated: cyclones of the basin on the assumed tide; ``None`` = none are known.
        n_samples: S.
    """
    surge = assumed.level - assumed.tide
    parts, spreads = list[Floats](), np.exp(_spaced(*prior.log_spread, rng))
    tides, means = np.exp(_spaced(0.0, errors.log_tide, rng)), _spaced(0.0, errors.mean, rng)
    separation: Separation = "no tracks"
    source, a_year = "", 0.0
    count = -(-n_samples // SEAS)
    for spread, tide, mean in zip(spreads, tides, means, strict=True):
        sea = replace(
            assumed,
            level=tide * assumed.tide + surge * (spread / float(surge.std())),
            tide=tide * assumed.tide,
            predicted=tide * assumed.predicted,
        )
        cyclones = None if simulated is None else replace(simulated, tide=tide * simulated.tide)
        found = estimate_from_record(
            sea, passages, cyclones, return_periods, count, rng, prior=prior, is_observed=False
        )  # fmt: skip
        parts.append(mean + found.levels)
        if separation != "by the basin":
            separation, source, a_year = found.separation, found.simulated_from, found.cyclones_a_year
    levels = rng.permutation(np.concatenate(parts))[:n_samples]
    low, middle, high = np.quantile(spreads, [0.1, 0.5, 0.9])
    return AssumedExtremes(levels, separation, (float(low), float(middle), float(high)), source, a_year)


def _spaced(mean: float, deviation: float, rng: np.random.Generator) -> Floats:
    """(``SEAS``,) draws of a normal distribution, one of each equal part, in random order."""
    return np.asarray(mean + deviation * ndtri((rng.permutation(SEAS) + rng.uniform(size=SEAS)) / SEAS))
