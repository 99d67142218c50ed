"""Server-sent events: new entries of the log."""

import json
import re
from collections.abc import AsyncIterator, Callable
from itertools import islice

import anyio
from anyio.to_thread import run_sync
from fastapi import HTTPException
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from strandline.watch.store import Busy, LogEntry
from strandline.web.watch_view import WatchView

POLL_INTERVAL_S = 1.0
"""Interval at which the store is read [s]."""
MAX_OPEN_STREAMS = 100
LAST_SEQUENCE = 2**31 - 1
"""Greatest number of an entry in the log on both databases."""
_IS_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
BATCH_SIZE = 100
"""Entries sent before the next pause."""


class CountedStream(EventSourceResponse):
    """An event stream that says when it has ended; it counts from its opening, before anything is sent."""

    def __init__(self, events: AsyncIterator[ServerSentEvent], end: anyio.Event, ended: Callable[[], None]) -> None:
        self._ended = ended
        super().__init__(events, ping=15, headers={"Cache-Control": "no-store"}, shutdown_event=end,
                         shutdown_grace_period=POLL_INTERVAL_S)  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until the reader leaves or the server stops."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()


class OpenStreams:
    """Opens and counts the event streams, at most ``MAX_OPEN_STREAMS``."""

    def __init__(self) -> None:
        self._count = 0

    async def open(self, watch: WatchView, last_event: str | None, after: int | None = None) -> EventSourceResponse:
        """Return a stream from the entry after ``last_event``, else after ``after``; without both, from now on.

        Raises:
            HTTPException: too many are open.
        """
        if self._count >= MAX_OPEN_STREAMS:
            raise HTTPException(503, f"{MAX_OPEN_STREAMS} streams are open", {"Retry-After": "30"})
        self._count += 1  # before anything is awaited: requests that come at once are counted too
        try:
            if last_event is not None and _IS_NUMBER.fullmatch(last_event):
                after = min(int(last_event), LAST_SEQUENCE)
            elif after is None:
                after = (await run_sync(watch.head))[0]
            end = anyio.Event()
            return CountedStream(log_events(watch, after, end), end, self._close)
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        self._count -= 1


async def log_events(watch: WatchView, after: int, end: anyio.Event) -> AsyncIterator[ServerSentEvent]:
    """Yield each entry of the log after number ``after``, until ``end``."""
    yield ServerSentEvent(event="open", id=str(after), data="{}", retry=3000)
    while not end.is_set():
        for entry in await run_sync(_entries_after, watch, after):
            after = entry.sequence
            yield _as_event(entry)
        with anyio.move_on_after(POLL_INTERVAL_S):
            await end.wait()


def _entries_after(watch: WatchView, after: int) -> list[LogEntry]:
    try:
        return list(islice(watch.store.read.log(after), BATCH_SIZE))
    except Busy:
        return []  # read again after the interval


def _as_event(entry: LogEntry) -> ServerSentEvent:
    data = {"sequence": entry.sequence, "time": f"{entry.time.isoformat()}Z", "kind": entry.kind, "text": entry.text}
    return ServerSentEvent(event="entry", id=str(entry.sequence), data=json.dumps(data))
