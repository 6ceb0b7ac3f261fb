"""Ask servers that the user named which version they run: the only network code of this program.

Passive: a caller without an account asks for at most three public pages, and what Exchange itself
puts there is read. Nothing is guessed, tried out or sent along: no body, no credentials, no
cookies, no parameters, no other path than those in `PATHS`. `_request` is all that is ever sent.

A certificate is not checked, because a server's identity is not the question and old servers have
old certificates; for the same reason TLS 1.0 and weak ciphers are accepted. What a server says can
therefore be forged by whoever sits in between, and is a hint, not evidence.
"""

import base64
import contextlib
import io
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

from extriage import __version__
from extriage.errors import UsageError
from extriage.model.fingerprint import Asked, Fingerprint, Target, Trouble
from extriage.sources.signs import (
    Answer,
    Heard,
    conclude,
    elsewhere,
    next_page,
    read_answer,
)

LOGON = "/owa/auth/logon.aspx"
MANIFEST = "/ecp/Current/exporttool/microsoft.exchange.ediscovery.exporttool.application"
OWA = "/owa/"
PATHS = (LOGON, MANIFEST, OWA)
"""All that is ever asked for, in this order; each once at most, and none after the full build.

The logon page names the cumulative update, and is all that is needed where `X-OWA-Version` comes
with it. The manifest has the full build. `/owa/` is for servers whose logon page is switched off.
"""
ANSWER_LIMIT = 256 * 1024
"""Bytes read of one answer, its header included."""
_ADDRESSES = 4
"""Addresses of one name that are tried, each for its share of the time."""
_LEGACY_CONNECT = 0x4
"""OpenSSL's SSL_OP_LEGACY_SERVER_CONNECT: servers without safe renegotiation answer too."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that connects to servers by CONNECT."""

    name: str
    port: int
    credentials: str = field(default="", repr=False)
    """`user:password` for the proxy itself; never sent to a server."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How servers are asked."""

    delay: float = 1.0
    """Seconds from one request to the next, all servers together."""
    timeout: float = 10.0
    """Seconds for one request, from the connection to the last byte."""
    at_once: int = 4
    """Servers that are waited for at the same time."""
    proxy: Proxy | None = None


def fingerprints(targets: Sequence[Target], manners: Manners) -> Iterator[Fingerprint]:
    """Ask each server and yield what it says, in the order of the targets.

    Whatever a server does or does not do is part of its fingerprint, never an exception.
    """
    caller = _Caller(manners, _context(), _Pace(manners.delay))
    with ThreadPoolExecutor(manners.at_once) as pool:
        try:
            yield from pool.map(partial(_fingerprint, caller), targets)
        finally:
            caller.pace.stop()


def read_proxy(text: str) -> Proxy:
    """Read `http://[user:password@]name[:port]`; UsageError when it is none."""
    shown = text.rpartition("@")[2]
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError as error:
        raise UsageError(f"proxy {shown!r} is no URL such as http://proxy:3128") from error
    if parts.scheme != "http" or not parts.hostname:
        raise UsageError(f"proxy {shown!r} is no HTTP proxy; write http://proxy:3128")
    login = unquote(parts.netloc.rpartition("@")[0])
    return Proxy(parts.hostname, 80 if port is None else port, login)


def environment_proxy() -> Proxy | None:
    """Return the proxy that HTTPS_PROXY names, if it names one."""
    text = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    return read_proxy(text) if text else None


def _direct(name: str) -> bool:
    """Tell whether NO_PROXY takes a server out of the proxy's hands."""
    listed = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    for entry in (one.strip().lower().strip("[]").lstrip(".") for one in listed.split(",")):
        if entry == "*" or (entry and (name == entry or name.endswith(f".{entry}"))):
            return True
    return False


class _NoAnswerError(Exception):
    """Nothing came back that could be read."""

    def __init__(self, trouble: Trouble, reason: str) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.reason = reason


class _Pace:
    """Keeps requests apart, whichever thread sends them."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._lock = threading.Lock()
        self._next = 0.0
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let nobody send anything more."""
        self._stopped.set()

    def turn(self) -> bool:
        """Wait for one's turn; False when nothing may be sent any more."""
        with self._lock:
            start = max(self._next, time.monotonic())
            self._next = start + self._delay
        return not self._stopped.wait(max(0.0, start - time.monotonic()))


@dataclass(frozen=True, slots=True)
class _Caller:
    manners: Manners
    context: ssl.SSLContext
    pace: _Pace


def _fingerprint(caller: _Caller, target: Target) -> Fingerprint:
    told, failure = Heard(), None
    start = Fingerprint(target, datetime.now(UTC))
    left = list(PATHS)
    while left and not told.settled:
        if not caller.pace.turn():
            failure = (Trouble.TIMEOUT, "stopped before it had answered")
            break
        path = left.pop(0)
        try:
            answer = _get(caller, target, path)
        except _NoAnswerError as error:
            told.asked.append(Asked(path, 0, error.reason))
            failure = (error.trouble, error.reason)
            break
        read_answer(told, answer)
        told.away = told.away or elsewhere(target, answer, PATHS)
        hop = next_page(target, answer, left)
        left = [hop, *(page for page in left if page != hop)] if hop else left
    return conclude(start, told, failure)


def _get(caller: _Caller, target: Target, path: str) -> Answer:
    """Send one request over a connection of its own and read the answer."""
    deadline = _Deadline(caller.manners.timeout)
    proxy = None if _direct(target.name) else caller.manners.proxy
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(
            _through(proxy, target, deadline)
            if proxy
            else _connect(target.name, target.port, deadline)
        )
        line = stack.enter_context(_secure(caller.context, plain, target, deadline))
        try:
            line.settimeout(deadline.left())
            line.sendall(_request(target, path))
            return _answer(line, path, deadline)
        except OSError as error:
            broken = _NoAnswerError(Trouble.NONSENSE, "it hung up without an answer")
            raise _failed(error, broken) from error
        except (HTTPException, ValueError) as error:
            raise _NoAnswerError(Trouble.NONSENSE, "its answer is no HTTP") from error


