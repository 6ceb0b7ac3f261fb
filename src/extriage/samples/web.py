"""One web request, told the same way by every log that saw it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Hop:
    """Where the front end sent a request, and why."""

    target: str
    version: str = ""
    """Target version as the log prints it; empty stands for the running build."""
    anchor: str = ""
    hint: str = ""
    routing: str = "IntraForest"
    cookie: str = ""
    status: str = "200"
    database: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for and what became of it; `hop` is None if it went no further."""

    time: datetime
    """End of the request."""
    took: int
    request_id: str
    protocol: str
    method: str
    host: str
    stem: str
    client: str
    agent: str
    status: int
    query: str = ""
    user: str = ""
    authentication: str = ""
    organisation: str = ""
    client_request_id: str = ""
    action: str = ""
    received: int = 0
    sent: int = 0
    hop: Hop | None = None
    info: str = ""
    errors: str = ""
    referer: str = ""
    port: int = 443
    substatus: str = "0 0"
    """Sub-status and Windows status, as IIS writes them: `1 1326` for a wrong password."""


@dataclass(frozen=True, slots=True)
class Call:
    """What the back end saw of a request."""

    time: datetime
    took: int
    method: str
    stem: str
    query: str
    user: str
    agent: str
    status: int
    client: str = "::1"
    port: int = 444
    win32: int = 0
    referer: str = ""
    received: int = 0
    sent: int = 0
