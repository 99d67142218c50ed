"""Server-sent events."""

import asyncio

import anyio
import pytest
from fastapi import HTTPException

from strandline.web.api import server_sent_events as events
from strandline.web.api.server_sent_events import OpenStreams, log_events
from strandline.web.watch_view import WatchView
from tests.fixtures.web import (
    STEPS,
    take_step,
)


def test_the_number_of_open_event_streams_is_limited(watched: WatchView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_OPEN_STREAMS", 1)
    last = watched.head()[0]

    async def visit() -> None:
        streams = OpenStreams()
        first = await streams.open(watched, str(last - 1))
        heard = aiter(first.body_iterator)
        assert (await anext(heard)).id == str(last - 1), "it goes on where the reader was"
        with pytest.raises(HTTPException) as refused:
            await streams.open(watched, None)
        assert (refused.value.status_code, refused.value.headers) == (503, {"Retry-After": "30"})
        await heard.aclose()
        await streams.open(watched, "not a number")

    asyncio.run(visit())


def test_each_new_log_entry_is_sent_once(own_watch: WatchView) -> None:
    last = own_watch.head()[0]

    async def hear() -> list[tuple[str | None, int]]:
        stream, heard = log_events(own_watch, last - 1, anyio.Event()), []
        async with asyncio.timeout(10):
            for number in range(3):
                event = await anext(stream)
                heard.append((event.event, int(event.id or 0) - last))
                if number == 1:
                    take_step(own_watch.store, STEPS)
        return heard

    assert asyncio.run(hear()) == [("open", -1), ("entry", 0), ("entry", 1)]
