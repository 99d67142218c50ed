"""Water levels from a web service: one poll, with the query and the parser of an adapter."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import httpx
import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats, Times
from strandline.observations.fetch.transfer.http import Service
from strandline.observations.readers.formats.timestamps import readable_times
from strandline.observations.region_file.watch import feed_sections as sections
from strandline.watch.clock import utc_now
from strandline.watch.feeds.windowing import available_readings, before
from strandline.watch.readings import Reading

LevelSection = (
    sections.CoopsStreamSection | sections.IocStreamSection | sections.ErddapStreamSection | sections.JsonStreamSection
)
Query = tuple[str, Mapping[str, str] | None]
"""URL and its parameters; ``None`` = they are in the URL."""
Levels = tuple[Times, Floats]
"""(N,) UTC, in any order, and (N,) water level [m, the service's datum]; NaN = no number."""


class LevelAdapter(Protocol):
    """What one kind of service needs: its query and the parser of its answer."""

    @property
    def section(self) -> LevelSection:
        """Of the region file; its ``datum_shift`` (offset_to_region_datum) leads to the region's datum [m]."""

    def query(self, oldest: datetime, until: datetime) -> Query:
        """The query for the levels between two times (naive UTC)."""

    def parse(self, service: Service, response: httpx.Response) -> Levels:
        """The levels in an answer.

        Raises:
            FeedError: it reports an error, or it cannot be parsed.
        """


@dataclass(frozen=True)
class LevelFeed:
    """The feed of one gauge behind a web service.

    Attributes:
        longest_delay: largest delay with which a reading is still accepted.
        clock: present time, naive UTC.
    """

    service: Service
    adapter: LevelAdapter
    longest_delay: timedelta = timedelta(days=3)
    clock: Callable[[], datetime] = utc_now

    @property
    def stream(self) -> str:
        """Name in the region file."""
        return self.service.name

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """``water_level`` [m, region datum], see ``available_readings``.

        Raises:
            FeedError: no answer, or one that reports an error or cannot be parsed.
        """
        url, parameters = self.adapter.query(before(since, self.longest_delay), until)
        time, level = self.adapter.parse(self.service, self.service.get(url, parameters))
        level = level + self.adapter.section.datum_shift
        return available_readings(
            self.stream, "water_level", time, level, since, until, self.longest_delay, self.clock()
        )


def parse_columns(times: Iterable[object], levels: Iterable[object]) -> Levels:
    """Times in UTC as text, and levels as numbers or text; what cannot be read becomes NaT and NaN."""
    return readable_times(pd.Series(list(times), dtype=str), "UTC"), parse_numbers(levels)


def parse_numbers(values: Iterable[object]) -> Floats:
    """(N,) numbers, or text that holds one; anything else becomes NaN."""
    numbers = pd.to_numeric(pd.Series(list(values), dtype=object), errors="coerce")
    return np.asarray(numbers, dtype=float)
