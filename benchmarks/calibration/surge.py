"""Bounds on real tide gauges: a normal law, split conformal over weeks, and a radius that is tracked as hours go by.

The forecast is the last reading above the tide, on purpose: it knows no spread, so that all that is said of its error
comes from the rule under test. Half of the weeks that are known fit the tide, the other half calibrate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.calibration.drift import TrackedRadius
from benchmarks.calibration.scoring import COVERAGE, NORMAL_90, Row
from benchmarks.surge.gauges import Gauges, draw_weeks, residual
from strandline.observations.arrays import Floats, Mask
from strandline.uncertainty.conformal import conformal_radius

LEADS = (6, 24)
KNOWN, PIECE = 0.3, 6
"""Share of the training weeks that is known; hours of the pieces in which half of the readings are lost."""
GAIN = 0.05
"""Of the tracked radius, in standard deviations of the calibration errors."""
HIGH = 0.99
"""Levels above this point of all hours are the extreme ones."""


def rows_of(gauges: Gauges, station: int, train: Mask, test: Mask, seed: int) -> Iterator[Row]:
    """Coverage of the 90 % bounds a condition, lead and rule; probabilities of floods are not asked here."""
    weeks = draw_weeks(train, KNOWN, np.random.default_rng([seed, station]))
    fitting = draw_weeks(weeks, 0.5, np.random.default_rng([seed, station, 1]))
    level = residual(gauges, station, fitting).level
    calibrating = weeks & ~fitting
    rng = np.random.default_rng([seed, station, 2])
    lost = np.repeat(rng.random(-(-level.size // PIECE)) < 0.5, PIECE)[: level.size]
    high = gauges.level[station] >= np.nanquantile(gauges.level[station][train | test], HIGH)
    for lead in LEADS:
        error = np.abs(level - _last(level, lead))  # (T,) [m] at the hour that was foretold
        by_week = _by_week(error, calibrating)
        spread = float(np.sqrt(np.mean(np.concatenate(by_week) ** 2)))
        known = conformal_radius(by_week, COVERAGE)
        for condition, where, seen in (
            ("normal", test, error),
            ("extreme", test & high, error),
            ("outage", test, np.abs(level - _last(np.where(lost, np.nan, level), lead))),
        ):
            tracked = _tracked(seen, test, TrackedRadius(1 - COVERAGE, GAIN * spread, known), lead)
            hours = where & np.isfinite(seen)
            for method, reach in {"plain": NORMAL_90 * spread, "conformal": known, "adaptive": tracked}.items():
                yield {
                    "task": "surge",
                    "condition": condition,
                    "method": method,
                    "coast": gauges.names[station],
                    "seed": seed,
                    "lead_h": lead,
                    "coverage_90": float((seen <= reach)[hours].mean()),
                    "width_90": float(2 * np.broadcast_to(reach, seen.shape)[hours].mean()),
                    "forward_passes": 0,
                    "hours": int(hours.sum()),
                }


def _last(level: Floats, lead: int) -> Floats:
    """(T,) what was read last before ``lead`` hours ago; NaN where nothing was in three days."""
    hours = np.arange(level.size)
    newest = np.maximum.accumulate(np.where(np.isfinite(level), hours, -1))
    asked = hours - lead
    at = np.where(asked >= 0, newest[np.maximum(asked, 0)], -1)
    return np.where((at >= 0) & (asked - at < 72), level[np.maximum(at, 0)], np.nan)


def _by_week(error: Floats, allowed: Mask) -> Sequence[Floats]:
    """Errors of each run of allowed hours, a week or more; hours that were not read are left out."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], allowed, [False]]).astype(int)))
    weeks = [
        error[start : start + 168] for a, b in zip(edges[::2], edges[1::2], strict=True) for start in range(a, b, 168)
    ]
    return [week[np.isfinite(week)] for week in weeks]


def _tracked(error: Floats, test: Mask, state: TrackedRadius, lead: int) -> Floats:
    """(T,) radius at each hour of the test, from what had been observed ``lead`` hours before."""
    radius = np.full(error.size, np.nan)
    hours = np.flatnonzero(test)
    given = {}
    for hour in hours:
        past = hour - lead
        if past in given and np.isfinite(error[past]):  # the interval that was given then is the one that missed
            missed = bool(error[past] > given[past])
            state = replace(state, radius=state.radius + state.gain * (missed - state.miss_rate))
        given[hour] = radius[hour] = state.radius
    return radius
