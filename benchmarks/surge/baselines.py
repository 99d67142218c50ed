"""What a sceptic would try first: no surge, the last reading, and a ridge on the readings."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.surge.surge_network import CONTEXT_HOURS, LEVELS, GaugeWindows, last_reading
from benchmarks.surge.windows import Answer, Past
from strandline.errors import InputError
from strandline.observations.arrays import Floats

PENALTIES = 10.0 ** np.arange(-1, 4)


Forecast = Callable[[GaugeWindows], Floats]
"""From windows to quantiles (N, 49, 9) [m]."""


def dressed(centre: Callable[[GaugeWindows], Floats], windows: GaugeWindows, answer: Answer) -> Forecast:
    """A point forecast with the quantiles of the errors that it made on what may be learned from."""
    errors = np.where(answer.seen.numpy(), answer.level.double().numpy() - centre(windows), np.nan)
    if np.isnan(errors).all(axis=0).any():
        raise InputError("labelled weeks", "hold no reading at some lead", "label more of the record")
    around = np.nanquantile(errors, LEVELS, axis=0).T  # (49, Q)
    around -= around[:, [LEVELS.index(0.5)]]
    return lambda seen: centre(seen)[..., None] + around


def zero_surge(windows: GaugeWindows) -> Floats:
    """(B, 49) the tide alone."""
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
        """The same, of inputs (B, I)."""
        answer: Floats = ((inputs - self.middle) / self.scale) @ self.weights + self.offset
        return answer


def fit_ridge(past: Past, windows: GaugeWindows, answer: Answer) -> Ridge:
    """On all windows of the labelled past, as many readings lost as it is tested with; the penalty by weeks left out.

    Windows count that held half of their readings, the newest among them, before any was lost; leads that they do not
    hold are not learned.
    """
    record, hour = past.issues.unbind(dim=1)
    readable = past.seen[record[:, None], hour[:, None] + torch.arange(1 - CONTEXT_HOURS, 1)]  # (N, 72)
    held = (readable[:, -1] & (readable.float().mean(dim=1) >= 0.5)).numpy()
    inputs = _inputs(windows)[held]
    truth = np.where(answer.seen.numpy(), answer.level.double().numpy(), np.nan)[held]
    week = past.issues[:, 1].numpy()[held] // 168
    fold = np.searchsorted(np.unique(week), week) % 5
    errors = np.zeros(len(PENALTIES))
    for number in np.unique(fold):
        apart = fold == number
        if apart.all():
            return _solve(inputs, truth, float(PENALTIES[-1]))  # one week cannot choose
        for at, penalty in enumerate(PENALTIES):
            miss = _solve(inputs[~apart], truth[~apart], float(penalty)).on(inputs[apart]) - truth[apart]
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

    Tide and season are left out: in the weeks that the tide was fitted to it has no error to learn, and a linear map
    that takes what little there is for more does worse than persistence.
    """
    own, seen = windows.own.double().numpy(), windows.own_seen.numpy()
    hours = np.arange(own.shape[1])
    before = np.maximum.accumulate(np.where(seen, hours, -1), axis=1)
    after = np.minimum.accumulate(np.where(seen, hours, own.shape[1])[:, ::-1], axis=1)[:, ::-1]
    source = np.where(before >= 0, before, after)  # before the first reading stands the first
    filled = np.take_along_axis(own, np.clip(source, 0, hours[-1]), axis=1)
    any_seen: Floats = seen.any(axis=1, keepdims=True).astype(float)
    return filled * any_seen
