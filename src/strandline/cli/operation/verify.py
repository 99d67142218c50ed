"""`strandline verify`: is a watch's store what the watch wrote?"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strandline.cli.console import note, print_json, print_result
from strandline.cli.options import AsJson
from strandline.errors import InputError, require_extra

if TYPE_CHECKING:
    from strandline.watch.store.database.locations import Locations
    from strandline.watch.store.verification.findings import Verification

STORE = "watch.db"
"""Name of the store in the folder of a run."""


def verify(
    run_or_store: Annotated[
        str, typer.Argument(help="Folder of a watched run, or its store: a path, or postgresql+pg8000://…")
    ] = "runs/demo",
    store: Annotated[
        str | None,
        typer.Option(help="Database, where it is not watch.db in the run: a path, or postgresql+pg8000://…"),
    ] = None,
    known: Annotated[
        list[str] | None,
        typer.Option(help="NUMBER:HASH of a log entry kept elsewhere, as `watch` prints it; give several."),
    ] = None,
    set_aside: Annotated[
        bool, typer.Option("--set-aside", help="Then move the store away whole, so that the watch can start a new one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verify a watch's store, its log and its alert files against each other. Changes nothing without --set-aside."""
    require_extra("verify", "watch", "sqlalchemy", "alembic")
    from strandline.watch.clock import utc_now
    from strandline.watch.store.database.locations import Locations
    from strandline.watch.store.verification.known_entries import KnownEntry
    from strandline.watch.store.verification.verify import verify_address

    address, run = _address_of(run_or_store, store)
    locations = Locations.of(address, run)
    entries = [KnownEntry.parse(text) for text in known or ()]
    note(f"verifying {locations.name} …")
    found = verify_address(locations, entries, utc_now())
    if as_json:
        print_json(as_plain(found))
    else:
        print_result("\n".join(report_lines(found)))
    if set_aside:
        _set_aside(locations, found)
    else:
        found.refuse_damage()


def as_plain(found: "Verification") -> dict[str, object]:
    """The verification as plain values."""

    def text(time: datetime | None) -> str | None:
        return None if time is None else f"{time.isoformat(timespec='seconds')}Z"

    listed = [asdict(one) | {"since": text(one.since), "remedy": one.remedy} for one in found.findings]
    return {
        "store": found.store, "checked_at": text(found.checked_at), "is_whole": found.is_whole,
        "entries": found.entries, "steps": found.steps, "newest_step": text(found.newest_step),
        "last_entry": None if found.last_entry is None else str(found.last_entry),
        "last_whole": text(found.last_whole), "findings": listed, "notes": list(found.notes),
    }  # fmt: skip


def report_lines(found: "Verification") -> Iterator[str]:
    """The verification in plain words: what is wrong, where, since when, and what to do."""
    newest = "none" if found.newest_step is None else f"{found.newest_step:%Y-%m-%d %H:%M} UTC"
    size = f"{found.entries} log entries, {found.steps} steps, the last of {newest}"
    if found.is_whole:
        yield f"{found.store}: WHOLE ({size})"
        if found.last_entry is not None:
            yield f"newest log entry, to be kept elsewhere: {found.last_entry}"
    else:
        yield f"{found.store}: DAMAGED ({size})"
        whole = "never or unknown" if found.last_whole is None else f"{found.last_whole:%Y-%m-%d %H:%M} UTC"
        yield f"last found whole: {whole}"
    for number, one in enumerate(found.findings, start=1):
        since = "" if one.since is None else f" [since {one.since:%Y-%m-%d %H:%M} UTC]"
        yield f"{number:3d}. {one.what}{since}"
        yield f"     To do: {one.remedy}."
    for text in found.notes:
        yield f"note: {text}"


def _address_of(run_or_store: str, store: str | None) -> tuple[str | Path, Path | None]:
    """The store's address and the folder of its run, if known."""
    if "://" in run_or_store:
        if store is not None:
            raise InputError(
                "verify", f"{run_or_store} and --store are both stores", "name the run's folder, and --store"
            )
        return run_or_store, None
    path = Path(run_or_store)
    if path.is_dir():
        return store or path / STORE, path
    if store is not None:
        raise InputError(path, "is no folder of a run", "name the run's folder, and --store")
    return path, path.parent


def _set_aside(locations: "Locations", found: "Verification") -> None:
    from strandline.watch.store.database.set_aside import confirmed_alerts, set_aside

    confirmed = confirmed_alerts(locations)
    place = set_aside(locations, found.checked_at, "\n".join(report_lines(found)) + "\n")
    note(f"moved to {place}; nothing was deleted. `strandline watch` starts a new store; restart `strandline serve`.")
    note("The new store knows no running action and no issued alert: look at what is in force, and decide by hand.")
    if confirmed:
        note(f"Confirmed alerts stay in force until a person cancels them: {', '.join(confirmed)}")
