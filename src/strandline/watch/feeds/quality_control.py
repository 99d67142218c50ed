"""The checks at the door: what a stream's recent readings make of each other, before any belief sees them.

Impossible values, clocks that run ahead, wrong units, spikes and stuck sensors. The rules for spikes and stuck values
are those by which records are read (``observations/readers/quality.py``). What is wrong and plausible (a datum that
jumped, a slow drift) shows only against other streams; the belief looks for it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.readers.quality import SIGMAS, find_spikes, find_stuck, robust_deviation
from strandline.observations.variables import VARIABLES
from strandline.watch.readings import Quality, Reading

Tide = Callable[[Times], Floats]
"""(N,) UTC → (N,) tide [m] about any level; only its changes are used."""
Finding = Literal["no number", "clock ahead", "wrong unit", "out of range", "stuck", "spike", "jump", "bad before"]

_QUALITY: dict[Finding | None, Quality] = {None: "good", "jump": "suspect"}
"""Every other finding makes a reading bad. A jump is either a spike or news; the next few readings tell."""
_SERIES = ("water_level", "surge")
"""Variables that change little from one reading to the next."""
CLOCK_TOLERANCE = timedelta(minutes=15)
"""Loggers without a radio clock lose some seconds a day and are set a few times a year."""
_CONTINUES = 1.5
"""Readings no farther apart than that many usual steps follow one another without a gap."""
_LEAST_JUMP = 0.5
"""[m] Steep surges rise by that much in an hour, and a flood tide over shallows bends by nearly as much: less is never
called a spike in a window of a few days, which does not show how rough the stream can be."""
_SUSPECT_SIGMAS = 5.0
"""Robust standard deviations of the stream's own roughness; fewer than for a spike, since the next reading decides."""
_CALM_SHARE = 0.25
"""A spike disturbs what is told of four readings around it: one in seven leaves three in ten undisturbed."""
_LATEST = 4
"""Readings at the window's end that find_spikes cannot judge: a cubic needs two after a spike, and they theirs."""
_FEWEST = 12
"""Readings that show how rough a stream is."""
_LONGEST_MEMORY = np.timedelta64(24, "h")
"""A reading older than that says nothing about where the next one may stand."""
_SCALES = (0.01, 0.001)
"""Centimetres and millimetres that pass for metres."""
_LEAST_SPREAD = 1.0
"""[m] Within which the sea is looked for around its usual level."""


@dataclass(frozen=True)
class CheckedReading:
    """A reading with the quality that the checks gave it, and what they found; ``None`` = nothing."""

    reading: Reading
    finding: Finding | None


def check_readings(
    readings: Iterable[Reading], until: datetime, tide: Tide | None = None, earlier: Iterable[Reading] = ()
) -> list[CheckedReading]:
    """The recent readings of one stream, in whatever order and however often they came, each judged once.

    Of two that speak of the same thing the later given one stands. What was bad stays bad, unless the stream says
    another value: a clock that is set right again must not redeem what it stamped before.

    Args:
        readings: what the stream says; their own ``quality`` counts for nothing.
        until: the present, naive UTC.
        tide: of the stream's place, where it is known.
        earlier: what it said in the last days, as it was judged then.

    Returns:
        All of them in the order of ``time``.
    """
    before = {identity(reading): reading for reading in earlier}
    now_said = {identity(reading): reading for reading in readings}
    last_said = before | now_said
    ordered = sorted(last_said.values(), key=lambda r: (r.time, r.issued, r.variable, r.place, r.member))
    found: list[Finding | None] = [None] * len(ordered)
    series: dict[tuple[str, str], list[int]] = {}
    for position, reading in enumerate(ordered):
        if reading.variable in _SERIES and reading.time == reading.issued:
            series.setdefault((reading.variable, reading.place), []).append(position)
        elif reading.issued > until + CLOCK_TOLERANCE:
            found[position] = "clock ahead"
        else:
            found[position] = _of_itself(reading)
    for positions in series.values():
        own = [ordered[position] for position in positions]
        is_new = np.array([identity(reading) in now_said for reading in own])
        for position, finding in zip(positions, _of_series(own, is_new, until, tide), strict=True):
            found[position] = finding
    for position, reading in enumerate(ordered):
        said = before.get(identity(reading))
        was_bad = said is not None and said.quality == "bad" and said.value == reading.value
        if was_bad and found[position] in (None, "jump"):
            found[position] = "bad before"
    return [_judged(reading, finding) for reading, finding in zip(ordered, found, strict=True)]


def identity(reading: Reading) -> tuple[object, ...]:
    """What a reading of one stream is of; two with the same are repeats."""
    return reading.variable, reading.place, reading.member, reading.time, reading.issued


