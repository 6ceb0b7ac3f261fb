"""The table of the plan speaks of things that exist, and its commands keep their promises."""

import re

import pytest

from extriage.errors import ContentError
from extriage.knowledge import plan as table
from extriage.knowledge.campaigns import campaigns
from extriage.knowledge.evidence import evidence_kinds
from extriage.knowledge.exposures import exposure_groups, exposure_kinds, renewals
from extriage.knowledge.persistence import persistence_kinds
from extriage.knowledge.plan import ANY, Order, Removal, plan_steps, plan_table, references
from extriage.knowledge.wayout import way_out_texts
from extriage.model.detection import Stage
from extriage.model.exposure import Exposed, Shown
from extriage.model.host import Absence, Status, When
from extriage.model.persistence import Presence

STEPS = plan_table().steps
CALLS = [(step.id, call) for step in STEPS for call in step.calls]
REMOVALS = sorted(plan_table().removals.items())
_COPIES = re.compile(r"\b(?:Copy-Item|Export-Clixml|Set-Content|New-Item|Out-Null)\b")
_CHANGES = re.compile(
    r"\b(?:Remove|Set|Disable|Enable|Unregister|Uninstall|Stop|Reset|Clear|New|Add|Move|Rename"
    r"|Invoke|Restart)-(?!Content\b|Item -ItemType Directory)[A-Z]\w+|\.\\\w+\.ps1 -(?!Show)"
)


def orders() -> list[Order]:
    known = [order for step in STEPS for order in step.commands]
    known += [order for _, one in REMOVALS for order in one.commands]
    known += [order for one in plan_table().gaps.values() for order in one.commands]
    return known + [one for several in plan_table().patching.commands.values() for one in several]


def test_steps_have_ids_of_their_own_and_what_they_need_comes_before_them() -> None:
    assert len(plan_steps()) == len(STEPS)
    order = list(When)
    rank = {step.id: (order.index(step.when), step.place) for step in STEPS}
    for step in STEPS:
        assert all(rank[one] < rank[step.id] for one in step.needs), step.id


@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
def test_a_call_asks_for_what_exists(name: str, call: table.Call) -> None:
    words = {
        "verdicts": (call.verdicts, {*Status}),
        "stages": (call.stages, {*Stage}),
        "campaigns": (call.campaigns, {one.id for one in campaigns()}),
        "ways": (call.ways, {ANY, *persistence_kinds()}),
        "exposures": (call.exposures, {ANY, *exposure_kinds()}),
        "renews": (call.renews, {*renewals()}),
        "answers": (call.answers, {ANY, *exposure_groups()}),
        "states": (call.states, {*Presence} if call.ways else {*Exposed}),
        "say": (call.say, {*Absence} if call.cves else {*Shown}),
    }
    for key, (used, known) in words.items():
        assert set(used) <= known, (name, key)
    assert call.absent in ("", "pages", "build")
    assert bool(call.say) == bool(call.answers or call.cves), name
    assert all(re.fullmatch(r"T\d{4}(?:\.\d{3})?", one) for one in call.attack)
    assert any(asked for asked, _ in words.values()) or call.attack or call.patching, name


def test_every_kind_of_way_back_has_a_removal_and_no_other_has_one() -> None:
    assert {kind for kind, _ in REMOVALS} == set(persistence_kinds())


def test_every_duty_of_the_ledger_calls_for_a_step() -> None:
    named = {one for _, call in CALLS for one in call.renews}
    by_kind = {one for _, call in CALLS for one in call.exposures}
    for duty in renewals():
        kinds = {kind.id for kind in exposure_kinds().values() if duty in kind.renew}
        assert duty in named or kinds <= by_kind, duty


def test_logs_and_settings_are_known() -> None:
    assert {kind for kind, _ in plan_table().keep} <= {*evidence_kinds()}
    assert {*plan_table().gaps} <= {*evidence_kinds()}
    settings = {one.step.id for one in way_out_texts().settings.values()}
    patching = plan_table().patching
    assert {*patching.commands} <= settings | {*way_out_texts().steps}
    others = patching.left_out | patching.with_preserve | patching.if_compromised
    assert others <= {*way_out_texts().steps}


@pytest.mark.parametrize("order", orders(), ids=lambda order: order.purpose[:50])
def test_a_command_says_whether_it_changes_anything_and_first_only_says_what_it_would_do(
    order: Order,
) -> None:
    changing = _CHANGES.findall(order.text)
    copies = _COPIES.search(order.text)
    assert order.changes == bool(changing or copies or "-WhatIf" in order.text)
    assert order.text.count("-WhatIf") == len(changing), changing
    assert order.purpose.endswith(".")


@pytest.mark.parametrize("order", orders(), ids=lambda order: order.purpose[:50])
def test_a_command_is_ascii_without_what_joins_values_and_code(order: Order) -> None:
    assert order.text.isascii()
    assert not set('"`#\t') & set(order.text)
    words = (r"\biex\b", "Invoke-Expression", r"&\s", "ScriptBlock", "-EncodedCommand", "cmd ")
    assert not [word for word in words if re.search(word, order.text)]
    assert "-Filter {" not in order.text or "$" not in order.text.partition("-Filter {")[2][:60]


@pytest.mark.parametrize(("kind", "removal"), REMOVALS, ids=[kind for kind, _ in REMOVALS])
def test_what_is_taken_out_is_looked_at_and_kept_first(kind: str, removal: Removal) -> None:
    for order in removal.commands:
        if "-WhatIf" in order.text:
            kept = order.text.index("{kept}")
            assert kept < order.text.index("-WhatIf"), order.text
        if order.removes:
            assert "-LiteralPath {file}" in order.text
        assert not re.search(r"-Path \{(?:file|name|page)\}", order.text)
    assert removal.verify.endswith(".")
    assert any(not order.changes for order in removal.commands) or kind in (
        "iis-tampering",
        "machine-key",
    )


def test_sources_are_addresses() -> None:
    links = [one for step in STEPS for one in step.references]
    links += [one for gap in plan_table().gaps.values() for one in gap.references]
    assert all(re.fullmatch(r"https://[\w./-]+", one) for one in links)
    assert references("notice-gdpr-33")
    assert references("preserve") == references("no such step") == ()


def test_steps_that_once_had_a_name_keep_it() -> None:
    kept = ["isolate", "preserve", "do-not-just-patch", "domain-controllers", "find-shells"]
    kept += ["find-mail-theft", "rotate-secrets", "rebuild", "patch", "watch", "report"]
    kept += ["older-logs", "assume-breach", "remove-ways-back", "ask-about-ways-back"]
    kept += ["reset-virtual-directories", "compare-pages", "renew-machine-keys", "check-modules"]
    assert set(kept) <= plan_steps().keys()


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ({"id": "a", "when": "now", "title": "t {else}", "text": "t"}, "else"),
        ({"id": "a", "when": "now", "title": "t", "text": "t", "if": [{"way": ["x"]}]}, "way"),
        ({"id": "a", "when": "soon", "title": "t", "text": "t", "if": []}, "soon"),
        ({"id": "a", "when": "now", "title": "t"}, "text"),
    ],
)
def test_a_wrong_step_is_refused_with_its_reason(
    row: dict[str, object], wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {"steps": [{"if": [], "verify": "v", **row}]}
    monkeypatch.setattr(table, "own_yaml", lambda *names: document)
    with pytest.raises(ContentError, match=wrong):
        plan_table.__wrapped__()
