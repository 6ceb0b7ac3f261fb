"""The action plan holds what the findings call for, in safe order, and nothing else."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from plans import (
    LOGON,
    OPEN,
    PAGE,
    PATCH,
    TIME,
    answer,
    campaign,
    exposure,
    finding,
    host,
    unanswered,
    way,
)

from extriage.analysis.plan import plan
from extriage.analysis.plan.removal import EACH
from extriage.casefile import load
from extriage.cli import main
from extriage.knowledge.campaigns import campaigns
from extriage.knowledge.exposures import exposure_groups, exposure_kinds, renewals
from extriage.knowledge.persistence import persistence_kinds
from extriage.knowledge.plan import plan_table, spoken
from extriage.model.detection import Certainty, Evidence, Level, Stage
from extriage.model.exposure import Exposed, Shown
from extriage.model.host import Action, Coverage, Host, State, Status, When
from extriage.model.persistence import Presence
from extriage.model.state import Answer, CheckAnswer
from extriage.reports.planreasons import reason_words
from extriage.samples import ServerSpec, write_server
from extriage.samples.spec import Attack


def actions(one: Host) -> dict[str, Action]:
    made = plan(one)
    assert len({action.id for action in made}) == len(made)
    return {action.id: action for action in made}


def sound(one: Host) -> None:
    """Every action has a reason that the host has, and stands behind what it needs."""
    words, done, order = reason_words(one), set[str](), list(When)
    made = plan(one)
    for action in made:
        assert action.because, action.id
        assert set(action.because) <= words.keys(), action.id
        assert set(action.needs) <= done, action.id
        assert action.verify, action.id
        assert action.text, action.id
        assert "{" not in action.title, action.title
        done.add(action.id)
    assert [order.index(action.when) for action in made] == sorted(
        order.index(action.when) for action in made
    )


def everything() -> Host:
    """Return a server on which everything happened."""
    kinds = persistence_kinds()
    ways = [way(kind, f"thing of {kind}", id=f"p-{kind}") for kind in kinds]
    gone = way("account", "gone", id="p-gone", state=Presence.REMOVED)
    ask = way("service", "asked", id="p-ask", level=Level.MEDIUM, certainty=Certainty.POSSIBLE)
    proof = finding("proof", Stage.TAKEN, attack=("T1003.001", "T1003.003"))
    return host(
        stage=Stage.TAKEN,
        findings=(proof,),
        persistence=(*ways, ask, gone),
        exposures=tuple(exposure(kind) for kind in exposure_kinds())
        + (exposure("forwarding", "it", Exposed.LEAKING, id="e-leak"),),
        exposure_answers=tuple(answer(kind, Shown.CANNOT_TELL) for kind in exposure_groups()),
        campaigns=tuple(
            campaign(one.id, Stage.TAKEN, ["f-proof"], coverage=(unanswered("CVE-1-1", "ews"),))
            for one in campaigns()
        ),
        patch=PATCH,
    )


@pytest.mark.parametrize(
    "one",
    [
        everything(),
        host(),
        host(Status.TARGETED, Stage.PROBED, patch=PATCH),
        host(Status.TARGETED, Stage.REACHED, patch=PATCH),
        host(Status.NO_SIGN, patch=PATCH),
        host(Status.CANNOT_TELL, patch=PATCH),
    ],
    ids=["everything", "compromised", "probed", "reached", "no-sign", "cannot-tell"],
)
def test_every_action_has_a_reason_in_the_host_and_comes_after_what_it_needs(one: Host) -> None:
    sound(one)


def test_a_server_on_which_everything_happened_has_a_step_for_each_way_back() -> None:
    found = actions(everything())
    for kind in persistence_kinds():
        assert f"remove-ways-back/p-{kind}" in found
    assert "ask-about-ways-back/p-ask" in found
    assert not any(name.endswith("p-gone") for name in found)
    assert "gone" in found["look-again-for-what-is-gone"].title


def test_a_clean_server_gets_its_updates_and_checks_and_nothing_else() -> None:
    found = plan(host(Status.NO_SIGN, patch=PATCH))
    assert {one.id.partition("/")[0] for one in found} == {"patch"}
    assert plan(host(Status.NO_SIGN)) == ()


def test_a_server_that_was_only_tried_gets_a_short_list() -> None:
    found = [one.id for one in plan(host(Status.TARGETED, Stage.PROBED, patch=PATCH))]
    assert found == ["patch", "patch/save", "patch/cu", "watch", "patch/setting-ep"]


def test_evidence_is_kept_before_anything_and_ways_back_go_before_secrets_are_renewed() -> None:
    ids = [one.id for one in plan(everything())]
    assert ids[0] == "preserve"
    steps = ["preserve", "isolate", "report", "remove-ways-back", "remove-ways-back/p-web-shell"]
    steps += ["reset-credentials", "reset-krbtgt", "rebuild", "patch", "patch/cu", "scan-again"]
    assert [one for one in ids if one in steps] == steps


def test_after_a_break_in_the_update_waits_and_what_is_kept_is_not_said_twice() -> None:
    found = actions(host(patch=PATCH))
    assert found["patch"].when is When.BEFORE_RECONNECTING
    assert not {"patch/save", "patch/hunt", "patch/stopgap"} & found.keys()


@pytest.mark.parametrize(("state", "when"), [(State.OPEN, When.NOW), (State.FIXED, When.THIS_WEEK)])
def test_an_update_is_due_at_once_if_somebody_uses_what_it_closes(state: State, when: When) -> None:
    patch = replace(PATCH, advisories=(replace(OPEN, state=state),))
    found = actions(host(Status.NO_SIGN, patch=patch))
    assert found["patch"].when is found["patch/cu"].when is when
    assert found["patch/setting-ep"].when is When.THIS_WEEK


def test_a_server_whose_build_nobody_knows_is_to_be_updated_all_the_same() -> None:
    found = actions(host())["patch"]
    assert "does not tell the build" in found.text
    assert any("ExSetup.exe" in one.text for one in found.commands)


def test_a_server_of_which_nothing_is_known_needs_other_logs() -> None:
    assert [one.id for one in plan(host(Status.CANNOT_TELL))] == ["older-logs"]


def test_a_setting_is_called_for_by_its_check() -> None:
    check = CheckAnswer("EP", "Extended Protection", ("CVE-2022-24516",), Answer.FAILED, "off")
    found = actions(host(Status.NO_SIGN, patch=replace(PATCH, checks=(check,))))
    assert found["patch/setting-ep"].because == ("EP",)


def test_what_does_not_last_is_named_and_so_is_what_is_missing() -> None:
    logs = (Coverage("httpproxy", 1, 9, 0, TIME, TIME, ()),)
    text = actions(host(coverage=logs))["preserve"].text
    there, _, missing = text.partition("Not in this evidence")
    assert "HttpProxy logs (about 30 days)" in there
    assert "Security events" in missing
    assert "HttpProxy" not in missing


def test_pages_are_compared_by_hand_only_if_the_web_folders_are_not_in_the_evidence() -> None:
    assert "find-shells" not in actions(host())
    without = host(manifest=replace(host().manifest, entries=()))
    assert "find-shells" in actions(without)
    assert LOGON.endswith("logon.aspx")


def test_krbtgt_is_changed_only_if_the_directory_is_in_doubt_and_the_reason_is_said() -> None:
    assert "reset-krbtgt" not in actions(host())
    dumped = actions(host(exposures=(exposure("lsass-dump"),)))
    assert "reset-credentials" in dumped
    assert "reset-krbtgt" not in dumped
    copied = actions(host(findings=(finding("proof", attack=("T1003.003",)),)))
    assert copied["reset-krbtgt"].text.startswith("The directory's database was copied.")
    ledger = actions(host(exposures=(exposure("sam-or-ntds-copy", "ntds.dit"),)))
    assert ledger["reset-krbtgt"].because == ("e-sam-or-ntds-copy",)
    assert "ntds.dit" in ledger["reset-krbtgt"].text


@pytest.mark.parametrize("what", sorted(renewals()))
def test_whatever_the_ledger_calls_for_is_in_the_plan(what: str) -> None:
    kinds = [one.id for one in exposure_kinds().values() if what in one.renew]
    for kind in kinds:
        item = exposure(kind, state=Exposed.TAKEN)
        called = [one.id for one in plan(host(exposures=(item,))) if item.id in one.because]
        assert [name for name in called if not name.startswith("notice-")], kind
    tried = [exposure(kind, state=Exposed.ATTEMPTED) for kind in kinds if kind != "mailbox-export"]
    assert plan(host(exposures=tuple(tried))) == plan(host()), "what failed exposes nothing"


def test_what_still_leaks_is_stopped_now() -> None:
    item = exposure("forwarding", "ceo@contoso.example", Exposed.LEAKING)
    found = actions(host(Status.CANNOT_TELL, exposures=(item,)))["stop-leaks"]
    assert found.when is When.NOW
    assert "ceo@contoso.example" in found.text
    shown, *_, switch = found.commands
    assert "'ceo@contoso.example'" in shown.text
    assert not shown.changes
    assert switch.changes
    assert "-WhatIf" in switch.text


def test_what_nobody_ties_to_a_break_in_is_not_stopped_in_a_hurry() -> None:
    item = exposure("forwarding", "ceo", Exposed.LEAKING, certainty=Certainty.POSSIBLE)
    assert "stop-leaks" not in actions(host(Status.CANNOT_TELL, exposures=(item,)))
    his = replace(item, intruders=("intruder-1",))
    assert "stop-leaks" in actions(host(Status.CANNOT_TELL, exposures=(his,)))
    role = exposure("role-that-reads-all", "somebody", Exposed.LEAKING)
    assert "stop-leaks" not in actions(host(exposures=(role,)))


def test_no_server_is_rebuilt_for_code_of_which_nothing_is_proved() -> None:
    read = finding("proof", Stage.TAKEN)
    mail = exposure("mailbox-read", state=Exposed.READ, by=("203.0.113.31",))
    only_read = actions(host(stage=Stage.TAKEN, findings=(read,), exposures=(mail,)))
    assert not {"rebuild", "rotate-secrets", "domain-controllers"} & only_read.keys()
    assert "stolen-accounts" not in only_read, "it was read through a hole, with nobody's password"
    ran = finding("ran", Stage.EXECUTED)
    both = actions(host(stage=Stage.TAKEN, findings=(read, ran), exposures=(mail,)))
    assert both["rebuild"].because == ("f-proof", "f-ran")
    his = replace(mail, by=("203.0.113.31", "contoso\\jdoe"))
    assert "stolen-accounts" in actions(host(exposures=(his,)))


def test_nobody_is_told_of_mail_because_a_file_was_fetched() -> None:
    found = actions(host(exposures=(exposure("file-fetched", "/x.zip"),)))
    assert "tell-the-owners" not in found
    assert "/x.zip" in found["renew-what-files-held"].text
    within = exposure("server-secrets", "passwords and keys", Exposed.REACHABLE)
    renewed = actions(host(exposures=(within,)))["renew-certificates"]
    assert "passwords and keys" not in renewed.text


@pytest.mark.parametrize("product", ["2010", "2013", "2016", "2019", "SE"])
def test_commands_are_those_that_the_product_has(product: str) -> None:
    one = everything()
    texts = [
        command.text
        for action in plan(replace(one, patch=replace(PATCH, product=product)))
        for command in action.commands
    ]
    old = product == "2010"
    tracking = spoken(plan_table().gaps["message-tracking"].commands, product)
    assert all(("-TransportServer" in order.text) is old for order in tracking)
    assert any("Get-OabVirtualDirectory -ADPropertiesOnly" in text for text in texts) is not old
    assert any("Get-AuthConfig" in text for text in texts) is not old
    assert any("-IncludeHidden" in text for text in texts) is not old


def test_a_value_is_not_changed_for_an_older_product() -> None:
    path = r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Temporary ASP.NET Files\x9.aspx"
    one = host(persistence=(way(paths=(path,)),), patch=replace(PATCH, product="2010"))
    found = actions(one)["remove-ways-back/p-0123456789abcdef"]
    assert any(path in command.text for command in found.commands)


def test_notices_are_for_a_person_to_decide_and_only_if_data_may_be_gone() -> None:
    assert "notice-gdpr-33" not in actions(host())
    item = exposure("mailbox-export", "ceo", text="Mailbox ceo was exported")
    found = actions(host(exposures=(item,)))
    for name in ("notice-gdpr-33", "notice-nis2-23"):
        assert found[name].text.startswith("A person must decide")
        assert "Mailbox ceo was exported." in found[name].text
        assert "The clock starts when the organisation becomes aware" in found[name].text
        assert "first proof of the break-in 2021-03-03 04:48 UTC" in found[name].text
        assert "first trace of data that left 2021-03-03 04:48 UTC" in found[name].text
        assert "  " not in found[name].text
    assert "notice-ed-21-02" not in found, "that one is for ProxyLogon"
    asked = replace(item, id="e-asked", certainty=Certainty.POSSIBLE, text="Somebody's order.")
    assert "notice-nis2-23" not in actions(host(exposures=(asked,)))
    beside = actions(host(exposures=(item, asked)))["notice-gdpr-33"]
    assert "Somebody's order" not in beside.text
    assert "notice-gdpr-33" not in actions(host(Status.TARGETED, Stage.PROBED, exposures=(item,)))
    unknown = (answer("mailboxes-read", Shown.CANNOT_TELL),)
    assert (
        "Nobody can tell: mailboxes-read"
        in actions(host(exposure_answers=unknown))["notice-gdpr-33"].text
    )


def test_accounts_come_from_the_findings_without_domain_and_without_the_system() -> None:
    keys = [("account", name) for name in ("contoso\\jdoe", "ex01$", "system", "o'hara")]
    lines = (Evidence("a.log", 1, 0, "x", "0", TIME, keys=tuple(keys)),)
    proof = finding("proof", evidence=lines)
    one = host(findings=(proof,), campaigns=(campaign("owassrf", Stage.PLANTED, ["f-proof"]),))
    found = actions(one)["block-used-account"]
    assert "Named in this case: jdoe, o'hara." in found.text
    assert found.commands[1].text.startswith("@('jdoe', 'o''hara') | ")


def test_a_page_is_looked_at_copied_and_only_then_deleted() -> None:
    found = actions(host(persistence=(way(paths=(f"EX01/{PAGE.replace(chr(92), '/')}",)),)))
    texts = [one.text for one in found["remove-ways-back/p-0123456789abcdef"].commands]
    assert texts[0].startswith(f"Get-Item -LiteralPath '{PAGE}'")
    (delete,) = (text for text in texts if "Remove-Item" in text)
    assert delete.index("Copy-Item") < delete.index("Remove-Item")
    assert f"Remove-Item -LiteralPath '{PAGE}' -Force -WhatIf" in delete


@pytest.mark.parametrize(
    "one",
    [
        way(name="/owa/auth/logon.aspx", paths=(LOGON,)),
        way("implant", r"C:\Windows\System32\svchost.exe"),
        way("web-shell", r"C:\inetpub\wwwroot\..\..\Windows\x.aspx"),
        way("web-shell", r"\\server\share\x.aspx"),
    ],
    ids=["needed", "windows", "upwards", "elsewhere"],
)
def test_nothing_is_deleted_that_is_needed_or_of_which_the_place_is_not_sure(one: object) -> None:
    found = actions(host(persistence=(one,)))["remove-ways-back/p-0123456789abcdef"]
    assert found.commands
    assert not any("Remove-Item" in command.text for command in found.commands)


def test_what_exchange_needs_is_to_be_put_right() -> None:
    found = actions(host(persistence=(way("virtual-directory", "Default Web Site/owa"),)))
    assert "Default Web Site/owa (put right, do not delete)" in found["remove-ways-back"].title


def test_a_name_that_no_command_may_hold_gets_a_sentence_instead() -> None:
    found = actions(host(persistence=(way("service", "a\u202eb"), way("service", "x*", id="p-2"))))
    for name in ("p-0123456789abcdef", "p-2"):
        action = found[f"remove-ways-back/{name}"]
        assert "must not hold" in action.text
        assert not any("$_.Name -eq" in command.text for command in action.commands)


def test_many_of_one_kind_share_an_action_that_lists_all() -> None:
    ways = tuple(way("service", f"svc'{n}", id=f"p-{n}") for n in range(EACH + 10))
    found = actions(host(persistence=ways))
    assert not any(name.startswith("remove-ways-back/p-") for name in found)
    group = found["remove-ways-back/service"]
    assert group.because == tuple(one.id for one in ways)
    text = next(one.text for one in group.commands if one.changes)
    assert text.startswith("foreach ($one in @(\n")
    assert text.count("name = 'svc''") == EACH + 10
    assert "$_.Name -eq $one.name" in text


def test_logs_that_would_have_told_are_to_be_kept_longer() -> None:
    known = campaign("proxylogon", None, coverage=(unanswered("CVE-2021-26855", "ews", "iis"),))
    found = actions(host(Status.CANNOT_TELL, campaigns=(known,)))
    assert found["close-log-gaps"].because == ("log:ews", "log:iis")
    assert "EWS logs" in found["close-log-gaps"].text
    assert found["close-log-gaps"].when is When.AFTERWARDS
    assert {"older-logs", "assume-breach"} <= found.keys()
    unweighed = replace(known.coverage[0], weighs=False)
    early = campaign("proxylogon", None, coverage=(unweighed,))
    assert "close-log-gaps" not in actions(host(Status.CANNOT_TELL, campaigns=(early,)))


def test_a_logged_answer_of_the_ledger_names_the_logs_that_it_lacked() -> None:
    unknown = (answer("mailboxes-read", Shown.CANNOT_TELL),)
    found = actions(host(exposure_answers=unknown))
    assert "log:ews" in found["close-log-gaps"].because
    assert found["find-mail-theft"].because[-1] == "answer:mailboxes-read"


def test_an_update_that_came_too_late_is_said_to_be_no_cure() -> None:
    patch = replace(PATCH, advisories=(replace(OPEN, state=State.FIXED),))
    late = host(persistence=(way(),), patch=patch)
    assert "do-not-just-patch" in actions(late)
    assert "do-not-just-patch" not in actions(replace(late, patch=PATCH))


def test_the_next_scan_is_told_what_must_read_clean() -> None:
    found = actions(host(persistence=(way(),)))["scan-again"]
    assert "p-0123456789abcdef" in found.text
    assert "2021-03-03 04:48 UTC" in found.text
    assert any(one.text.startswith("extriage scan") for one in found.commands)


def test_the_order_of_what_a_host_holds_changes_nothing_but_the_order_of_equals() -> None:
    one = everything()
    mixed = list(one.persistence)
    Random(5).shuffle(mixed)
    other = plan(replace(one, persistence=tuple(mixed)))
    assert {action.id for action in other} == {action.id for action in plan(one)}
    assert plan(one) == plan(one)


@pytest.mark.parametrize("attack", ["chain", "probes", "none"])
def test_the_sample_servers_get_plans_that_fit(attack: Attack, tmp_path: Path) -> None:
    write_server(tmp_path / "EX01", ServerSpec(attack=attack, lines=3_000, hours_per_file=24))
    with pytest.raises(SystemExit):
        main(["scan", str(tmp_path / "EX01"), "--case", str(tmp_path / "case"), "-q"])
    (one,) = load(tmp_path / "case").hosts
    sound(one)
    found = actions(one)
    if attack == "chain":
        now = [action.id for action in plan(one) if action.when is When.NOW]
        assert now[:2] == ["preserve", "isolate"]
        assert {
            f"remove-ways-back/{w.id}" for w in one.persistence if w.state in ("present", "unknown")
        } <= found.keys()
        assert "reset-virtual-directories" in found
    else:
        assert not {"isolate", "rebuild", "remove-ways-back", "rotate-secrets"} & found.keys()
