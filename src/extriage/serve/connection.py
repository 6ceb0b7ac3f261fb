"""One connection to a reader: whoever asks nothing, or takes nothing, does not stay for ever.

A server of few threads is held up most cheaply by connections that begin a question and never end
it. Here they keep nobody out: the longest-waiting one goes when there are too many, and each goes
when nothing has moved on it for a while.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

MOST = 256
"""Connections at a time; far more than browsers of a team open."""
PATIENCE = 20.0
"""Seconds in which something must move: a question comes whole, an answer is taken further."""


class Connection(H11Protocol):
    """A connection that ends when nothing moves on it."""

    _timer: asyncio.TimerHandle | None = None
    _since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, in the place of the longest-waiting one if there are too many."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._since = self.loop.time()
        self._look_later()
        if len(self.connections) > MOST:
            ours = [one for one in self.connections if isinstance(one, Connection)]
            oldest = min((one for one in ours if one._is_idle()), key=lambda one: one._since)
            # NOTE: it is lost only after this, and others may come in before.
            self.connections.discard(oldest)
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of a connection."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _waits(self) -> bool:
        """Tell whether no question is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _is_idle(self) -> bool:
        """Tell whether nobody waits for anything on it; a new connection is idle."""
        return self._waits() and not self.transport.get_write_buffer_size()

    def _look_later(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._timer = self.loop.call_later(PATIENCE, self._look, self.cycle, left)

    def _look(self, cycle: RequestResponseCycle | None, left: int) -> None:
        """End the connection if no question was asked and no byte taken since the last look."""
        same = self.cycle is cycle and self.transport.get_write_buffer_size() == left
        if same and self._waits():
            self.transport.abort()
        else:
            self._look_later()
