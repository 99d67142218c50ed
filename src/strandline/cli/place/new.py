"""`strandline new`: a region file for a box on the map."""

import os
from pathlib import Path
from typing import Annotated

import typer

from strandline.cli.console import note, print_result, warn
from strandline.cli.place.places import look_up
from strandline.errors import InputError, require_extra


def new(
    out: Annotated[Path, typer.Option(help="Region file to write (TOML); one that exists is not overwritten.")],
    bbox: Annotated[
        tuple[float, float, float, float] | None,
        typer.Option(help="West, south, east and north of the box [degrees].", metavar="W S E N"),
    ] = None,
    near: Annotated[
        str | None, typer.Option(help='Place in the middle of a square box: "LATITUDE, LONGITUDE" [degrees].')
    ] = None,
    place: Annotated[
        str | None, typer.Option(help='Its name, as "Koyra, Bangladesh": a gazetteer is asked, and nothing else.')
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(help="GeoNames file (BD.zip) in which the name is looked up instead.", show_default="Nominatim"),
    ] = None,
    mirrors: Annotated[
        Path | None,
        typer.Option(envvar="STRANDLINE_MIRRORS", help="TOML file with another address: nominatim = ADDRESS."),
    ] = None,
    size: Annotated[float, typer.Option(help="Edge of that square [km].", show_default=True)] = 30.0,
    name: Annotated[str | None, typer.Option(help="Of the place.", show_default="that of the file")] = None,
    terrain: Annotated[
        Path | None, typer.Option(help="Elevation raster on which the sea is looked for.", show_default="asked for")
    ] = None,
) -> None:
    """Write a region file for a box on the map: zone, grid and sea point are chosen, what is missing is asked for.

    Nothing is downloaded; `--place` asks a gazetteer one question. `strandline fetch` brings data for the file,
    `strandline check` names all that is missing.
    """
    from strandline.observations.fetch.box import Box
    from strandline.pipeline.study_area.new_place.new_region import box_around, new_region

    if sum(each is not None for each in (bbox, near, place)) != 1:
        message = "name the box by --bbox W S E N, or by --near or --place with --size"
        raise typer.BadParameter(message, param_hint="--bbox")
    found_by, box = "", None if bbox is None else Box(*bbox)
    if out.exists():  # before anything is asked
        raise InputError(out, "exists, and is not overwritten", "name another --out, or remove it")
    if place is not None:
        require_extra("--place", "fetch", "httpx")
        from strandline.observations.fetch.sources.places.gazetteer import described, the_place

        meant = the_place(place, look_up(place, table, mirrors), size)
        near, found_by = f"{meant.latitude}, {meant.longitude}", f"{described(meant)}; {meant.attribution}"
        name = name or meant.name.split(",")[0]
        note(f"{described(meant)} at {meant.latitude:.4f}, {meant.longitude:.4f}")
    box = box_around(str(near), size) if box is None else box
    written_as = None if terrain is None else os.path.relpath(terrain, out.parent)
    made = new_region(box, name or out.stem, terrain, written_as, found_by)
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(made.text)
    except FileExistsError as error:
        raise InputError(out, "exists, and is not overwritten", "name another --out, or remove it") from error
    except OSError as error:
        raise InputError(out, f"cannot be written ({error.strerror})", "choose another --out") from error
    for doubt in made.doubts:
        warn(doubt)
    print_result(f"region file: {out}")
    note(f"next: strandline fetch {out}, then strandline check {out}")
