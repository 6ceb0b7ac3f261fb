"""Servers on the loopback that answer as told and keep every byte they were sent."""

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

CERTIFICATE = Path(__file__).parent / "loopback_weak_test_only.pem"
Reply = bytes | Callable[[socket.socket], None]
VERSIONS = {
    "TLS 1.0": ssl.TLSVersion.TLSv1,
    "TLS 1.1": ssl.TLSVersion.TLSv1_1,
    "TLS 1.2": ssl.TLSVersion.TLSv1_2,
    "TLS 1.3": ssl.TLSVersion.TLSv1_3,
}


def page(body: str = "", status: str = "200 OK", **headers: str) -> bytes:
    """Return an answer; underscores in the names of headers stand for hyphens."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    length = f"Content-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\n{length}{''.join(lines)}\r\n{body}".encode("latin-1")


def only(version: str) -> ssl.SSLContext:
    """Return a server's context that speaks one version of TLS, with all old ciphers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(CERTIFICATE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = VERSIONS[version]
    return context


@dataclass
class Loopback:
    """A server: `pages` by path, `other` for the rest; `context` None speaks no TLS."""

    pages: Mapping[str, Reply] = field(default_factory=dict)
    other: Reply = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    context: ssl.SSLContext | None = field(default_factory=lambda: only("TLS 1.2"))
    proxy: Reply | None = None
    """What it answers on CONNECT, before it plays the server itself; None for no proxy."""
    reads: bool = True
    """False leaves all that it is sent to the reply."""
    requests: list[str] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> "Loopback":
        self._door = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._door.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for line in self._open:
            with contextlib.suppress(OSError):
                line.close()

    @property
    def paths(self) -> list[str]:
        return [request.split(" ")[1] for request in self.requests if request.startswith("GET ")]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._door.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        self._open.append(line)
        with contextlib.suppress(OSError, ValueError):
            if self.proxy is not None:
                self._receive(line)
                self._send(line, self.proxy)
            if self.context is not None:
                line = self.context.wrap_socket(line, server_side=True)
                self._open.append(line)
            request = self._receive(line)
            path = request.split(" ")[1] if " " in request else ""
            self._send(line, self.pages.get(path, self.other))
        line.close()

    def _receive(self, line: socket.socket) -> str:
        data = b""
        while self.reads and not data.endswith(b"\r\n\r\n") and (more := line.recv(65536)):
            data += more
        if data:
            self.requests.append(data.decode("latin-1"))
        return data.decode("latin-1")

    def _send(self, line: socket.socket, reply: Reply) -> None:
        if callable(reply):
            reply(line)
        else:
            line.sendall(reply)
