"""Open-Meteo: pressure and wind of the past, its forecast and ensemble, and the discharge of rivers (GloFAS)."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from strandline.files import write_text
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

NOTICE = (
    "the free service of Open-Meteo is for non-commercial use, with at most 10,000 calls a day; for other use a key of"
    " its paid service, or ECMWF's and Copernicus' own, is needed"
)
Product = Literal["archive", "forecast", "ensemble", "river"]
_BEHIND = timedelta(days=6)
"""The archive is 5 days behind; a day more, so that the last one is whole."""
_FIRST: dict[Product, date] = {"archive": date(1979, 1, 1), "river": date(1984, 1, 1)}
"""Of what is asked for without ``--since``. ERA5 reaches to 1940, before satellites; GloFAS to 1984."""
_WEATHER = {"pressure_msl": ("pressure", "hPa"), "wind_speed_10m": ("wind_speed", "m/s"),
            "wind_direction_10m": ("wind_direction", "°")}  # fmt: skip
_RIVER = {"river_discharge": ("river_discharge", "m³/s")}
_ROW: dict[Product, int] = {"archive": 34 * 24, "forecast": 34 * 24, "ensemble": 900 * 24, "river": 20}
"""[bytes] Of a day."""
_FORECAST_DAYS = 10
_ENSEMBLE_MODEL = "ecmwf_ifs025"


@dataclass(frozen=True)
class OpenMeteo:
    """One product at the centre of the box: of the model's cell there, UTC.

    Without ``--only`` the archive alone is fetched, for no section of a region file reads the others.

    Source: https://open-meteo.com/en/docs/historical-weather-api (``/v1/archive``, ERA5, 5 days behind),
    https://open-meteo.com/en/docs (``/v1/forecast``), https://open-meteo.com/en/docs/ensemble-api,
    https://open-meteo.com/en/docs/flood-api (``/v1/flood``, largest river within 5 km); licence
    https://open-meteo.com/en/licence (CC-BY 4.0). The CSV (a block on the place, an empty line, a block of values with
    units in its header) is as its source code writes it.
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
        today = datetime.now(UTC).date()
        if self.product in ("forecast", "ensemble"):
            first, last = today, today + timedelta(days=_FORECAST_DAYS - 1)
        else:
            first, last = choice.since or _FIRST[self.product], today - _BEHIND
            first = max(first, date(1940, 1, 1) if self.product == "archive" else _FIRST["river"])
        if last < first:
            return []
        what = {
            "archive": "pressure and wind each hour (ERA5)", "forecast": "forecast of pressure and wind",
            "ensemble": "ensemble forecast of pressure and wind", "river": "discharge each day (GloFAS)",
        }[self.product]  # fmt: skip
        return [
            PlannedFile(
                self.name,
                f"weather/{self.name}_{latitude:.3f}_{longitude:.3f}_{first}_{last}.csv",
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
            asked["models"] = "era5"
        elif self.product == "ensemble":
            asked["models"] = _ENSEMBLE_MODEL
        answer = parse_answer(client.text(self._endpoint, asked), wanted, client)
        write_text(to, answer.table)
        distance = Box(*answer.cell).distance(float(details["longitude"]), float(details["latitude"]))
        notes = [NOTICE, f"the cell's centre lies {distance:.0f} km from that of the box"]
        if self.product == "river":
            notes.append("the largest river within 5 km, which may be another than is meant; no section reads it yet")
        elif self.product != "archive":
            notes.append("no section of the region file reads a forecast of weather yet")
        section = self._section(planned, answer.longitude, answer.latitude) if self.product == "archive" else None
        return cached(self, planned, to, section, notes=notes)

    @property
    def _endpoint(self) -> str:
        return f"{self.address}/v1/{'flood' if self.product == 'river' else self.product}"

    def _section(self, planned: PlannedFile, longitude: float, latitude: float) -> RegionSection:
        station: dict[str, TomlValue] = {
            "paths": planned.region_path,
            "columns": {"time": "time", "pressure": "pressure", "wind_speed": "wind_speed",
                        "wind_direction": "wind_direction"},
            "time_zone": "UTC", "longitude": longitude, "latitude": latitude, "minimum_share": 0.5,
            "pressure_unit": "hPa", "wind_unit": "m s-1", "missing": ["NaN"],
        }  # fmt: skip
        values: dict[str, TomlValue] = {"station": station, "source": self.attribution, "licence": self.licence}
        comment = "ERA5 at one cell: a reanalysis, which shows the wind of cyclones too weak. " + NOTICE[:1].upper()
        return RegionSection("weather", values, comments=(comment + NOTICE[1:] + ".",))


@dataclass(frozen=True)
class Answer:
    """What the service sends: the place of its cell [degrees], and a table ``time,…`` with plain names."""

    longitude: float
    latitude: float
    table: str

    @property
    def cell(self) -> tuple[float, float, float, float]:
        """A box of no size around the cell's centre, for its distance."""
        return self.longitude, self.latitude, self.longitude + 1e-9, self.latitude + 1e-9


def parse_answer(text: str, wanted: dict[str, tuple[str, str]], client: Downloader) -> Answer:
    """The CSV of a place: a block on the place, an empty line, and a block of values.

    Args:
        wanted: variable of the service → plain name, and the unit that it must be in. Members of an ensemble keep
            their number: ``pressure_msl_member01``.

    Raises:
        FeedError: it is something else, another unit, another clock, or holds no value.
    """
    blocks = text.replace("\r\n", "\n").strip("\n").split("\n\n")
    changed = "has the service changed? update strandline"
    if len(blocks) != 2:
        raise client.refusal(f"Open-Meteo answers '{text[:60].strip()}'", changed)
    place, values = (list(csv.reader(io.StringIO(block))) for block in blocks)
    try:
        stated = dict(zip(place[0], place[1], strict=True))
        longitude, latitude, offset = (float(stated[key]) for key in ("longitude", "latitude", "utc_offset_seconds"))
    except (IndexError, KeyError, ValueError) as error:
        raise client.refusal("Open-Meteo answers without the place of its cell", changed) from error
    if offset != 0:
        raise client.refusal(f"Open-Meteo answers in a clock {offset:g} s from UTC", changed)
    header, rows = values[0], values[1:]
    names = ["time"]
    for column in header[1:]:
        variable, _, unit = column.partition(" (")
        base = next((each for each in wanted if variable == each or variable.startswith(f"{each}_member")), None)
        if base is None:
            raise client.refusal(f"Open-Meteo answers with '{column}', which was not asked for", changed)
        plain, expected = wanted[base]
        if unit.rstrip(")") != expected:
            raise client.refusal(f"Open-Meteo gives {base} in '{unit.rstrip(')')}', not '{expected}'", changed)
        names.append(plain + variable.removeprefix(base))
    missing = [plain for plain, _ in wanted.values() if plain not in names]
    if missing or header[0] != "time":
        raise client.refusal(f"Open-Meteo answers without {missing[0] if missing else 'time'}", changed)
    if not any(cell not in ("", "NaN") for row in rows for cell in row[1:]):
        raise client.refusal("Open-Meteo has no value at this place", "choose another period or place")
    if any(len(row) != len(header) for row in rows):
        raise client.refusal("Open-Meteo's answer ends within a row", "fetch it again")
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([names, *rows])
    return Answer(longitude, latitude, out.getvalue())
