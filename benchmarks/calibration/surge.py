"""Task ``surge``: bounds on real tide gauges by a normal distribution, split conformal by weeks, and a tracked radius.

The forecast is the last reading above the tide: it has no spread, so that the rule under test alone gives the bounds.
Half of the known weeks fit the tide, the other half calibrate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.calibration.drift import TrackedRadius
from benchmarks.record import Row
from benchmarks.surge.protocol import draw_weeks
from benchmarks.surge.records.gauge import Gauge
from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.harmonic_tide import fit_tide, predict_tide
from strandline.uncertainty.conformal import conformal_radius

LEADS = (6, 24)
COVERAGE, NORMAL_90 = 0.9, 1.645
"""Nominal coverage, and standard deviations of a normal distribution that give it."""
KNOWN, PIECE = 0.3, 6
"""Known share of the training weeks; hours of the pieces in which half of the readings are lost."""
GAIN = 0.05
"""Gain of the tracked radius, in standard deviations of the calibration errors."""
HIGH = 0.99
"""Quantile of all levels above which an hour is extreme."""


def rows_of(gauge: Gauge, number: int, train: Mask, test: Mask, seed: int) -> Iterator[Row]:
    """Coverage of the 90 % bounds by condition, lead and rule.

    Args:
        number: of the gauge in its table, for the draws.
    """
    weeks = draw_weeks(train, KNOWN, np.random.default_rng([seed, number]))
    fitting = draw_weeks(weeks, 0.5, np.random.default_rng([seed, number, 1]))
    level = _above_tide(gauge, fitting)
    calibrating = weeks & ~fitting
    rng = np.random.default_rng([seed, number, 2])
    lost = np.repeat(rng.random(-(-level.size // PIECE)) < 0.5, PIECE)[: level.size]
    high = gauge.level >= np.nanquantile(gauge.level[train | test], HIGH)
    for lead in LEADS:
        error = np.abs(level - _last_reading(level, lead))  # (T,) [m] at the forecast hour
        by_week = _errors_by_week(error, calibrating)
        spread = float(np.sqrt(np.mean(np.concatenate(by_week) ** 2)))
        conformal = conformal_radius(by_week, COVERAGE)
        for condition, where, errors in (
            ("normal", test, error),
            ("extreme", test & high, error),
            ("outage", test, np.abs(level - _last_reading(np.where(lost, np.nan, level), lead))),
        ):
            tracked = _tracked_radius(errors, test, TrackedRadius(1 - COVERAGE, GAIN * spread, conformal), lead)
            hours = where & np.isfinite(errors)
            radii: dict[str, float | Floats] = {
                "plain": NORMAL_90 * spread, "conformal": conformal, "adaptive": tracked,
            }  # fmt: skip
            for method, radius in radii.items():
                yield {
                    "task": "surge",
                    "condition": condition,
                    "method": method,
                    "coast": gauge.name,
                    "seed": seed,
                    "lead_h": lead,
                    "coverage_90": float((errors <= radius)[hours].mean()),
                    "width_90": float(2 * np.broadcast_to(radius, errors.shape)[hours].mean()),
                    "forward_passes": 0,
                    "hours": int(hours.sum()),
                }


def _above_tide(gauge: Gauge, fitting: Mask) -> Floats:
    """(T,) level above the tide and mean sea level of some of its hours [m]."""
    if gauge.latitude is None:
        raise InputError(f"gauge '{gauge.name}'", "has no latitude", "name it in the table of stations")
    known = np.where(fitting, gauge.level, np.nan)
    tide = fit_tide(gauge.time, known, gauge.latitude, name=gauge.name, source="fitting weeks")
    return np.asarray(gauge.level - tide.mean - predict_tide(tide.constants, gauge.time))


def _last_reading(level: Floats, lead: int) -> Floats:
    """(T,) newest reading at least ``lead`` hours ago; NaN without a reading in the three days before that."""
    hours = np.arange(level.size)
    newest = np.maximum.accumulate(np.where(np.isfinite(level), hours, -1))
    issued = hours - lead
    at = np.where(issued >= 0, newest[np.maximum(issued, 0)], -1)
    return np.where((at >= 0) & (issued - at < 72), level[np.maximum(at, 0)], np.nan)


def _errors_by_week(error: Floats, allowed: Mask) -> Sequence[Floats]:
    """Errors of each week of allowed hours, without gaps."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], allowed, [False]]).astype(int)))
    weeks = [
        error[start : start + 168] for a, b in zip(edges[::2], edges[1::2], strict=True) for start in range(a, b, 168)
    ]
    return [week[np.isfinite(week)] for week in weeks]


def _tracked_radius(error: Floats, test: Mask, state: TrackedRadius, lead: int) -> Floats:
    """(T,) radius at each hour of the test, from what was observed ``lead`` hours before."""
    radius = np.full(error.size, np.nan)
    for hour in np.flatnonzero(test):
        past = hour - lead
        if past >= 0 and np.isfinite(radius[past]) and np.isfinite(error[past]):
            missed = bool(error[past] > radius[past])
            state = replace(state, radius=state.radius + state.gain * (missed - state.miss_rate))
        radius[hour] = state.radius
    return radius
