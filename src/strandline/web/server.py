"""The server behind `strandline serve`."""

from collections.abc import Iterator, Sequence
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
from strandline.web.api.request_timeout import MOST_CONNECTIONS, TimedProtocol
from strandline.web.api.sign_in import SignIn
from strandline.web.api.token import Token, load_token
from strandline.web.app import create_app
from strandline.web.run_folder import open_runs
from strandline.web.watch_view import WatchView

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
    runs: Sequence[Path], store: str | None, host: str, allowed: Sequence[str], *, only_users: bool = False
) -> Serving:
    """Open the runs, the store and the accounts.

    Args:
        runs: folders of finished runs; the watch belongs to the first one.
        store: path or URL of its store; ``None`` = ``watch.db`` in the first folder, where it exists.
        allowed: further accepted host names.
        only_users: reading needs an account too.

    Raises:
        Damaged: the store is not what the watch wrote.
        InputError: a run or the store does not exist, or the accounts cannot be read.
    """
    if not runs:
        raise InputError("serve", "no run is given", "give --run DIR, the --out folder of a `strandline run`")
    folders = open_runs(list(runs))
    first = next(iter(folders.values()))
    beside = first.path / "watch.db"
    address = str(beside) if store is None and beside.is_file() else store
    watch, users = None, None
    if address is not None:
        opened, alerts = Store.open_verified(address, first.path, create=False)
        watch, users = WatchView(first, opened, utc_now, alerts), opened.locations.users
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
    hosts = {*LOCAL, *allowed, *(() if _is_any(host) else (host,))}
    token = load_token()
    return Serving(create_app(folders, watch, sign_in, token, hosts, utc_now, only_users=only_users), token, hint)


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
