"""IBTrACS: the tracks of tropical cyclones, cut to those that passed near the box."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from strandline.files import write_atomically
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
    box_of,
    cached,
    with_box,
)

_BASINS: dict[str, tuple[float, float, float, float]] = {
    "NI": (30.0, 0.0, 100.0, 40.0),
    "WP": (100.0, 0.0, 180.0, 60.0),
    "SI": (10.0, -60.0, 135.0, 0.0),
    "SP": (135.0, -60.0, 180.0, 0.0),
    "SA": (-70.0, -60.0, 10.0, 0.0),
}
"""Basin → west, south, east, north [degrees], but for those of the Americas. Source: basins of the IBTrACS column
documentation; that they are rectangles is an assumption."""
_SIZES = {"NI": 27, "WP": 125, "EP": 55, "NA": 50, "SI": 75, "SP": 45, "SA": 1}
"""[MB] Of a basin's file; that of NI as public projects state it, the others an assumption."""
_KEPT_WITHIN = 1000.0
"""[km] Of the box: more than any ``distance`` that a plan uses."""
DISTANCE = 600.0
"""[km] The ``distance`` of the section: how far a cyclone raises a surge (docs/how-to/real-place.md)."""
FIRST_SEASON = 1980
"""Before satellites and regular reports of pressure, storms are missing."""
_COLUMNS = ("SID", "SEASON", "BASIN", "NAME", "ISO_TIME", "LAT", "LON", "WMO_WIND", "WMO_PRES", "USA_WIND", "USA_PRES")


@dataclass(frozen=True)
class Ibtracs:
    """Fixes of every three hours, UTC: wind [kt] and pressure [hPa] as the responsible WMO agency gives them.

    Source: https://www.ncei.noaa.gov/products/international-best-track-archive; files and columns
    https://www.ncei.noaa.gov/data/international-best-track-archive-for-climate-stewardship-ibtracs/v04r01/ (a file a
    basin; the second line holds units).
    """

    address: str = "https://www.ncei.noaa.gov/data/international-best-track-archive-for-climate-stewardship-ibtracs/v04r01/access/csv"
    name: str = "ibtracs"
    kind: SourceKind = "storms"
    licence: str = "public domain (US government; claimed for the agencies' tracks)"
    attribution: str = (
        "Knapp et al. (2010) and Gahtan et al. (2024), International Best Track Archive for Climate Stewardship"
        " (IBTrACS) v04r01, NOAA NCEI, doi:10.25921/82ty-9e16"
    )
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``: the file of the box's basin; nothing is asked of the service. Empty outside all basins."""
        basin = basin_of(*box.centre)
        if basin is None:
            return []
        return [
            PlannedFile(
                self.name,
                f"storms/ibtracs-{basin}-{box.file_stem}.csv",
                f"{self.address}/ibtracs.{basin}.list.v04r01.csv",
                f"cyclones in basin {basin} since {FIRST_SEASON}; those within {_KEPT_WITHIN:.0f} km are kept",
                _SIZES[basin] * 1_000_000,
                details=with_box(box),
            )
        ]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``: the basin's file is brought whole and cut; a box that no storm came near has no section."""
        west, south, east, north = box_of(planned).bounds
        whole = to.with_name(f"whole-{to.name}")
        client.download(planned.url, whole, "CSV")
        try:
            storms = _cut(whole, to, Box(west, south, east, north), client)
        finally:
            whole.unlink(missing_ok=True)
        values: dict[str, TomlValue] = {
            "path": planned.region_path,
            "distance": DISTANCE,
            "source": self.attribution,
            "licence": self.licence,
        }
        comment = f"{storms} storms since {FIRST_SEASON} came within {_KEPT_WITHIN:.0f} km of the box."
        section = RegionSection("storms", values, comments=(comment,)) if storms else None
        return cached(self, planned, to, section, notes=(comment.rstrip("."),))


def basin_of(longitude: float, latitude: float) -> str | None:
    """The basin of a place [degrees]; ``None`` where no cyclone is recorded.

    The Pacific coast of Central America is parted from the Caribbean by a line from Mexico to Panama: an assumption.
    """
    if -180 <= longitude < -70 and latitude < 0:
        return "SP"
    if longitude < 0 <= latitude <= 60:
        is_pacific = longitude < -105 or (longitude < -77 and latitude < 21 - 13 / 28 * (longitude + 105))
        return "EP" if is_pacific else "NA"
    for basin, (west, south, east, north) in _BASINS.items():
        if west <= longitude <= east and south <= latitude <= north:
            return basin
    return None


def _cut(whole: Path, to: Path, box: Box, client: Downloader) -> int:
    """Write the storms that came near, with their header and units; how many they are.

    Raises:
        FeedError: it is no file of IBTrACS.
    """
    with whole.open(encoding="utf-8", errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    if not set(_COLUMNS[:9]) <= set(header):
        raise client.refusal("the file lacks columns of IBTrACS", "has the service changed? update strandline")
    kept = [header.index(name) for name in _COLUMNS if name in header]
    sid, season = header.index("SID"), header.index("SEASON")
    latitude, longitude = header.index("LAT"), header.index("LON")
    near = {
        row[sid]
        for row in _rows(whole, len(header))
        if row[season].strip().isdecimal()
        and int(row[season]) >= FIRST_SEASON
        and _distance(box, row[longitude], row[latitude]) <= _KEPT_WITHIN
    }
    with write_atomically(to) as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([header[index] for index in kept])
        for number, row in enumerate(_rows(whole, len(header))):
            if row[sid] in near or (number == 0 and not row[sid].strip()):
                writer.writerow([row[index] for index in kept])
    return len(near)


def _rows(whole: Path, width: int) -> Iterator[list[str]]:
    """The rows after the header; one that breaks off is left out."""
    with whole.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        for row in rows:
            if len(row) == width:
                yield row


def _distance(box: Box, longitude: str, latitude: str) -> float:
    """[km] From the box; infinite where the text is no position."""
    try:
        x, y = float(longitude), float(latitude)
    except ValueError:
        return math.inf
    return box.distance((x + 180.0) % 360.0 - 180.0, y) if abs(y) <= 90 else math.inf
