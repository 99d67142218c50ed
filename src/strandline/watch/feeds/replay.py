"""A recorded stream, revealed as it became known: what tests, benchmarks and ``--replay`` read instead of the world."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats, Times
from strandline.watch.readings import Reading


@dataclass(frozen=True, eq=False)
class Replay:
    """A feed whose readings are all there from the start, and kept back until they were known.

    Attributes:
        stream: its name.
        readings: in the order in which they became known.
        known: (N,) when each of them did, UTC, ascending; a reading may have been known long after others that are
            newer (it came late), or under a time that lies ahead of this (its clock ran ahead).
    """

    stream: str
    readings: tuple[Reading, ...]
    known: Times

    @classmethod
    def revealing(cls, stream: str, readings: Sequence[Reading], known: Times) -> "Replay":
        """Readings in any order, (N,) each with the moment at which it became known."""
        moments = np.asarray(known, dtype="datetime64[us]")
        order = np.argsort(moments, kind="stable")
        return cls(stream, tuple(readings[position] for position in order.tolist()), moments[order])

    @classmethod
    def of(cls, stream: str, readings: Sequence[Reading], delay: timedelta) -> "Replay":
        """Readings in any order, each known ``delay`` after it was issued."""
        own = [reading if reading.stream == stream else replace(reading, stream=stream) for reading in readings]
        known: Times = np.array([reading.issued + delay for reading in own], dtype="datetime64[us]")
        return cls.revealing(stream, own, known)

    @classmethod
    def of_gauge(cls, stream: str, time: Times, level: Floats, delay: timedelta) -> "Replay":
        """A gauge's record, (T,) UTC and (T,) ``water_level`` [m, region datum]; NaN = no reading."""
        seen = np.flatnonzero(~np.isnan(level))
        moments: Times = np.asarray(time, dtype="datetime64[us]")[seen]
        readings = [
            Reading(stream, "water_level", moment, moment, value)
            for moment, value in zip(moments.tolist(), np.asarray(level, dtype=float)[seen].tolist(), strict=True)
        ]
        known: Times = moments + np.timedelta64(delay)
        return cls.revealing(stream, readings, known)

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """What became known after ``since`` and not after ``until``, the first known first; costs two binary searches.

        Among readings that became known at one moment the recorded order stands.
        """
        first, last = np.searchsorted(self.known, np.array([since, until], dtype="datetime64[us]"), side="right")
        return list(self.readings[first:last])


def replay_tide_gauges(tide_gauge: xr.Dataset, delay: timedelta) -> list[Replay]:
    """One stream a station of the ``tide_gauge`` modality, by the station's name; flagged hours are not left out."""
    levels = tide_gauge["water_level"].transpose("station", "time").values
    names = [str(name) for name in tide_gauge["station"].values]
    time = tide_gauge["time"].values
    return [Replay.of_gauge(name, time, level, delay) for name, level in zip(names, levels, strict=True)]
