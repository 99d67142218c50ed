"""How far courses must be spread so that storms like those of the record stay within what is promised."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.uncertainty.conformal import conformal_radius
from strandline.watch.assimilation.ensemble import HORIZON_HOURS, Guidance, ResidualEnsemble, sample_ensemble
from strandline.watch.assimilation.filter import Residual, SeaModel, climatological_prior, filter_step

COVERAGE = 0.9
WARM_HOURS, BEFORE_HOURS, AFTER_HOURS, EVERY_HOURS = 72, 36, 24, 3
"""Readings before a storm that the belief starts from, and the hours about its peak at which it is judged."""
NO_READING_HOURS = 3
"""Without a sound reading of the own gauge for so long [h], it counts as not heard."""
LEAST_HALF_WIDTH = 0.02
"""Of an interval [m], by which misses are measured: two hourly readings are not better known than that."""
GuidanceFunction = Callable[[np.datetime64], Sequence[Guidance]]
"""What others forecast at an hour."""


@dataclass(frozen=True, eq=False)
class SpreadInflation:
    """By how much courses are spread about their median, (49,) for each lead: with the own gauge heard, and without.

    Chosen on storms, so that storms are covered as promised: in calm weather courses are then wider than need be.
    """

    with_own_gauge: Floats
    unheard: Floats

    def of(self, ensemble: ResidualEnsemble, *, has_own_readings: bool) -> ResidualEnsemble:
        """The courses as they are to be believed."""
        return ensemble.inflated(self.with_own_gauge if has_own_readings else self.unheard)


NO_INFLATION = SpreadInflation(np.ones(HORIZON_HOURS + 1), np.ones(HORIZON_HOURS + 1))


def follow_storm(
    model: SeaModel, time: Times, residuals: Floats, peak: int, counsel: GuidanceFunction, silent: Sequence[int] = ()
) -> list[tuple[int, ResidualEnsemble]]:
    """What would have been foreseen about a storm: positions in ``time`` and the courses drawn there.

    Args:
        time: (T,) UTC, hourly; ``residuals``: (S, T) [m] of the model's gauges, NaN = not read.
        peak: position of the storm's highest level.
        silent: gauges, by number, that say nothing from ``BEFORE_HOURS`` before the peak on.
    """
    first = peak - BEFORE_HOURS - WARM_HOURS
    belief = climatological_prior(model, time[first])
    found = []
    for at in range(first, peak + AFTER_HOURS + 1):
        here = time[at].astype("datetime64[h]")
        dumb = silent if at >= peak - BEFORE_HOURS else ()
        with_own_gauge = [
            Residual(sensor.stream, here, float(residuals[number, at]))
            for number, sensor in enumerate(model.sensors)
            if number not in dumb and np.isfinite(residuals[number, at])
        ]
        belief = filter_step(belief, here, with_own_gauge)
        if at >= peak - BEFORE_HOURS and (at - peak) % EVERY_HOURS == 0:
            found.append((at, sample_ensemble(belief, counsel(here))))
    return found


def fit_spread_inflation(
    model: SeaModel,
    time: Times,
    residuals: Floats,
    peaks: Sequence[int],
    counsel: GuidanceFunction,
    progress: Callable[[float], None] = lambda done: None,
) -> SpreadInflation:
    """From the record's own storms, each with the own gauge alive and with it dead.

    Raises:
        RefusedByTheory: fewer storms than the coverage needs.
    """

    def factors(silent: tuple[int, ...], begun: float) -> Floats:
        scores: list[Floats] = []
        for number, peak in enumerate(peaks, start=1):
            rows = follow_storm(model, time, residuals, peak, counsel, silent)
            scores.append(np.array([_misses(ensemble, what_followed(residuals[0], at)) for at, ensemble in rows]))
            progress(begun + number / (2 * len(peaks)))
        by_lead = [[score[np.isfinite(score[:, lead]), lead] for score in scores] for lead in range(HORIZON_HOURS + 1)]
        return np.maximum([conformal_radius(column, COVERAGE) for column in by_lead], 1.0)

    if not peaks:
        raise RefusedByTheory("no storm of the record to learn from how wide a belief must be")
    return SpreadInflation(factors((), 0.0), factors((0,), 0.5))


def what_followed(residual: Floats, at: int) -> Floats:
    """(49,) of a record (T,) from a position on [m]; NaN = not observed."""
    came = np.full(HORIZON_HOURS + 1, np.nan)
    known = residual[at : at + HORIZON_HOURS + 1]
    came[: known.size] = known
    return came


def _misses(ensemble: ResidualEnsemble, came: Floats) -> Floats:
    """(49,) how far what came is from the median, over how far the bound on its side is [-]; NaN = not observed."""
    low, middle, high = np.quantile(ensemble.residual, [(1 - COVERAGE) / 2, 0.5, (1 + COVERAGE) / 2], axis=0)
    reach = np.where(came >= middle, high - middle, middle - low)
    return np.asarray(np.abs(came - middle) / np.maximum(reach, LEAST_HALF_WIDTH))
