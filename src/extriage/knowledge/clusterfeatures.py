"""Features of intruders: how much each says, which join, which values everybody has.

Source: `content/knowledge/cluster-features.yml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from extriage.errors import ContentError
from extriage.knowledge.content import own_yaml
from extriage.knowledge.joins import address_of, is_shipped_name

FILE = "cluster-features.yml"
JOINS = ("alone", "together", "never")
CONFIDENCES = ("low", "medium", "high")
_SHORT_NAME = 3
_SHORT_PARAMETER = 3
_INNER_V4 = ((10 << 24, 8), (0xAC10 << 16, 12), (0xC0A8 << 16, 16), (0x6440 << 16, 10))


@dataclass(frozen=True, slots=True)
class FeatureKind:
    """One kind of feature."""

    id: str
    title: str
    weight: int
    joins: str
    """`alone`, `together` or `never`."""
    group: str
    """Features of one group follow from each other: only the weightiest counts."""


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """All kinds, and what is needed to weigh them."""

    kinds: Mapping[str, FeatureKind]
    threshold: int
    most: int
    """So many features are counted, the weightiest."""
    apart: Mapping[str, int]
    busy_records: int
    busy_days: int
    generic: Mapping[str, frozenset[str]]
    confidence: Mapping[str, str]
    """Type of indicator to the confidence that it can have at most; others never count."""
    ages: frozenset[str]
    """Types of indicators that count only near the days of their publisher."""
    days: int


@cache
def feature_table() -> FeatureTable:
    """Load the table; ContentError says what is wrong in it."""
    document: Mapping[str, Any] = own_yaml("knowledge", FILE)
    try:
        return _table(document)
    except (KeyError, TypeError, ValueError) as error:
        raise ContentError(f"{FILE}: {error!r}") from error


@lru_cache(maxsize=16_384)
def is_generic(kind: str, value: str) -> bool:
    """Tell whether a value of a feature is one that everybody has, so that it says nothing."""
    test = _TESTS.get(kind)
    return test(value.casefold()) if test else value.casefold() in _listed(kind)


def is_inner(text: str) -> bool:
    """Tell whether an address is of an inner network, of the machine itself, or none at all."""
    found = address_of(text)
    if found is None or found.is_loopback or found.is_link_local or found.is_multicast:
        return True
    if found.version == 6:
        return int(found) >> 121 == 0xFC >> 1 or found.is_unspecified
    number = int(found)
    return number == 0 or any(number >> 32 - bits == net >> 32 - bits for net, bits in _INNER_V4)


def is_common_place(path: str) -> bool:
    """Tell whether every server has programs in the folder of a path (`/windows/x.exe`)."""
    folder = f"{path.rpartition('/')[0]}/"
    return folder in _listed("folders") or folder.startswith(_trees())


@cache
def _trees() -> tuple[str, ...]:
    return tuple(one[:-1] for one in _listed("folders") if one.endswith("*"))


@cache
def _agents() -> tuple[str, ...]:
    return tuple(_listed("agent"))


def _listed(kind: str) -> frozenset[str]:
    return feature_table().generic.get(kind, frozenset())


def _common_page(name: str) -> bool:
    stem = name.rpartition(".")[0]
    return len(stem) <= _SHORT_NAME or name in _listed("page-name") or is_shipped_name(name)


def _common_parameter(name: str) -> bool:
    return len(name) <= _SHORT_PARAMETER or name in _listed("shell-parameter")


def _common_agent(agent: str) -> bool:
    plain = agent.replace("+", " ")
    return not plain or plain.startswith(_agents()) or plain in _listed("whole-agent")


def _common_domain(domain: str) -> bool:
    parts = domain.split(".")
    return any(".".join(parts[at:]) in _listed("domain") for at in range(len(parts)))


def _common_tool(name: str) -> bool:
    stem = name.rpartition(".")[0]
    return len(stem) <= _SHORT_NAME - 1 or name in _listed("tool")


def _common_path(path: str) -> bool:
    name = path.rpartition("/")[2]
    return is_common_place(path) or _common_tool(name) or name in _listed("page-name")


def _common_content(sha256: str) -> bool:
    return sha256 in _listed("sha256")


_TESTS = {
    "address": is_inner,
    "agent": _common_agent,
    "domain": _common_domain,
    "file-sha256": _common_content,
    "page-name": _common_page,
    "shell-parameter": _common_parameter,
    "tool": _common_tool,
    "tool-path": _common_path,
    "tool-sha256": _common_content,
}


def _table(document: Mapping[str, Any]) -> FeatureTable:
    kinds = {name: _kind(name, row) for name, row in document["kinds"].items()}
    told = document["resemblance"]
    return FeatureTable(
        kinds,
        int(document["threshold"]),
        int(document["most"]),
        {name: int(value) for name, value in document["apart"].items()},
        int(document["busy"]["records"]),
        int(document["busy"]["days"]),
        {
            name: frozenset(str(value).casefold() for value in values)
            for name, values in document["generic"].items()
        },
        {type: word for word in CONFIDENCES for type in told[word]},
        frozenset(told["ages"]),
        int(told["days"]),
    )


def _kind(name: str, row: Mapping[str, Any]) -> FeatureKind:
    if row["joins"] not in JOINS:
        raise ValueError(f"{name}: joins is {row['joins']!r}, not one of {', '.join(JOINS)}")
    if not 0 <= int(row["weight"]) <= 100:
        raise ValueError(f"{name}: weight is not between 0 and 100")
    return FeatureKind(name, row["title"], int(row["weight"]), row["joins"], row["group"])
