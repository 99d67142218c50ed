"""A recorded stream, replayed in the order in which its readings became available."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats, Times
from strandline.watch.readings import Reading


@dataclass(frozen=True, eq=False)
class Replay:
    """A feed of recorded readings, each withheld until it was available.

    Attributes:
        readings: in the order in which they became available.
        available: (N,) when each did, UTC, ascending; a reading may become available long after newer ones (delivered
            late), or before its own time (the stream's clock is ahead).
    """

    stream: str
    readings: tuple[Reading, ...]
    available: Times

    @classmethod
    def in_order(cls, stream: str, readings: Sequence[Reading], available: Times) -> "Replay":
        """Readings in any order, and (N,) when each became available."""
        moments = np.asarray(available, dtype="datetime64[us]")
        order = np.argsort(moments, kind="stable")
        return cls(stream, tuple(readings[position] for position in order.tolist()), moments[order])

    @classmethod
    def of(cls, stream: str, readings: Sequence[Reading], delay: timedelta) -> "Replay":
        """Readings in any order, each available ``delay`` after its issue."""
        own = [reading if reading.stream == stream else replace(reading, stream=stream) for reading in readings]
        available: Times = np.array([reading.issued + delay for reading in own], dtype="datetime64[us]")
        return cls.in_order(stream, own, available)

    @classmethod
    def of_gauge(cls, stream: str, time: Times, level: Floats, delay: timedelta) -> "Replay":
        """A gauge's record, (T,) UTC and (T,) ``water_level`` [m, region datum]; NaN = no reading."""
        finite = np.flatnonzero(~np.isnan(level))
        moments: Times = np.asarray(time, dtype="datetime64[us]")[finite]
        readings = [
            Reading(stream, "water_level", moment, moment, value)
            for moment, value in zip(moments.tolist(), np.asarray(level, dtype=float)[finite].tolist(), strict=True)
        ]
        available: Times = moments + np.timedelta64(delay)
        return cls.in_order(stream, readings, available)

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """Readings that became available after ``since`` and not after ``until``, in that order.

        Readings that became available together keep the recorded order.
        """
        first, last = np.searchsorted(self.available, np.array([since, until], dtype="datetime64[us]"), side="right")
        return list(self.readings[first:last])


def replay_tide_gauges(tide_gauge: xr.Dataset, delay: timedelta) -> list[Replay]:
    """One stream for each station of the ``tide_gauge`` modality, with its name; flagged hours are included."""
    levels = tide_gauge["water_level"].transpose("station", "time").values
    names = [str(name) for name in tide_gauge["station"].values]
    time = tide_gauge["time"].values
    return [Replay.of_gauge(name, time, level, delay) for name, level in zip(names, levels, strict=True)]
