"""Open-Meteo: a forecast or an ensemble of one model as it is now, and past forecasts by lead."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from strandline.errors import FeedError, InputError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import (
    CachedFile,
    FetchChoice,
    Needs,
    PlannedFile,
    RegionSection,
    SourceKind,
    TomlValue,
    cached,
)
from strandline.observations.fetch.sources.weather.open_meteo import NOTICE, distance_of, parsed
from strandline.observations.fetch.sources.weather.open_meteo_runs import (
    HOURLY,
    ModelRun,
    parse_run,
    run_of_answer,
    run_path,
)
from strandline.observations.readers.weather_forecasts.open_meteo_answers import (
    Answer,
    forecast_of,
    past_forecasts_of,
)
from strandline.observations.readers.weather_forecasts.tables import write_forecast_table

ForecastProduct = Literal["forecast", "ensemble", "past"]
_DAYS = 5
"""Ahead: the sea is forecast for 72 h, and a cycle may be a day old."""
_PAST_DAYS = (0, 1, 2, 3)
"""Leads of past forecasts [days]: as far as the sea is forecast."""
_FIRST_PAST = date(2024, 1, 1)
"""Since when past forecasts of most models are kept."""
_ROW = {"forecast": 60 * 24, "ensemble": 51 * 60 * 24, "past": 4 * 60 * 24}
"""[bytes] Of a day."""
_ASSUMED_RUN = ModelRun(datetime.min, datetime.min + timedelta(hours=9), timedelta(hours=6))
"""Where the service states none: cycles of ECMWF every six hours, in its open data 9 h later at most; an assumption."""
_WHAT = {
    "forecast": "forecast of pressure, wind and rain", "ensemble": "ensemble forecast of pressure, wind and rain",
    "past": "past forecasts of pressure, wind and rain, 0 to 3 days ahead",
}  # fmt: skip


@dataclass(frozen=True)
class OpenMeteoForecast:
    """Forecasts of one model at the centre of the box: of the model's cell there, each hour, UTC.

    An answer does not state which cycle it is of. The service's model metadata does; where that cannot be had, or
    changes meanwhile, the forecast counts as issued in the hour in which it was asked for.

    Source: https://open-meteo.com/en/docs (``/v1/forecast``), https://open-meteo.com/en/docs/ensemble-api,
    https://open-meteo.com/en/docs/previous-runs-api, https://open-meteo.com/en/docs/model-updates (metadata); licence
    https://open-meteo.com/en/licence (CC-BY 4.0).

    Attributes:
        model: as the API names it; of one model alone, since a mixture has no cycle.
        metadata: the model's name in the metadata.
    """

    name: str
    product: ForecastProduct
    address: str
    model: str = "ecmwf_ifs025"
    metadata: str = "ecmwf_ifs025"
    kind: SourceKind = "weather"
    licence: str = f"CC-BY-4.0; {NOTICE}"
    attribution: str = (
        "Weather data by Open-Meteo.com (CC-BY 4.0), https://open-meteo.com; contains ECMWF open data (CC-BY 4.0)"
    )
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``; nothing is asked of the service. Past forecasts are a file a year."""
        now = datetime.now(UTC)
        if self.product != "past":
            first, last = now.date() - timedelta(days=1), now.date() + timedelta(days=_DAYS - 1)
            return [self._planned(box, first, last, f"{now:%Y-%m-%dT%H}")]
        first, last = max(choice.since or _FIRST_PAST, _FIRST_PAST), now.date() - timedelta(days=1)
        years = range(first.year, last.year + 1)
        spans = [(max(first, date(year, 1, 1)), min(last, date(year, 12, 31))) for year in years]
        return [self._planned(box, begin, end, f"{begin}_{end}") for begin, end in spans if begin <= end]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``: a plain table, one row an issue, lead and member."""
        before = self._run(client)
        answer = parsed(client.text(self._endpoint, self._asked(planned)), client)
        notes = [NOTICE, f"the cell's centre lies {distance_of(answer, planned.details):.0f} km from that of the box"]
        try:
            if self.product == "past":
                forecast, note = _past(answer, before)
            else:
                forecast, note = _present(answer, before, self._run(client), datetime.now(UTC).replace(tzinfo=None))
        except InputError as error:
            raise client.refusal(error.what, error.remedy) from error
        write_forecast_table(forecast, to)
        values: dict[str, TomlValue] = {
            "format": "table", "paths": [planned.region_path], "longitude": answer.longitude,
            "latitude": answer.latitude, "source": self.attribution, "licence": self.licence,
        }  # fmt: skip
        comment = f"{planned.what}: {note}."
        section = RegionSection("weather_forecast", values, is_repeated=True, comments=(comment, f"{NOTICE}."))
        return cached(self, planned, to, section, notes=(*notes, note))

    @property
    def _endpoint(self) -> str:
        return f"{self.address}/v1/{'ensemble' if self.product == 'ensemble' else 'forecast'}"

    def _planned(self, box: Box, first: date, last: date, period: str) -> PlannedFile:
        longitude, latitude = box.centre
        place = {"longitude": f"{longitude:.4f}", "latitude": f"{latitude:.4f}"}
        return PlannedFile(
            self.name,
            f"weather/{self.name}_{latitude:.3f}_{longitude:.3f}_{period}.csv",
            f"{self._endpoint}?latitude={place['latitude']}&longitude={place['longitude']}&models={self.model}",
            f"{_WHAT[self.product]} at {latitude:.3f} N, {longitude:.3f} E, {first} to {last}",
            ((last - first).days + 1) * _ROW[self.product],
            date=last,
            details={**place, "first": str(first), "last": str(last)},
        )

    def _asked(self, planned: PlannedFile) -> dict[str, str]:
        details = planned.details
        hourly: tuple[str, ...] = HOURLY
        if self.product == "past":
            hourly = tuple(f"{name}_previous_day{day}" for day in _PAST_DAYS for name in HOURLY)
        return {
            "latitude": details["latitude"], "longitude": details["longitude"], "start_date": details["first"],
            "end_date": details["last"], "timezone": "GMT", "format": "json", "wind_speed_unit": "ms",
            "models": self.model, "cell_selection": "sea", "hourly": ",".join(hourly),
        }  # fmt: skip

    def _run(self, client: Downloader) -> ModelRun | None:
        """The model's newest cycle; ``None`` = the service does not state it."""
        try:
            found: Any = client.json(self.address + run_path(self.metadata))
        except FeedError:
            return None
        return parse_run(found)


