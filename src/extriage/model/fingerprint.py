"""What a server that was asked over the network says of its own version."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from extriage.model.exchange import BuildNumber

HTTPS = 443


@dataclass(frozen=True, slots=True)
class Target:
    """A server that the user named, and nobody else."""

    name: str
    """A host name as DNS spells it, an IPv4 address or an IPv6 address without brackets."""
    port: int = HTTPS

    @property
    def spelled(self) -> str:
        """The server as a URL names it: `mail.example.org`, `[2001:db8::1]:8443`."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port == HTTPS else f"{name}:{self.port}"


class Precision(StrEnum):
    """How much of a build was learnt."""

    SU = "su"
    """All four numbers: the security update is known."""
    CU = "cu"
    """Three numbers: the cumulative update is known, the security updates on it are not."""


class Trouble(StrEnum):
    """Why no build was learnt."""

    NO_NAME = "name-not-found"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    PROXY = "proxy-failure"
    TLS = "tls-failure"
    NONSENSE = "nonsense"
    """It answers, but not in HTTP."""
    ELSEWHERE = "redirected"
    """It sends callers to a place that the user did not name."""
    NOT_EXCHANGE = "not-exchange"
    HIDDEN = "version-hidden"
    """Exchange answers, but without its version."""
    CLOUD = "exchange-online"


@dataclass(frozen=True, slots=True)
class Sign:
    """One place in an answer that tells a build."""

    place: str
    """`X-OWA-Version`, `export tool manifest`, `logon page` …"""
    path: str
    """The page that was asked for."""
    text: str
    """The place in the server's own words, bounded."""
    build: BuildNumber
    """With 0 as the last number where only the cumulative update is told."""
    precision: Precision


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, and what came back."""

    path: str
    status: int
    """Status of the answer; 0 when none came."""
    note: str = ""
    """Why no answer came, or where it sends callers."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """All that one server said; either a build and its precision, or a trouble and its reason."""

    target: Target
    time: datetime
    """When it was asked, in UTC."""
    build: BuildNumber | None = None
    precision: Precision | None = None
    tls: str = ""
    """The newest version that both sides know: `TLS 1.2`."""
    servers: tuple[str, ...] = ()
    """Names from `X-FEServer`; more than one when a load balancer stands in front."""
    signs: tuple[Sign, ...] = ()
    asked: tuple[Asked, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader must know to trust the build, each in one sentence."""
    trouble: Trouble | None = None
    reason: str = ""
