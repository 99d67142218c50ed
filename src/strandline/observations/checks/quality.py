"""Quality control of tide gauges: flags suspect readings, without changing or filling values.

The tests follow the order of IOC Manuals and Guides 83 (2020), *Quality control of in situ sea level observations*:
spikes, stuck values, changes of datum, gaps. The tests use differences between readings, never the level
itself, so that high water raises no flag.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from strandline.observations.arrays import Bytes, Floats, Times

SPIKE, STUCK, DATUM_JUMP, MISSING = np.uint8(1), np.uint8(2), np.uint8(4), np.uint8(8)
FLAG_NAMES = {SPIKE: "spike", STUCK: "stuck", DATUM_JUMP: "datum jump", MISSING: "missing"}

_LEAST_SPIKE = 0.25
"""[m] Smaller spikes hardly change an hourly mean, and seiches reach 0.2 m."""
_LEAST_JUMP = 0.15
"""[m] Least step between two readings; smaller datum shifts cannot be distinguished from weather."""
_LEAST_JUMP_ACROSS_GAP = 0.5
"""[m] Least change of the weekly mean across a gap; weather alone reaches 0.3 m."""
SIGMAS = 8.0
"""Threshold of a spike or step, in robust standard deviations of the record's roughness."""
_CALM = 3.0
"""Least ratio of a datum step to the roughness of the readings around it."""
_STUCK_FOR = np.timedelta64(6, "h")
"""Slack water lasts up to three hours at centimetre resolution."""
_STUCK_AGAINST_TIDE = np.timedelta64(3, "h")
_LEAST_TIDE_RANGE = 0.2
"""[m] Least range of the tide over the three hours; weather cannot cancel it in every reading."""
_WEEK = np.timedelta64(7, "D")
_MINIMUM_READINGS = 48


def flag_quality(time: Times, level: Floats) -> Bytes:
    """Bit flags of each reading: ``SPIKE``, ``STUCK``, ``DATUM_JUMP``, ``MISSING``.

    ``DATUM_JUMP`` marks every reading that is not on the datum of the longest segment of the record.

    Args:
        time: (N,) UTC, increasing.
        level: (N,) [m]; NaN = missing.

    Returns:
        (N,) uint8; 0 = no flag.
    """
    flags = np.zeros(level.shape, dtype=np.uint8)
    missing = np.isnan(level)
    flags[missing] |= MISSING
    present = np.flatnonzero(~missing)
    if present.size < _MINIMUM_READINGS:
        return flags
    seen_time, seen = time[present], level[present]
    regular = np.median(np.diff(seen_time).astype(np.int64))
    joined = np.diff(seen_time).astype(np.int64) <= 1.5 * regular  # (n - 1,) no gap between reading i and i + 1
    spike = find_spikes(seen, joined)
    flags[present[spike]] |= SPIKE
    flags[present[find_stuck(seen_time, seen, joined)]] |= STUCK
    flags[present[find_datum_jumps(seen_time, seen, joined, spike)]] |= DATUM_JUMP
    return flags


def find_spikes(
    level: Floats, joined: npt.NDArray[np.bool_], calm_share: float = 0.5, least: float = _LEAST_SPIKE
) -> npt.NDArray[np.bool_]:
    """Single readings far from the cubic through the two readings on either side.

    The cubic leaves 1 % of the amplitude of an hourly M2 tide, so that large tides raise no flag.

    Args:
        level: (N,) [m].
        joined: (N - 1,) whether there is no gap between a reading and the next.
        calm_share: share of readings assumed free of spikes [-]; lower for short windows.
        least: smallest spike [m].
    """
    rough = _roughness(level, joined)
    limit = max(least, SIGMAS * robust_deviation(rough, calm_share))
    size = np.abs(rough)
    around = np.stack([np.roll(size, shift) for shift in (-2, -1, 1, 2)])
    greatest = size >= np.where(np.isnan(around), 0.0, around).max(axis=0)
    # A step has two equal roughness values side by side; a spike has smaller neighbours of the opposite sign.
    isolated = size > 1.2 * np.where(np.isnan(around[1:3]), 0.0, around[1:3]).max(axis=0)
    spike: npt.NDArray[np.bool_] = (size > limit) & greatest & isolated
    return spike


