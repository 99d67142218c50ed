"""Slow and idle clients of a real server."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from strandline.web.api.request_timeout import TimedProtocol
from strandline.web.server import listening, server_settings

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.slow]
TIMEOUT_S = 0.3


@contextmanager
def _server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A server whose page takes longer than its readers may."""
    monkeypatch.setattr(TimedProtocol, "timeout_s", TIMEOUT_S)
    app = FastAPI()

    @app.get("/")
    async def answer_late() -> str:
        await asyncio.sleep(2 * TIMEOUT_S)
        return "late"

    @app.post("/")
    def take(body: dict[str, str]) -> dict[str, str]:
        return body

    server = uvicorn.Server(server_settings(app))
    with listening("127.0.0.1", 0) as (address, listener):
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield address, listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def _seconds_until_closed(port: int, pieces: Iterator[bytes]) -> float:
    began = time.monotonic()
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20 * TIMEOUT_S)) as client:
        try:
            for piece in pieces:
                client.sendall(piece)
                time.sleep(TIMEOUT_S / 5)
            assert client.recv(1) == b""
        except ConnectionError:
            pass
    return time.monotonic() - began


def test_headers_and_bodies_that_come_slowly_end_their_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a49c0fa such a connection stayed open for as long as its client wished."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n"
    slow = {
        "nothing": iter(()),
        "slow headers": (head[i : i + 1] for i in range(60)),
        "a slow body": (head if i == 0 else b" " for i in range(60)),
    }
    with _server(monkeypatch) as (_, port):
        for name, pieces in slow.items():
            took = _seconds_until_closed(port, pieces)
            assert TIMEOUT_S * 0.8 < took < 6 * TIMEOUT_S, (name, took)


def test_a_complete_request_may_be_answered_late_and_another_may_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    with _server(monkeypatch) as (address, _), httpx.Client(base_url=address) as client:
        assert client.get("/").json() == "late"
        assert client.post("/", json={"a": "b"}).json() == {"a": "b"}
        time.sleep(1.5 * TIMEOUT_S)
        assert client.get("/").json() == "late", "an idle connection is closed by its own, longer limit"
