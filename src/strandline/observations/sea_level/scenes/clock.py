"""Whether the clock of scenes can be right: by the hours at which radar satellites pass, and by the water they show."""

from collections.abc import Callable, Sequence

import numpy as np

from strandline.observations.arrays import Floats, Times

PASSES, TOLERANCE = (6.0, 18.0), 2.0
"""[h] Local solar times at which Sentinel-1 crosses the equator, and how far from them it passes elsewhere at most. An
orbit inclined by 98.18 degrees crosses 65 degrees of latitude 1.2 h earlier or later, and the swath lies up to 400 km
beside it, 0.6 h there. Source of orbit and node: ESA, Sentinel-1 (sun-synchronous, dawn-dusk, 18:00 ascending)."""
FEWEST = 5
"""Scenes whose shares of water are compared with the sea."""
LAGS = np.arange(-12, 13)
"""[h] By which a clock may be wrong."""
FITS, BETTER = 3.1, 3.0
"""Of Fisher's transform of a correlation, in its standard deviations: the best of 25 lags is no chance (1 in 1000, 1 in
40 for all together), and so far above the stated clock's."""


def far_from_a_pass(times: Times, longitude: float) -> Times:
    """The times at which no satellite of a dawn-dusk orbit passes.

    Args:
        times: (N,) UTC.
        longitude: [degrees east].
    """
    since_midnight = (times - times.astype("datetime64[D]")) / np.timedelta64(1, "h")
    solar = (since_midnight + longitude / 15.0) % 24.0
    away = np.min([np.abs((solar - each + 12.0) % 24.0 - 12.0) for each in PASSES], axis=0)
    far: Times = times[away > TOLERANCE]
    return far


def better_clock(wet: Floats, level_at: Callable[[int], Floats]) -> int | None:
    """Hours to add to the clock of scenes that fit the sea far better then; ``None`` = the clock fits, or few tell.

    Args:
        wet: (N,) share of the map that shows water [-].
        level_at: (N,) levels of the sea so many hours later [m].

    Source: Fisher's transform of Spearman's rank correlation.
    """
    if wet.size < FEWEST or np.ptp(wet) == 0:
        return None
    scores = np.array([_score(wet, level_at(int(lag))) for lag in LAGS])
    best, stated = int(scores.argmax()), float(scores[LAGS == 0][0])
    if scores[best] < FITS or scores[best] - stated < BETTER:
        return None
    return int(LAGS[best])


def _score(wet: Floats, level: Floats) -> float:
    correlation = float(np.corrcoef(_ranks(wet), _ranks(level))[0, 1]) if np.ptp(level) > 0 else 0.0
    return float(np.arctanh(np.clip(correlation, -0.99, 0.99)) * np.sqrt(wet.size - 3))


def _ranks(values: Floats) -> Floats:
    order: Sequence[int] = np.argsort(values, kind="stable").tolist()
    ranks = np.empty(values.size)
    ranks[order] = np.arange(values.size)
    return ranks
