"""`strandline dispatch`: the messages of released warnings, to everybody who is to have them."""

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from strandline.cli.console import note, print_json, print_result
from strandline.cli.options import AsJson, FinishedRun
from strandline.errors import require_extra

if TYPE_CHECKING:
    from strandline.watch.store import Store
    from strandline.watch.store.records import Sending

POLL_INTERVAL_S = 2.0


def dispatch(
    recipients: Annotated[
        Path | None, typer.Argument(help="File of recipients (TOML).", show_default="only show what was sent")
    ] = None,
    run: FinishedRun = Path("runs/demo"),
    store: Annotated[str | None, typer.Option(help="Database of the watch, where it is not watch.db in --run.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Send what is due, then stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send the messages of released warnings: CAP, bulletins, SMS, loudspeaker texts. A dry run by default.

    Without a file of recipients, show which message was accepted, is waiting or was refused, and who acknowledged.
    """
    require_extra("dispatch", "watch", "sqlalchemy", "alembic", "httpx")
    from strandline.watch.alerts.channels.recipients import environment_of, load_recipients
    from strandline.watch.alerts.dispatch import Dispatcher
    from strandline.watch.store import Store

    listed = None if recipients is None else load_recipients(recipients)
    opened, alerts = Store.open_verified(store or run / "watch.db", run, create=False)
    with opened:
        if listed is None:
            _show(opened, as_json=as_json)
            return
        dispatcher = Dispatcher(opened, listed, alerts, environment_of())
        dispatcher.refuse_missing()
        note(f"{listed.mode.replace('_', ' ')}: {len(listed.recipient)} recipients; a dry run sends nothing")
        with opened.dispatching(), suppress(KeyboardInterrupt):
            while True:
                opened.refuse_damage(alerts)
                for sending in dispatcher.run_once():
                    _tell(sending, as_json=as_json)
                if once:
                    return
                time.sleep(POLL_INTERVAL_S)


def _tell(sending: "Sending", *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(sending), indent=None)
    else:
        print_result("  ".join(str(part) for part in _plain(sending).values() if part))


def _plain(sending: "Sending") -> dict[str, object]:
    message = sending.message
    return {
        "at": f"{sending.at.isoformat(timespec='seconds')}Z", "alert": message.alert, "recipient": message.recipient,
        "format": message.format, "language": message.language, "zone": message.zone, "mode": sending.mode,
        "outcome": sending.outcome or "waiting", "tries": sending.tries, "detail": sending.detail, "key": message.key,
    }  # fmt: skip


def _show(store: "Store", *, as_json: bool) -> None:
    sendings, heard = store.read.sendings(), store.read.acknowledgements()
    if as_json:
        acknowledged = [vars(one) | {"at": f"{one.at.isoformat()}Z"} for one in heard]
        print_json({"messages": [_plain(one) for one in sendings], "acknowledgements": acknowledged})
        return
    table = Table("alert", "recipient", "what", "mode", "state", "tries", box=None, title_justify="left")
    for one in sendings:
        what = f"{one.message.format} {one.message.language} {one.message.zone}".strip()
        state = f"{one.outcome or 'waiting'} {one.detail}".strip()
        table.add_row(one.message.alert, one.message.recipient, what, one.mode.replace("_", " "), state, str(one.tries))
    print_result(table)
    for each in heard:
        print_result(
            f"{each.at:%Y-%m-%d %H:%M} UTC  {each.recipient} has {each.alert}, says {each.person}  {each.note}"
        )
