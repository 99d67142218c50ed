"""Any web service that answers with JSON: a URL template, and paths to the times and levels in the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import numpy as np
import pandas as pd

from strandline.observations.arrays import Times
from strandline.observations.fetch.transfer.http import Service
from strandline.observations.readers.formats.timestamps import readable_times
from strandline.observations.readers.formats.units import to_si
from strandline.observations.region_file.watch.feed_sections import JsonStreamSection
from strandline.watch.feeds.services.levels import Levels, Query, parse_numbers

_FIRST = datetime(1970, 1, 1)
"""Services refuse earlier times."""
_LAST_MILLISECOND = 253_402_300_800_000.0
"""Of the year 9999, since 1970."""


@dataclass(frozen=True)
class JsonService:
    """Levels of one gauge.

    The URL contains ``{since}`` and ``{until}``; a path is, as ``data.*.t``, a key or an index at each step, ``*`` for
    every element.
    """

    section: JsonStreamSection

    def query(self, oldest: datetime, until: datetime) -> Query:
        """See ``LevelAdapter``."""
        return self.section.url.format(since=_Moment(max(oldest, _FIRST)), until=_Moment(until)), None

    def parse(self, service: Service, response: httpx.Response) -> Levels:
        """See ``LevelAdapter``.

        Raises:
            FeedError: also if there are more or fewer times than levels.
        """
        answer, section = service.json(response), self.section
        times, levels = (_values_at(service, answer, path) for path in (section.time, section.level))
        if len(times) != len(levels):
            what = f"'{section.time}' gives {len(times)} times and '{section.level}' {len(levels)} levels"
            raise service.refusal(what, "correct the paths")
        number = parse_numbers(levels)
        present = np.array([level is not None and level != "" for level in levels], dtype=bool)
        kept = present & ~np.isin(number, section.missing)
        return self._times(times)[kept], to_si(number[kept], section.unit)

    def _times(self, times: Sequence[Any]) -> Times:
        if self.section.time_format == "iso":
            return readable_times(pd.Series(times, dtype=str), self.section.time_zone)
        number, scale = parse_numbers(times), 1000.0 if self.section.time_format == "unix" else 1.0
        possible = np.abs(number) < _LAST_MILLISECOND / scale  # NaN and infinity are not
        return (np.where(possible, number, np.nan) * scale).round().astype("datetime64[ms]")


class _Moment(datetime):
    """A time that is formatted as ISO 8601 in UTC unless another format is given."""

    def __new__(cls, moment: datetime) -> "_Moment":
        return super().__new__(cls, *moment.timetuple()[:6])

    def __format__(self, form: str) -> str:
        return self.strftime(form or "%Y-%m-%dT%H:%M:%SZ")


def find(answer: Any, path: str) -> list[Any]:
    """The values at a path: one, or with ``*`` one for every element; ``None`` where an element lacks the key.

    Raises:
        KeyError, IndexError, TypeError, ValueError: the path does not exist.
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


def _values_at(service: Service, answer: object, path: str) -> list[Any]:
    try:
        return find(answer, path)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise service.refusal(f"the answer has nothing at '{path}'", "correct the path") from error
