"""Simple baselines: no surge, the last reading, and a ridge regression on the readings."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.surge.neighbours.networks.surge_network import CONTEXT_HOURS, LEVELS, GaugeWindows, last_reading
from benchmarks.surge.neighbours.records.windows import RecordSet, Targets
from strandline.errors import InputError
from strandline.observations.arrays import Floats

PENALTIES = 10.0 ** np.arange(-1, 4)


Forecast = Callable[[GaugeWindows], Floats]
"""From windows to quantiles (N, 49, 9) [m]."""


def with_error_quantiles(centre: Callable[[GaugeWindows], Floats], windows: GaugeWindows, targets: Targets) -> Forecast:
    """A point forecast with the quantiles of its errors on the training windows."""
    errors = np.where(targets.seen.numpy(), targets.level.double().numpy() - centre(windows), np.nan)
    if np.isnan(errors).all(axis=0).any():
        raise InputError("labelled weeks", "hold no reading at some lead", "label more of the record")
    spread = np.nanquantile(errors, LEVELS, axis=0).T  # (49, Q)
    spread -= spread[:, [LEVELS.index(0.5)]]
    return lambda windows: centre(windows)[..., None] + spread


def zero_surge(windows: GaugeWindows) -> Floats:
    """(B, 49) 0: the tide alone."""
    return np.zeros((len(windows), 49))


def persistence(windows: GaugeWindows) -> Floats:
    """(B, 49) the last reading, however old; 0 where there is none."""
    last, _ = last_reading(windows.own, windows.own_seen)
    return np.repeat(last.double().numpy()[:, None], 49, axis=1)


@dataclass(frozen=True, eq=False)
class Ridge:
    """A linear map from the readings to each lead."""

    middle: Floats
    scale: Floats
    weights: Floats
    offset: Floats

    def __call__(self, windows: GaugeWindows) -> Floats:
        """(B, 49) [m]."""
        return self.on(_inputs(windows))

    def on(self, inputs: Floats) -> Floats:
        """Predictions (B, 49) [m] from inputs (B, I)."""
        predictions: Floats = ((inputs - self.middle) / self.scale) @ self.weights + self.offset
        return predictions


def fit_ridge(record_set: RecordSet, windows: GaugeWindows, targets: Targets) -> Ridge:
    """Fit on all windows of the labelled record, with the outage share of the test; the penalty by held-out weeks.

    Windows are used that had half of their readings, the newest among them, before the outage.
    """
    record, hour = record_set.issues.unbind(dim=1)
    readable = record_set.seen[record[:, None], hour[:, None] + torch.arange(1 - CONTEXT_HOURS, 1)]  # (N, 72)
    complete = (readable[:, -1] & (readable.float().mean(dim=1) >= 0.5)).numpy()
    inputs = _inputs(windows)[complete]
    truth = np.where(targets.seen.numpy(), targets.level.double().numpy(), np.nan)[complete]
    week = record_set.issues[:, 1].numpy()[complete] // 168
    fold = np.searchsorted(np.unique(week), week) % 5
    errors = np.zeros(len(PENALTIES))
    for number in np.unique(fold):
        held_out = fold == number
        if held_out.all():
            return _solve(inputs, truth, float(PENALTIES[-1]))  # one week cannot choose a penalty
        for at, penalty in enumerate(PENALTIES):
            miss = _solve(inputs[~held_out], truth[~held_out], float(penalty)).on(inputs[held_out]) - truth[held_out]
            errors[at] += np.nansum(miss**2)
    return _solve(inputs, truth, float(PENALTIES[int(np.argmin(errors))]))


def _solve(inputs: Floats, truth: Floats, penalty: float) -> Ridge:
    middle, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    scaled = (inputs - middle) / scale
    weights, offset = np.zeros((inputs.shape[1], truth.shape[1])), np.zeros(truth.shape[1])
    for lead in range(truth.shape[1]):
        known = np.isfinite(truth[:, lead])
        if known.any():
            x, offset[lead] = scaled[known], truth[known, lead].mean()
            normal = x.T @ x + penalty * np.eye(x.shape[1])
            weights[:, lead] = np.linalg.solve(normal, x.T @ (truth[known, lead] - offset[lead]))
    return Ridge(middle, scale, weights, offset)


def _inputs(windows: GaugeWindows) -> Floats:
    """(B, 72) readings, gaps filled with the last one before.

    Tide and season are no inputs: the tide has almost no error in the weeks that it is fitted to, and with these inputs
    the regression is worse than persistence.
    """
    own, seen = windows.own.double().numpy(), windows.own_seen.numpy()
    hours = np.arange(own.shape[1])
    before = np.maximum.accumulate(np.where(seen, hours, -1), axis=1)
    after = np.minimum.accumulate(np.where(seen, hours, own.shape[1])[:, ::-1], axis=1)[:, ::-1]
    source = np.where(before >= 0, before, after)  # before the first reading, the first one
    filled = np.take_along_axis(own, np.clip(source, 0, hours[-1]), axis=1)
    any_seen: Floats = seen.any(axis=1, keepdims=True).astype(float)
    return filled * any_seen
