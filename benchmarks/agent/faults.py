"""Faults of streams, for tests and benchmarks: each turns a recording into one with that fault over a window.

All are pure, draw no random number, and leave what was measured outside the window as it was. A window holds the
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
"""What loggers write where they have nothing to say."""


def dead(replay: Replay, window: Window) -> Replay:
    """No reading."""
    kept = ~_inside(replay, window)
    readings = [reading for reading, keeps in zip(replay.readings, kept.tolist(), strict=True) if keeps]
    return Replay(replay.stream, tuple(readings), replay.available[kept])


def frozen(replay: Replay, window: Window) -> Replay:
    """The window's first value, over and over."""
    inside = _inside(replay, window)
    if not inside.any():
        return replay
    first = min((replay.readings[i] for i in np.flatnonzero(inside)), key=lambda reading: reading.time)
    return _changed(replay, inside, lambda reading, _: replace(reading, value=first.value))


def spiking(replay: Replay, window: Window, size: float = 1.5, every: int = 7) -> Replay:
    """One reading in ``every`` stands off by ``size`` [m], up and down in turn."""

    def spike(reading: Reading, count: int) -> Reading:
        sign = 1.0 if count // every % 2 == 0 else -1.0
        return replace(reading, value=reading.value + sign * size) if count % every == 0 else reading

    return _changed(replay, _inside(replay, window), spike)


def drifting(replay: Replay, window: Window, metres_per_day: float = 0.1) -> Replay:
    """A sensor that slowly departs from the truth, and is mended at the window's end."""

    def drift(reading: Reading, _: int) -> Reading:
        days = (reading.time - window[0]) / timedelta(days=1)
        return replace(reading, value=reading.value + metres_per_day * days)

    return _changed(replay, _inside(replay, window), drift)


def datum_jump(replay: Replay, window: Window, jump: float = 1.0) -> Replay:
    """Everything stands ``jump`` [m] too high."""
    return _changed(replay, _inside(replay, window), lambda reading, _: replace(reading, value=reading.value + jump))


def in_centimetres(replay: Replay, window: Window) -> Replay:
    """The logger writes centimetres where metres are expected."""
    return _changed(replay, _inside(replay, window), lambda reading, _: replace(reading, value=100.0 * reading.value))


def garbage(replay: Replay, window: Window) -> Replay:
    """No numbers, infinities and markers in turn."""
    return _changed(
        replay,
        _inside(replay, window),
        lambda reading, count: replace(reading, value=_GARBAGE[count % len(_GARBAGE)]),
    )


def late(replay: Replay, window: Window, delay: timedelta = timedelta(days=1)) -> Replay:
    """Everything arrives, ``delay`` later than it did."""
    available = replay.available + np.where(_inside(replay, window), np.timedelta64(delay), np.timedelta64(0))
    return Replay.in_order(replay.stream, replay.readings, available)


def repeated(replay: Replay, window: Window, again_after: timedelta = timedelta(hours=1)) -> Replay:
    """Everything arrives twice."""
    inside = _inside(replay, window)
    twice = [replay.readings[i] for i in np.flatnonzero(inside)]
    available = np.concatenate([replay.available, replay.available[inside] + np.timedelta64(again_after)])
    return Replay.in_order(replay.stream, [*replay.readings, *twice], available)


def shuffled(replay: Replay, window: Window, block: timedelta = timedelta(hours=6)) -> Replay:
    """Readings come in parcels of ``block``, the newest of a parcel first; none sooner than it did."""
    inside = np.flatnonzero(_inside(replay, window))
    if not inside.size:
        return replay
    parcel = (replay.available[inside] - replay.available[inside[0]]) // np.timedelta64(block)  # ascending
    last_of_parcel = np.searchsorted(parcel, parcel, side="right") - 1
    available = replay.available.copy()
    available[inside] = replay.available[inside][last_of_parcel]
    order = np.arange(available.size)
    order[inside] = inside[np.lexsort((-inside, parcel))]
    return Replay.in_order(replay.stream, [replay.readings[i] for i in order], available)


def clock_skew(replay: Replay, window: Window, ahead: timedelta = timedelta(hours=3)) -> Replay:
    """The logger's clock runs ahead (below 0: behind); readings arrive when they did, under another time."""
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
"""By name, at their usual size."""


@dataclass(frozen=True)
class Failing:
    """A feed that refuses to answer while it is asked in the window."""

    feed: Feed
    window: Window

    @property
    def stream(self) -> str:
        """Its name."""
        return self.feed.stream

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """As the feed does, outside the window.

        Raises:
            FeedError: within it.
        """
        if self.window[0] <= until < self.window[1]:
            raise FeedError(f"stream '{self.stream}': does not answer; wait for the end of this exercise")
        return self.feed.read(since, until)


def _inside(replay: Replay, window: Window) -> Mask:
    """(N,) whose time lies in the window."""
    time = np.array([reading.time for reading in replay.readings], dtype="datetime64[us]")
    start, end = (np.datetime64(moment) for moment in window)
    inside: Mask = (time >= start) & (time < end)
    return inside


def _changed(replay: Replay, inside: Mask, change: Callable[[Reading, int], Reading]) -> Replay:
    """The readings inside changed, each with its count from 0; all available when they were."""
    readings = list(replay.readings)
    for count, position in enumerate(np.flatnonzero(inside).tolist()):
        readings[position] = change(readings[position], count)
    return Replay(replay.stream, tuple(readings), replay.available)
