"""The server behind `strandline serve`."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket

import uvicorn
from fastapi import FastAPI

from strandline.errors import InputError
from strandline.watch.store import Store
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.records import STARTING
from strandline.web.api.request_timeout import MOST_CONNECTIONS, TimedProtocol
from strandline.web.api.sign_in import SignIn
from strandline.web.api.token import Token, load_token
from strandline.web.app import create_app
from strandline.web.places.place_folder import Places, open_places
from strandline.web.run_folder import RunFolder, open_run_of, open_runs
from strandline.web.watch_view import WatchView

_log = logging.getLogger(__name__)
LOCAL = {"127.0.0.1", "localhost", "::1"}
SHUTDOWN_TIMEOUT_S = 3
"""How long open event streams may delay the end of the server [s]."""


@dataclass(frozen=True)
class Serving:
    """An application ready to be served.

    Attributes:
        token: for those who try works and save strategies.
        hint: why nobody, or too few, can release a warning; ``None`` = enough can, or there is no watch.
    """

    app: FastAPI
    token: Token
    hint: str | None


def prepare(
    runs: Sequence[Path], store: str | None, host: str, allowed: Sequence[str], *, only_users: bool = False,
    places: Path | None = None,
) -> Serving:  # fmt: skip
    """Open the runs, the store and the accounts.

    Args:
        runs: folders of finished runs; the watch belongs to the first one.
        store: path or URL of its store; ``None`` = ``watch.db`` in the first folder, where it exists.
        allowed: further accepted host names.
        only_users: reading needs an account too.
        places: folder of the places that are made ready and run from the browser; their finished runs are served too.

    Raises:
        Damaged: the store is not what the watch wrote.
        InputError: a run or the store does not exist, or the accounts cannot be read.
    """
    if not runs and (places is None or store is not None):
        raise InputError("serve", "no run is given", "give --run DIR, the --out folder of a `strandline run`")
    folders = open_runs(list(runs))
    first = next(iter(folders.values()), None)
    address = store
    if store is None and first is not None and (first.path / "watch.db").is_file():
        address = str(first.path / "watch.db")
    watch, users = None, None
    if address is not None and first is not None:
        opened, alerts = Store.open_verified(address, first.path, create=False)
        watch, users = WatchView(first, opened, utc_now, alerts), opened.locations.users
    found = None if places is None else open_places(places)
    if found is not None:
        users = users or Locations.of(found.folder / "watch.db", found.folder).users
        folders |= _runs_of(found, folders)
    sign_in = SignIn(users, None if watch is None else watch.store, utc_now)
    accounts = sign_in.accounts
    if only_users and not accounts.accounts:
        what = "nobody has an account, so that nobody could read"
        raise InputError("serve --only-users", what, "add one with `strandline users add`")
    hint = None
    if watch is not None and not accounts.can_release:
        hint = (
            f"a warning needs {accounts.persons_to_release} duty officers and there are fewer: add them with "
            "`strandline users add`; until then nobody can release one"
        )
    if found is not None and not any(one.role in STARTING for one in accounts.accounts):
        hint = (
            "nobody may make a place or start a run yet: add an analyst with `strandline users add NAME --name 'FULL "
            f"NAME' --role analyst --run {places if watch is None else first.path if first else ''}`"
        )
    hosts = {*LOCAL, *allowed, *(() if _is_any(host) else (host,))}
    token = load_token()
    app = create_app(folders, watch, sign_in, token, hosts, utc_now, only_users=only_users, places=found)
    return Serving(app, token, hint)


def _runs_of(places: Places, others: Mapping[str, RunFolder]) -> dict[str, RunFolder]:
    """The finished runs of places that are not served yet; one that cannot be opened is left out."""
    runs: dict[str, RunFolder] = {}
    served = {run.path for run in others.values()}
    for place in places.all():
        for name in place.files:
            out = place.out(name)
            if out in served or not (out / "summary.json").is_file():
                continue
            try:
                run = open_run_of(out, {*others, *runs})
            except InputError as error:
                _log.warning("%s is not served: %s", out, error)
            else:
                runs[run.id] = run
    return runs


@contextmanager
def listening(host: str, port: int) -> Iterator[tuple[str, socket]]:
    """Open a listening socket; yield its address for a browser and the socket.

    Raises:
        InputError: the port cannot be bound.
    """
    family = AF_INET6 if ":" in host else AF_INET
    with socket(family) as listener:
        listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise InputError(
                f"{host} port {port}", f"cannot be bound ({error.strerror})", "give another --port"
            ) from error
        listener.listen()
        name = f"[{host}]" if family == AF_INET6 else host
        yield f"http://{name}:{listener.getsockname()[1]}/", listener


def serve(serving: Serving, listener: socket) -> None:
    """Serve until the process is stopped; requests are not logged."""
    uvicorn.Server(server_settings(serving.app)).run([listener])


def server_settings(app: FastAPI) -> uvicorn.Config:
    """Return how an application is served: with bounds on time and connections."""
    return uvicorn.Config(
        app, http=TimedProtocol, ws="none", limit_concurrency=MOST_CONNECTIONS, access_log=False, server_header=False,
        log_level="warning", timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
    )  # fmt: skip


def utc_now() -> datetime:
    """Return the current time, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
