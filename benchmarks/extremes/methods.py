"""Ways to a return level from 30 years: ours in three forms, and SciPy's GEV on annual maxima."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks.extremes.seas import Record, Sea
from strandline.observations.arrays import Floats
from strandline.risk.hazard.cyclones.cyclone_passages import cyclone_passages
from strandline.risk.hazard.cyclones.passing_storms import delta_of
from strandline.risk.hazard.cyclones.simulated_cyclones import SimulatedCyclones, simulate_cyclones
from strandline.risk.hazard.own_record import GaugeHours, estimate_from_record

METHODS = ("own", "recorded_cyclones", "one_population", "scipy_gev")
"""As shipped; without simulated cyclones; without tracks; ``scipy.stats.genextreme`` on annual maxima."""
SAMPLES = 200
INTERVAL = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Levels:
    """Return levels (R,) [m] and their 90 % interval; NaN where a method gives none."""

    low: Floats
    middle: Floats
    high: Floats


def simulated_cyclones(sea: Sea, seed: int) -> SimulatedCyclones | None:
    """Simulated cyclones as a run would make them, on the plain shelf and not on this sea's.

    ``None`` = the sea is an invented one: the climate of the real coast there says nothing of its cyclones.
    """
    if delta_of(sea.longitude, sea.latitude) is None:
        return None
    rng = np.random.default_rng([seed, 78])
    return simulate_cyclones(sea.longitude, sea.latitude, sea.seaward_direction, sea.time, sea.tide, rng)


def estimate(
    method: str, sea: Sea, record: Record, simulated: SimulatedCyclones | None, periods: tuple[float, ...], seed: int
) -> Levels:
    """Return levels of one record by one of ``METHODS``."""
    if method == "scipy_gev":
        shape, location, scale = stats.genextreme.fit(sea.annual_maxima(record), 0.0)
        levels = np.asarray(stats.genextreme.isf(1.0 / np.array(periods), shape, location, scale))
        return Levels(np.full_like(levels, np.nan), levels, np.full_like(levels, np.nan))
    passages = cyclone_passages(record.storms, sea.longitude, sea.latitude)
    gauge = GaugeHours(sea.time, record.level, sea.tide, sea.time, sea.tide)
    found = estimate_from_record(
        gauge,
        None if method == "one_population" else passages,
        simulated if method == "own" else None,
        periods,
        SAMPLES,
        np.random.default_rng(seed),
    )
    return Levels(*np.quantile(found.levels, INTERVAL, axis=0))
