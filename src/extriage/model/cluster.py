"""Clusters: intruders, on one server or several, who are probably the same, and what joins them.

A cluster has a neutral name. Resemblance to published clusters is a count of indicators, never a
statement about who did it.
"""

from dataclasses import dataclass
from datetime import datetime

from extriage.model.detection import Certainty


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that intruders have in common, or that tells them apart."""

    kind: str
    """`shell-parameter`, `file-sha256`, `page-name`, `canary`, `address`, `agent`, `tool`, …"""
    value: str
    members: tuple[str, ...]
    """`HOST/intruder-1` of all that have it."""
    weight: int
    """How much it says, 0 to 100; names that everybody uses weigh nothing."""
    joins: bool
    """True if it is a reason for the cluster; False if it is only told."""
    text: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class Resemblance:
    """How far a cluster is like one that was published."""

    cluster: str
    """As published: `Hafnium`."""
    indicators: int
    unique: int
    """Of them, those that no other published cluster has."""
    confidence: Certainty
    text: str
    """`resembles published indicators of X (n indicators, k of them unique to X)`."""
    matched: tuple[tuple[str, str, str], ...]
    """Type, value, and source of each indicator."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Intruders who belong together."""

    id: str
    """`k-` and sixteen hexadecimal digits of what joins it."""
    name: str
    """Neutral: `cluster A`, the earliest first."""
    members: tuple[str, ...]
    """`HOST/intruder-1`, sorted."""
    hosts: tuple[str, ...]
    first: datetime
    last: datetime
    hours: tuple[int, ...]
    """Records of its sessions by hour of the day in UTC: 24 numbers."""
    features: tuple[Feature, ...]
    """Those that join it first, the weightiest first."""
    apart: tuple[Feature, ...]
    """What tells it from the other clusters of the case."""
    resembles: tuple[Resemblance, ...]
    text: str
    """One or two sentences."""
