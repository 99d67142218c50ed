"""Looks up a place by its name: in the user's GeoNames file, else at Nominatim, with one question."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from strandline.errors import InputError
from strandline.observations.fetch.box import great_circle
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.sources.openstreetmap.overpass import ATTRIBUTION, identified
from strandline.observations.readers.published.tide_stations import folded

NOMINATIM = "https://nominatim.openstreetmap.org"
GEONAMES_ATTRIBUTION = "GeoNames, https://www.geonames.org (CC-BY-4.0)"
_MOST = 8


@dataclass(frozen=True)
class NamedPlace:
    """A place of a gazetteer.

    Attributes:
        name: with what tells it from others of its name.
        longitude, latitude: [degrees]
        kind: as "town", in the gazetteer's words.
        people: who live there; ``None`` = not stated.
        attribution: whose it is.
    """

    name: str
    longitude: float
    latitude: float
    kind: str
    people: int | None
    attribution: str


def find_places(name: str, client: Downloader, table: Path | None = None, address: str = NOMINATIM) -> list[NamedPlace]:
    """The places of a name, the likeliest first; a person chooses.

    Nominatim is asked once, and never while someone types: its operator allows one question a second of all users of a
    program together, with a header that names it.

    Args:
        table: GeoNames (``cities500.zip``, ``BD.zip`` or their text), which is asked instead.
        address: of Nominatim.

    Source: https://operations.osmfoundation.org/policies/nominatim/; https://nominatim.org/release-docs/develop/api/Search/
    (``format=jsonv2``); GeoNames readme, https://download.geonames.org/export/dump/readme.txt.

    Raises:
        InputError: an empty name, no such place, or the table cannot be read.
        FeedError: no answer, or one that is none.
    """
    if not folded(name):
        raise InputError("name", f"'{name}' is no name", "give the name of a town, or --bbox")
    found = sorted(_in_table(name, table), key=_rank(name))[:_MOST] if table else _at_nominatim(name, client, address)
    if not found:
        where = str(table) if table else address
        raise InputError(f"'{name}'", f"is not in {where}", "check its spelling, or give --bbox or --near")
    return found


def the_place(name: str, found: Sequence[NamedPlace], size: float) -> NamedPlace:
    """The place that is meant, of those that a gazetteer has.

    Several entries near one another (a town, its district) are one place for a box of ``size`` [km].

    Raises:
        InputError: they lie apart; lists them.
    """
    first = found[0]
    apart = [great_circle(first.longitude, first.latitude, each.longitude, each.latitude) for each in found]
    if max(apart) <= size / 4:
        return first
    listed = "".join(f'\n  --near "{each.latitude:.4f}, {each.longitude:.4f}"  {described(each)}' for each in found)
    raise InputError(f"--place '{name}'", f"may be one of {len(found)} places", f"write more of its name, or:{listed}")


def described(place: NamedPlace) -> str:
    """Name, kind and people of a place."""
    people = "" if place.people is None else f", {place.people:,} people"
    return f"{place.name} ({place.kind}{people})"


def _rank(name: str) -> Callable[[NamedPlace], tuple[bool, int]]:
    return lambda place: (folded(place.name.split(",")[0]) != folded(name), -(place.people or 0))


def _at_nominatim(name: str, client: Downloader, address: str) -> list[NamedPlace]:
    """Raises: FeedError: no answer, or one that is none."""
    asked = {"q": name, "format": "jsonv2", "limit": str(_MOST), "accept-language": "en"}
    answer = client.json(f"{address}/search", asked, identified())
    try:
        return [
            NamedPlace(
                str(each["display_name"]), float(each["lon"]), float(each["lat"]),
                str(each.get("addresstype") or each.get("type") or "place"), None, ATTRIBUTION,
            )
            for each in answer
        ]  # fmt: skip
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise client.refusal(
            "Nominatim answers without places", "has the service changed? update strandline"
        ) from error


def _in_table(name: str, table: Path) -> Iterator[NamedPlace]:
    """The populated places and islands whose name, plain name or other names are it.

    Raises:
        InputError: the table cannot be read.
    """
    wanted = folded(name)
    for line in _lines(table):
        row = line.rstrip("\r\n").split("\t")
        if len(row) != 19:
            what = f"has a row of {len(row)} columns"
            raise InputError(table, what, "give a table of GeoNames (19 columns, tabs between them)")
        if row[6] not in ("P", "T", "A") or wanted not in {
            folded(each) for each in (row[1], row[2], *row[3].split(","))
        }:
            continue
        people = int(row[14]) if row[14].isdecimal() and int(row[14]) > 0 else None
        yield NamedPlace(f"{row[1]}, {row[8]}", float(row[5]), float(row[4]), row[7], people, GEONAMES_ATTRIBUTION)


def _lines(table: Path) -> Iterator[str]:
    """The rows of a table, one at a time: that of all countries has 12 million.

    Raises:
        InputError: it is no text, or no zip with one table.
    """
    try:
        if table.suffix != ".zip":
            with table.open(encoding="utf-8", errors="replace") as file:
                yield from file
            return
        with zipfile.ZipFile(table) as archive, archive.open(f"{table.stem}.txt") as packed:
            yield from io.TextIOWrapper(packed, "utf-8", "replace")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(table, f"cannot be read ({error})", "give the file as GeoNames publishes it") from error
