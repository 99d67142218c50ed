"""NOAA CO-OPS, the tide gauges of the United States."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from strandline.observations.readers.formats.timestamps import readable_times
from strandline.watch.feeds.http import Service
from strandline.watch.feeds.windowing import before, readings_known, wall_clock
from strandline.watch.readings import Reading

_URL = "https://api.tidesandcurrents.noaa.gov/api/prod/datagetter"
_MOST = timedelta(days=30)
"""One question may span a month of six-minute readings, and four days of one-minute ones."""
_MOST_MINUTES = timedelta(days=4)


@dataclass(frozen=True)
class Coops:
    """Water levels of one station.

    Source: CO-OPS API for data retrieval, https://api.tidesandcurrents.noaa.gov/api/prod/ (parameters, units, time
    zones, spans); its answer is ``{"data": [{"t": "2022-11-22 08:00", "v": "1.234", …}]}``, or
    ``{"error": {"message": …}}``.

    Attributes:
        service: the web.
        station: seven digits.
        datum: that levels are asked above, as ``MSL``.
        datum_shift: added to reach the region's [m].
        product: which levels.
        look_back: how late a reading may come.
        clock: the clock on the wall, naive UTC.
    """

    service: Service
    station: str
    datum: str
    datum_shift: float
    product: str = "water_level"
    look_back: timedelta = timedelta(days=3)
    clock: Callable[[], datetime] = wall_clock

    @property
    def stream(self) -> str:
        """Its name."""
        return self.service.stream

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """``water_level`` [m, region datum], no older than one question may span.

        Raises:
            FeedError: no answer, or one that reports an error.
        """
        most = _MOST_MINUTES if self.product == "one_minute_water_level" else _MOST
        oldest = max(before(since, self.look_back), before(until, most))
        asked = {
            "product": self.product,
            "station": self.station,
            "datum": self.datum,
            "units": "metric",
            "time_zone": "gmt",
            "format": "json",
            "application": "strandline",
            "begin_date": f"{oldest:%Y%m%d %H:%M}",
            "end_date": f"{until:%Y%m%d %H:%M}",
        }
        response = self.service.get(_URL, asked)
        rows = _rows(self.service, self.service.json(response, even=400))
        time = readable_times(pd.Series([row["t"] for row in rows], dtype=str), "UTC")
        level = pd.to_numeric(pd.Series([row["v"] for row in rows], dtype=str), errors="coerce").to_numpy(dtype=float)
        level = level + self.datum_shift
        return readings_known(self.stream, "water_level", time, level, since, until, self.look_back, self.clock())


def _rows(service: Service, answer: object) -> list[dict[str, str]]:
    """The rows that hold a level; none where the service has none for the span."""
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        message = str(answer["error"].get("message", "")).strip()
        if "no data was found" in message.lower():
            return []
        raise service.refusal(f"CO-OPS refuses: {message}", "check station, datum and product")
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and {"t", "v"} <= row.keys() for row in rows):
        raise service.refusal("CO-OPS answers without 'data' of 't' and 'v'", "has the service changed?")
    return [row for row in rows if row["v"] not in ("", None)]
