"""Sensor and feed faults for tests and benchmarks: each adds one fault to a recording, within a time window.

All are pure functions, draw no random number and leave readings outside the window unchanged. A window holds the
readings whose ``time`` lies in ``[start, end)``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from strandline.errors import FeedError
from strandline.observations.arrays import Mask
from strandline.watch.feeds.replay import Replay
from strandline.watch.readings import Feed, Reading

Window = tuple[datetime, datetime]
Fault = Callable[[Replay, Window], Replay]

_GARBAGE = (float("nan"), float("inf"), -32767.0, 9999.0)
"""Values that loggers write in place of a missing reading."""


def dead(replay: Replay, window: Window) -> Replay:
    """Drop all readings."""
    kept = ~_inside(replay, window)
    readings = [reading for reading, keeps in zip(replay.readings, kept.tolist(), strict=True) if keeps]
    return Replay(replay.stream, tuple(readings), replay.available[kept])


def frozen(replay: Replay, window: Window) -> Replay:
    """Repeat the first value of the window."""
    inside = _inside(replay, window)
    if not inside.any():
        return replay
    first = min((replay.readings[i] for i in np.flatnonzero(inside)), key=lambda reading: reading.time)
    return _changed(replay, inside, lambda reading, _: replace(reading, value=first.value))


def spiking(replay: Replay, window: Window, size: float = 1.5, every: int = 7) -> Replay:
    """Shift one reading in ``every`` by ``size`` [m], up and down in turn."""

    def spike(reading: Reading, count: int) -> Reading:
        sign = 1.0 if count // every % 2 == 0 else -1.0
        return replace(reading, value=reading.value + sign * size) if count % every == 0 else reading

    return _changed(replay, _inside(replay, window), spike)


def drifting(replay: Replay, window: Window, metres_per_day: float = 0.1) -> Replay:
    """Add a linear drift that starts at 0 and ends with the window."""

    def drift(reading: Reading, _: int) -> Reading:
        days = (reading.time - window[0]) / timedelta(days=1)
        return replace(reading, value=reading.value + metres_per_day * days)

    return _changed(replay, _inside(replay, window), drift)


def datum_jump(replay: Replay, window: Window, jump: float = 1.0) -> Replay:
    """Raise all readings by ``jump`` [m]."""
    return _changed(replay, _inside(replay, window), lambda reading, _: replace(reading, value=reading.value + jump))


def in_centimetres(replay: Replay, window: Window) -> Replay:
    """Write centimetres instead of metres."""
    return _changed(replay, _inside(replay, window), lambda reading, _: replace(reading, value=100.0 * reading.value))


def garbage(replay: Replay, window: Window) -> Replay:
    """Replace values by NaN, infinity and missing-value markers in turn."""
    return _changed(
        replay,
        _inside(replay, window),
        lambda reading, count: replace(reading, value=_GARBAGE[count % len(_GARBAGE)]),
    )


def late(replay: Replay, window: Window, delay: timedelta = timedelta(days=1)) -> Replay:
    """Deliver all readings ``delay`` later."""
    available = replay.available + np.where(_inside(replay, window), np.timedelta64(delay), np.timedelta64(0))
    return Replay.in_order(replay.stream, replay.readings, available)


def repeated(replay: Replay, window: Window, again_after: timedelta = timedelta(hours=1)) -> Replay:
    """Deliver all readings twice, the second time ``again_after`` later."""
    inside = _inside(replay, window)
    twice = [replay.readings[i] for i in np.flatnonzero(inside)]
    available = np.concatenate([replay.available, replay.available[inside] + np.timedelta64(again_after)])
    return Replay.in_order(replay.stream, [*replay.readings, *twice], available)


def shuffled(replay: Replay, window: Window, block: timedelta = timedelta(hours=6)) -> Replay:
    """Deliver readings in blocks of length ``block``, the newest of a block first; none earlier than before."""
    inside = np.flatnonzero(_inside(replay, window))
    if not inside.size:
        return replay
    block_index = (replay.available[inside] - replay.available[inside[0]]) // np.timedelta64(block)  # ascending
    last_of_block = np.searchsorted(block_index, block_index, side="right") - 1
    available = replay.available.copy()
    available[inside] = replay.available[inside][last_of_block]
    order = np.arange(available.size)
    order[inside] = inside[np.lexsort((-inside, block_index))]
    return Replay.in_order(replay.stream, [replay.readings[i] for i in order], available)


def clock_skew(replay: Replay, window: Window, ahead: timedelta = timedelta(hours=3)) -> Replay:
    """Shift the times of readings by ``ahead`` (negative: behind); they arrive when they did before."""
    return _changed(
        replay,
        _inside(replay, window),
        lambda reading, _: replace(reading, time=reading.time + ahead, issued=reading.issued + ahead),
    )


FAULTS: dict[str, Fault] = {
    "dead": dead,
    "frozen": frozen,
    "spiking": spiking,
    "drifting": drifting,
    "datum_jump": datum_jump,
    "in_centimetres": in_centimetres,
    "garbage": garbage,
    "late": late,
    "repeated": repeated,
    "shuffled": shuffled,
    "clock_skew": clock_skew,
}
"""By name, with default parameters."""


@dataclass(frozen=True)
class FailingFeed:
    """A feed that raises when it is read within the window."""

    feed: Feed
    window: Window

    @property
    def stream(self) -> str:
        """Name of the stream."""
        return self.feed.stream

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """Read the feed, outside the window.

        Raises:
            FeedError: within it.
        """
        if self.window[0] <= until < self.window[1]:
            raise FeedError(f"stream '{self.stream}': does not respond; wait for the end of the outage")
        return self.feed.read(since, until)


def _inside(replay: Replay, window: Window) -> Mask:
    """(N,) readings whose time lies in the window."""
    time = np.array([reading.time for reading in replay.readings], dtype="datetime64[us]")
    start, end = (np.datetime64(moment) for moment in window)
    inside: Mask = (time >= start) & (time < end)
    return inside


def _changed(replay: Replay, inside: Mask, change: Callable[[Reading, int], Reading]) -> Replay:
    """Apply ``change`` to the readings inside, each with its count from 0; arrival times stay."""
    readings = list(replay.readings)
    for count, position in enumerate(np.flatnonzero(inside).tolist()):
        readings[position] = change(readings[position], count)
    return Replay(replay.stream, tuple(readings), replay.available)