def find_stuck(
    time: Times, level: Floats, joined: npt.NDArray[np.bool_], tide: Floats | None = None
) -> npt.NDArray[np.bool_]:
    """Runs of a constant value over six hours, or over three hours in which the ``tide`` [m] changes enough."""
    same = (np.diff(level) == 0) & joined
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    ends = np.concatenate([starts[1:], [level.size]]) - 1
    stuck = np.zeros(level.shape, dtype=bool)
    for run in np.flatnonzero(ends - starts >= 3).tolist():
        start, end = int(starts[run]), int(ends[run])
        duration = time[end] - time[start]
        tide_range = 0.0 if tide is None else float(np.ptp(tide[start : end + 1]))
        if duration >= _STUCK_FOR or (duration >= _STUCK_AGAINST_TIDE and tide_range >= _LEAST_TIDE_RANGE):
            stuck[start : end + 1] = True
    return stuck


def find_datum_jumps(
    time: Times, level: Floats, joined: npt.NDArray[np.bool_], spike: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Segments whose datum differs from that of the longest segment.

    A segment ends where the level steps in calm water (storms and seiches are rough before and after) and the mean of
    the following week confirms the step, and at gaps over which the weekly mean changes by more than weather explains.
    """
    difference = np.diff(level)
    rough = _roughness(difference, joined[1:] & joined[:-1])
    size = np.where(np.isnan(rough), 0.0, np.abs(rough))
    limit = max(_LEAST_JUMP, SIGMAS * robust_deviation(rough))
    beside_spike = spike[1:] | spike[:-1]
    steps: dict[int, float] = {}
    for position in np.flatnonzero((size > limit) & ~beside_spike).tolist():
        step = float(rough[position])
        calm = size[position] > _CALM * _roughest_around(size, position)
        if calm and _change_of_mean(time, level, position) / step > 0.5:
            steps[position] = step
    for gap in np.flatnonzero(~joined & (np.diff(time) >= _STUCK_FOR)).tolist():
        change = _change_of_mean(time, level, gap)
        if abs(change) > _LEAST_JUMP_ACROSS_GAP:
            steps[gap] = change
    offset = np.zeros(level.size)
    for position, step in steps.items():
        offset[position + 1 :] += step
    edges = np.array([0, *(position + 1 for position in sorted(steps)), level.size])
    longest = int(np.argmax(np.diff(edges)))
    off_datum: npt.NDArray[np.bool_] = np.abs(offset - offset[edges[longest]]) > _LEAST_JUMP / 2
    return off_datum


def _roughest_around(size: Floats, position: int) -> float:
    """Greatest roughness within twelve readings, without the two on either side that the step affects."""
    before = size[max(0, position - 12) : max(0, position - 2)]
    after = size[position + 3 : position + 13]
    return float(np.concatenate([before, after]).max(initial=0.0))


def _change_of_mean(time: Times, level: Floats, position: int) -> float:
    """Mean of the week after a reading minus that of the week before [m]; 0 where either has too few readings."""
    first = np.searchsorted(time, time[position] - _WEEK)
    last = np.searchsorted(time, time[position + 1] + _WEEK, side="right")
    before, after = level[first : position + 1], level[position + 1 : last]
    if min(before.size, after.size) < _MINIMUM_READINGS:
        return 0.0
    return float(after.mean() - before.mean())


def _roughness(values: Floats, joined: npt.NDArray[np.bool_]) -> Floats:
    """Each value minus the cubic through its four neighbours; NaN next to gaps and at the ends."""
    rough = np.full(values.shape, np.nan)
    if values.size < 5:
        return rough
    middle = values[2:-2]
    rough[2:-2] = middle - (4.0 * (values[1:-3] + values[3:-1]) - values[:-4] - values[4:]) / 6.0
    whole = joined[:-3] & joined[1:-2] & joined[2:-1] & joined[3:]
    rough[2:-2][~whole] = np.nan
    return rough


def robust_deviation(values: Floats, calm_share: float = 0.5) -> float:
    """Standard deviation of a normal distribution with this quantile of absolute values; 0 without values.

    ``calm_share`` 0.5 gives 1.4826 × the median absolute value; a lower share tolerates more outliers.
    """
    known = np.abs(values[~np.isnan(values)])
    return float(np.quantile(known, calm_share) / ndtri(0.5 + calm_share / 2)) if known.size else 0.0
