"""ERDDAP: tables of many institutes behind one protocol, the UHSLC's real-time tide gauges among them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

import numpy as np
import pandas as pd

from strandline.errors import InputError
from strandline.observations.readers.formats.timestamps import readable_times
from strandline.observations.readers.formats.units import parse_unit_attribute, to_si
from strandline.watch.feeds.http import Service
from strandline.watch.feeds.windowing import before, readings_known, wall_clock
from strandline.watch.readings import Reading


@dataclass(frozen=True)
class Erddap:
    """One column of a ``tabledap`` data set, as ``sea_level`` of the UHSLC's ``global_hourly_fast`` [mm].

    Source: https://coastwatch.pfeg.noaa.gov/erddap/tabledap/documentation.html (``url.json?columns&constraints``; times
    as ISO 8601, an empty result as status 404; ``{"table": {"columnNames", "columnUnits", "rows"}}``, missing = null).

    Attributes:
        service: the web.
        url: of the data set, without the file type.
        level: the column.
        datum_shift: added to reach the region's datum [m].
        constraints: column → value that rows must have, as ``uhslc_id`` → 124.
        time: the column of times.
        unit: where the answer does not tell it.
        look_back: how late a reading may come.
        clock: the clock on the wall, naive UTC.
    """

    service: Service
    url: str
    level: str
    datum_shift: float
    constraints: Mapping[str, int | float | str] = field(default_factory=dict)
    time: str = "time"
    unit: str | None = None
    look_back: timedelta = timedelta(days=3)
    clock: Callable[[], datetime] = wall_clock

    @property
    def stream(self) -> str:
        """Its name."""
        return self.service.stream

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """``water_level`` [m, region datum].

        Raises:
            FeedError: no answer, one that reports an error, or a unit that nobody knows.
        """
        response = self.service.get(self._question(before(since, self.look_back), until))
        if response.status_code == 404 and "no matching results" in response.text:
            return []
        table = self.service.json(response)
        try:
            columns = table["table"]["columnNames"]
            time_column, level_column = columns.index(self.time), columns.index(self.level)
            said = table["table"].get("columnUnits", [None] * len(columns))[level_column]
            rows = [row for row in table["table"]["rows"] if row[level_column] is not None]
            times = [str(row[time_column]) for row in rows]
            levels = [row[level_column] for row in rows]
        except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
            what = f"the answer has no table with '{self.time}' and '{self.level}'"
            raise self.service.refusal(what, "check the data set's columns") from error
        try:
            unit = parse_unit_attribute(self.unit or said, "m", f"column '{self.level}'")
        except InputError as error:
            raise self.service.refusal(str(error), "or state 'unit' in the region file") from error
        time = readable_times(pd.Series(times, dtype=str), "UTC")
        numbers = pd.to_numeric(pd.Series(levels, dtype=object), errors="coerce")
        level = to_si(np.asarray(numbers, dtype=float), unit) + self.datum_shift
        return readings_known(self.stream, "water_level", time, level, since, until, self.look_back, self.clock())

    def _question(self, since: datetime, until: datetime) -> str:
        bounds = [f"{self.time}>={since.isoformat()}Z", f"{self.time}<={until.isoformat()}Z"]
        chosen = [
            f'{column}="{value}"' if isinstance(value, str) else f"{column}={value}"
            for column, value in self.constraints.items()
        ]
        constraints = "".join("&" + quote(each, safe="=") for each in [*chosen, *bounds])
        return f"{self.url}.json?{self.time},{self.level}{constraints}"
