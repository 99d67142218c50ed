"""What a sceptic would try first: no surge, the last reading, and a ridge on the same inputs."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.surge.learning import shown
from benchmarks.surge.windows import Past
from strandline.models.surge_network import CONTEXT_HOURS, LEVELS, GaugeWindows, last_reading

Floats = npt.NDArray[np.float64]
PENALTIES = 10.0 ** np.arange(-1, 6)


Forecast = Callable[[GaugeWindows], Floats]
"""From windows to quantiles (N, 49, 9) [m]."""


def dressed(centre: Callable[[GaugeWindows], Floats], past: Past, share: float, seed: int) -> Forecast:
    """A point forecast with the quantiles of the errors that it made on what may be learned from."""
    windows, answer = shown(past, share, seed)
    errors = np.where(answer.seen.numpy(), answer.level.double().numpy() - centre(windows), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a lead that no labelled week holds has no error
        around = np.nan_to_num(np.nanquantile(errors, LEVELS, axis=0).T)  # (49, Q)
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
    """A linear map from all that the student sees to each lead."""

    middle: Floats
    scale: Floats
    weights: Floats
    offset: Floats

    def __call__(self, windows: GaugeWindows) -> Floats:
        """(B, 49) [m]."""
        return ((_inputs(windows) - self.middle) / self.scale) @ self.weights + self.offset


def fit_ridge(past: Past, share: float, seed: int) -> Ridge:
    """On labelled windows with the same share of readings lost as it is tested with; the penalty by weeks left out.

    Leads that a window does not hold are not learned from.
    """
    windows, answer = shown(past, share, seed)
    inputs, truth = _inputs(windows), np.where(answer.seen.numpy(), answer.level.double().numpy(), np.nan)
    fold = past.issues[:, 1].numpy() // 168 % 5
    errors = []
    for penalty in PENALTIES:
        misses = []
        for number in np.unique(fold):
            apart = fold == number
            if apart.all():
                continue
            ridge = _solve(inputs[~apart], truth[~apart], penalty)
            predicted = ((inputs[apart] - ridge.middle) / ridge.scale) @ ridge.weights + ridge.offset
            misses.append(np.nanmean((predicted - truth[apart]) ** 2))
        errors.append(np.mean(misses) if misses else penalty)
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
    """(B, 217) readings, which there are, and the tide (past hours by threes); the season of few weeks misleads it."""
    tide = [windows.tide[:, :CONTEXT_HOURS:3], windows.tide[:, CONTEXT_HOURS - 1 :]]
    inputs: Floats = torch.cat([windows.own, windows.own_seen, *tide], dim=1).double().numpy()
    return inputs
