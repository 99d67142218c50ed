"""Fit of the spread inflation to hindcasts of the record's storms."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, NOW, ResidualPaths, sample_paths
from strandline.uncertainty.assimilation.filter import Residual, SeaModel, climatological_prior, filter_step
from strandline.uncertainty.assimilation.spread_inflation import BOUNDS, LEAST_HALF_WIDTH
from strandline.uncertainty.assimilation.storm_climate import AFTER_HOURS, BEFORE_HOURS, conformal_sides

WARM_UP_HOURS, EVERY_HOURS = 60, 4
"""Hours of readings that spin up the filter before the first hindcast of a storm, and step between hindcasts."""
HOURS_NEEDED = WARM_UP_HOURS + BEFORE_HOURS
"""Of the record before a storm's peak."""
STORMY = 0.5
"""Probability of a stormy regime from which a hindcast counts as stormy [-]."""
Silent = tuple[int, ...]
"""Gauges without readings, by number."""


@dataclass(frozen=True, eq=False)
class Hindcast:
    """Sampled courses of the residual as they would have been forecast in a storm of the record.

    Attributes:
        peak, at: positions in the record of the storm's peak and of the hour of the forecast.
        stormy: probability of a stormy regime then [-].
    """

    peak: int
    at: int
    stormy: float
    paths: ResidualPaths


def hindcast_storm(model: SeaModel, time: Times, residuals: Floats, peak: int, silent: Silent) -> Iterator[Hindcast]:
    """Hindcasts from the hours of a storm.

    Args:
        time: (T,) UTC, hourly; ``residuals``: (S, T) [m] of the model's gauges, NaN = no reading.
        peak: position of the storm's highest level.
    """
    first = peak - HOURS_NEEDED
    belief = climatological_prior(model, time[first])
    for at in range(first, peak + AFTER_HOURS + 1):
        hour = time[at].astype("datetime64[h]")
        readings = [
            Residual(sensor.stream, hour, float(residuals[number, at]))
            for number, sensor in enumerate(model.sensors)
            if number not in silent and np.isfinite(residuals[number, at])
        ]
        belief = filter_step(belief, hour, readings)
        if at >= first + WARM_UP_HOURS and (at - peak) % EVERY_HOURS == 0:
            yield Hindcast(peak, at, belief.stormy(), sample_paths(belief))


def hindcast_blind(model: SeaModel, time: Times, peak: int) -> Iterator[Hindcast]:
    """The hindcasts of ``hindcast_storm`` without any gauge."""
    climate = climatological_prior(model, time[peak])
    paths, stormy = sample_paths(climate), climate.stormy()
    for at in range(peak - HOURS_NEEDED + WARM_UP_HOURS, peak + AFTER_HOURS + 1):
        if (at - peak) % EVERY_HOURS == 0:
            yield Hindcast(peak, at, stormy, replace(paths, hour=time[at].astype("datetime64[h]")))


class Errors:
    """Errors of hindcasts in storms, in units of the ensemble's half-width on their side."""

    def __init__(self) -> None:
        self._by_storm: dict[int, list[tuple[bool, Floats]]] = {}

    def add(self, hindcast: Hindcast, observed: Floats) -> None:
        """Add a hindcast; ``observed``: (49,) [m] from its hour on, NaN = not observed."""
        low, middle, high = np.quantile(hindcast.paths.residual[:, NOW : NOW + HORIZON_HOURS + 1], BOUNDS, axis=0)
        half_width = np.where(observed >= middle, high - middle, middle - low)
        deviation = (observed - middle) / np.maximum(half_width, LEAST_HALF_WIDTH)
        self._by_storm.setdefault(hindcast.peak, []).append((hindcast.stormy >= STORMY, deviation))

    def factors(self) -> Floats:
        """(2, 2, 49) by regime, side and lead, none below 1.

        Raises:
            RefusedByTheory: fewer storms than the coverage needs.
        """
        calm, stormy = (self._of_regime(is_stormy) for is_stormy in (False, True))
        found = np.empty((2, 2, HORIZON_HOURS + 1))
        for lead in range(HORIZON_HOURS + 1):
            found[0, :, lead] = conformal_sides([each[:, lead][np.isfinite(each[:, lead])] for each in calm], 1.0)
            try:
                chosen = [each[:, lead][np.isfinite(each[:, lead])] for each in stormy]
                found[1, :, lead] = conformal_sides(chosen, 1.0)
            except RefusedByTheory:  # few storms were seen in time: as wide as in calm weather
                found[1, :, lead] = found[0, :, lead]
        return found

    def _of_regime(self, is_stormy: bool) -> list[Floats]:
        return [
            np.array([each for stormy, each in of_storm if stormy == is_stormy]).reshape(-1, HORIZON_HOURS + 1)
            for of_storm in self._by_storm.values()
        ]


def observed_ahead(residual: Floats, at: int) -> Floats:
    """(49,) of a record (T,) from a position on [m]; NaN = not observed."""
    observed = np.full(HORIZON_HOURS + 1, np.nan)
    known = residual[at : at + HORIZON_HOURS + 1]
    observed[: known.size] = known
    return observed
