"""No configuration stops a reader: bombs are refused, cuts and noise give facts or a reason."""

import random
import time
import tracemalloc

import pytest
from config_reading import AGENTS, MODULES, RULES, SERVERS, TASK, facts_of, members

from extriage.parsers import clixml, xmlstream

OBJS = b'<Objs xmlns="http://schemas.microsoft.com/powershell/2004/04">'
CONFIG = b"<configuration><system.applicationHost/>"
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE configuration [<!ENTITY a "ha"><!ENTITY b "'
    + b"&a;" * 1000
    + b'">]><configuration><system.applicationHost>&b;</system.applicationHost></configuration>'
)
OUTSIDE = (
    b'<configuration><system.web></system.web><!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">'
    b"]><a>&x;</a></configuration>"
)


def test_document_types_are_refused() -> None:
    head = LAUGHS.replace(b"<!DOCTYPE", b"<configuration><system.applicationHost/><!DOCTYPE", 1)
    assert facts_of(LAUGHS, "applicationHost.config")[0] == ""
    for data in (head, OUTSIDE):
        kind, facts, trouble = facts_of(data, "web.config")
        assert kind in ("iis-config", "web-config")
        assert "broken at line 1" in trouble
        assert "passwd" not in repr(facts)
    with pytest.raises(Exception, match="document type"):
        list(xmlstream.elements(LAUGHS))


def test_depth_is_bounded() -> None:
    deep = CONFIG + b"<a>" * 100_000
    _, _, trouble = facts_of(deep, "applicationHost.config")
    assert "deeper than" in trouble
    nested = OBJS + b'<Obj RefId="0"><Props>' * 50_000
    assert "deeper than" in facts_of(nested, "x.xml")[2]


def test_values_and_memory_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clixml, "MAX_VALUES", 20_000)
    many = OBJS + b'<Obj RefId="0"><Props>' + b'<S N="a">b</S>' * 60_000 + b"</Props></Obj></Objs>"
    tracemalloc.start()
    _, _, trouble = facts_of(many, "x.xml")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "more than 20,000 values: the rest was not read" in trouble
    assert peak < 20 << 20


def test_text_is_bounded() -> None:
    long = b"<configuration><system.web>" + b"x" * (4 << 20) + b"</system.web></configuration>"
    (*_, last) = xmlstream.elements(long)
    assert isinstance(last, xmlstream.End)
    assert all(
        len(event.text) <= xmlstream.MAX_TEXT
        for event in xmlstream.elements(long)
        if isinstance(event, xmlstream.End)
    )


@pytest.mark.parametrize(
    "data",
    [
        CONFIG + b'<location path="' + b"a/" * 60_000 + b'"/>' + b"</configuration>",
        CONFIG + b"".join(b'<location path="s/%d"/>' % n for n in range(60_000)),
        OBJS + b'<Obj RefId="0"><TN><T>SettingOverride</T></TN><LST>' * 60 + b"<S>x</S>" * 100_000,
        b"Parameters : {" + b"a," * 1_000_000 + b"}\nComponentName : x\nSectionName : y\n\n",
        b"dn: x\n" + b" y\n" * 500_000,
        b"<!--" * 200_000,
        b"<?" * 300_000,
        b" " * 600_000 + b"<configuration>",
        b"ForwardTo : a\nRedirectTo : b\n\n" * 40_000,
        b"ForwardTo,RedirectTo,Name\n" + b"a,b,c\n" * 60_000,
        OBJS + b'<Obj RefId="0"><TN><T>x.InboxRule</T></TN><Props>' * 30 + b"<S>x</S>" * 100_000,
        b"<configuration><agentList><agent " + b'a="" ' * 100_000 + b"/>",
        b"<configuration><agentList>" + b'<agent assemblyPath="a" factory="b"/>' * 60_000,
        TASK.split("<Reg")[0].encode()
        + b"<Actions>"
        + b"<Exec><Command>a</Command></Exec>" * 60_000,
    ],
    ids=[
        *("long-path", "many-locations", "nested", "list", "folded", "comments", "marks", "blanks"),
        *("objects", "table", "nested-objects", "attributes", "agents", "actions"),
    ],
)
def test_nothing_takes_long(data: bytes) -> None:
    started = time.monotonic()
    facts_of(data, "x.xml")
    assert time.monotonic() - started < 8


PLACES = {"DefaultWebSite-OWA_web.config": "FrontEnd/HttpProxy/owa/web.config"}
"""Where a sample stood on its server, when its name does not tell."""
SAMPLES = {
    PLACES.get(name.rsplit("/", 1)[-1], name): data
    for archive, names in (
        (SERVERS / "E19.zip", ("GetHotFix.xml", "DefaultWebSite-OWA_web.config", "ExSetup.xml")),
        (
            SERVERS / "E19-variants.zip",
            ("ADTopVariantConfiguration1.xml", "GetSettingOverride2.xml"),
        ),
        (MODULES, ("acs_exppw.xml", "acs_Test-SignedBy3rdParty.xml")),
    )
    for name, data in members(archive).items()
    if name.endswith(names)
} | {"TransportRoles/Agents/agents.config": AGENTS}
WRITTEN = {"System32/Tasks/Winnet": TASK.encode("utf-16"), "exports/rules.txt": RULES.encode()}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_cut_file_gives_a_part_of_its_facts(name: str) -> None:
    data = SAMPLES[name]
    whole = facts_of(data, name)[1]
    assert whole
    for cut in range(0, len(data), max(1, len(data) // 60)):
        kind, facts, trouble = facts_of(data[:cut], name)
        assert kind == "" or trouble
        seen = {(fact.subject, fact.name, fact.value) for fact in whole}
        told = {(f.subject, f.name, f.value) for f in facts if f.value != "broken"}
        assert told <= seen


@pytest.mark.parametrize("name", sorted(SAMPLES | WRITTEN))
def test_noise_raises_nothing_else(name: str) -> None:
    generator = random.Random(name)
    data = (SAMPLES | WRITTEN)[name]
    for _ in range(60):
        noisy = bytearray(data)
        for _ in range(generator.randint(1, 20)):
            at = generator.randrange(len(noisy))
            noisy[at : at + generator.randint(0, 3)] = generator.randbytes(generator.randint(0, 4))
        _, facts, _ = facts_of(bytes(noisy), name)
        for fact in facts:
            repr(fact).encode("utf-8")
            assert len(fact.value) <= 8192
            assert len(fact.text) <= 400
            assert all(len(value) <= 8192 for _, value in fact.properties)


def test_a_declared_encoding_that_is_no_longer_true_does_no_harm() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><configuration><system.web>é</system.web>'
    data = (text + "</configuration>").encode()
    assert facts_of(data, "web.config")[2] == ""
    assert facts_of(data.decode().encode("cp1252"), "web.config")[2] == ""


def test_what_one_file_can_say_is_bounded() -> None:
    head = b"<configuration><system.applicationHost/><globalModules>"
    many = head + b"".join(b'<add name="m%d" image="x.dll"/>' % n for n in range(20_001))
    kind, facts, trouble = facts_of(many, "applicationHost.config")
    assert kind == "iis-config"
    assert len(facts) == 20_000
    assert trouble.startswith("says more than 20,000 things")
