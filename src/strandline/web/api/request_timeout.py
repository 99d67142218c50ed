"""A request must have come completely within some seconds, or its connection is closed."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_TIMEOUT_S = 10.0
"""From the first byte of a request, or the opening of its connection, to its last byte [s]; bodies have 16 kB at most.

Without a limit a few hundred readers that send a byte now and then would hold every connection.
"""
MOST_CONNECTIONS = 400
"""Open at once; further ones are answered with 503. Event streams are at most 100 of them."""


class TimedProtocol(H11Protocol):
    """HTTP/1.1 of uvicorn, which limits only the pause between two requests."""

    timeout_s = REQUEST_TIMEOUT_S
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch_request()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        self._watch_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _watch_request(self) -> None:
        """Wait for the rest of a request that is not complete; one that is may take as long as it needs."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._stop_waiting()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.timeout_s, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
