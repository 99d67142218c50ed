"""An operational forecast as it is issued, with its bias by lead taken out, and as the package corrects it."""

import numpy as np

from benchmarks.surge.methods.method import LEVELS, Fitted, Forecast, with_intervals
from benchmarks.surge.protocol import CONTEXT_HOURS, Issues, Task, Training
from benchmarks.surge.records.gauge import HOUR, Operational
from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.issued_levels import IssuedLevels
from strandline.uncertainty.operational_forecast import PastForecasts, fit_forecast_corrector

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


def fit_debiased(training: Training) -> Fitted:
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


operational_debiased = with_intervals(fit_debiased)


def operational_corrected(task: Task) -> Forecast:
    """Corrected by its past errors in the known weeks, and by those that the readings at issue show."""
    training = task.training(0.0)
    known = _rows(training.issues)
    found = np.isfinite(training.level) & known
    product = task.gauge.operational
    assert product is not None
    is_levelled = bool(np.isfinite(product.offset))
    shift = product.offset if is_levelled else 0.0
    past = PastForecasts(_issued_levels(training.issues, found, shift), training.level[found])
    part = np.repeat(training.fold[:, None], len(task.leads), axis=1)[found]
    corrector = fit_forecast_corrector(past, part, has_same_zero=is_levelled)

    def forecast(issues: Issues) -> Floats:
        quantiles = np.full((len(issues), len(task.leads), len(LEVELS)), np.nan)
        there = _rows(issues)
        for row in range(len(issues)):
            one = issues[np.array([row])]
            if there[row].any():
                coming = _issued_levels(one, there[row][None], shift)
                recent = _read_by_issue(product, one, shift)
                quantiles[row, there[row]] = corrector.quantiles(coming, one.time[0], LEVELS, recent)
        return quantiles

    return forecast


def _rows(issues: Issues) -> Mask:
    """(N, L) where there is a forecast and a tide."""
    assert issues.operational is not None
    return np.asarray(np.isfinite(issues.operational) & np.isfinite(issues.tide_at_leads))


def _issued_levels(issues: Issues, rows: Mask, shift: float) -> IssuedLevels:
    assert issues.operational is not None
    valid = issues.time[:, None] + np.array(issues.leads) * HOUR
    now = np.broadcast_to(issues.time[:, None], valid.shape)
    issued = now - np.where(np.isfinite(issues.age), issues.age, 0).astype(np.int64)[:, None] * HOUR
    spread = np.full(valid.shape, np.nan)
    if issues.low is not None and issues.high is not None:
        spread = (issues.high - issues.low) / (2 * TENTH)
    others = issues.tide_at_leads[rows][:, None]
    return IssuedLevels(issued[rows], now[rows], valid[rows], issues.operational[rows] + shift, others, spread[rows])


def _read_by_issue(product: Operational, issue: Issues, shift: float) -> PastForecasts:
    """The own readings at one issue, each with the newest forecast of it at the shortest lead."""
    lead = max(1, min(issue.leads))
    hours = np.flatnonzero(np.isfinite(issue.own[0] + issue.tide[0, :CONTEXT_HOURS]))
    valid = issue.time[0] - (CONTEXT_HOURS - 1 - hours) * HOUR
    value, _, _, age = product.at(valid - lead * HOUR, (lead,))
    there = np.isfinite(value[:, 0])
    hours, valid, age = hours[there], valid[there], age[there].astype(np.int64)
    now, none = valid - lead * HOUR, np.full(hours.size, np.nan)
    others = issue.tide[0, hours][:, None]
    forecast = IssuedLevels(now - age * HOUR, now, valid, value[there, 0] + shift, others, none)
    return PastForecasts(forecast, issue.own[0, hours])
