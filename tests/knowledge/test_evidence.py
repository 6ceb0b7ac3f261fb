"""What an analyst reads first of a record, and how long each log may be silent."""

import pytest

from extriage.knowledge.evidence import (
    DEFAULT_SILENCE,
    PART_SILENCE,
    describe,
    evidence_kinds,
    silence_hours,
    summary,
)
from extriage.model.evidence import Fields
from extriage.parsers import KINDS


def test_every_kind_of_log_says_what_to_read_first() -> None:
    logs = {kind.format.kind for kind in KINDS.values() if kind.format} | {"events", "web-file"}
    shown = {name for name, kind in evidence_kinds().items() if kind.show}
    assert logs <= shown | {"iis-native"}


def test_an_event_shows_what_its_channel_is_read_for() -> None:
    service: Fields = {"Channel": "System", "EventID": "7045", "ServiceName": "x", "Image": "y"}
    assert summary("events", service) == "EventID=7045 ServiceName=x"
    unknown: Fields = {"Channel": "Other", "Message": "m", "EventID": "9"}
    assert summary("events", unknown) == "Message=m EventID=9"
    assert summary("events", {"Channel": ("a", "b"), "Message": ("m", "n")}) == "Message=m | n"
    assert summary("unknown", {"a": "b"}) == ""


@pytest.mark.parametrize(
    ("kind", "hours"),
    [
        ("httpproxy", 4),
        ("httpproxy:Ecp", PART_SILENCE),
        ("exchange-log:MRS Logs", DEFAULT_SILENCE),
        ("events:Other", DEFAULT_SILENCE),
        ("nothing", DEFAULT_SILENCE),
    ],
)
def test_a_log_of_a_quiet_kind_may_be_as_quiet(kind: str, hours: int) -> None:
    assert silence_hours(kind) == hours


def test_a_part_is_named_after_its_kind() -> None:
    assert describe("exchange-log:MRS Logs") == "other Exchange logs (MRS Logs)"