def _judged(reading: Reading, finding: Finding | None) -> CheckedReading:
    quality = _QUALITY.get(finding, "bad")
    return CheckedReading(reading if reading.quality == quality else replace(reading, quality=quality), finding)


def _of_itself(reading: Reading) -> Finding | None:
    """What one number shows alone."""
    if not np.isfinite(reading.value):
        return "no number"
    variable = VARIABLES[reading.variable]
    return None if variable.low <= reading.value <= variable.high else "out of range"


def _of_series(readings: list[Reading], is_new: Mask, until: datetime, tide: Tide | None) -> list[Finding | None]:
    """What measurements of one variable at one place, in the order of time, show together."""
    time: Times = np.array([reading.time for reading in readings], dtype="datetime64[us]")
    level = np.array([reading.value for reading in readings])
    found: list[Finding | None] = [_of_itself(reading) for reading in readings]

    def mark(finding: Finding, positions: npt.NDArray[np.int64]) -> None:
        for position in positions.tolist():
            found[position] = finding

    mark("wrong unit", np.flatnonzero(_wrong_units(level)))
    mark("clock ahead", np.flatnonzero(is_new)[_ahead(time[is_new], np.datetime64(until + CLOCK_TOLERANCE))])
    usable = np.flatnonzero([finding is None for finding in found])
    if usable.size < _FEWEST:
        return found
    moves = tide(time[usable]) if tide is not None else None
    stuck = find_stuck(time[usable], level[usable], _joined(time[usable]), moves)
    mark("stuck", usable[stuck])
    free = usable[~stuck]
    beyond_tide = level[free] if moves is None else level[free] - moves[~stuck]
    if free.size < _FEWEST:
        return found
    spike = find_spikes(beyond_tide, _joined(time[free]), _CALM_SHARE, _LEAST_JUMP)
    spike[-_LATEST:] = False
    mark("spike", free[spike])
    alone = _returned(beyond_tide) & (np.arange(free.size) >= free.size - _LATEST)
    mark("jump", free[alone])
    calm = ~(spike | alone)
    if _jumped(time[free][calm], beyond_tide[calm]):
        found[free[-1]] = "jump"
    return found


def _joined(time: Times) -> Mask:
    """(N - 1,) whether there is no gap between a reading and the next."""
    step = np.diff(time).astype(np.int64)
    joined: Mask = step <= _CONTINUES * np.median(step)
    return joined


def _ahead(time: Times, latest: np.datetime64) -> Mask:
    """Readings of the future, and those that lead up to them without a gap: they were read off the same wrong clock."""
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
    """Values far from the sea's usual level that come to it when they are read as centimetres or millimetres."""
    variable = VARIABLES["water_level"]
    known = level[np.isfinite(level) & (level >= variable.low) & (level <= variable.high)]
    if not known.size:
        return np.zeros(level.shape, dtype=bool)
    usual = float(np.median(known))
    spread = max(_LEAST_SPREAD, 3.0 * robust_deviation(known - usual))
    with np.errstate(invalid="ignore"):
        near = np.any([np.abs(scale * level - usual) <= spread for scale in _SCALES], axis=0)
        wrong: Mask = np.isfinite(level) & near & (np.abs(level - usual) > 2.0 * spread)
    return wrong


def _returned(beyond_tide: Floats) -> Mask:
    """(N,) readings off the line between their neighbours, and these at one level; never the first or the last."""
    bend = np.abs(np.diff(beyond_tide, 2))  # a spike bends the line by twice its size
    limit = max(2.0 * _LEAST_JUMP, SIGMAS * robust_deviation(bend, _CALM_SHARE))
    apart = np.abs(beyond_tide[2:] - beyond_tide[:-2])
    return np.concatenate([[False], (bend > limit) & (apart < limit / 2), [False]])


def _jumped(time: Times, beyond_tide: Floats) -> bool:
    """Whether the last reading departs both from where the stream stood and from where it was going."""
    if time.size < 3 or time[-1] - time[-2] > _LONGEST_MEMORY:
        return False
    steps = (time[-1] - time[-2]) / np.median(np.diff(time))
    usual = robust_deviation(np.diff(beyond_tide[:-1], 2), _CALM_SHARE)
    limit = max(_LEAST_JUMP, _SUSPECT_SIGMAS * usual) * np.sqrt(max(1.0, float(steps)))
    stood = beyond_tide[-2]
    going = stood + (beyond_tide[-2] - beyond_tide[-3]) * steps
    return bool(abs(beyond_tide[-1] - stood) > limit and abs(beyond_tide[-1] - going) > limit)
