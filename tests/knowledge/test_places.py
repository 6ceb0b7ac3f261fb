"""The table of places: all that is read has a place, and nothing else has."""

from fnmatch import fnmatchcase

import pytest

from extriage.errors import ContentError
from extriage.knowledge import places as table
from extriage.knowledge.content import own_yaml
from extriage.knowledge.executed import EXTENSIONS
from extriage.knowledge.places import GENERATIONS, Place, bases, exports, for_kind, groups, places
from extriage.parsers import KINDS
from extriage.parsers.binary import EXCHANGE_FILES, OTHER_FILES

FROM_COMMANDS = {
    *("audit-export", "powershell-export", "registry-export", "events-json"),
    *("mail-headers", "http-response"),
}
"""Kinds that no file of a server is: somebody must write them."""


def test_every_kind_that_is_read_has_a_place_or_a_command_that_writes_it() -> None:
    placed = {kind for place in places() for kind in place.kinds}
    assert set(KINDS) - placed - set(exports()) == set()
    assert set(exports()) == FROM_COMMANDS


def test_no_place_promises_a_kind_that_nothing_reads() -> None:
    assert {kind for place in places() for kind in place.kinds} <= set(KINDS)


@pytest.mark.parametrize("place", places(), ids=lambda place: place.id)
def test_a_place_can_be_laid_over_a_server(place: Place) -> None:
    assert place.base in bases()
    assert place.group in groups()
    assert place.patterns
    assert place.kinds
    assert place.why.endswith(".")
    assert set(place.generations) <= set(GENERATIONS)
    assert not any(sign in place.folder for sign in "*?\\|'\"")
    assert not place.folder.startswith("/")
    assert not place.folder.endswith("/")
    for pattern in place.patterns:
        assert not any(sign in pattern for sign in "/\\|'\";,{}[]"), pattern


@pytest.mark.parametrize("place", places(), ids=lambda place: place.id)
def test_an_age_filter_goes_with_an_estimate_of_a_day(place: Place) -> None:
    assert place.since == (place.mb_per_day > 0)
    assert place.since != (place.mb > 0)


def test_what_iis_executes_is_taken_whatever_its_extension() -> None:
    for base in ("web", "install", "inetpub"):
        taken = {
            pattern
            for place in places()
            if place.base == base and "web-file" in place.kinds
            for pattern in place.patterns
        }
        assert {f"*.{one}" for one in EXTENSIONS} <= taken, base


def test_event_logs_that_rules_ask_for_are_taken() -> None:
    (place,) = (one for one in places() if one.id == "events")
    services = own_yaml("logsources.yml")["windows_services"].values()
    channels = {
        channel
        for service in services
        for channel in (
            service["Channel"] if isinstance(service["Channel"], list) else [service["Channel"]]
        )
    }
    assert len(channels) > 20
    for channel in channels:
        name = f"{channel.replace('/', '%4')}.evtx"
        assert any(fnmatchcase(name, pattern) for pattern in place.patterns), channel


def test_programs_whose_version_counts_are_taken() -> None:
    taken = {
        pattern
        for place in places()
        if "exchange-binary" in place.kinds
        for pattern in place.patterns
    }
    for name in (*EXCHANGE_FILES, *OTHER_FILES):
        assert any(fnmatchcase(name, pattern) for pattern in taken), name


def test_one_log_of_a_kind_lies_where_the_kind_lies() -> None:
    assert [place.id for place in for_kind("httpproxy:Ecp")] == ["httpproxy"]
    assert [place.id for place in for_kind("events:Security")] == ["events"]
    assert for_kind("page-life") == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"base": "moon"}, "no base"),
        ({"generations": ["2007"]}, "no product"),
        ({"id": "twin"}, "same id"),
        ({"patterns": None}, "TypeError"),
    ],
)
def test_a_wrong_table_is_refused(
    change: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"id": "twin", "title": "x", "base": "install", "patterns": ["*"], "kinds": [], "why": ""}
    other = row | {"id": "other"} | change
    rows = {"places": {"mail": [row, other]}}
    whole = dict(table._table())
    monkeypatch.setattr(table, "_table", lambda: whole | rows)
    places.cache_clear()
    try:
        with pytest.raises(ContentError, match=said):
            places()
    finally:
        places.cache_clear()
