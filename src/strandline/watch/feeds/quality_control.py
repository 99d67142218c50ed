"""Quality control of a stream's recent readings, before they are assimilated.

Finds impossible values, clocks that are ahead, wrong units, spikes and stuck sensors. The rules for spikes and stuck
values are those for records (``observations/checks/quality.py``). Plausible errors (a datum jump, a slow drift) show
only against other streams; the filter detects them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.checks.quality import SIGMAS, find_spikes, find_stuck, robust_deviation
from strandline.observations.variables import VARIABLES
from strandline.watch.clock import CLOCK_TOLERANCE
from strandline.watch.readings import Quality, Reading

Tide = Callable[[Times], Floats]
"""(N,) UTC → (N,) tide [m] about any level; only its changes are used."""
Finding = Literal["no number", "clock ahead", "wrong unit", "out of range", "stuck", "spike", "jump", "bad before"]

_QUALITY: dict[Finding | None, Quality] = {None: "good", "jump": "suspect"}
"""Every other finding makes a reading bad. A jump is a spike or an event; the next few readings decide."""
_SERIES = ("water_level", "surge")
"""Variables that change little from one reading to the next."""
_CONTINUES = 1.5
"""Steps up to this multiple of the median step are no gap."""
_LEAST_JUMP = 0.5
"""[m] Steep surges rise by this much in an hour, and a flood tide over shallows bends by nearly as much. Less is never
a spike in a window of a few days, which does not show the stream's full variability."""
_SUSPECT_SIGMAS = 5.0
"""Robust standard deviations of the stream's variability; fewer than for a spike, since the next reading decides."""
_CALM_SHARE = 0.25
"""Share of undisturbed differences: a spike disturbs four, so that one in seven readings leaves three in ten."""
_LATEST = 4
"""Readings at the window's end that find_spikes cannot check: a cubic needs two after a spike, and they theirs."""
_FEWEST = 12
"""Fewest readings for an estimate of the stream's variability."""
_LONGEST_GAP = np.timedelta64(24, "h")
"""After a longer gap a jump cannot be recognised."""
_SCALES = (0.01, 0.001)
"""Of centimetres and millimetres mistaken for metres."""
_LEAST_SPREAD = 1.0
"""[m] Least half-width of the range around the median level in which converted values count as plausible."""


@dataclass(frozen=True)
class CheckedReading:
    """A reading with its quality, and the finding; ``None`` = none."""

    reading: Reading
    finding: Finding | None


def check_readings(
    readings: Iterable[Reading], until: datetime, tide: Tide | None = None, earlier: Iterable[Reading] = ()
) -> list[CheckedReading]:
    """Check the recent readings of one stream, in any order and with repeats; returns each once.

    Of two repeats the later given one counts. A bad reading stays bad unless its value is revised: a clock that is
    corrected must not make its earlier time stamps valid.

    Args:
        readings: from the stream; their ``quality`` is ignored.
        until: present time, naive UTC.
        tide: at the stream's gauge, if known.
        earlier: its readings of the last days, with their quality then.

    Returns:
        All readings in the order of ``time``.
    """
    before = {identity(reading): reading for reading in earlier}
    new = {identity(reading): reading for reading in readings}
    newest = before | new
    ordered = sorted(newest.values(), key=lambda r: (r.time, r.issued, r.variable, r.place, r.member))
    found: list[Finding | None] = [None] * len(ordered)
    series: dict[tuple[str, str], list[int]] = {}
    for position, reading in enumerate(ordered):
        if reading.variable in _SERIES and reading.time == reading.issued:
            series.setdefault((reading.variable, reading.place), []).append(position)
        elif reading.issued > until + CLOCK_TOLERANCE:
            found[position] = "clock ahead"
        else:
            found[position] = _check_value(reading)
    for positions in series.values():
        own = [ordered[position] for position in positions]
        is_new = np.array([identity(reading) in new for reading in own])
        for position, finding in zip(positions, _check_series(own, is_new, until, tide), strict=True):
            found[position] = finding
    for position, reading in enumerate(ordered):
        former = before.get(identity(reading))
        was_bad = former is not None and former.quality == "bad" and former.value == reading.value
        if was_bad and found[position] in (None, "jump"):
            found[position] = "bad before"
    return [_checked(reading, finding) for reading, finding in zip(ordered, found, strict=True)]


def identity(reading: Reading) -> tuple[object, ...]:
    """Identity of a reading within its stream; two readings with the same are repeats."""
    return reading.variable, reading.place, reading.member, reading.time, reading.issued


