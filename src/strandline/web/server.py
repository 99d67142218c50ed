"""From the command line to a server."""

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
from strandline.watch.store.audit.outbox import alerts_beside
from strandline.web.api.token import Token, take_token
from strandline.web.app import create_app
from strandline.web.run_folder import open_runs
from strandline.web.watch_view import WatchView

LOCAL = {"127.0.0.1", "localhost", "::1"}
SLOWEST_END_S = 3
"""How long open streams may keep a server that was told to stop [s]."""


@dataclass(frozen=True)
class Serving:
    """An application that is ready to be served, and the token that confirms; ``None`` = nothing can be confirmed."""

    app: FastAPI
    token: Token | None


def prepare(runs: Sequence[Path], store: str | None, host: str, allowed: Sequence[str]) -> Serving:
    """Open runs and store.

    Args:
        runs: folders of finished runs; the watch is of the first one's place.
        store: path or URL of its store; ``None`` = ``watch.db`` in the first folder, where there is one.
        host: that it will be bound to.
        allowed: further names that browsers may call it by.

    Raises:
        InputError: there is no such run or store.
    """
    if not runs:
        raise InputError("serve", "no run is named", "give --run DIR, the --out folder of a `strandline run`")
    folders = open_runs(list(runs))
    first = next(iter(folders.values()))
    address = store if store is not None else _store_beside(first.path)
    token = take_token()
    watch = None
    if address is not None:
        watch = WatchView(first, _open_store(address), utc_now, alerts_beside(address, first.path))
    hosts = {*LOCAL, *allowed, *(() if _is_any(host) else (host,))}
    return Serving(create_app(folders, watch, token, hosts, utc_now), None if watch is None else token)


@contextmanager
def listening(host: str, port: int) -> Iterator[tuple[str, socket]]:
    """A socket that listens, and its address for a browser.

    Raises:
        InputError: it cannot be had.
    """
    family = AF_INET6 if ":" in host else AF_INET
    with socket(family) as listener:
        listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise InputError(
                f"{host} port {port}", f"cannot be had ({error.strerror})", "give another --port"
            ) from error
        listener.listen()
        name = f"[{host}]" if family == AF_INET6 else host
        yield f"http://{name}:{listener.getsockname()[1]}/", listener


def serve(serving: Serving, listener: socket) -> None:
    """Serve until the process is told to stop; nothing of a request is logged."""
    settings = uvicorn.Config(
        serving.app, access_log=False, server_header=False, log_level="warning",
        timeout_graceful_shutdown=SLOWEST_END_S,
    )  # fmt: skip
    uvicorn.Server(settings).run([listener])


def utc_now() -> datetime:
    """The clock, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def _store_beside(run: Path) -> str | None:
    return str(run / "watch.db") if (run / "watch.db").is_file() else None


def _open_store(address: str) -> Store:
    path = address.removeprefix("sqlite:///") if address.startswith("sqlite:///") else address
    if "://" not in path and not Path(path).is_file():
        raise InputError(address, "there is no such store", "start `strandline watch`, which makes it")
    return Store.open(address)


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
