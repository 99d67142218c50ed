"""`strandline users`: the accounts of the persons who confirm and release."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from strandline.cli.console import note, print_json, print_result, warn
from strandline.cli.options import AsJson, FinishedRun
from strandline.errors import InputError, require_extra

if TYPE_CHECKING:
    from strandline.watch.alerts.accounts import Accounts

Action = Literal["list", "add", "role", "password", "remove", "release"]
RoleName = Literal["viewer", "analyst", "duty_officer", "administrator"]


def users(
    action: Annotated[Action, typer.Argument(help="What to do; release sets --persons.")] = "list",
    account: Annotated[str | None, typer.Argument(help="Name of the account, as 'ada'.")] = None,
    run: FinishedRun = Path("runs/demo"),
    store: Annotated[
        str | None, typer.Option(help="Database of the watch, where it is not watch.db in --run.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Full name of the person; it stands in log and messages.")] = None,
    role: Annotated[
        RoleName | None,
        typer.Option(help="viewer: reads; analyst: records acknowledgements, starts runs; duty_officer: records, "
                     "confirms and releases; administrator: keeps the accounts, starts runs, releases nothing."),
    ] = None,
    persons: Annotated[
        int | None, typer.Option(help="How many different duty officers a warning needs.", show_default="2")
    ] = None,
    because: Annotated[str | None, typer.Option(help="Who decided that one person is enough, and why.")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Keep the accounts of a place: who may look, record, and release warnings. Passwords are asked for, or piped."""
    require_extra("users", "watch", "sqlalchemy", "alembic")
    from strandline.watch.alerts.accounts import load_accounts, save_accounts
    from strandline.watch.store.database.locations import Locations

    path = Locations.of(store or run / "watch.db", run).users
    assert path is not None
    accounts = load_accounts(path)
    if action == "list":
        _show(accounts, as_json=as_json)
        return
    if action == "release":
        if persons is None:
            raise InputError("users release", "names no number", "give --persons 2, or 1 with --because")
        changed = accounts.released_by(persons, because or "")
        what = f"a warning needs {persons} duty officer{'s' if persons > 1 else f' alone: {changed.why}'}"
    else:
        if account is None:
            raise InputError(f"users {action}", "names no account", "give its name, as 'ada'")
        changed, what = _change(accounts, action, account, name, role)
    save_accounts(path, changed)
    _log_change(path, store or run / "watch.db", run, what)
    note(f"{what}; kept in {path}")
    if not changed.can_release:
        warn(f"a warning needs {changed.persons_to_release} duty officers and there are fewer")


def _change(
    accounts: "Accounts", action: Action, account: str, name: str | None, role: RoleName | None
) -> tuple["Accounts", str]:
    if action == "add":
        if name is None or role is None:
            raise InputError("users add", "lacks --name or --role", "as --name 'Ada Vento' --role duty_officer")
        return accounts.add(account, name, role, _password(account)), f"{account} ({name}) is added as {role}"
    if action == "role":
        if role is None:
            raise InputError("users role", "lacks --role", "as --role duty_officer")
        return accounts.with_role(account, role), f"{account} becomes {role}"
    if action == "password":
        return accounts.with_password(account, _password(account)), f"{account} has another password"
    return accounts.without(account), f"{account} is removed"


def _password(account: str) -> str:
    """From the terminal, twice; or a line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(f"password of {account}", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _log_change(path: Path, address: str | Path, run: Path, what: str) -> None:
    """Write a change to the log of the store, where there is one."""
    from strandline.watch.clock import utc_now
    from strandline.watch.store import Store

    if not isinstance(address, Path) or address.is_file():
        with Store.open(address, run=run, create=False) as opened:
            opened.record("account", what, {"file": path.name}, utc_now())


def _show(accounts: "Accounts", *, as_json: bool) -> None:
    if as_json:
        listed = [{"account": one.name, "person": one.person, "role": one.role} for one in accounts.accounts]
        print_json({"persons_to_release": accounts.persons_to_release, "why": accounts.why, "accounts": listed})
        return
    table = Table("account", "person", "role", box=None, title_justify="left")
    for one in accounts.accounts:
        table.add_row(one.name, one.person, one.role.replace("_", " "))
    print_result(table)
    alone = f" alone: {accounts.why}" if accounts.persons_to_release == 1 else ""
    print_result(f"a warning needs {accounts.persons_to_release} duty officers{alone}")
