"""ERDDAP: tables of many institutes behind one protocol, among them the UHSLC's real-time tide gauges."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import httpx

from strandline.errors import InputError
from strandline.observations.fetch.transfer.http import Service
from strandline.observations.readers.formats.units import parse_unit_attribute, to_si
from strandline.observations.region_file.watch.feed_sections import ErddapStreamSection
from strandline.watch.feeds.services.levels import Levels, Query, parse_columns


@dataclass(frozen=True)
class Erddap:
    """One column of a ``tabledap`` data set, as ``sea_level`` of the UHSLC's ``global_hourly_fast`` [mm].

    Source: https://coastwatch.pfeg.noaa.gov/erddap/tabledap/documentation.html (``url.json?columns&constraints``; times
    as ISO 8601, an empty result as status 404; ``{"table": {"columnNames", "columnUnits", "rows"}}``, missing = null).
    """

    section: ErddapStreamSection

    def query(self, oldest: datetime, until: datetime) -> Query:
        """See ``LevelAdapter``."""
        time = self.section.time
        bounds = [f"{time}>={oldest.isoformat()}Z", f"{time}<={until.isoformat()}Z"]
        chosen = [
            f'{column}="{value}"' if isinstance(value, str) else f"{column}={value}"
            for column, value in self.section.constraints.items()
        ]
        constraints = "".join("&" + quote(each, safe="=") for each in [*chosen, *bounds])
        return f"{self.section.url}.json?{time},{self.section.level}{constraints}", None

    def parse(self, service: Service, response: httpx.Response) -> Levels:
        """See ``LevelAdapter``; an answer without rows has no levels.

        Raises:
            FeedError: also if the unit is unknown.
        """
        if response.status_code == 404 and "no matching results" in response.text:
            return parse_columns([], [])
        table = service.json(response)
        try:
            columns = table["table"]["columnNames"]
            time, level = columns.index(self.section.time), columns.index(self.section.level)
            stated = table["table"].get("columnUnits", [None] * len(columns))[level]
            rows = [(str(row[time]), row[level]) for row in table["table"]["rows"] if row[level] is not None]
        except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
            what = f"the answer has no table with '{self.section.time}' and '{self.section.level}'"
            raise service.refusal(what, "check the data set's columns") from error
        try:
            unit = parse_unit_attribute(self.section.unit or stated, "m", f"column '{self.section.level}'")
        except InputError as error:
            raise service.refusal(str(error), "or state 'unit' in the region file") from error
        times, numbers = parse_columns((row[0] for row in rows), (row[1] for row in rows))
        return times, to_si(numbers, unit)
