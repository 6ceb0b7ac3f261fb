"""Who is followed: those whom lines prove to have got in, never those who only knocked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from extriage.analysis import trailsuspects
from extriage.analysis.suspects import Suspect, SuspectKind
from extriage.analysis.trailsuspects import (
    Followed,
    agent_of,
    of_keys,
    owners,
    strangers,
    trail_suspects,
)
from extriage.matchers.sigma import RuleSet
from extriage.model.detection import Certainty, Evidence, Finding, Level, Stage
from extriage.model.host import Chain, Step
from extriage.model.persistence import PageLife, Role, Visitor
from extriage.pipeline.pack import Content, load_pack

NOON = datetime(2021, 3, 3, 12, tzinfo=UTC)
KEYS = (("request", "r-1"), ("address", "203.0.113.9"), ("account", "eve"), ("agent", "curl/7"))
LINE = Evidence("EX01/x", 1, 0, "", "", NOON, keys=KEYS, kind="httpproxy")
FINDING = Finding(
    *("f-1", "some_rule", "t", Level.HIGH, Stage.REACHED, Certainty.LIKELY, "", (), ()),
    *(NOON, NOON, 1, (LINE,), ()),
)
OF_KEYS = {
    ("request", "r-1"),
    ("address", "203.0.113.9"),
    ("visitor", "203.0.113.9 curl/7"),
    ("account", "eve"),
    ("agent", "curl/7"),
}


def ruleset() -> RuleSet:
    return load_pack(Content()).ruleset


def values(found: Followed) -> set[tuple[str, str]]:
    return {(one.kind.value, one.value) for one in found.suspects}


def test_all_keys_of_who_got_in_are_followed() -> None:
    assert values(trail_suspects([FINDING], (), RuleSet(()))) == OF_KEYS


@pytest.mark.parametrize(
    "finding",
    [
        replace(FINDING, stage=Stage.PROBED),
        replace(FINDING, stage=None, hints=Stage.ACTED),
        replace(FINDING, certainty=Certainty.POSSIBLE),
        replace(FINDING, raw=True),
    ],
)
def test_who_only_knocked_is_not(finding: Finding) -> None:
    assert trail_suspects([finding], (), RuleSet(())) == Followed()


def chain(stage: Stage, certainty: Certainty) -> Chain:
    step = Step(NOON, NOON, "t", "f-1", Stage.ACTED, False, 1, "EX01/x", 1, "")
    return Chain("c", "", (), (), stage, certainty, NOON, NOON, (), "", (step,))


def test_a_hint_in_a_chain_that_got_in_is() -> None:
    early = replace(LINE, time=NOON - timedelta(hours=1), keys=(("address", "192.0.2.1"),))
    hint = replace(FINDING, stage=None, hints=Stage.ACTED, evidence=(LINE, early))
    told = trail_suspects([hint], [chain(Stage.REACHED, Certainty.LIKELY)], RuleSet(()))
    assert values(told) == OF_KEYS
    for weak in (chain(Stage.PROBED, Certainty.LIKELY), chain(Stage.ACTED, Certainty.POSSIBLE)):
        assert trail_suspects([hint], [weak], RuleSet(())) == Followed()


@pytest.mark.parametrize(
    ("address", "kinds"),
    [
        ("203.0.113.9", {"address", "visitor", "agent"}),
        ("10.20.4.88", {"visitor", "agent"}),
        ("100.64.1.1", {"visitor", "agent"}),
        ("fd00::1", {"visitor", "agent"}),
        ("2001:db8::1", {"address", "visitor", "agent"}),
    ],
)
def test_a_private_address_is_followed_with_its_agent_only(address: str, kinds: set[str]) -> None:
    found = of_keys((("address", address), ("agent", "curl/7")))
    assert {one.kind.value for one in found} == kinds
    assert not of_keys((("address", "10.0.0.1"),))


def test_of_a_process_its_own_id_is_followed_and_not_its_parents() -> None:
    found = of_keys((("process", "{child}"), ("process", "{w3wp}")))
    assert found == {Suspect(SuspectKind.PROCESS, "{child}")}
    assert of_keys((("process", "{w3wp}"),)) == set()


def test_commas_in_agents_are_blanks_in_exchanges_own_logs() -> None:
    assert agent_of("a (khtml, like gecko)") == agent_of("a (khtml  like gecko)")


def test_files_that_are_named_are_followed_by_their_url() -> None:
    text = (
        r'New-MailboxExportRequest -FilePath "\\127.0.0.1\C$\inetpub\wwwroot\aspnet_client\a.pst"'
        r" and C:\Windows\Temp\b.zip and C:\inetpub\wwwroot\c.aspx"
    )
    line = replace(LINE, kind="rps-cmdlet", text=text, keys=())
    found = trail_suspects([replace(FINDING, evidence=(line,))], (), RuleSet(()))
    assert values(found) == {("file", "/aspnet_client/a.pst")}


def test_rules_about_data_are_followed_themselves() -> None:
    rules = ruleset()
    name = next(one.rule.id for one in rules.rules if one.rule.exposes)
    hinted = replace(FINDING, rule=name, stage=None, hints=Stage.TAKEN)
    assert ("rule", name) in values(trail_suspects([hinted], (), rules))


def test_there_are_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = tuple(replace(LINE, keys=(*KEYS[1:2], ("request", f"r-{n}"))) for n in range(30))
    monkeypatch.setattr(trailsuspects.bounded, "__defaults__", (4,))
    found = trail_suspects([replace(FINDING, evidence=lines)], (), RuleSet(()))
    assert ("address", "203.0.113.9") in values(found)
    assert (len(found.suspects), len(found.left)) == (4, 27)


def life(role: Role, address: str = "203.0.113.9") -> PageLife:
    visitor = Visitor(address, "", ("Curl/7",), role, NOON, NOON, 1, 1, (), None, None)
    none = (None,) * 5
    return PageLife(
        *("/owa/auth/qx7tr.aspx", 1, 1, NOON, NOON, *none, (), (), 0, None, None, (visitor,), 1, ())
    )


def test_who_asked_for_a_page_is_a_stranger_until_he_is_told_apart() -> None:
    rules = ruleset()
    line = replace(LINE, kind="iis", summary="cs-uri-stem=/owa/auth/qx7tr.aspx")
    asked = replace(
        FINDING, rule="webserver_shell_page_post", stage=Stage.EXECUTED, evidence=(line,)
    )
    found = trail_suspects([asked], (), rules)
    assert {(one.kind.value, one.value) for one in found.doubts} == OF_KEYS
    assert strangers(found, [life(Role.STRANGER)]) == set(found.doubts)
    assert strangers(found, [life(Role.OWNER)]) == set()
    assert strangers(found, [life(Role.INFORMED)]) == set()
    assert strangers(found, []) == set()
    proved = trail_suspects([asked, FINDING], (), rules)
    assert not proved.doubts


def test_owners_of_pages_are_followed() -> None:
    found = {(one.kind.value, one.value) for one in owners([life(Role.OWNER)])}
    assert found == {
        ("address", "203.0.113.9"),
        ("visitor", "203.0.113.9 curl/7"),
        ("agent", "curl/7"),
    }
    assert not list(owners([life(Role.STRANGER), life(Role.INFORMED)]))
