"""Fragility of embankments: probability of a breach as a function of the water level."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.risk.hazard.hazard import Hazard

NON_FAILURE_BELOW_CREST = (0.5, 1.5)
"""Range below the crest of the level that an embankment very likely withstands [m]; an assumption, drawn uniformly."""


def fragility(level: npt.ArrayLike, non_failure: npt.ArrayLike, failure: npt.ArrayLike) -> Floats:
    """Probability that an embankment breaches at a still water level [m, one datum for all three]; NaN stays NaN.

    0.15 at the *probable non-failure point*, 0.85 at the *probable failure point*, linear between them and on to 0 and
    1. The crest's lowest point serves as failure point where it is not known.

    Raises:
        InputError: a failure point that is not above its non-failure point.

    Source: US Army Corps of Engineers (1999), EP 1165-2-1, section on existing levees; the straight line: National
        Research Council (2000), Risk Analysis and Uncertainty in Flood Damage Reduction Studies; the extension to 0 and
        1 is an assumption.
    """
    low, high = np.asarray(non_failure, dtype=float), np.asarray(failure, dtype=float)
    if (high <= low).any():
        raise InputError("embankment", "a failure point is not above its non-failure point", "give levels [m]")
    return np.asarray(np.clip(0.15 + 0.7 * (np.asarray(level, dtype=float) - low) / (high - low), 0.0, 1.0))


def draw_non_failure_points(crest: Floats, n_samples: int, rng: np.random.Generator) -> Floats:
    """(S, A) non-failure points [m] of crests (A,); all embankments of a sample share one draw."""
    return np.asarray(crest - rng.uniform(*NON_FAILURE_BELOW_CREST, size=(n_samples, 1)))


def breach_probability(hazard: Hazard, assets: gpd.GeoDataFrame, rng: np.random.Generator) -> Floats:
    """(A, R) probability that an embankment breaches at each return period, over levels and strengths together.

    NaN for every other asset, and where the survey lacks the ``crest`` [m, region datum]. The water level at the
    embankment is taken to equal that at the coast.
    """
    probability = np.full((len(assets), len(hazard.return_periods)), np.nan)
    if "crest" not in assets:
        return probability
    known = (assets["asset_class"] == "embankment").to_numpy() & assets["crest"].notna().to_numpy()
    if known.any():
        crest = assets["crest"].to_numpy(dtype=float)[known]
        non_failure = draw_non_failure_points(crest, len(hazard.levels), rng)  # (S, K)
        drawn = fragility(hazard.levels[:, None], non_failure[..., None], crest[:, None])  # (S, K, R)
        probability[known] = drawn.mean(axis=0)
    return probability
