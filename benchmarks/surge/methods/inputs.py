"""Inputs of the linear maps and of the networks: readings without gaps, stress, and the weather about a target."""

import numpy as np

from benchmarks.surge.protocol import CONTEXT_HOURS, Issues
from benchmarks.surge.records.gauge import Column
from strandline.observations.arrays import Floats

RECENT = 25
"""Hours of single readings; older ones are means of six hours."""
WINDOWS = ((0, 1), (1, 3), (3, 6), (6, 12), (12, 24), (24, 48))
"""Hours before a target over which the weather is averaged: from and to, the first included."""
READ_BEFORE = (0, 6, 12, 24)
"""Hours before an issue at which the newest reading of the water upstream is an input."""


def fill_readings(values: Floats) -> Floats:
    """(N, T) each gap filled with the newest value before, at the start with the first one; 0 without any."""
    seen, hours = np.isfinite(values), np.arange(values.shape[1])
    any_seen = np.any(seen, axis=1, keepdims=True)
    before = np.maximum.accumulate(np.where(seen, hours, -1), axis=1)
    first = np.argmax(seen, axis=1)[:, None]
    filled = np.take_along_axis(values, np.where(before >= 0, before, first), axis=1)
    return np.where(any_seen, filled, 0.0)


def condense(readings: Floats) -> Floats:
    """(N, 72) → (N, 33): the newest 25 readings, newest first, and means of six hours before them."""
    newest = readings[:, ::-1]
    blocks = [newest[:, at : at + 6].mean(axis=1) for at in range(RECENT, CONTEXT_HOURS, 6)]
    return np.concatenate([newest[:, :RECENT], np.stack(blocks, axis=1)], axis=1)


def stress(weather: Floats, columns: tuple[Column, ...]) -> Floats:
    """(N, T, C) weather with each wind replaced by |U| U [m2 s-2], the shape of the stress on the sea."""
    found = weather.copy()
    for i, column in enumerate(columns[:-1]):
        if column.kind == "wind_east" and columns[i + 1].kind == "wind_north":
            speed = np.hypot(weather[..., i], weather[..., i + 1])
            found[..., i], found[..., i + 1] = weather[..., i] * speed, weather[..., i + 1] * speed
    return found


def weather_about(weather: Floats, columns: tuple[Column, ...], lead: int) -> Floats:
    """(N, 6 C' + 4 C″) means over `WINDOWS` before the target, and the newest readings of water before the issue.

    Args:
        weather: (N, 72 + H, C) as stress, NaN where it is missing, as the result.
    """
    is_water = np.array([column.kind == "water" for column in columns], dtype=bool)
    at = CONTEXT_HOURS - 1 + lead
    parts = [_mean(weather[:, max(0, at - last + 1) : at - first + 1][..., ~is_water]) for first, last in WINDOWS]
    if is_water.any():
        water = np.moveaxis(weather[:, :CONTEXT_HOURS][..., is_water], 2, 1)  # (N, C″, 72)
        size, count = water.shape[0], water.shape[1]
        seen = np.isfinite(water).any(axis=2)
        filled = fill_readings(water.reshape(size * count, CONTEXT_HOURS)).reshape(size, count, CONTEXT_HOURS)
        parts += [np.where(seen, filled[:, :, CONTEXT_HOURS - 1 - hours], np.nan) for hours in READ_BEFORE]
    return np.concatenate(parts, axis=1)


def _mean(values: Floats) -> Floats:
    """(N, T, C) → (N, C) over what is there; NaN without any."""
    seen = np.isfinite(values)
    count = seen.sum(axis=1)
    total = np.where(seen, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def operational_surge(issues: Issues) -> Floats:
    """(N, L) the operational forecast above the allowed tide [m on its own datum]; NaN without any."""
    if issues.operational is None:
        return np.full((len(issues), len(issues.leads)), np.nan)
    surge: Floats = issues.operational - issues.tide_at_leads
    return surge
