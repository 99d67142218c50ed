"""`strandline serve`: runs and the watch in a browser."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from strandline.cli.console import note, warn
from strandline.errors import require_extra


def serve(
    run: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of a finished `strandline run`; give several to compare.",
            show_default="runs/demo, or none with --places",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="Database of the watch over the first run's place.", show_default="watch.db in --run"),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to bind to; with another one, other machines can reach the server.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = any free port.")] = 8000,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Another host name by which browsers may reach this server.")
    ] = None,
    places: Annotated[
        Path | None,
        typer.Option(help="Folder of places that are made ready and run from the browser; made where it is missing."),
    ] = None,
    only_users: Annotated[
        bool, typer.Option("--only-users", help="Let those read only who have an account; see `strandline users`.")
    ] = False,
) -> None:
    """Show runs and the watch in a browser: map, sea, streams, actions to confirm, and an API."""
    require_extra(
        "serve", "serve", "fastapi", "uvicorn", "plotly", "maplibre", "rio_tiler", "sse_starlette", "PIL", "sqlalchemy"
    )
    import strandline.web.server as server

    runs = run or ([Path("runs/demo")] if places is None else [])
    serving = server.prepare(runs, store, host, allow_host or [], only_users=only_users, places=places)
    with server.listening(host, port) as (address, listener):
        note(f"dashboard: {address}   (Ctrl-C stops it)")
        if places is not None:
            note(f"places: {address}places")
        if serving.token.is_new:
            note(f"to try and save works, enter this token: {serving.token.value}")
        if serving.hint is not None:
            warn(serving.hint)
        with suppress(KeyboardInterrupt):
            server.serve(serving, listener)
