"""The whole case: the one input of every report."""

from dataclasses import dataclass, field
from datetime import datetime

from extriage.model.cluster import Cluster
from extriage.model.custody import Custody
from extriage.model.detection import RefusedRule, Stage
from extriage.model.evidence import Entry
from extriage.model.host import Host
from extriage.model.indicator import Derived
from extriage.model.suppression import SuppressionUse

SCHEMA = "extriage.case/1"


@dataclass(frozen=True, slots=True)
class Tool:
    """Which tool and which content said so."""

    version: str
    knowledge_as_of: str
    content_sha256: str
    rules: int
    refused_rules: tuple[RefusedRule, ...]
    slow_rules: tuple[str, ...] = ()
    """Rules without a literal for the prefilter: every line of their kinds was parsed for them."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment of the case's timeline."""

    time: datetime
    host: str
    stage: Stage | None
    """The stage that it proves; None for what is no step of an attack."""
    title: str
    finding: str
    """Id of the finding, way back or session that it stands for; empty for others."""
    path: str
    line: int
    source: str = "attack"
    """`attack`, `persistence`, `exposure`, `antivirus`, `administrator`, `patch`, `window`, `log`,
    `published`."""
    phase: str = ""
    """Which part of the story: `before`, `way-in`, `foothold`, `inside`, `taking`, `response`."""
    until: datetime | None = None
    """The last of several records that it stands for."""
    count: int = 1
    by: str = ""
    """Intruder, account or programme, as far as it is told."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a scan found out; rendering needs nothing else."""

    schema: str
    tool: Tool
    hosts: tuple[Host, ...]
    unassigned: tuple[Entry, ...] = ()
    """Manifest rows that belong to no host: skipped and unreadable files, archive anomalies."""
    clusters: tuple[Cluster, ...] = ()
    """Intruders who are probably the same, on one server or several."""
    indicators: tuple[Derived, ...] = ()
    """What this case gives to be looked for elsewhere."""
    timeline: tuple[Moment, ...] = ()
    suppressions: tuple[SuppressionUse, ...] = ()
    """Every entry of the suppress files that the scan was given, and what it did."""
    custody: Custody = field(default_factory=Custody)
    """Who looked at it, for which case, and the containers that were opened."""
