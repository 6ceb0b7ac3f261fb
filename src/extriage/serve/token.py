"""Who may look: whoever came once by the address that was printed, or brings its token.

The token is made anew at every start. It stands in the printed address; the first answer puts it
into a cookie that no script can read and that no link of another site sends along, and leads on to
the address without it. Programs may send it as `Authorization: Bearer`.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from extriage.serve.pages import told

_BYTES = 32


@dataclass(frozen=True, slots=True)
class Token:
    """The secret of one start of the server."""

    secret: str

    @classmethod
    def fresh(cls) -> "Token":
        """Make a token that nobody can guess."""
        return cls(secrets.token_urlsafe(_BYTES))

    def refused(self, scope: Scope) -> Response | None:
        """Return the answer to somebody without the token, or to whoever brings it in the address.

        None for those who may see what they asked for.
        """
        request = Request(scope)
        brought = request.query_params.getlist("token")
        if len(brought) == 1 and self._fits(brought[0]):
            return self._welcomed(request)
        if not brought and any(self._fits(one) for one in _carried(request)):
            return None
        return told(
            401,
            "Open the address that extriage printed when it started: it holds a token.",
            {"WWW-Authenticate": "Bearer"},
        )

    def _fits(self, given: str) -> bool:
        # NOTE: compared in a time that does not tell how much of it was right.
        return secrets.compare_digest(given.encode("utf-8", "replace"), self.secret.encode())

    def _welcomed(self, request: Request) -> Response:
        rest = request.url.remove_query_params("token")
        answer: Response = RedirectResponse(
            f"{rest.path}{'?' if rest.query else ''}{rest.query}", 303
        )
        if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            # NOTE: a browser that was led here by another site would follow without the cookie.
            answer = told(200, "The token fits.", home=True)
        answer.set_cookie(_cookie(request), self.secret, httponly=True, samesite="strict", path="/")
        return answer


def _carried(request: Request) -> Iterator[str]:
    yield request.cookies.get(_cookie(request), "")
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield value.strip()


def _cookie(request: Request) -> str:
    """Return the cookie's name: browsers do not tell servers on other ports apart."""
    server = request.scope.get("server") or ("", 0)
    return f"extriage-{server[1]}"
