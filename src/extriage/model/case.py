"""The whole case: the one input of every report."""

from dataclasses import dataclass
from datetime import datetime

from extriage.model.detection import RefusedRule, Stage
from extriage.model.evidence import Entry
from extriage.model.host import Host
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
    """One proved moment of the case's timeline."""

    time: datetime
    host: str
    stage: Stage
    title: str
    finding: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a scan found out; rendering needs nothing else."""

    schema: str
    tool: Tool
    hosts: tuple[Host, ...]
    unassigned: tuple[Entry, ...] = ()
    """Manifest rows that belong to no host: skipped and unreadable files, archive anomalies."""
    clusters: tuple[str, ...] = ()
    """Servers with the same traces; empty in this version."""
    timeline: tuple[Moment, ...] = ()
    suppressions: tuple[SuppressionUse, ...] = ()
    """Every entry of the suppress files that the scan was given, and what it did."""
