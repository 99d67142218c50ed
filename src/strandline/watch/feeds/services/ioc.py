"""IOC Sea Level Station Monitoring Facility: real-time tide gauges of the world."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from strandline.observations.fetch.transfer.http import Service
from strandline.observations.region_file.watch.feed_sections import IocStreamSection
from strandline.watch.feeds.services.levels import Levels, Query, parse_columns
from strandline.watch.feeds.windowing import before

_URL = "https://www.ioc-sealevelmonitoring.org/service.php"
_LONGEST = timedelta(days=7)
"""Longest span of one query: the service allows 30 days, but gives every sensor of the station each minute."""


@dataclass(frozen=True)
class Ioc:
    """Levels of one station's sensor above a zero of its own, which nobody maintains: the datum may jump.

    Source: https://www.ioc-sealevelmonitoring.org/service.php?query=help; its answer is
    ``[{"slevel": 1.046, "stime": "2022-11-22 08:00:00", "sensor": "rad"}, …]`` in metres and UTC.
    """

    section: IocStreamSection

    def query(self, oldest: datetime, until: datetime) -> Query:
        """See ``LevelAdapter``; no longer than the service allows."""
        oldest = max(oldest, before(until, _LONGEST))
        return _URL, {
            "query": "data",
            "code": self.section.code,
            "timestart": f"{oldest:%Y-%m-%dT%H:%M:%S}",
            "timestop": f"{until:%Y-%m-%dT%H:%M:%S}",
            "format": "json",
        }

    def parse(self, service: Service, response: httpx.Response) -> Levels:
        """See ``LevelAdapter``.

        Raises:
            FeedError: also if the station has several sensors and the region file names none.
        """
        rows, code = service.json(response), self.section.code
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and {"slevel", "stime", "sensor"} <= row.keys() for row in rows
        ):
            raise service.refusal(f"IOC answers {str(rows)[:80]} for '{code}'", "check the station's code")
        sensors = sorted({str(row["sensor"]).strip() for row in rows})
        if self.section.sensor is None and len(sensors) > 1:
            raise service.refusal(f"station '{code}' has sensors {', '.join(sensors)}", "name one as 'sensor'")
        rows = [
            row
            for row in rows
            if self.section.sensor in (None, str(row["sensor"]).strip()) and row["slevel"] is not None
        ]
        return parse_columns((row["stime"] for row in rows), (row["slevel"] for row in rows))
