"""An operational forecast as it is issued, and with its bias by lead taken out."""

import numpy as np

from benchmarks.surge.methods.method import LEVELS, Fitted, Forecast, with_intervals
from benchmarks.surge.protocol import Issues, Task, Training
from strandline.observations.arrays import Floats

TENTH = 1.2816
"""Standard deviations from the median to the 90th percentile of a normal distribution."""
NORMAL = (-2.3263, -1.6449, -1.2816, -0.6745, 0.0, 0.6745, 1.2816, 1.6449, 2.3263)
"""Standard normal quantiles at `LEVELS`."""


def operational(task: Task) -> Forecast:
    """As issued, on the published datum or else that of the training weeks; bounds where the product has members.

    The 10 % and 90 % of the members are widened to other levels as those of a normal distribution on either side.
    """
    product = task.gauge.operational
    offset = product.offset if product is not None else float("nan")
    if not np.isfinite(offset):
        offset = _offset(task.training(0.0))

    def forecast(issues: Issues) -> Floats:
        assert issues.operational is not None
        centre = issues.operational + offset
        quantiles: Floats = np.repeat(centre[..., None], len(LEVELS), axis=2)
        if issues.low is not None and issues.high is not None:
            below, above = (
                np.nan_to_num(np.maximum(sign * (edge - issues.operational), 0.0) / TENTH)
                for sign, edge in ((-1, issues.low), (1, issues.high))
            )
            steps = np.array(NORMAL)
            quantiles += np.where(steps < 0, below[..., None] * steps, above[..., None] * steps)
        return quantiles

    return forecast


def _offset(training: Training) -> float:
    assert training.issues.operational is not None
    return float(np.nanmean(training.level - training.issues.operational))


def fit_corrected(training: Training) -> Fitted:
    """As issued, with the mean error of each lead in the known weeks taken out; NaN where nothing was issued."""
    issued = training.issues.operational
    assert issued is not None
    errors = training.level - issued
    overall = float(np.nanmean(errors))
    out = np.full(errors.shape, np.nan)
    for part in np.unique(training.fold):
        held_out = training.fold == part
        out[held_out] = errors[held_out] - _means(errors[~held_out], overall)
    means = _means(errors, overall)

    def centre(issues: Issues) -> Floats:
        assert issues.operational is not None
        return issues.operational + means

    return Fitted(centre, out)


def _means(errors: Floats, otherwise: float) -> Floats:
    """(L,) mean error, that of all leads where a lead has none."""
    count = np.isfinite(errors).sum(axis=0)
    return np.where(count > 0, np.nansum(errors, axis=0) / np.maximum(count, 1), otherwise)


operational_corrected = with_intervals(fit_corrected)
