"""NOAA CO-OPS, the tide gauges of the United States."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from strandline.observations.fetch.transfer.http import Service
from strandline.observations.region_file.watch.feed_sections import CoopsStreamSection
from strandline.watch.feeds.services.levels import Levels, Query, parse_columns
from strandline.watch.feeds.windowing import before

_URL = "https://api.tidesandcurrents.noaa.gov/api/prod/datagetter"
_LONGEST, _LONGEST_OF_MINUTES = timedelta(days=30), timedelta(days=4)
"""Longest span of one query, for six-minute and for one-minute readings."""


@dataclass(frozen=True)
class Coops:
    """Water levels of one station.

    Source: CO-OPS API for data retrieval, https://api.tidesandcurrents.noaa.gov/api/prod/ (parameters, units, time
    zones, spans); its answer is ``{"data": [{"t": "2022-11-22 08:00", "v": "1.234", …}]}``, or
    ``{"error": {"message": …}}``.
    """

    section: CoopsStreamSection

    def query(self, oldest: datetime, until: datetime) -> Query:
        """See ``LevelAdapter``; no longer than the service allows."""
        longest = _LONGEST_OF_MINUTES if self.section.product == "one_minute_water_level" else _LONGEST
        oldest = max(oldest, before(until, longest))
        return _URL, {
            "product": self.section.product,
            "station": self.section.station,
            "datum": self.section.datum,
            "units": "metric",
            "time_zone": "gmt",
            "format": "json",
            "application": "strandline",
            "begin_date": f"{oldest:%Y%m%d %H:%M}",
            "end_date": f"{until:%Y%m%d %H:%M}",
        }

    def parse(self, service: Service, response: httpx.Response) -> Levels:
        """See ``LevelAdapter``; an answer that reports that there is no data has no levels."""
        answer = service.json(response, also_accept=400)
        if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
            message = str(answer["error"].get("message", "")).strip()
            if "no data was found" in message.lower():
                return parse_columns([], [])
            raise service.refusal(f"CO-OPS refuses: {message}", "check station, datum and product")
        rows = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) and {"t", "v"} <= row.keys() for row in rows):
            raise service.refusal("CO-OPS answers without 'data' of 't' and 'v'", "has the service changed?")
        rows = [row for row in rows if row["v"] not in ("", None)]
        return parse_columns((row["t"] for row in rows), (row["v"] for row in rows))