def _past(answer: Answer, run: ModelRun | None) -> tuple[xr.Dataset, str]:
    known = _ASSUMED_RUN if run is None else run
    delay = np.timedelta64(known.delay, "ns")
    interval = max(round(known.interval / timedelta(hours=1)), 1)
    forecast = past_forecasts_of(answer, interval, lambda issued: issued + delay, "Open-Meteo")
    note = (
        f"the cycle is the newest one so many days ahead, every {interval} h, and could be had "
        f"{known.delay / timedelta(hours=1):.1f} h later as {'assumed' if run is None else 'the newest one was'}"
    )
    return forecast, note


def _present(answer: Answer, before: ModelRun | None, after: ModelRun | None, now: datetime) -> tuple[xr.Dataset, str]:
    issued, available, is_known = run_of_answer(before, after, now)
    moment = np.datetime64(available, "ns")
    forecast = forecast_of(
        answer, np.datetime64(issued, "ns"), lambda issues: np.full(issues.shape, moment), "Open-Meteo"
    )
    if is_known:
        return forecast, f"the cycle of {issued:%Y-%m-%d %H:%M} UTC, available at {available:%H:%M} UTC"
    return forecast, f"its cycle is not known, so that it counts as issued at {issued:%Y-%m-%d %H:%M} UTC"
