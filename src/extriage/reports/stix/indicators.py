"""Indicators as STIX 2.1: those that a case gave, those that others published, and their sightings.

A pattern compares one property with one value. Backslash and quote of a value are escaped (section
9.2.5), so that a value stays a value. What STIX has no property for, such as the password of a web
shell, has no pattern and is left out; how many are is said where it happens.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time

from extriage.model.detection import Certainty
from extriage.model.indicator import Derived, Indicator, Sighting
from extriage.reports.imprint import CONFIDENCE, TLP, exact
from extriage.reports.stix.parts import MOST, Frame, Object, name, words

PATTERNS: Mapping[str, str] = {
    "sha256": "file:hashes.'SHA-256'",
    "sha1": "file:hashes.'SHA-1'",
    "md5": "file:hashes.MD5",
    "file-name": "file:name",
    "ipv4": "ipv4-addr:value",
    "ipv6": "ipv6-addr:value",
    "domain": "domain-name:value",
    "url": "url:value",
    "email": "email-addr:value",
    "account": "user-account:account_login",
    "url-path": "network-traffic:extensions.'http-request-ext'.request_value",
    "user-agent": "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
}
"""Types of indicators that a pattern can be made of, and the property that it compares."""

_PUBLISHED = {"high": 90, "medium": 60, "low": 20}


def has_pattern(type: str) -> bool:
    """Tell whether STIX can say an indicator of this type."""
    return type in PATTERNS


def pattern(type: str, value: str) -> str:
    """Return the pattern that is met by this value and by no other."""
    escaped = exact(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"[{PATTERNS[type]} = '{escaped}']"


def derived_indicator(one: Derived, frame: Frame) -> Object:
    """Return an indicator that the case gave; its id follows from its value alone."""
    sure = one.certainty is not Certainty.POSSIBLE
    return frame.new(
        *("indicator", (one.type, one.value), one.first_seen),
        name=name(f"{one.type} {one.value}"),
        description=words(one.because, *one.look_alikes),
        indicator_types=["malicious-activity" if sure else "anomalous-activity"],
        pattern=pattern(one.type, one.value),
        pattern_type="stix",
        pattern_version="2.1",
        valid_from=one.first_seen or frame.made,
        confidence=CONFIDENCE[one.certainty],
    )


def derived_sighting(
    one: Derived, indicator: str, frame: Frame, where: Sequence[str] = ()
) -> Object:
    """Return when, and on which servers if they may be named, an indicator of ours was seen."""
    key = ("case-sighting",) if where else ("sighting",)
    return frame.new(
        *("sighting", (*key, one.type, one.value), one.first_seen),
        **_span(one.first_seen, one.last_seen),
        sighting_of_ref=indicator,
        where_sighted_refs=[*where],
    )


def sighted(one: Sighting, host: str, frame: Frame) -> Iterator[Object]:
    """Yield an indicator that others published, and its sighting on a server of the case."""
    known, stricter = one.indicator, replace(frame, tlp=_stricter(frame.tlp, one.indicator.tlp))
    since = datetime.combine(known.first_seen, time(), UTC) if known.first_seen else one.first
    indicator = stricter.new(
        *("indicator", ("published", known.type, known.value, known.source), since),
        name=name(f"{known.type} {known.value}"),
        description=_publisher(known),
        indicator_types=["unknown"],
        pattern=pattern(known.type, known.value),
        pattern_type="stix",
        pattern_version="2.1",
        valid_from=since or frame.made,
        confidence=_PUBLISHED.get(known.confidence),
    )
    yield indicator
    key = ("published", host, known.type, known.value, known.source, one.where)
    yield stricter.new(
        *("sighting", key, one.first),
        description=words(one.text),
        **_span(one.first, one.last),
        count=min(max(one.count, 1), MOST),
        sighting_of_ref=indicator["id"],
        where_sighted_refs=[host],
    )


def _publisher(known: Indicator) -> str:
    """Say who published it; who it was belongs to him, and is not our statement."""
    told = (
        f"Published by {known.source}" if known.source else "Published by others",
        f"as of {known.cluster}" if known.cluster else "",
        f"({known.licence})" if known.licence else "",
    )
    return words(" ".join(filter(None, told)) + ".", known.reference, known.note)


def _stricter(ours: str, theirs: str) -> str:
    """Return the stricter of two marks; an unknown one is none."""
    return max(ours, theirs, key=lambda tlp: TLP.index(tlp) if tlp in TLP else -1)


def _span(first: datetime | None, last: datetime | None) -> Object:
    return {"first_seen": first, "last_seen": max(last, first) if first and last else last}
