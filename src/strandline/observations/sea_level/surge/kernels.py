"""Weather at lags before each hour: the features to which the sea level responds."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

KNOTS = (-6, -3, 0, 3, 6, 9, 12, 18, 24, 36, 48, 72)
"""Lags [h] between which the response to weather is piecewise linear. Those below 0 allow for weather whose clock is
late, and for a record that was smoothed."""
BEFORE, AFTER = KNOTS[-1], -KNOTS[0]
"""Hours of weather before and after an hour that its features need."""
_AT_ONCE = 4096
"""Hours whose lags are held in memory together: 79 values each."""


def _kernels(knots: Sequence[int]) -> npt.NDArray[np.float64]:
    """(J, L) triangles at the knots, each of sum 1, at the lags from the first knot to the last."""
    lags = np.arange(knots[0], knots[-1] + 1)
    triangles = np.stack([np.interp(lags, knots, row) for row in np.eye(len(knots))])
    return np.asarray(triangles / triangles.sum(axis=1, keepdims=True))


KERNELS = _kernels(KNOTS)


def weather_features(weather: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Means of the weather about lags of ``KNOTS`` before each hour.

    Args:
        weather: (…, T, C) hourly; NaN = not known.

    Returns:
        (…, T − 78, C · J) for the hours from ``BEFORE`` on to ``AFTER`` before the end; NaN where any hour that a
        feature rests on is not known. Features of a column stand together, in the order of the knots.
    """
    windows = np.lib.stride_tricks.sliding_window_view(weather, BEFORE + AFTER + 1, axis=-2)  # (…, T', C, L)
    found = np.empty((*windows.shape[:-1], len(KNOTS)))
    for first in range(0, windows.shape[-3], _AT_ONCE):
        hours = slice(first, first + _AT_ONCE)
        lags = windows[..., hours, :, ::-1].astype(np.float64)  # lag −6 is the last hour of a window
        found[..., hours, :, :] = lags @ KERNELS.T
    return found.reshape(*found.shape[:-2], -1)
