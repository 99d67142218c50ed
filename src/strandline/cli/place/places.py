"""The command that looks up a place by its name."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from strandline.cli.console import note, print_json, print_result
from strandline.cli.options import AsJson
from strandline.errors import require_extra

if TYPE_CHECKING:
    from strandline.observations.fetch.sources.places.gazetteer import NamedPlace


def look_up(name: str, table: Path | None, mirrors: Path | None) -> "list[NamedPlace]":
    """The places of a name: in the user's table, else by one question to Nominatim, which is announced.

    Raises:
        InputError, FeedError: none is found, or there is no answer.
    """
    require_extra("a place's name", "fetch", "httpx")
    import httpx

    from strandline.observations.fetch.downloader import TIMEOUT, Downloader
    from strandline.observations.fetch.registry import GAZETTEER, read_mirrors
    from strandline.observations.fetch.sources.places.gazetteer import NOMINATIM, find_places

    address = NOMINATIM if mirrors is None else read_mirrors(mirrors).addresses.get(GAZETTEER, NOMINATIM)
    if table is None:
        note(f"asking {address.partition('//')[2]} for '{name}'; nothing else is downloaded")
    with httpx.Client(timeout=TIMEOUT) as web:
        searched = name if table is None else name.split(",")[0]  # a table has no country's name
        return find_places(searched, Downloader("gazetteer", web), table, address)


def places(
    name: Annotated[str, typer.Argument(help="As people write it, in any language of the gazetteer.")],
    table: Annotated[
        Path | None,
        typer.Option(help="GeoNames file (BD.zip, cities500.zip), asked without a net.", show_default="Nominatim"),
    ] = None,
    mirrors: Annotated[
        Path | None,
        typer.Option(envvar="STRANDLINE_MIRRORS", help="TOML file with another address: nominatim = ADDRESS."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look up a place by its name; you choose which one is meant.

    Without a table one question goes to Nominatim of OpenStreetMap, whose operator allows one a second.
    """
    found = look_up(name, table, mirrors)
    if as_json:
        print_json([vars(place) for place in found])
        return
    shown = Table("place", "near (latitude, longitude)", "kind", "people", box=None)
    for place in found:
        people = "unknown" if place.people is None else f"{place.people:,}"
        shown.add_row(place.name, f"{place.latitude:.4f}, {place.longitude:.4f}", place.kind, people)
    print_result(shown)
    note(found[0].attribution)
