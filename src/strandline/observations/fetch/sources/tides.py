"""Tidal constants of TICON, cut out of the user's tables: the nearest stations, with their distances."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from strandline.errors import InputError
from strandline.files import write_text
from strandline.observations.checks.positions import doubts_about_tide_station
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
from strandline.observations.readers.formats.tables import read_table
from strandline.observations.readers.published.tide_stations import TideStation, read_tide_stations, stations_around

CONSTANTS, STATIONS = "ticon_ccby_constituents.csv.gz", "stations.csv.gz"
_HOW = (
    f"put TICON-4 (https://www.seanoe.org/data/00980/109129/) into a folder as '{CONSTANTS}' (id,name,amplitude_m,"
    f"phase_deg) and '{STATIONS}' (id,name,lat,lon), and give '--file ticon=FOLDER'"
)
_KEPT, _LOOKED_AT = 5, 12
"""Nearest stations in the file, since neighbours show how fast the tide changes along the coast; and those among which
one on the other side of the place is looked for."""
_FARTHEST = 1000.0
"""[km] Beyond it lies another sea."""


@dataclass(frozen=True)
class Ticon:
    """Amplitudes [m] and Greenwich phases [degrees] of the stations that are nearest to the box.

    The tables have no address of their own that could be verified, hence they are the user's.

    Source: Hart-Davis et al., TICON-4, https://www.seanoe.org/data/00980/109129/ (CC-BY-4.0).
    """

    name: str = "ticon"
    kind: SourceKind = "tide"
    address: str = ""
    licence: str = "CC-BY-4.0"
    attribution: str = "TICON-4: tidal constants from GESLA-4 records (Hart-Davis et al., doi:10.17882/109129)"
    needs: Needs = "file"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``: one file of the nearest stations.

        The box's tide is that of the nearest where it lies within the box, or where no other lies on the other side;
        else it is between the two.

        Raises:
            InputError: the tables are not there, or cannot be read.
        """
        folder = choice.files.get(self.name)
        if folder is None:
            raise InputError(f"source '{self.name}'", "needs its tables, which are yours to get", _HOW)
        found = _nearest(box, folder)
        if not found:
            return []
        station, distance = found[0]
        used = _used(box, [each for each, _ in found])
        kept = list(dict.fromkeys([*(each.identifier for each, _ in found[:_KEPT]), *used]))
        return [
            PlannedFile(
                self.name,
                f"tides/ticon-{box.file_stem}.csv",
                "https://www.seanoe.org/data/00980/109129/",
                f"tidal constants of {station.name}, {distance:.0f} km from the box, and {len(kept) - 1} neighbours",
                len(kept) * 50 * 80,
                details={
                    "stations": "\n".join(kept), "used": "\n".join(used), "name": station.name,
                    "distance": str(distance), "folder": str(folder),
                },
            )
        ]  # fmt: skip

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``: copies the rows of the planned stations, with their positions."""
        folder = Path(planned.details["folder"])
        wanted = planned.details["stations"].split("\n")
        places = {each.identifier: each for each in read_tide_stations(folder / STATIONS)}
        table = read_table(folder / CONSTANTS)
        columns = [table.column(name) for name in ("id", "name", "amplitude_m", "phase_deg")]
        chosen = columns[0].isin(wanted)
        rows = list(zip(*(column[chosen] for column in columns), strict=True))
        if missing := set(wanted) - {row[0] for row in rows}:
            raise InputError(folder / CONSTANTS, f"has no station '{min(missing)}' any more", "fetch again")
        lines = [",".join((*row, str(places[row[0]].latitude), str(places[row[0]].longitude))) for row in rows]
        write_text(to, "\n".join(["id,name,amplitude_m,phase_deg,lat,lon", *lines]) + "\n")
        station, distance = places[wanted[0]], float(planned.details["distance"])
        used = planned.details["used"].split("\n")
        names = " and ".join(places[each].name for each in used)
        values: dict[str, TomlValue] = {
            "constants": planned.region_path, "stations": planned.region_path,
            "station": used[0] if len(used) == 1 else used,
            "source": f"TICON-4, {names}", "licence": self.licence,
        }  # fmt: skip
        others = ", ".join(each for each in wanted if each not in used) or "none"
        comments = [f"{station.name} is the nearest station, {distance:.0f} km away. The file also holds: {others}."]
        if len(used) > 1:
            comments.append(f"The place lies between {names}: the tide is interpolated, by distance.")
        doubts = [str(each) for each in doubts_about_tide_station(distance, f"station '{station.identifier}'")]
        return cached(self, planned, to, RegionSection("tides", values, comments=tuple(comments)), notes=doubts)


def _nearest(box: Box, folder: Path) -> Sequence[tuple[TideStation, float]]:
    """Stations with constants and their distances from the box [km], nearest first.

    Raises:
        InputError: a table is missing or cannot be read.
    """
    for name in (CONSTANTS, STATIONS):
        if not (folder / name).is_file():
            raise InputError(folder / name, "is not there", _HOW)
    known = set(read_table(folder / CONSTANTS).column("id"))
    stations = [each for each in read_tide_stations(folder / STATIONS) if each.identifier in known]
    found = [(each, box.distance(each.longitude, each.latitude)) for each in stations]
    within = sorted((each for each in found if each[1] <= _FARTHEST), key=lambda each: (each[1], each[0].identifier))
    return within[:_LOOKED_AT]


def _used(box: Box, stations: Sequence[TideStation]) -> list[str]:
    """Identifiers of the stations whose tide is the box's, the nearest first."""
    longitude, latitude = box.centre
    if box.distance(stations[0].longitude, stations[0].latitude) == 0.0:
        return [stations[0].identifier]
    return [each.identifier for each in stations_around(stations, longitude, latitude)]
