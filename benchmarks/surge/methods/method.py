"""What a method is, and quantiles of errors about a point forecast."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.surge.protocol import Issues, Task, Training
from strandline.errors import InputError
from strandline.observations.arrays import Floats

LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Levels of the forecast quantiles."""
Forecast = Callable[[Issues], Floats]
"""From issues to quantiles (N, L, Q) of the level [m on the gauge's datum], in increasing order."""
Method = Callable[[Task], Forecast]
"""Fitted to a task; it sees the levels of ``task.training`` alone."""
Centre = Callable[[Issues], Floats]
"""From issues to levels (N, L) [m on the datum]."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A point forecast, and its errors in weeks that it was not fitted to.

    Attributes:
        centre: the forecast.
        errors: (N, L) level − forecast of the training issues [m], out of fold; NaN = not known.
    """

    centre: Centre
    errors: Floats


def with_intervals(fit: Callable[[Training], Fitted]) -> Method:
    """A point forecast with the quantiles of its errors by lead, fitted for each share of lost readings."""

    def method(task: Task) -> Forecast:
        fitted: dict[float, tuple[Centre, Floats]] = {}

        def forecast(issues: Issues) -> Floats:
            if issues.outage not in fitted:
                training = task.training(issues.outage)
                found = fit(training)
                fitted[issues.outage] = found.centre, error_quantiles(found.errors, training)
            centre, spread = fitted[issues.outage]
            return centre(issues)[..., None] + spread

        return forecast

    return method


def error_quantiles(errors: Floats, training: Training) -> Floats:
    """(L, Q) quantiles of errors about their median; NaN at leads without any, which have no forecast.

    Raises:
        InputError: no error at all.
    """
    whole = np.where(training.is_whole[:, None], errors, np.nan)
    use = np.where(np.isfinite(whole).any(axis=0), whole, errors)
    there = np.isfinite(use).any(axis=0)
    if not there.any():
        raise InputError("known weeks", "hold no level at any lead", "know more of the record, or shorten the leads")
    quantiles = np.full((errors.shape[1], len(LEVELS)), np.nan)
    quantiles[there] = np.nanquantile(use[:, there], LEVELS, axis=0).T
    return np.asarray(quantiles - quantiles[:, [LEVELS.index(0.5)]])
