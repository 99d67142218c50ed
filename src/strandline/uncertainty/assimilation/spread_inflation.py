"""Inflation of the ensemble's spread, fitted so that storms of the record are covered as promised."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, Guidance, ResidualEnsemble, sample_ensemble
from strandline.uncertainty.assimilation.filter import Residual, SeaModel, climatological_prior, filter_step
from strandline.uncertainty.conformal import conformal_radius

COVERAGE = 0.9
WARM_UP_HOURS, BEFORE_HOURS, AFTER_HOURS, EVERY_HOURS = 72, 36, 24, 3
"""Hours of readings before a storm that spin up the filter; hours before and after the peak, and the step, at which
the ensemble is scored."""
NO_READING_HOURS = 3
"""Hours without a valid reading after which the own gauge counts as unavailable [h]."""
LEAST_HALF_WIDTH = 0.02
"""Of an interval [m], in the scale of errors: two hourly readings do not agree better than that."""
GuidanceFunction = Callable[[np.datetime64], Sequence[Guidance]]
"""Hour → external forecasts available then."""


@dataclass(frozen=True, eq=False)
class SpreadInflation:
    """Factor on the spread about the median, (49,) for each lead, with and without readings of the own gauge.

    Fitted on storms, so that storms are covered as promised; in calm weather the ensemble is wider than needed.
    """

    with_own_gauge: Floats
    without_own_gauge: Floats


NO_INFLATION = SpreadInflation(np.ones(HORIZON_HOURS + 1), np.ones(HORIZON_HOURS + 1))


def hindcast_storm(
    model: SeaModel,
    time: Times,
    residuals: Floats,
    peak: int,
    guidance_at: GuidanceFunction,
    silent: Sequence[int] = (),
) -> list[tuple[int, ResidualEnsemble]]:
    """Hindcast a storm: positions in ``time`` and the ensemble sampled at each.

    Args:
        time: (T,) UTC, hourly; ``residuals``: (S, T) [m] of the model's gauges, NaN = no reading.
        peak: position of the storm's highest level.
        silent: gauges, by number, without readings from ``BEFORE_HOURS`` before the peak on.
    """
    first = peak - BEFORE_HOURS - WARM_UP_HOURS
    belief = climatological_prior(model, time[first])
    found = []
    for at in range(first, peak + AFTER_HOURS + 1):
        hour = time[at].astype("datetime64[h]")
        silent_now = silent if at >= peak - BEFORE_HOURS else ()
        readings = [
            Residual(sensor.stream, hour, float(residuals[number, at]))
            for number, sensor in enumerate(model.sensors)
            if number not in silent_now and np.isfinite(residuals[number, at])
        ]
        belief = filter_step(belief, hour, readings)
        if at >= peak - BEFORE_HOURS and (at - peak) % EVERY_HOURS == 0:
            found.append((at, sample_ensemble(belief, guidance_at(hour))))
    return found


def fit_spread_inflation(
    model: SeaModel,
    time: Times,
    residuals: Floats,
    peaks: Sequence[int],
    guidance_at: GuidanceFunction,
    progress: Callable[[float], None] = lambda done: None,
) -> SpreadInflation:
    """Fit to hindcasts of the record's storms, each with and without the own gauge.

    Raises:
        RefusedByTheory: fewer storms than the coverage needs.
    """

    def factors(silent: tuple[int, ...], begun: float) -> Floats:
        scores: list[Floats] = []
        for number, peak in enumerate(peaks, start=1):
            hindcasts = hindcast_storm(model, time, residuals, peak, guidance_at, silent)
            scores.append(
                np.array([_scaled_errors(ensemble, observed_ahead(residuals[0], at)) for at, ensemble in hindcasts])
            )
            progress(begun + number / (2 * len(peaks)))
        by_lead = [[score[np.isfinite(score[:, lead]), lead] for score in scores] for lead in range(HORIZON_HOURS + 1)]
        return np.maximum([conformal_radius(column, COVERAGE) for column in by_lead], 1.0)

    if not peaks:
        raise RefusedByTheory("the record has no storm to fit the spread inflation to")
    return SpreadInflation(factors((), 0.0), factors((0,), 0.5))


def observed_ahead(residual: Floats, at: int) -> Floats:
    """(49,) of a record (T,) from a position on [m]; NaN = not observed."""
    observed = np.full(HORIZON_HOURS + 1, np.nan)
    known = residual[at : at + HORIZON_HOURS + 1]
    observed[: known.size] = known
    return observed


def _scaled_errors(ensemble: ResidualEnsemble, observed: Floats) -> Floats:
    """(49,) distance of the observation from the median over that of the bound on its side [-]; NaN = not observed."""
    low, middle, high = np.quantile(ensemble.residual, [(1 - COVERAGE) / 2, 0.5, (1 + COVERAGE) / 2], axis=0)
    half_width = np.where(observed >= middle, high - middle, middle - low)
    return np.asarray(np.abs(observed - middle) / np.maximum(half_width, LEAST_HALF_WIDTH))
