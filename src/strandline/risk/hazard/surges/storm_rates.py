"""How often storms and cyclones of a record exceed a level, from its high waters and the tides that they may meet."""

import numpy as np

from strandline.observations.arrays import Floats, Indices, Times
from strandline.risk.hazard.surges.high_waters import HighWaters
from strandline.risk.hazard.surges.joint_probability import TideClasses, tides_met
from strandline.risk.hazard.surges.regional_prior import EVENTS_PER_YEAR, SurgePrior, update_tails
from strandline.risk.hazard.surges.tail import FEWEST_PEAKS, cluster_peaks, fit_tails

SEPARATION = np.timedelta64(72, "h")
"""Time without an exceedance after which the next belongs to another storm; a convention for surges, which last one to
three days."""
CYCLONE_SHARE = 0.5
"""Share of the recorded cyclones, the stronger ones, whose surges a tail is fitted to [-]; an assumption."""
CYCLONE_SHAPE = (0.2, 0.3)
"""Mean and deviation of the shape of the cyclones' tail before the data [-]: many weak and rare very strong passages
make a heavier tail than other weather. ASSUMPTION, chosen on tuning seeds of ``benchmarks.extremes``."""
LEAST_INDEX = 0.05
"""Smallest extremal index of high waters with small surges [-]: a spring tide is some ten days of high waters."""


def other_rates(
    others: HighWaters,
    predicted: HighWaters,
    grid: Floats,
    years: float,
    n_samples: int,
    rng: np.random.Generator,
    updated: tuple[SurgePrior, bool] | None,
) -> tuple[Floats, float]:
    """(S, Z) expected storms a year above each level, without cyclones, and the extremal index of small surges.

    Args:
        updated: the prior that the storms update, and whether they were observed; ``None`` = they speak alone.
    """
    events = max(EVENTS_PER_YEAR * years, FEWEST_PEAKS)
    threshold = threshold_of(others.time, others.surge, events)
    peaks = cluster_peaks(others.time, others.surge, threshold, SEPARATION)
    if updated is None:
        tails = fit_tails(others.surge[peaks], threshold, years, n_samples, rng)
    else:
        prior, is_observed = updated
        mean, spread, known = float(others.surge.mean()), float(others.surge.std()), years * is_observed
        tails = update_tails(prior, mean, spread, others.surge[peaks], threshold, known, n_samples, rng)
    tides = tides_met(others.surge, peaks, others.month[peaks], predicted.tide, predicted.month)
    storms = tails.rate[:, None] * tides.add(tails.exceedance(tides.surge_grid(grid)))  # (S, Z)
    small = np.zeros(grid.size)  # high waters a year whose surge stays below the threshold, by level
    for month in range(12):
        below = np.sort(others.surge[(others.month == month) & (others.surge <= threshold)])
        if below.size:
            of_month = TideClasses.of(predicted.tide[predicted.month == month])
            surges = of_month.surge_grid(grid)
            small += of_month.add((below.size - np.searchsorted(below, surges, side="right")) / years)
    # Successive high waters on a spring tide are one event: at a high level their rate is that of the observed storms.
    level = others.tide + others.surge
    anchor = threshold_of(others.time, level, events)
    observed = cluster_peaks(others.time, level, anchor, SEPARATION).size
    by_storms, by_small = (float(np.interp(anchor, grid, row)) for row in (np.median(storms, axis=0), small))
    clustering = float(np.clip((observed / years - by_storms) / max(by_small, 1e-9), LEAST_INDEX, 1.0))
    counted = rng.gamma(observed, 1.0 / observed, (n_samples, 1))
    return storms + counted * clustering * small, clustering


def cyclone_exceedance(
    waters: HighWaters,
    event: Indices,
    predicted: HighWaters,
    years: float,
    grid: Floats,
    n_samples: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """(S, Z) chance [-] that a cyclone exceeds the levels, and the greatest skew surge (n,) [m] of each recorded one.

    The chance is as recorded below a threshold, with a tail above.

    Args:
        event: (N,) the cyclone of each high water; −1 = none.
    """
    along = np.where(event >= 0, waters.surge, -np.inf)
    order = np.lexsort((along, event))
    last = order[np.flatnonzero(np.diff(event[order], append=event.max() + 1))]  # the greatest surge of each event
    peak = last[event[last] >= 0]
    strongest = waters.surge[peak]
    ordered = np.sort(strongest)[::-1]
    fitted = max(FEWEST_PEAKS, round(CYCLONE_SHARE * ordered.size))
    threshold = float(0.5 * (ordered[fitted - 1] + ordered[fitted]))
    tails = fit_tails(strongest, threshold, years, n_samples, rng, CYCLONE_SHAPE)
    tides = tides_met(along, peak, waters.month[peak], predicted.tide, predicted.month)
    surges, below = tides.surge_grid(grid), ordered[ordered <= threshold][::-1]
    bulk = below.size - np.searchsorted(below, surges, side="right")
    exceedance = ((ordered.size - below.size) * tails.exceedance(surges) + bulk) / ordered.size
    return tides.add(exceedance), strongest


def threshold_of(time: Times, height: Floats, events: float) -> float:
    """The height [m] that about ``events`` independent storms exceed."""
    low, high = float(np.median(height)), float(height.max())
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if cluster_peaks(time, height, middle, SEPARATION).size > events else (low, middle)
    return 0.5 * (low + high)