def _checked(reading: Reading, finding: Finding | None) -> CheckedReading:
    quality = _QUALITY.get(finding, "bad")
    return CheckedReading(reading if reading.quality == quality else replace(reading, quality=quality), finding)


def _check_value(reading: Reading) -> Finding | None:
    """Check one value alone."""
    if not np.isfinite(reading.value):
        return "no number"
    variable = VARIABLES[reading.variable]
    return None if variable.low <= reading.value <= variable.high else "out of range"


def _check_series(readings: list[Reading], is_new: Mask, until: datetime, tide: Tide | None) -> list[Finding | None]:
    """Check measurements of one variable at one place together, in the order of time."""
    time: Times = np.array([reading.time for reading in readings], dtype="datetime64[us]")
    level = np.array([reading.value for reading in readings])
    found: list[Finding | None] = [_check_value(reading) for reading in readings]

    def mark(finding: Finding, positions: npt.NDArray[np.int64]) -> None:
        for position in positions.tolist():
            found[position] = finding

    mark("wrong unit", np.flatnonzero(_wrong_units(level)))
    mark("clock ahead", np.flatnonzero(is_new)[_ahead(time[is_new], np.datetime64(until + CLOCK_TOLERANCE))])
    usable = np.flatnonzero([finding is None for finding in found])
    if usable.size < _FEWEST:
        return found
    tide_level = tide(time[usable]) if tide is not None else None
    stuck = find_stuck(time[usable], level[usable], _joined(time[usable]), tide_level)
    mark("stuck", usable[stuck])
    free = usable[~stuck]
    residual = level[free] if tide_level is None else level[free] - tide_level[~stuck]
    if free.size < _FEWEST:
        return found
    spike = find_spikes(residual, _joined(time[free]), _CALM_SHARE, _LEAST_JUMP)
    spike[-_LATEST:] = False
    mark("spike", free[spike])
    isolated = _returned(residual) & (np.arange(free.size) >= free.size - _LATEST)
    mark("jump", free[isolated])
    calm = ~(spike | isolated)
    if _jumped(time[free][calm], residual[calm]):
        found[free[-1]] = "jump"
    return found


def _joined(time: Times) -> Mask:
    """(N - 1,) whether there is no gap between a reading and the next."""
    step = np.diff(time).astype(np.int64)
    joined: Mask = step <= _CONTINUES * np.median(step)
    return joined


def _ahead(time: Times, latest: np.datetime64) -> Mask:
    """Readings of the future, and those just before them without a gap: they have the same wrong clock."""
    ahead: Mask = time > latest
    if time.size < 3 or not ahead.any():
        return ahead
    first = int(np.argmax(ahead))
    joined = _joined(time)
    while first > 0 and joined[first - 1]:
        first -= 1
    ahead[first:] = True
    return ahead


def _wrong_units(level: Floats) -> Mask:
    """Values far from the median level that match it when they are read as centimetres or millimetres."""
    variable = VARIABLES["water_level"]
    known = level[np.isfinite(level) & (level >= variable.low) & (level <= variable.high)]
    if not known.size:
        return np.zeros(level.shape, dtype=bool)
    middle = float(np.median(known))
    spread = max(_LEAST_SPREAD, 3.0 * robust_deviation(known - middle))
    with np.errstate(invalid="ignore"):
        near = np.any([np.abs(scale * level - middle) <= spread for scale in _SCALES], axis=0)
        wrong: Mask = np.isfinite(level) & near & (np.abs(level - middle) > 2.0 * spread)
    return wrong


def _returned(residual: Floats) -> Mask:
    """(N,) readings off the line between their neighbours while these are at one level; never the first or the last."""
    bend = np.abs(np.diff(residual, 2))  # a spike bends the line by twice its size
    limit = max(2.0 * _LEAST_JUMP, SIGMAS * robust_deviation(bend, _CALM_SHARE))
    apart = np.abs(residual[2:] - residual[:-2])
    return np.concatenate([[False], (bend > limit) & (apart < limit / 2), [False]])


def _jumped(time: Times, residual: Floats) -> bool:
    """Whether the last reading departs from both the former level and its linear extrapolation."""
    if time.size < 3 or time[-1] - time[-2] > _LONGEST_GAP:
        return False
    steps = (time[-1] - time[-2]) / np.median(np.diff(time))
    variability = robust_deviation(np.diff(residual[:-1], 2), _CALM_SHARE)
    limit = max(_LEAST_JUMP, _SUSPECT_SIGMAS * variability) * np.sqrt(max(1.0, float(steps)))
    former = residual[-2]
    extrapolated = former + (residual[-2] - residual[-3]) * steps
    return bool(abs(residual[-1] - former) > limit and abs(residual[-1] - extrapolated) > limit)
