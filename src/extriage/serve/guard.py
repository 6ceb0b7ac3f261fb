"""What stands before every page: who may ask, what may be asked, and how every answer is locked.

- The `Host` header must be a name of this server, or else a page of another site could reach it
  through a name of its own (DNS rebinding).
- Only GET and HEAD, without a body: nothing here changes anything.
- No other page in the same browser may have its pictures, frames or scripts fetched from here.
- Addresses hold letters, digits and few marks; nobody climbs out of them.
- Every answer says that it must not be framed, sniffed, kept or read by other sites.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from extriage.serve.pages import told
from extriage.serve.token import Token

QUERY = 4_096
"""Bytes that the parameters of an address may have together."""

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
LOCKED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Policy of answers that are no pages."""

_HOST = re.compile(
    r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>\d{1,5}))?"
)
_NAME = re.compile(r"(?=.{1,253}\Z)(?!0[xX])(?:[A-Za-z0-9_-]+\.)*(?=[^.]*[A-Za-z])[A-Za-z0-9_-]+")
_MISNAMED = (
    "This server is not called by that name. Open it as it was printed; through a tunnel, at the "
    "same port; by another name, if it was started with --name and that name."
)
_PATH = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?")


@dataclass(frozen=True, slots=True)
class Guard:
    """Wraps the routes."""

    app: ASGIApp
    hosts: frozenset[str]
    """Names and addresses by which this server may be called, in small letters."""
    token: Token | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def locked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", LOCKED)
            await send(message)

        answer = self._refused(scope) or self.app
        await answer(scope, receive, locked)

    def _refused(self, scope: Scope) -> ASGIApp | None:
        """Return the answer to a request that goes no further."""
        headers = Headers(scope=scope)
        if not self._is_ours(headers.getlist("host"), scope):
            return told(421, _MISNAMED)
        if scope["method"] not in ("GET", "HEAD"):
            return told(405, "Only reading is possible here.", {"Allow": "GET, HEAD"})
        if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
            return told(400, "A question has no body.", {"Connection": "close"})
        if _is_of_another_site(headers):
            return told(403, "Another site asked for this.")
        if not _PATH.fullmatch(scope["path"]):
            return told(404, "There is no such page.")
        if len(scope["query_string"]) > QUERY:
            return told(400, "The address is too long.")
        return self.token.refused(scope) if self.token else None

    def _is_ours(self, named: Collection[str], scope: Scope) -> bool:
        found = _HOST.fullmatch(next(iter(named))) if len(named) == 1 else None
        if found is None:
            return False
        address, port = scope.get("server") or ("", None)
        if port is not None and int(found["port"] or 80) != port:
            return False
        # NOTE: an address cannot be made to lead elsewhere, as a name can.
        return found["name"].lower() in self.hosts | known_as(address, ())


def known_as(host: str, names: Collection[str]) -> frozenset[str]:
    """Return by what names a server may be called that listens at an address.

    The address at which a request comes in may always be named.
    """
    known = {_bracketed(name) for name in names}
    if not is_everywhere(host):
        known.add(_bracketed(host))
    if is_loopback(host):
        known |= {"localhost", "127.0.0.1", "[::1]"}
    return frozenset(name.lower() for name in known)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_everywhere(host: str) -> bool:
    """Tell whether the address stands for all addresses of this machine; nobody is called so."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def is_name(host: str) -> bool:
    """Tell whether this can be the name or the address of a machine, without a port."""
    try:
        return bool(ip_address(host))
    except ValueError:
        # NOTE: `0` and `127.1` are addresses to the system, and to nobody who reads them.
        return bool(_NAME.fullmatch(host))


def _is_of_another_site(headers: Headers) -> bool:
    """Tell whether a page from elsewhere asks, unless somebody followed its link."""
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    followed = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    return followed != ("navigate", "document")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
