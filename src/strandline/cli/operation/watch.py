"""`strandline watch`: the belief about the sea, hour by hour, and what to do."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strandline.cli.console import StageDisplay, note, print_json, print_result
from strandline.cli.options import DataFolder
from strandline.errors import InputError, require_extra

if TYPE_CHECKING:
    from strandline.watch.service import Watch


def watch(
    regions: Annotated[
        list[Path] | None,
        typer.Argument(help="Region files (TOML), one for each place. Without one: the built-in simulated delta."),
    ] = None,
    run: Annotated[
        Path,
        typer.Option(
            help="Folder of the place's finished `strandline run`; of several, folder of runs named as files."
        ),
    ] = Path("runs/demo"),
    data: DataFolder = None,
    store: Annotated[
        str | None, typer.Option(help="Database: a path, or postgresql+pg8000://…", show_default="watch.db in the run")
    ] = None,
    replay: Annotated[
        str | None, typer.Option(help="Hours of the record to replay: FROM/TO, as 2022-11-20/2022-11-24.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(help="Of a replay, times real time.", min=0.001, show_default="as fast as it goes")
    ] = None,
    protocol: Annotated[
        Path | None, typer.Option(help="Protocol (TOML) to follow.", show_default="the run's own")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="One step, then stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON an hour, with every decision.")] = False,
) -> None:
    """Update the belief about the sea every hour from all streams, and propose what to do."""
    require_extra("watch", "watch", "sqlalchemy", "alembic", "httpx", "tenacity", "pybreaker", "pystac_client")
    if regions and len(regions) > 1:
        if store is not None or protocol is not None:
            what = f"one is given for {len(regions)} places"
            raise InputError("--store or --protocol", what, "leave it out, or watch that place by itself")
        _watch_several(regions, data, run, replay, speed, once=once, as_json=as_json)
        return
    from strandline.watch import run as job

    region = regions[0] if regions else None
    with StageDisplay() as announce:
        watching, hours = job.prepare(region, data, run, store, replay, speed, announce, once=once, protocol=protocol)
    note(f"watching; store: {store or run / 'watch.db'}; a person confirms every alert before it is sent")
    _note_log(watching)
    for hour in hours:
        decisions = watching.step(hour)
        if as_json:
            print_json(job.hour_to_json(hour, decisions), indent=None)
        else:
            for line in job.screen_lines(hour, decisions):
                print_result(line)


def _watch_several(
    regions: Sequence[Path],
    data: Path | None,
    runs: Path,
    replay: str | None,
    speed: float | None,
    *,
    once: bool,
    as_json: bool,
) -> None:
    """Each hour of each place; what fails in one is printed and tried again at the next hour.

    Raises:
        Exit: with code 1, where a place was not watched in the last hour.
    """
    from strandline.watch import run as job

    with StageDisplay() as announce:
        places, hours = job.prepare_several(regions, data, runs, replay, speed, announce, once=once)
        opened = [(place, place.watch()) for place in places]
    for place, watching in opened:
        if not isinstance(watching, Exception):
            _note_log(watching, f"{place.name}: ")
    note(f"watching {len(places)} places; a person confirms every alert before it is sent")
    failed: list[str] = []
    for hour in hours:
        failed = []
        for place in places:
            decisions = place.step(hour)
            if isinstance(decisions, Exception):
                failed.append(place.name)
            if as_json:
                print_json({"place": place.name} | job.hour_to_json(hour, decisions), indent=None)
            else:
                for line in job.screen_lines(hour, decisions):
                    print_result(f"{place.name}: {line}")
    if failed:
        note(f"not watched in the last hour: {', '.join(failed)}")
        raise typer.Exit(1)


def _note_log(watching: "Watch", of: str = "") -> None:
    if (newest := watching.store.read.newest_entry()) is not None:
        note(f"{of}the store is whole; its log ends at {newest.sequence}:{newest.hash} (`strandline verify --known`)")
