"""Any web service that answers with JSON: an address with the span in it, and where times and levels stand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd

from strandline.observations.arrays import Times
from strandline.observations.readers.formats.timestamps import readable_times
from strandline.observations.readers.formats.units import to_si
from strandline.watch.feeds.http import Service
from strandline.watch.feeds.windowing import before, readings_known, wall_clock
from strandline.watch.readings import Reading

TimeFormat = Literal["iso", "unix", "unix_ms"]
_FIRST = datetime(1970, 1, 1)
"""Services refuse to hear of times before their own."""


@dataclass(frozen=True)
class JsonService:
    """Levels of one gauge.

    Attributes:
        service: the web.
        url: with ``{since}`` and ``{until}``, each with a date format where it is not ISO 8601.
        time, level: paths into the answer, as ``data.*.t``: a key or a number at each step, ``*`` for every element.
        unit: of the levels.
        datum_shift: added to reach the region's datum [m].
        time_format: ISO 8601, or seconds or milliseconds since 1970.
        time_zone: of ISO times that do not say it themselves.
        missing: numbers that mean that there is none, in the service's unit.
        look_back: how late a reading may come.
        clock: the clock on the wall, naive UTC.
    """

    service: Service
    url: str
    time: str
    level: str
    unit: str
    datum_shift: float
    time_format: TimeFormat = "iso"
    time_zone: str = "UTC"
    missing: tuple[float, ...] = ()
    look_back: timedelta = timedelta(days=3)
    clock: Callable[[], datetime] = wall_clock

    @property
    def stream(self) -> str:
        """Its name."""
        return self.service.stream

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """``water_level`` [m, region datum].

        Raises:
            FeedError: no answer, one that reports an error, or other times than levels.
        """
        oldest = max(before(since, self.look_back), _FIRST)
        url = self.url.format(since=_Moment(oldest), until=_Moment(until))
        answer = self.service.json(self.service.get(url))
        times, levels = self._list(answer, self.time), self._list(answer, self.level)
        if len(times) != len(levels):
            what = f"'{self.time}' gives {len(times)} times and '{self.level}' {len(levels)} levels"
            raise self.service.refusal(what, "correct the paths")
        number = pd.to_numeric(pd.Series(levels, dtype=object), errors="coerce").to_numpy(dtype=float)
        there = np.array([level is not None and level != "" for level in levels], dtype=bool)
        kept = there & ~np.isin(number, self.missing)
        metres = to_si(number[kept], self.unit) + self.datum_shift
        time = self._times(times)[kept]
        known = ~np.isnat(time)
        return readings_known(
            self.stream, "water_level", time[known], metres[known], since, until, self.look_back, self.clock()
        )

    def _list(self, answer: object, path: str) -> list[Any]:
        try:
            return list(find(answer, path))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise self.service.refusal(f"the answer has nothing at '{path}'", "correct the path") from error

    def _times(self, times: list[Any]) -> Times:
        if self.time_format == "iso":
            return readable_times(pd.Series(times, dtype=str), self.time_zone)
        number = pd.to_numeric(pd.Series(times, dtype=object), errors="coerce").to_numpy(dtype=float)
        milliseconds = number * (1000.0 if self.time_format == "unix" else 1.0)
        return np.where(np.isnan(milliseconds), np.nan, milliseconds.round()).astype("datetime64[ms]")


class _Moment(datetime):
    """A time that writes itself as ISO 8601 in UTC where no other format is asked."""

    def __new__(cls, moment: datetime) -> "_Moment":
        return super().__new__(cls, *moment.timetuple()[:6])

    def __format__(self, form: str) -> str:
        return self.strftime(form or "%Y-%m-%dT%H:%M:%SZ")


def find(answer: Any, path: str) -> list[Any]:
    """What stands at a path: one value, or with ``*`` one for every element; ``None`` where an element lacks the key.

    Raises:
        KeyError, IndexError, TypeError, ValueError: the path leads nowhere.
    """
    found, many = [answer], False
    for step in path.split("."):
        if step == "*":
            found = [element for each in found for element in _elements(each)]
            many = True
        elif many:
            found = [each.get(step) if isinstance(each, dict) else each[int(step)] for each in found]
        else:
            found = [found[0][step] if isinstance(found[0], dict) else found[0][int(step)]]
    return found


def _elements(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} is no list")
    return value
