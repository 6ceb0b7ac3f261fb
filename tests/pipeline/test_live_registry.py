"""The running registry is read as evidence without its files, and tells what its hives would."""

import sys
from collections.abc import Iterator, Mapping

import drives_making as making
import pytest
from fake_windows import Registry
from hive_building import Node, Value, hive, tree
from hypothesis import given
from hypothesis import strategies as st

from extriage.model.state import Fact
from extriage.parsers import regexport, registry
from extriage.parsers.base import Document
from extriage.pipeline.planning.registry import LiveRegistry, live_registry, raw

RUN = r"Microsoft\Windows\CurrentVersion\Run"
TASKS = r"Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache"
SOFTWARE: Mapping[str, Mapping[str, Value] | Node] = {
    RUN: {"update": 'C:\\a "b"\\c.exe', "odd": "line\r\nend\u2028", "": "default"},
    r"Microsoft\ExchangeServer\v15\AdminTools": {"ConfiguredVersion": "15.1.2507.6"},
    r"Microsoft\SystemCertificates\REQUEST\Certificates\AB12": {"Blob": b"<%evaluate(x)%>" * 9},
    rf"{TASKS}\Tree\upd": {"Id": "{1}"},
    rf"{TASKS}\Tree\other": {"Id": "{2}", "SD": b"\1\2\3\4\5"},
    rf"{TASKS}\Tasks\{{1}}": {"Path": r"\upd", "Author": "me", "Actions": b"\3\0"},
    r"Microsoft\Unasked": {"secret": "nobody asks for this"},
}
SERVICE: Mapping[str, Mapping[str, Value] | Node] = {
    r"ControlSet001\Services\evil": {"ImagePath": r"C:\e.exe", "Start": 2, "Type": 16},
    r"ControlSet001\Control\Lsa": {"Security Packages": ["kerberos", "mimilib"]},
}


def machine() -> dict[str, Node]:
    software, system = making.software(SOFTWARE), making.system()
    more = tree(SERVICE).keys["ControlSet001"]
    control = system.keys["ControlSet001"]
    merged = {
        name: Node({}, {**control.keys[name].keys, **more.keys.get(name, Node()).keys})
        for name in control.keys
    }
    system = Node({}, {**system.keys, "ControlSet001": Node({}, merged)})
    return {"SOFTWARE": software, "SYSTEM": system}


USER = tree({rf"Software\{RUN}": {"mine": r"C:\Users\anna\x.exe"}})


def asked(monkeypatch: pytest.MonkeyPatch, *refused: str) -> tuple[LiveRegistry, Registry]:
    users = Node({}, {"S-1-5-21-1": USER, "S-1-5-21-1_Classes": Node(), ".DEFAULT": Node()})
    fake = Registry({"HKEY_LOCAL_MACHINE": Node({}, machine()), "HKEY_USERS": users}, refused)
    monkeypatch.setitem(sys.modules, "winreg", fake.as_module())
    return live_registry(), fake


def told(facts: Iterator[Fact]) -> set[tuple[str, ...]]:
    """Return facts without what only a hive tells: times of keys, and its own path."""
    return {(fact.subject, fact.name, fact.value, repr(fact.properties)) for fact in facts}


def exported(live: LiveRegistry) -> list[Fact]:
    return list(regexport.read(Document("live-registry.reg", live.export)))


def test_the_export_tells_what_the_hives_would(monkeypatch: pytest.MonkeyPatch) -> None:
    live, _ = asked(monkeypatch)
    held = machine()
    wanted = told(registry.read(Document("x/SYSTEM", hive(held["SYSTEM"]))))
    wanted |= told(registry.read(Document("x/SOFTWARE", hive(held["SOFTWARE"]))))
    found = exported(live)
    assert not wanted - told(iter(found))
    assert {"evil", r"\upd"} <= {fact.name for fact in found}
    assert any("mimilib" in fact.value for fact in found)
    assert any("evaluate" in str(dict(fact.properties).get("Content")) for fact in found)


def test_it_is_told_of_which_user_a_key_is(monkeypatch: pytest.MonkeyPatch) -> None:
    live, _ = asked(monkeypatch)
    (mine,) = [fact for fact in exported(live) if fact.value.endswith("x.exe")]
    assert dict(mine.properties)["User"] == "S-1-5-21-1"
    assert live.users == (r"C:\Users\anna",)


def test_keys_are_opened_for_reading_only_and_in_the_view_of_64_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, fake = asked(monkeypatch)
    assert fake.accesses == {fake.KEY_READ | 0x0100}


def test_nothing_is_exported_that_no_reader_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    live, _ = asked(monkeypatch)
    assert b"Unasked" not in live.export


def test_what_may_not_be_opened_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    live, _ = asked(monkeypatch, r"TaskCache", r"Services\evil")
    names = {fact.name for fact in exported(live)}
    assert not {"evil", r"\upd"} & names
    assert "ConfiguredVersion" in names


def test_a_name_with_line_ends_writes_no_lines_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    evil = 'x]\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Forged]\r\n"a"="b'
    monkeypatch.setitem(globals(), "SOFTWARE", {**SOFTWARE, RUN: {evil: evil}})
    live, _ = asked(monkeypatch)
    assert b"\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Forged]" not in live.export
    assert any(fact.value == evil for fact in exported(live)), "the value itself is whole"


@given(st.binary(max_size=40), st.integers(0, 20))
def test_no_data_of_a_value_stops_the_export(data: bytes, type: int) -> None:
    text = data.decode("latin-1")
    for value in (data, text, f"{text}\ud800", len(data), -len(data), [text], None):
        assert isinstance(raw(type, value), bytes)
