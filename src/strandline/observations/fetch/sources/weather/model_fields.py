"""Global forecasts as GRIB from public buckets: the few fields that the sea needs, by their index files."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from strandline.errors import FeedError
from strandline.files import write_atomically, write_bytes
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
from strandline.observations.fetch.transfer.http import NoAnswer

_STEPS = tuple(range(0, 73, 3))
"""[h] As far as the sea is forecast."""
_CYCLES_BACK = 6
"""Cycles of six hours that are looked for, from the newest possible one."""
_PIECE = 1 << 20
Span = tuple[int, int]
"""Position and length of a message in its file [bytes]."""


@dataclass(frozen=True)
class ModelFields:
    """Pressure, wind and rain of the newest cycle, every three hours to 72 h, whole fields.

    Each step is one file of the bucket, with an index of its messages beside it; only the messages that are used are
    brought, by byte ranges, and put together as one GRIB file. A run cuts them to its region.

    Attributes:
        index_of, file_of: cycle (naive UTC) and step [h] → path in the bucket.
        spans_of: text of an index → the messages that are used.
        delay_hours: from a cycle until its step of 72 h can be had, at most.
    """

    name: str
    address: str
    index_of: Callable[[datetime, int], str]
    file_of: Callable[[datetime, int], str]
    spans_of: Callable[[str], list[Span]]
    delay_hours: float
    licence: str
    attribution: str
    kind: SourceKind = "weather"
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``: the index of the last step of each cycle is asked for, until one is there."""
        for cycle in _cycles(datetime.now(UTC).replace(tzinfo=None)):
            try:
                spans = self._spans(cycle, _STEPS[-1], client)
            except NoAnswer:
                raise
            except FeedError:  # this cycle is not there yet
                continue
            return [
                PlannedFile(
                    self.name,
                    f"weather/{self.name}_{cycle:%Y-%m-%dT%H}.grib2",
                    f"{self.address}/{self.file_of(cycle, 0)}",
                    f"forecast of pressure, wind and rain, cycle of {cycle:%Y-%m-%d %H} UTC, to {_STEPS[-1]} h",
                    sum(length for _, length in spans) * len(_STEPS),
                    date=cycle.date(),
                    details={"cycle": cycle.isoformat()},
                )
            ]
        raise client.refusal(f"no cycle of the last {6 * _CYCLES_BACK} h is there", "has the service changed?")

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``: what an earlier attempt left is not brought again."""
        cycle = datetime.fromisoformat(planned.details["cycle"])
        folder = to.with_name(f".messages-{to.name}")
        folder.mkdir(parents=True, exist_ok=True)
        parts: list[Path] = []
        size = 0
        for step in _STEPS:
            for first, length in self._spans(cycle, step, client):
                size += length
                if size > client.limits.size:
                    raise client.refusal(f"the fields have more than {client.limits.size / 1e6:,.0f} MB", "allow more")
                part = folder / f"{step:03d}-{first}-{length}.grib"
                if not (part.exists() and part.stat().st_size == length):
                    content = client.part(f"{self.address}/{self.file_of(cycle, step)}", first, length)
                    if not (content.startswith(b"GRIB") and content.endswith(b"7777")):
                        raise client.refusal("the index leads to something else than a GRIB message", "fetch it again")
                    write_bytes(part, content)
                parts.append(part)
        with write_atomically(to) as path, path.open("wb") as file:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, file, _PIECE)
        shutil.rmtree(folder)
        values: dict[str, TomlValue] = {
            "format": "grib", "paths": [planned.region_path], "delay_hours": self.delay_hours,
            "source": self.attribution, "licence": self.licence,
        }  # fmt: skip
        comment = f"{planned.what}. ASSUMPTION: it could be had {self.delay_hours:g} h after its reference time."
        section = RegionSection("weather_forecast", values, is_repeated=True, comments=(comment,))
        return cached(self, planned, to, section, notes=("to read it: pip install 'strandline[grib]'",))

    def _spans(self, cycle: datetime, step: int, client: Downloader) -> list[Span]:
        """The messages of a step that are used.

        Raises:
            FeedError: it is not there, or its index is of another kind.
        """
        text = client.text(f"{self.address}/{self.index_of(cycle, step)}")
        try:
            spans = self.spans_of(text)
        except (KeyError, ValueError, TypeError) as error:
            raise client.refusal(f"the index of step {step} cannot be read ({error})", "update strandline") from error
        if not spans:
            raise client.refusal(f"the index of step {step} names none of the fields", "update strandline")
        return spans


def _cycles(now: datetime) -> Iterator[datetime]:
    """Cycles of 00, 06, 12 and 18 UTC, the newest first."""
    newest = now.replace(hour=now.hour - now.hour % 6, minute=0, second=0, microsecond=0)
    for number in range(_CYCLES_BACK):
        yield newest - timedelta(hours=6 * number)


def _ecmwf_path(cycle: datetime, step: int, suffix: str) -> str:
    stream = "oper" if cycle.hour in (0, 12) else "scda"
    return f"{cycle:%Y%m%d}/{cycle:%H}z/ifs/0p25/{stream}/{cycle:%Y%m%d%H}0000-{step}h-{stream}-fc.{suffix}"


def _ecmwf_spans(text: str) -> list[Span]:
    """One JSON object a message, with ``param``, ``levtype``, ``_offset`` and ``_length``."""
    messages = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [
        (int(message["_offset"]), int(message["_length"]))
        for message in messages
        if message["param"] in ("msl", "10u", "10v", "tp") and message["levtype"] == "sfc"
    ]


def _gfs_path(cycle: datetime, step: int, suffix: str = "") -> str:
    return f"gfs.{cycle:%Y%m%d}/{cycle:%H}/atmos/gfs.t{cycle:%H}z.pgrb2.0p25.f{step:03d}{suffix}"


def _gfs_spans(text: str) -> list[Span]:
    """A line a message: ``number:offset:d=cycle:name:level:time:``; it ends where the next one begins."""
    lines = [line.split(":") for line in text.splitlines() if line.strip()]
    offsets = [int(line[1]) for line in lines]
    wanted = (("PRMSL", "mean sea level"), ("UGRD", "10 m above ground"), ("VGRD", "10 m above ground"),
              ("APCP", "surface"))  # fmt: skip
    spans = []
    for name, level in wanted:
        found = [number for number, line in enumerate(lines) if (line[3], line[4]) == (name, level)]
        if found and found[0] + 1 < len(lines):  # of two amounts of rain the first is since the last six hours
            spans.append((offsets[found[0]], offsets[found[0] + 1] - offsets[found[0]]))
    return sorted(spans)


ECMWF_OPEN_DATA = ModelFields(
    "ecmwf-open-data",
    "https://ecmwf-forecasts.s3.eu-central-1.amazonaws.com",
    lambda cycle, step: _ecmwf_path(cycle, step, "index"),
    lambda cycle, step: _ecmwf_path(cycle, step, "grib2"),
    _ecmwf_spans,
    9.0,
    "CC-BY-4.0; terms of use of ECMWF",
    "Contains ECMWF open data (IFS, 0.25 degrees), © European Centre for Medium-Range Weather Forecasts, CC-BY 4.0,"
    " https://www.ecmwf.int; cut and put together",
)
"""The high-resolution forecast of 00 and 12 UTC, and the one of short cut-off of 06 and 18 UTC.

Source: https://confluence.ecmwf.int/display/DAC/ECMWF+open+data%3A+real-time+forecasts+from+IFS+and+AIFS (names of
files, index, licence). The delay is an assumption: the third day is disseminated about 6.5 h after the cycle, and open
data follows up to two hours later."""
GFS = ModelFields(
    "noaa-gfs",
    "https://noaa-gfs-bdp-pds.s3.amazonaws.com",
    lambda cycle, step: _gfs_path(cycle, step, ".idx"),
    _gfs_path,
    _gfs_spans,
    5.0,
    "public domain (US government)",
    "NOAA Global Forecast System (GFS), 0.25 degrees, NCEP; https://registry.opendata.aws/noaa-gfs-bdp-pds",
)
"""Source: https://www.nco.ncep.noaa.gov/pmb/products/gfs/ (names of files, index, inventory)."""
