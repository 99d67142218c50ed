"""IOC Sea Level Station Monitoring Facility: real-time tide gauges of the world."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from strandline.observations.readers.formats.timestamps import readable_times
from strandline.watch.feeds.http import Service
from strandline.watch.feeds.windowing import before, readings_known, wall_clock
from strandline.watch.readings import Reading

_URL = "https://www.ioc-sealevelmonitoring.org/service.php"
_MOST = timedelta(days=30)
"""The service answers for about a month at once."""


@dataclass(frozen=True)
class Ioc:
    """Levels of one station's sensor above a zero of its own, which nobody keeps: the datum may jump.

    Source: https://www.ioc-sealevelmonitoring.org/service.php?query=help; its answer is
    ``[{"slevel": 1.046, "stime": "2022-11-22 08:00:00", "sensor": "rad"}, …]`` in metres and UTC.

    Attributes:
        service: the web.
        code: the station's.
        datum_shift: added to reach the region's datum [m].
        sensor: which, where the station has several.
        look_back: how late a reading may come.
        clock: the clock on the wall, naive UTC.
    """

    service: Service
    code: str
    datum_shift: float
    sensor: str | None = None
    look_back: timedelta = timedelta(days=3)
    clock: Callable[[], datetime] = wall_clock

    @property
    def stream(self) -> str:
        """Its name."""
        return self.service.stream

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """``water_level`` [m, region datum], no older than one question may span.

        Raises:
            FeedError: no answer, one that makes no sense, or several sensors and none is named.
        """
        oldest = max(before(since, self.look_back), before(until, _MOST))
        asked = {
            "query": "data",
            "code": self.code,
            "timestart": f"{oldest:%Y-%m-%dT%H:%M:%S}",
            "timestop": f"{until:%Y-%m-%dT%H:%M:%S}",
            "format": "json",
        }
        rows = self.service.json(self.service.get(_URL, asked))
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and {"slevel", "stime", "sensor"} <= row.keys() for row in rows
        ):
            raise self.service.refusal(f"IOC answers {str(rows)[:80]} for '{self.code}'", "check the station's code")
        sensors = sorted({str(row["sensor"]).strip() for row in rows})
        if self.sensor is None and len(sensors) > 1:
            raise self.service.refusal(
                f"station '{self.code}' has sensors {', '.join(sensors)}", "name one as 'sensor'"
            )
        own = [row for row in rows if self.sensor in (None, str(row["sensor"]).strip()) and row["slevel"] is not None]
        time = readable_times(pd.Series([row["stime"] for row in own], dtype=str), "UTC")
        level = pd.to_numeric(pd.Series([row["slevel"] for row in own], dtype=object), errors="coerce")
        shifted = np.asarray(level, dtype=float) + self.datum_shift
        return readings_known(self.stream, "water_level", time, shifted, since, until, self.look_back, self.clock())
