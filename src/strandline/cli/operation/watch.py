"""`strandline watch`: the belief about the sea, hour by hour, and what to do."""

from pathlib import Path
from typing import Annotated

import typer

from strandline.cli.console import StageDisplay, note, print_json, print_result
from strandline.cli.options import DataFolder, FinishedRun, RegionPath
from strandline.errors import require_extra


def watch(
    region: RegionPath = None,
    run: FinishedRun = Path("runs/demo"),
    data: DataFolder = None,
    store: Annotated[
        str | None, typer.Option(help="Database: a path, or postgresql+pg8000://…", show_default="watch.db in --run")
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
    from strandline.watch import run as job

    with StageDisplay() as announce:
        watching, hours = job.prepare(region, data, run, store, replay, speed, announce, once=once, protocol=protocol)
    note(f"watching; store: {store or run / 'watch.db'}; a person confirms every alert before it is sent")
    if (newest := watching.store.read.newest_entry()) is not None:
        note(f"the store is whole; its log ends at {newest.sequence}:{newest.hash} (`strandline verify --known`)")
    for hour in hours:
        decisions = watching.step(hour)
        if as_json:
            print_json(job.hour_to_json(hour, decisions), indent=None)
        else:
            for line in job.screen_lines(hour, decisions):
                print_result(line)
