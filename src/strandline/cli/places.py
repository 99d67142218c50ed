"""The command that looks up a place by its name."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from strandline.cli.console import note, print_json, print_result
from strandline.errors import require_extra


def places(
    name: Annotated[str, typer.Argument(help="As people write it, in any language of the gazetteer.")],
    table: Annotated[
        Path | None,
        typer.Option(help="GeoNames file (BD.zip, cities500.zip), asked without a net.", show_default="Nominatim"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on standard output.")] = False,
) -> None:
    """Look up a place by its name; you choose which one is meant.

    Without a table one question goes to Nominatim of OpenStreetMap, whose operator allows one a second.
    """
    require_extra("places", "fetch", "httpx")
    import httpx

    from strandline.observations.fetch.downloader import TIMEOUT, Downloader
    from strandline.observations.fetch.sources.places.gazetteer import find_places

    with httpx.Client(timeout=TIMEOUT) as web:
        found = find_places(name, Downloader("gazetteer", web), table)
    if as_json:
        print_json([vars(place) for place in found])
        return
    shown = Table("place", "near (latitude, longitude)", "kind", "people", box=None)
    for place in found:
        people = "unknown" if place.people is None else f"{place.people:,}"
        shown.add_row(place.name, f"{place.latitude:.4f}, {place.longitude:.4f}", place.kind, people)
    print_result(shown)
    note(found[0].attribution)
