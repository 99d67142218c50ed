"""The tide alone, the last reading, and the last reading that decays."""

import numpy as np

from benchmarks.surge.methods.method import Centre, Fitted
from benchmarks.surge.protocol import CONTEXT_HOURS, Issues, Training
from strandline.observations.arrays import Floats


def fit_zero_surge(training: Training) -> Fitted:
    """The allowed tide."""
    return _unfitted(lambda issues: issues.tide_at_leads, training)


def fit_persistence(training: Training) -> Fitted:
    """The tide and the last residual, however old; the tide alone where there is none."""
    return _unfitted(lambda issues: issues.tide_at_leads + last_residual(issues)[:, None], training)


def fit_damped_persistence(training: Training) -> Fitted:
    """The tide and the last residual, times a factor of each lead by least squares."""
    last = last_residual(training.issues)
    truth = training.level - training.issues.tide_at_leads
    whole = training.is_whole

    def factors(rows: np.ndarray) -> Floats:  # (L,)
        use = np.where((rows & whole & (last != 0))[:, None], truth, np.nan)
        power = np.nansum(np.where(np.isfinite(use), last[:, None] ** 2, 0.0), axis=0)
        product = np.nansum(use * last[:, None], axis=0)
        return np.clip(product / np.maximum(power, 1e-12), 0.0, 1.0)

    errors = np.full(truth.shape, np.nan)
    for part in np.unique(training.fold):
        held_out = training.fold == part
        errors[held_out] = truth[held_out] - last[held_out, None] * factors(~held_out)
    found = factors(np.ones(whole.size, dtype=bool))
    return Fitted(lambda issues: issues.tide_at_leads + last_residual(issues)[:, None] * found, errors)


def _unfitted(centre: Centre, training: Training) -> Fitted:
    return Fitted(centre, training.level - centre(training.issues))


def last_residual(issues: Issues) -> Floats:
    """(N,) newest residual [m], however old; 0 where there is none."""
    residual = issues.residual
    seen = np.isfinite(residual)
    newest = CONTEXT_HOURS - 1 - np.argmax(seen[:, ::-1], axis=1)
    return np.where(seen.any(axis=1), residual[np.arange(len(residual)), newest], 0.0)
