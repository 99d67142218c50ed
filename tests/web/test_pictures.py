"""Pictures are drawn a few at a time, whoever asks, and finished ones are kept within bounds."""

import asyncio
import tracemalloc
from threading import Lock
from time import sleep

import httpx
import pytest
from fastapi import HTTPException, Request

from strandline.web.app import PREFIX, create_app
from strandline.web.pictures import AT_ONCE, Pictures
from strandline.web.run_folder import RunFolder
from tests.fixtures.web import START, TOKEN, sign_in_of

MANY = 24


class Counted:
    """A drawing that counts how many are drawn at once."""

    def __init__(self, size: int = 10) -> None:
        self.now = self.most = self.drawn = 0
        self._size, self._lock = size, Lock()

    def __call__(self) -> bytes:
        with self._lock:
            self.now += 1
            self.drawn += 1
            self.most = max(self.most, self.now)
        sleep(0.01)
        with self._lock:
            self.now -= 1
        return b"x" * self._size


def asked(*, is_gone: bool = False) -> Request:
    """A request of somebody who waits, or who has left."""

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect" if is_gone else "http.request"}

    return Request({"type": "http"}, receive)


def test_few_are_drawn_at_once_and_none_for_each_who_asks() -> None:
    async def ask() -> list[bytes]:
        pictures = Pictures(at_once=AT_ONCE)
        return await asyncio.gather(*(pictures.get(f"key {number % 20}", draw, asked()) for number in range(MANY)))

    draw = Counted()
    assert asyncio.run(ask()) == [b"x" * 10] * MANY
    assert draw.most == AT_ONCE
    assert 20 <= draw.drawn <= 20 + AT_ONCE, "only what is asked for while it is drawn may be drawn twice"


def test_the_newest_are_kept_within_bounds() -> None:
    async def ask() -> list[int]:
        pictures = Pictures(kept_bytes=35)
        counts = []
        for key in ("a", "b", "c", "a", "d", "a", "b"):
            await pictures.get(key, draw, asked())
            counts.append(draw.drawn)
        return counts

    draw = Counted()
    assert asyncio.run(ask()) == [1, 2, 3, 3, 4, 4, 5], "a was used last when d drove b out"


def test_a_picture_that_cannot_be_drawn_is_asked_for_again() -> None:
    def fail() -> bytes:
        raise OSError("damaged")

    async def ask() -> bytes:
        pictures = Pictures(at_once=1)
        with pytest.raises(OSError, match="damaged"):
            await pictures.get("key", fail, asked())
        return await pictures.get("key", Counted(), asked())

    assert asyncio.run(ask()) == b"x" * 10


def test_nothing_is_drawn_for_somebody_who_left() -> None:
    draw = Counted()
    with pytest.raises(HTTPException, match="nobody waits"):
        asyncio.run(Pictures().get("key", draw, asked(is_gone=True)))
    assert draw.drawn == 0


@pytest.mark.slow
def test_many_pictures_at_once_need_hardly_more_memory_than_a_few(runs: dict[str, RunFolder]) -> None:
    """Forty of 1024 x 1024 px once took 6 GB."""
    one = memory_of(runs, 1)
    assert memory_of(runs, MANY) < 4 * one


def memory_of(runs: dict[str, RunFolder], number: int) -> int:
    """Most memory [bytes] that Python holds while so many pictures are asked for at once."""

    async def ask() -> list[int]:
        app = create_app(runs, None, sign_in_of(None), TOKEN, {"127.0.0.1"}, lambda: START)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            layer = f"{PREFIX}/runs/before/layers/flood_probability/1.png"
            urls = [f"{layer}?width=512&height={512 - each}&paint=map" for each in range(number)]
            return [answer.status_code for answer in await asyncio.gather(*(client.get(url) for url in urls))]

    tracemalloc.start()
    try:
        assert asyncio.run(ask()) == [200] * number
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return most
