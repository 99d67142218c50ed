"""Open-Meteo: pressure, wind and rain of the past (ERA5), and the discharge of rivers (GloFAS)."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np

from strandline.errors import InputError
from strandline.files import write_text
from strandline.observations.fetch.box import Box, great_circle
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
from strandline.observations.readers.weather_forecasts.open_meteo_answers import Answer, parse_answer
from strandline.observations.region_file.data_sections import GLOFAS_DELAY_H

NOTICE = (
    "the free service of Open-Meteo is for non-commercial use, with at most 10,000 calls a day; for other use a key of"
    " its paid service, or ECMWF's and Copernicus' own, is needed"
)
Product = Literal["archive", "river"]
_BEHIND = timedelta(days=6)
"""The archive is 5 days behind; a day more, so that the last one is whole."""
_FIRST: dict[Product, date] = {"archive": date(1979, 1, 1), "river": date(1984, 1, 1)}
"""Of what is asked for without ``--since``. ERA5 reaches to 1940, before satellites; GloFAS to 1984."""
_WEATHER = {"pressure_msl": ("pressure", "hPa"), "wind_speed_10m": ("wind_speed", "m/s"),
            "wind_direction_10m": ("wind_direction", "°"), "precipitation": ("rain", "mm")}  # fmt: skip
_RIVER = {"river_discharge": ("river_discharge", "m³/s")}
_ROW: dict[Product, int] = {"archive": 39 * 24, "river": 20}
"""[bytes] Of a day."""


@dataclass(frozen=True)
class OpenMeteo:
    """One product at the centre of the box: of the model's cell there, UTC.

    Source: https://open-meteo.com/en/docs/historical-weather-api (``/v1/archive``, ERA5, 5 days behind),
    https://open-meteo.com/en/docs/flood-api (``/v1/flood``, largest river within 5 km); licence
    https://open-meteo.com/en/licence (CC-BY 4.0).
    """

    name: str
    product: Product
    address: str
    kind: SourceKind = "weather"
    licence: str = f"CC-BY-4.0; {NOTICE}"
    attribution: str = (
        "Weather data by Open-Meteo.com (CC-BY 4.0), https://open-meteo.com; contains modified Copernicus Climate"
        " Change Service and ECMWF information"
    )
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``; nothing is asked of the service."""
        longitude, latitude = box.centre
        first, last = choice.since or _FIRST[self.product], datetime.now(UTC).date() - _BEHIND
        first = max(first, date(1940, 1, 1) if self.product == "archive" else _FIRST["river"])
        if last < first:
            return []
        name, what = self.name, "discharge each day (GloFAS)"
        if self.product == "archive":
            name, what = f"{self.name}_with_rain", "pressure, wind and rain each hour (ERA5)"
        return [
            PlannedFile(
                self.name,
                f"weather/{name}_{latitude:.3f}_{longitude:.3f}_{first}_{last}.csv",
                f"{self._endpoint}?latitude={latitude:.4f}&longitude={longitude:.4f}",
                f"{what} at {latitude:.3f} N, {longitude:.3f} E, {first} to {last}",
                ((last - first).days + 1) * _ROW[self.product],
                date=last,
                details={"longitude": f"{longitude:.4f}", "latitude": f"{latitude:.4f}", "first": str(first),
                         "last": str(last)},
            )
        ]  # fmt: skip

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``: the values with the units that the service states are written as one plain table."""
        details, wanted = planned.details, _RIVER if self.product == "river" else _WEATHER
        asked = {
            "latitude": details["latitude"], "longitude": details["longitude"], "start_date": details["first"],
            "end_date": details["last"], "timezone": "GMT", "format": "csv",
        }  # fmt: skip
        if self.product == "river":
            asked |= {"daily": ",".join(wanted)}
        else:
            asked |= {"hourly": ",".join(wanted), "wind_speed_unit": "ms"}
        if self.product == "archive":
            asked |= {"models": "era5", "cell_selection": "sea"}
        answer = parsed(client.text(self._endpoint, asked), client)
        write_text(to, _table(answer, wanted, client))
        distance = distance_of(answer, details)
        notes = [NOTICE, f"the cell's centre lies {distance:.0f} km from that of the box"]
        if self.product == "river":
            notes.append("the largest river within 5 km, which may be another than is meant")
        section = self._section(planned, answer.longitude, answer.latitude)
        return cached(self, planned, to, section, notes=notes)

    @property
    def _endpoint(self) -> str:
        return f"{self.address}/v1/{'flood' if self.product == 'river' else self.product}"

    def _section(self, planned: PlannedFile, longitude: float, latitude: float) -> RegionSection:
        if self.product == "river":
            return self._river_section(planned, longitude, latitude)
        station: dict[str, TomlValue] = {
            "paths": planned.region_path,
            "columns": {"time": "time", "pressure": "pressure", "wind_speed": "wind_speed",
                        "wind_direction": "wind_direction", "rain": "rain"},
            "time_zone": "UTC", "longitude": longitude, "latitude": latitude, "minimum_share": 0.5,
            "pressure_unit": "hPa", "wind_unit": "m s-1", "rain_unit": "mm h-1", "missing": ["NaN"],
        }  # fmt: skip
        values: dict[str, TomlValue] = {"station": station, "source": self.attribution, "licence": self.licence}
        comment = "ERA5 at one cell: a reanalysis, which shows the wind of cyclones too weak. " + NOTICE[:1].upper()
        return RegionSection("weather", values, comments=(comment + NOTICE[1:] + ".",))

    def _river_section(self, planned: PlannedFile, longitude: float, latitude: float) -> RegionSection:
        values: dict[str, TomlValue] = {
            "name": "largest river near the centre", "paths": planned.region_path,
            "columns": {"time": "time", "discharge": "river_discharge"}, "unit": "m3 s-1", "time_zone": "UTC",
            "longitude": longitude, "latitude": latitude, "centre_h": 12.0,
            "available_after_h": GLOFAS_DELAY_H, "missing": ["NaN"],
            "source": self.attribution, "licence": self.licence,
        }  # fmt: skip
        comment = "GloFAS, daily means of the largest river within 5 km: check that it is the one that enters here. "
        return RegionSection(
            "river", values, is_repeated=True, comments=(comment + NOTICE[:1].upper() + NOTICE[1:] + ".",)
        )


def parsed(text: str, client: Downloader) -> Answer:
    """The table in an answer.

    Raises:
        FeedError: it is something else, another clock, or holds no value.
    """
    try:
        return parse_answer(text, "Open-Meteo")
    except InputError as error:
        raise client.refusal(error.what, error.remedy) from error


def distance_of(answer: Answer, details: Mapping[str, str]) -> float:
    """[km] From the model's cell to the place that was asked for."""
    return great_circle(answer.longitude, answer.latitude, float(details["longitude"]), float(details["latitude"]))


def _table(answer: Answer, wanted: dict[str, tuple[str, str]], client: Downloader) -> str:
    """A plain table ``time,…``.

    Args:
        wanted: variable of the service → plain name, and the unit that it must be in.

    Raises:
        FeedError: another variable or unit was sent.
    """
    changed = "has the service changed? update strandline"
    for name, (unit, _) in answer.columns.items():
        if name not in wanted:
            raise client.refusal(f"Open-Meteo answers with '{name}', which was not asked for", changed)
        if unit != wanted[name][1]:
            raise client.refusal(f"Open-Meteo gives {name} in '{unit}', not '{wanted[name][1]}'", changed)
    missing = [plain for name, (plain, _) in wanted.items() if name not in answer.columns]
    if missing:
        raise client.refusal(f"Open-Meteo answers without {missing[0]}", changed)
    times = answer.time.astype("datetime64[D]" if wanted is _RIVER else "datetime64[m]").astype(str)
    values = [[str(value) if np.isfinite(value) else "NaN" for value in answer.columns[name][1]] for name in wanted]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time", *(plain for plain, _ in wanted.values())])
    writer.writerows(zip(times.tolist(), *values, strict=True))
    return out.getvalue()
