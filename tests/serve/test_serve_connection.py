"""Connections on which nothing moves keep nobody out, and do not stay."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from extriage.serve import connection

HALF = b"GET / HTTP/1.1\r\nX: "
WHOLE = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


def answering(body: bytes) -> ASGIApp:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


@contextmanager
def listening(body: bytes = b"hello") -> Iterator[int]:
    """Listen with connections of ours, in a thread; give the port."""
    config = uvicorn.Config(
        answering(body), port=0, http=connection.Connection, loop="asyncio", log_level="critical"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)


def talk(port: int, said: bytes) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port), timeout=5)
    opened.sendall(said)
    return opened


def ended(opened: socket.socket) -> bool:
    """Read to the end; False if the server keeps the connection for five seconds."""
    try:
        while opened.recv(65_536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


def test_half_questions_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST", 20)
    with listening() as port:
        waiting = [talk(port, HALF) for _ in range(60)]
        with talk(port, WHOLE) as reader:
            assert reader.recv(100).startswith(b"HTTP/1.1 200")
        assert all(ended(one) for one in waiting[:30])
        waiting[-1].sendall(b"y\r\nHost: here\r\n\r\n")
        assert waiting[-1].recv(100).startswith(b"HTTP/1.1 200")
        for one in waiting:
            one.close()


@pytest.mark.parametrize("said", [b"", HALF, WHOLE + HALF, b"POST / HTTP/1.1\r\nHost: h\r\n"])
def test_whoever_ends_no_question_is_sent_away(
    monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.2)
    with listening() as port, talk(port, said) as opened:
        assert ended(opened)


def test_a_question_that_trickles_in_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.3)
    with listening() as port, talk(port, HALF) as opened:
        opened.settimeout(0.05)
        for _ in range(60):
            with suppress(TimeoutError):
                try:
                    opened.sendall(b"x")
                    if not opened.recv(10):
                        return
                except ConnectionError:
                    return
    pytest.fail("the connection stays")


def test_whoever_takes_nothing_is_sent_away_and_whoever_takes_slowly_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.6)
    body = b"x" * 30_000_000
    with listening(body) as port:
        stalled, slow = talk(port, WHOLE), talk(port, WHOLE)
        got = len(slow.recv(65_536))
        pause = threading.Event()
        while got < len(body):
            pause.wait(0.05)
            got += len(slow.recv(1_000_000))
        assert got >= len(body)
        pause.wait(1.5)
        taken = 0
        with suppress(ConnectionError):
            while part := stalled.recv(1_000_000):
                taken += len(part)
        assert taken < len(body)
        stalled.close()
        slow.close()
