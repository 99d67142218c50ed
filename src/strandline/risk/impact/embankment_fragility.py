"""Fragility of embankments: how much water goes over the crest, and how likely the earth gives way."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.risk.hazard.hazard import Hazard

GRAVITY = 9.81
NON_FAILURE_BELOW_CREST = (0.5, 1.5)
"""How far below the crest the water may stand that an embankment very likely bears [m]; an assumption, drawn evenly."""


def overflow_discharge(level: npt.ArrayLike, crest: npt.ArrayLike) -> Floats:
    """Discharge over a dike's crest [m3 s-1 per m] at a still water level [m, the datum of ``crest``]; NaN stays NaN.

    q = √g (2 h / 3)^1.5 with h = level − crest > 0: critical flow over a broad crest. Waves that wash over a higher
    crest are not counted.

    Source: Chow (1959), Open-Channel Hydraulics, section 3-6: flow over a broad-crested weir.
    """
    head = np.maximum(np.asarray(level, dtype=float) - np.asarray(crest, dtype=float), 0.0)
    return np.asarray(np.sqrt(GRAVITY) * (2 * head / 3) ** 1.5)


def fragility(level: npt.ArrayLike, non_failure: npt.ArrayLike, failure: npt.ArrayLike) -> Floats:
    """Probability that an embankment breaches at a still water level [m, one datum for all three]; NaN stays NaN.

    0.15 at the *probable non-failure point*, 0.85 at the *probable failure point*, straight between them and on to 0
    and 1. Where nobody knows the latter, it is the crest's lowest point.

    Raises:
        InputError: a failure point that is not above its non-failure point.

    Source: US Army Corps of Engineers (1999), EP 1165-2-1, section on existing levees; the straight line: National
        Research Council (2000), Risk Analysis and Uncertainty in Flood Damage Reduction Studies; going on to 0 and 1 is
        an assumption.
    """
    low, high = np.asarray(non_failure, dtype=float), np.asarray(failure, dtype=float)
    if (high <= low).any():
        raise InputError("embankment", "a failure point is not above its non-failure point", "give levels [m]")
    return np.asarray(np.clip(0.15 + 0.7 * (np.asarray(level, dtype=float) - low) / (high - low), 0.0, 1.0))


def draw_non_failure_points(crest: Floats, n_samples: int, rng: np.random.Generator) -> Floats:
    """(S, A) non-failure points [m] of crests (A,); all embankments of a sample are as good or bad as one another."""
    return np.asarray(crest - rng.uniform(*NON_FAILURE_BELOW_CREST, size=(n_samples, 1)))


def breach_probability(hazard: Hazard, assets: gpd.GeoDataFrame, rng: np.random.Generator) -> Floats:
    """(A, R) probability that an embankment breaches at each return period, over levels and strengths together.

    NaN for every other asset, and where the survey does not know the ``crest`` [m, region datum]. The sea is taken to
    stand at the embankment as high as at the coast.
    """
    chance = np.full((len(assets), len(hazard.return_periods)), np.nan)
    if "crest" not in assets:
        return chance
    known = (assets["asset_class"] == "embankment").to_numpy() & assets["crest"].notna().to_numpy()
    if known.any():
        crest = assets["crest"].to_numpy(dtype=float)[known]
        bears = draw_non_failure_points(crest, len(hazard.levels), rng)  # (S, K)
        drawn = fragility(hazard.levels[:, None], bears[..., None], crest[:, None])  # (S, K, R)
        chance[known] = drawn.mean(axis=0)
    return chance
