"""Asks a server without a network: the bytes of a request as they come in, nothing tidied up.

A client of a library would mend hostile paths and headers before they are sent.
"""

import asyncio
import json
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp

SERVER = ("127.0.0.1", 8765)
HERE = ("host", "127.0.0.1:8765")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """Return a header that must not stand there twice."""
        found = [value for known, value in self.headers if known == name]
        assert len(found) < 2, f"{name} stands there twice"
        return found[0] if found else None


def ask(
    app: ASGIApp,
    target: str,
    *,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (),
    host: Sequence[tuple[str, str]] = (HERE,),
    server: tuple[str, int] = SERVER,
) -> Reply:
    """Ask for a path with its parameters, as it stands in the first line of a request."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode("utf-8", "replace"),
        "query_string": query.encode("utf-8", "replace"),
        "root_path": "",
        "headers": list(_encoded((*host, *headers))),
        "client": ("127.0.0.1", 50_000),
        "server": server,
    }
    return _gathered(asyncio.run(_talk(app, scope)))


def _encoded(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[bytes, bytes]]:
    for name, value in headers:
        yield name.lower().encode("latin-1"), value.encode("utf-8", "replace")


async def _talk(app: ASGIApp, scope: dict[str, Any]) -> list[MutableMapping[str, Any]]:
    sent: list[MutableMapping[str, Any]] = []
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        return asked.pop() if asked else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception:
        # NOTE: the server answers first and then lets its own caller know.
        if not sent:
            raise
    return sent


def _gathered(sent: Sequence[MutableMapping[str, Any]]) -> Reply:
    start = next(message for message in sent if message["type"] == "http.response.start")
    headers = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Reply(start["status"], headers, body)
