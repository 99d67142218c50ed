"""Server-sent events."""

import asyncio

import anyio
import pytest
from fastapi import HTTPException
from sse_starlette import EventSourceResponse
from starlette.types import Message

from strandline.web.api import server_sent_events as events
from strandline.web.api.server_sent_events import OpenStreams, log_events
from strandline.web.watch_view import WatchView
from tests.fixtures.web import (
    STEPS,
    take_step,
)

pytestmark = pytest.mark.slow


def test_the_number_of_open_event_streams_is_limited(watched: WatchView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_OPEN_STREAMS", 1)
    last = watched.head()[0]

    async def open_streams() -> None:
        streams = OpenStreams()
        first = await streams.open(watched, str(last - 1))
        received = aiter(first.body_iterator)
        assert (await anext(received)).id == str(last - 1), "it continues after the last event of the reader"
        with pytest.raises(HTTPException) as refused:
            await streams.open(watched, None)
        assert (refused.value.status_code, refused.value.headers) == (503, {"Retry-After": "30"})
        await _leave(first)
        await streams.open(watched, "not a number")
        since = await OpenStreams().open(watched, None, last - 1)
        assert (await anext(aiter(since.body_iterator))).id == str(last - 1), "it continues where the page was made"
        assert await OpenStreams().open(watched, "9" * 18), "a number that no log reaches"

    asyncio.run(open_streams())


def test_streams_that_are_opened_at_once_count_before_anything_is_sent(
    watched: WatchView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a49c0fa 200 of 200 were open where 100 are the limit."""
    monkeypatch.setattr(events, "MAX_OPEN_STREAMS", 3)

    async def open_at_once() -> list[EventSourceResponse | BaseException]:
        streams = OpenStreams()
        opened = await asyncio.gather(*(streams.open(watched, None) for _ in range(9)), return_exceptions=True)
        for each in opened:
            if isinstance(each, EventSourceResponse):
                await _leave(each)
        await streams.open(watched, None)
        return opened

    opened = asyncio.run(open_at_once())
    assert sum(isinstance(each, EventSourceResponse) for each in opened) == 3
    assert {each.status_code for each in opened if isinstance(each, HTTPException)} == {503}


async def _leave(stream: EventSourceResponse) -> None:
    """Answer a reader who has left."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        pass

    await stream({"type": "http", "method": "GET"}, receive, send)


def test_each_new_log_entry_is_sent_once(own_watch: WatchView) -> None:
    last = own_watch.head()[0]

    async def receive() -> list[tuple[str | None, int]]:
        stream, received = log_events(own_watch, last - 1, anyio.Event()), []
        async with asyncio.timeout(10):
            for number in range(3):
                event = await anext(stream)
                received.append((event.event, int(event.id or 0) - last))
                if number == 1:
                    take_step(own_watch.store, STEPS)
        return received

    assert asyncio.run(receive()) == [("open", -1), ("entry", 0), ("entry", 1)]