def _context() -> ssl.SSLContext:
    """Return a context for every server that can still speak TLS, however old."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= ssl.OP_NO_SSLv3 | _LEGACY_CONNECT
    return context


def _connect(name: str, port: int, deadline: "_Deadline") -> socket.socket:
    """Connect to the first address of a name that answers."""
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[:_ADDRESSES]
    except (OSError, UnicodeError) as error:
        mute = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        words = "no name server answers for its name" if mute else "its name has no address"
        raise _NoAnswerError(Trouble.NO_NAME, words) from error
    last: OSError | None = None
    for count, (family, kind, protocol, _, address) in enumerate(found):
        line = socket.socket(family, kind, protocol)
        try:
            line.settimeout(deadline.left() / (len(found) - count))
            line.connect(address)
        except OSError as error:
            line.close()
            last = error
        else:
            return line
    raise _failed(last, _NoAnswerError(Trouble.UNREACHABLE, "no way leads to it")) from last


def _through(proxy: Proxy, target: Target, deadline: "_Deadline") -> socket.socket:
    """Connect to a server by way of the proxy, which also looks its name up."""
    try:
        line = _connect(proxy.name, proxy.port, deadline)
    except _NoAnswerError as error:
        raise _NoAnswerError(Trouble.PROXY, f"proxy: {error.reason}") from error
    try:
        line.settimeout(deadline.left())
        line.sendall(_connect_request(proxy, target))
        with contextlib.closing(_response(line, deadline)) as got:
            got.begin()
            status = got.status
    except (OSError, HTTPException, ValueError) as error:
        line.close()
        raise _NoAnswerError(Trouble.PROXY, "proxy: no answer that could be read") from error
    if status != 200:
        line.close()
        raise _NoAnswerError(Trouble.PROXY, f"proxy: it refused, with status {status}")
    return line


def _connect_request(proxy: Proxy, target: Target) -> bytes:
    place = f"[{target.name}]" if ":" in target.name else target.name
    words = f"CONNECT {place}:{target.port} HTTP/1.1\r\nHost: {place}:{target.port}\r\n"
    if proxy.credentials:
        login = base64.b64encode(proxy.credentials.encode("utf-8")).decode("ascii")
        words += f"Proxy-Authorization: Basic {login}\r\n"
    return f"{words}\r\n".encode("ascii")


def _secure(
    context: ssl.SSLContext, line: socket.socket, target: Target, deadline: "_Deadline"
) -> ssl.SSLSocket:
    """Agree on TLS with the server."""
    try:
        line.settimeout(deadline.left())
        return context.wrap_socket(line, server_hostname=target.name)
    except OSError as error:
        broken = _NoAnswerError(Trouble.TLS, "it hung up while TLS was agreed on")
        raise _failed(error, broken) from error


def _failed(error: OSError | None, other: _NoAnswerError) -> _NoAnswerError:
    """Say what an error of the network means; `other` where it is none of the usual ones."""
    if isinstance(error, TimeoutError):
        return _NoAnswerError(Trouble.TIMEOUT, "no answer in time")
    if isinstance(error, ConnectionRefusedError):
        return _NoAnswerError(Trouble.REFUSED, "it refuses connections to this port")
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        words = (error.reason or "unknown").replace("_", " ").lower()
        return _NoAnswerError(Trouble.TLS, f"TLS could not be agreed on: {words}")
    return other


def _request(target: Target, path: str) -> bytes:
    """Return the only request that a server ever gets."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {target.spelled}\r\n"
        f"User-Agent: extriage/{__version__} (Exchange version check; reads public pages only)\r\n"
        "Accept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
    ).encode("ascii")


def _answer(line: ssl.SSLSocket, path: str, deadline: "_Deadline") -> Answer:
    """Read header and, of a page that is there, the text; both as far as the limits go."""
    version = {"TLSv1": "TLSv1.0"}.get(line.version() or "", line.version() or "")
    tls = version.replace("TLSv", "TLS ")
    with contextlib.closing(_response(line, deadline)) as got:
        got.begin()
        body = bytearray()
        with contextlib.suppress(OSError, HTTPException, ValueError):
            # NOTE: a page that breaks off has often told its version before.
            while got.status == 200 and (more := got.read1(ANSWER_LIMIT)):
                body += more
        return Answer(path, got.status, tuple(got.getheaders()), body.decode("latin-1"), tls)


def _response(line: socket.socket, deadline: "_Deadline") -> HTTPResponse:
    return HTTPResponse(cast("socket.socket", _Wire(line, deadline)), method="GET")


class _Deadline:
    """The end of the time that one request may take."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left; TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {self._seconds:g} seconds")
        return left


class _Wire(io.RawIOBase):
    """The bytes of one answer: a bounded number, and none after the deadline."""

    def __init__(self, line: socket.socket, deadline: _Deadline) -> None:
        super().__init__()
        self._line = line
        self._deadline = deadline
        self._room = ANSWER_LIMIT

    def readable(self) -> bool:
        """Say yes, as every stream that is read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read what is there; 0 at the end or the limit, TimeoutError after the deadline."""
        room = memoryview(buffer)[: self._room]
        self._line.settimeout(self._deadline.left())
        count = self._line.recv_into(room) if room else 0
        self._room -= count
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Give http.client the stream that it asks a socket for."""
        return io.BufferedReader(self)
