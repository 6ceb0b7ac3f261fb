"""What a sample server shall be: product, build, time, size, layout, and what befell it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from extriage.model.detection import Stage
from extriage.model.exchange import BuildNumber

Product: TypeAlias = Literal["2010", "2013", "2016", "2019"]
Attack: TypeAlias = Literal["none", "background", "probes", "chain"]
Layout: TypeAlias = Literal["drive", "logging", "pile"]
Encoding: TypeAlias = Literal["utf-8", "utf-8-sig", "utf-16"]
EventShape: TypeAlias = Literal["evtx", "flat"]
Family: TypeAlias = Literal[
    "httpproxy", "iis", "ecp-server", "oab-generator", "ews", "rps-cmdlet", "events", "web-file"
]

UNPATCHED: dict[Product, BuildNumber] = {
    "2010": (14, 3, 496, 0),
    "2013": (15, 0, 1497, 2),
    "2016": (15, 1, 2106, 2),
    "2019": (15, 2, 721, 2),
}
"""A build of each product as it ran, without security updates, before March 2021."""

MARCH_2021: dict[tuple[int, int, int], int] = {
    (15, 0, 847): 64,
    (15, 0, 1395): 12,
    (15, 0, 1473): 6,
    (15, 0, 1497): 12,
    (15, 1, 1415): 10,
    (15, 1, 1466): 16,
    (15, 1, 1531): 12,
    (15, 1, 1591): 18,
    (15, 1, 1713): 10,
    (15, 1, 1779): 8,
    (15, 1, 1847): 12,
    (15, 1, 1913): 12,
    (15, 1, 1979): 8,
    (15, 1, 2044): 13,
    (15, 1, 2106): 13,
    (15, 1, 2176): 9,
    (15, 2, 221): 18,
    (15, 2, 330): 11,
    (15, 2, 397): 11,
    (15, 2, 464): 15,
    (15, 2, 529): 13,
    (15, 2, 595): 8,
    (15, 2, 659): 12,
    (15, 2, 721): 13,
    (15, 2, 792): 10,
}
"""Revision of the March 2021 security update for each cumulative update that got one."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted line or file, so that a test can ask whether it was found."""

    path: str
    """Relative to the sample's folder, with `/`."""
    what: str
    stage: Stage | None
    """The stage that it proves; None for scanner noise that proves nothing about this server."""
    time: datetime
    cve: str
    text: str
    """The whole line as written (for a file: its text)."""


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """One server to write; equal specifications give equal bytes."""

    name: str = "EX01"
    product: Product = "2016"
    build: BuildNumber | None = None
    """The build before `patched_at`; None stands for `UNPATCHED` of the product."""
    domain: str = "contoso.example"
    start: datetime = datetime(2021, 2, 20, tzinfo=UTC)
    end: datetime = datetime(2021, 3, 10, tzinfo=UTC)
    lines: int = 100_000
    """Ordinary lines over all logs, header lines and planted lines not counted."""
    attack: Attack = "none"
    seed: int = 1
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    """Stretches without a line in any log; what is planted there is lost as well."""
    drive: str = "C:"
    """The drive that Exchange is installed on; IIS logs and Windows stay on `C:`."""
    layout: Layout = "drive"
    encoding: Encoding = "utf-8"
    event_shape: EventShape = "evtx"
    """Exports as a dump of EVTX records, or flat as log shippers write them."""
    event_offset: timedelta = timedelta(0)
    """Added to the exports' time stamps, though not to Sysmon's own `UtcTime`: the trap of local
    time that is labelled UTC."""
    patched_at: datetime | None = None
    """From then on rows carry the March 2021 security update, and the forged routing fails."""
    attack_at: datetime | None = None
    """Start of the chain; None stands for three fifths of the covered time."""
    omit: tuple[Family, ...] = ()
    """Evidence that was not collected."""
    hours_per_file: int = 1
    """Exchange starts an HttpProxy file every hour; more keeps a small sample small."""
    iis_bytes: bool = False
    """IIS logs `sc-bytes` and `cs-bytes`, which it does not by default."""
    reverse_proxy: str = ""
    """Address that the server sees instead of every client's own; empty if there is none."""

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        if self.end <= self.start:
            raise ValueError("a sample server needs an end after its start")
        if self.product == "2010" and self.layout == "logging":
            raise ValueError("Exchange 2010 keeps none of these logs below its Logging folder")

    @property
    def number(self) -> BuildNumber:
        """Return the build before the update."""
        return self.build or UNPATCHED[self.product]

    @property
    def patched(self) -> BuildNumber:
        """Return the build after the update."""
        major, minor, build, _ = self.number
        if self.product == "2010":
            return (14, 3, 513, 0)
        revision = MARCH_2021.get((major, minor, build))
        if revision is None:
            raise ValueError(f"no March 2021 update for {major}.{minor}.{build}")
        return (major, minor, build, revision)

    @property
    def chain_at(self) -> datetime:
        """Return when the chain begins."""
        if self.attack_at is not None:
            return self.attack_at
        return (self.start + (self.end - self.start) * 0.6).replace(microsecond=0)

    @property
    def install(self) -> str:
        r"""Return the installation folder as Windows writes it, ending with a backslash."""
        version = "V14" if self.product == "2010" else "V15"
        return rf"{self.drive}\Program Files\Microsoft\Exchange Server\{version}" + "\\"

    @property
    def fqdn(self) -> str:
        """Return the server's full name as its logs write it."""
        return f"{self.name.lower()}.{self.domain}"

    def build_at(self, time: datetime) -> BuildNumber:
        """Return the build that ran at that time."""
        return self.patched if self.is_patched(time) else self.number

    def is_patched(self, time: datetime) -> bool:
        """Tell whether the update was installed by then."""
        return self.patched_at is not None and time >= self.patched_at

    def covers(self, time: datetime) -> bool:
        """Tell whether a line of that time exists: inside the logs and in no gap."""
        if not self.start <= time < self.end:
            return False
        return not any(start <= time < end for start, end in self.gaps)


def dotted(build: BuildNumber) -> str:
    """Return `15.1.2106.2`."""
    return ".".join(str(part) for part in build)


def padded(build: BuildNumber) -> str:
    """Return `15.01.2106.002`, as headers and target versions are written."""
    major, minor, number, revision = build
    return f"{major:02d}.{minor:02d}.{number:04d}.{revision:03d}"


def packed(build: BuildNumber) -> int:
    """Return the build as the one number that routing cookies carry (no revision in it)."""
    major, minor, number, _ = build
    return 0x70000000 | major << 22 | minor << 16 | 0x8000 | number
