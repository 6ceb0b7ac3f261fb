"""The server at work: from the first word on stdout to Ctrl-C."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from extriage.errors import UsageError
from extriage.serve.connection import Connection

_IDLE = 5
"""Seconds that a connection may stay open without a question."""
_LEAVE = 2
"""Seconds that answers under way have when the server ends."""


class _Server(uvicorn.Server):
    """A server that says when it listens, and at which port."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[int], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: object = None) -> None:
        """Begin to listen."""
        await super().startup()
        if self.started:
            self._ready(self.servers[0].sockets[0].getsockname()[1])


def run(app: ASGIApp, host: str, port: int, ready: Callable[[int], None]) -> None:
    """Serve until Ctrl-C; `ready` is called with the port as soon as it listens.

    UsageError if the address cannot be used.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        http=Connection,
        loop="asyncio",
        lifespan="off",
        timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=_LEAVE,
    )
    server = _Server(config, ready)
    try:
        with _until_told():
            server.run()
    except KeyboardInterrupt:
        return
    except SystemExit as end:
        raise UsageError(
            f"{host} port {port} cannot be opened: it is in use, or it is no address of this "
            "machine; --port 0 takes a free port"
        ) from end


@contextmanager
def _until_told() -> Iterator[None]:
    """End on SIGTERM as on Ctrl-C."""

    def ended(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, ended)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
