"""Open-Meteo: the newest forecast or ensemble of one model at one place."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from strandline.errors import FeedError, InputError
from strandline.observations.fetch.sources.weather.open_meteo_runs import (
    HOURLY,
    SETTLED_AFTER,
    ModelRun,
    parse_run,
    run_of_answer,
    run_path,
)
from strandline.observations.fetch.transfer.http import Service
from strandline.observations.readers.weather_forecasts.open_meteo_answers import forecast_of, parse_answer
from strandline.observations.region_file.watch.feed_sections import OpenMeteoStreamSection
from strandline.watch.clock import utc_now
from strandline.watch.feeds.weather_readings import readings_of_forecast
from strandline.watch.readings import Reading

_READ_AGAIN = timedelta(hours=1)
"""A cycle is read until so long after all servers have it; then it is known, and nothing is asked but the metadata."""


@dataclass(frozen=True)
class OpenMeteoFeed:
    """Forecasts of one model's cell.

    The service states the cycle in its model metadata alone. A cycle that was read is not asked for again. Where the
    metadata cannot be had, a forecast is read once in ``interval_hours`` and counts as issued in that hour.

    Source: as ``OpenMeteoForecast`` of the fetch.

    Attributes:
        longitude, latitude: of the place [degrees].
        clock: present time, naive UTC.
    """

    service: Service
    section: OpenMeteoStreamSection
    longitude: float
    latitude: float
    clock: Callable[[], datetime] = utc_now

    @property
    def stream(self) -> str:
        """Name in the region file."""
        return self.section.name

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """The newest cycle, if it became available after ``since``, and not after ``until``.

        Raises:
            FeedError: no answer, or one that reports an error or cannot be parsed.
        """
        run = self._run()
        if not self._is_due(run, since, until):
            return []
        url = f"{self.section.address}/v1/{self.section.product}"
        text, now = self.service.text(self.service.get(url, self._asked())), self.clock()
        issued, available, _ = run_of_answer(run, self._run(), now)
        moment = np.datetime64(available, "ns")
        try:
            forecast = forecast_of(
                parse_answer(text, "Open-Meteo"), np.datetime64(issued, "ns"),
                lambda issues: np.full(issues.shape, moment), "Open-Meteo",
            )  # fmt: skip
        except InputError as error:
            raise self.service.refusal(error.what, error.remedy) from error
        longest, step = self.section.longest_lead_hours, self.section.lead_step_hours
        readings = readings_of_forecast(self.stream, forecast, longest, step)
        return [one for one in readings if one.issued <= until or one.issued > now]

    def _is_due(self, run: ModelRun | None, since: datetime, until: datetime) -> bool:
        if run is not None:
            return run.available + SETTLED_AFTER + _READ_AGAIN > since
        interval = timedelta(hours=self.section.interval_hours)
        return (until - datetime.min) // interval > (since - datetime.min) // interval

    def _run(self) -> ModelRun | None:
        """The model's newest cycle; ``None`` = the service does not state it."""
        try:
            found: Any = self.service.json(self.service.get(self.section.address + run_path(self.section.metadata)))
        except FeedError:
            return None
        return parse_run(found)

    def _asked(self) -> dict[str, str]:
        longest = self.section.longest_lead_hours
        return {
            "latitude": f"{self.latitude:.4f}", "longitude": f"{self.longitude:.4f}", "hourly": ",".join(HOURLY),
            "wind_speed_unit": "ms", "timezone": "GMT", "format": "json", "models": self.section.model,
            "cell_selection": "sea", "past_days": "1", "forecast_days": str(min(longest // 24 + 2, 16)),
        }  # fmt: skip
