"""Pictures are drawn a few at a time, and the newest finished ones are kept."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool

AT_ONCE = 2
"""Pictures drawn at once. Each needs up to 40 MB (1024 x 1024 px); the others wait without a thread of their own."""
KEPT_BYTES = 16_000_000
"""Of finished pictures; a tile has 1 to 20 kB."""


class Pictures:
    """Finished pictures by a key that changes with what they show, and the queue of those to be drawn."""

    def __init__(self, at_once: int = AT_ONCE, kept_bytes: int = KEPT_BYTES) -> None:
        self._turn = asyncio.Semaphore(at_once)
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes, self._most = 0, kept_bytes

    async def get(self, key: str, draw: Callable[[], bytes], request: Request) -> bytes:
        """Return the picture, drawn where it is not kept and somebody still waits for it.

        Raises:
            HTTPException: whoever asked has left, as a reader does who moves the map.
        """
        if key not in self._kept:
            async with self._turn:
                if await request.is_disconnected():
                    raise HTTPException(503, "nobody waits for this picture")
                if key not in self._kept:  # another request may have drawn it in the meantime
                    self._keep(key, await run_in_threadpool(draw))
        self._kept.move_to_end(key)
        return self._kept[key]

    def _keep(self, key: str, picture: bytes) -> None:
        self._kept[key] = picture
        self._kept_bytes += len(picture)
        while self._kept_bytes > self._most and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)
