"""Answers say what the case shows, how sure it is, and what nobody can tell; and no more."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cases import CASES, at, case, evidence, finding, host, of_hosts, period, three_hosts

from extriage.analysis.answers import Circumstances, answer
from extriage.knowledge.forms import form, form_names
from extriage.model.answer import Answer, Certain, FormAnswers, Question
from extriage.model.case import Case
from extriage.model.detection import Certainty, Level, Stage
from extriage.model.evidence import BuildSeen, Entry
from extriage.model.exposure import Exposed, Shown
from extriage.model.host import (
    Absence,
    AdvisoryState,
    CampaignVerdict,
    Coverage,
    Host,
    LogCoverage,
    Manifest,
    Patch,
    State,
    Status,
    Support,
    SupportState,
    Verdict,
)
from extriage.model.persistence import Presence
from extriage.model.session import Amount, Intruder
from extriage.model.suppression import Suppressed

NOW = datetime(2021, 3, 20, 12, tzinfo=UTC)
UM = "application_um_invalid_cast_cve_2021_26857"
ANCHOR = "httpproxy_ssrf_anchor_cve_2021_26855"
SPANS = ("2021-01-01", "2021-03-16 12:00")


def filled_in(name: str, of: Case, **more: Any) -> FormAnswers:
    return answer(form(name), of, Circumstances(NOW, **more))


def questions(made: FormAnswers) -> Iterator[Question]:
    for section in made.sections:
        yield from section.questions


def one(name: str, question: str, of: Case | Host, **more: Any) -> Answer:
    """Return the only answer to a question."""
    of = of_hosts(of) if isinstance(of, Host) else of
    (found,) = [q for q in questions(filled_in(name, of, **more)) if q.id == question]
    (only,) = found.answers
    return only


def row(kind: str, first: str, last: str, records: int = 50) -> Coverage:
    return Coverage(kind, 1, records, 0, at(first), at(last), ())


def patched(state: State, **changes: Any) -> Patch:
    seen = BuildSeen("15.1.2176.9", "httpproxy", at("2021-03-01"), at("2021-03-16"))
    rows = tuple(
        AdvisoryState(cve, state)
        for cve in ("CVE-2021-26855", "CVE-2021-26857", "CVE-2021-26858", "CVE-2021-27065")
    )
    return replace(Patch("15.1.2176.9", "2016", "CU19", "Mar21SU", (seen,), rows), **changes)


def quiet(status: Status = Status.NO_SIGN) -> Host:
    """Return a server of which nothing was found."""
    return host(status, "EX01")


@pytest.mark.parametrize("name", form_names())
@pytest.mark.parametrize("which", CASES)
def test_every_answer_of_every_form_stands_on_its_own(name: str, which: str) -> None:
    for question in questions(filled_in(name, CASES[which])):
        assert question.answers, question.id
        for found in question.answers:
            if question.who != "case":
                assert found.human_needed, question.id
            if found.certainty is Certain.PERSON:
                assert not found.value, question.id
                assert found.human_needed, question.id
            if found.certainty is Certain.CANNOT_TELL:
                assert found.value in ("", "Unknown") or question.id in KNOWN_IN_PART
            if question.options:
                assert found.value in ("", *question.options), question.id


KNOWN_IN_PART = {"limits", "q12", "23-4-d-limits", "33-3-a-unseen", "33-3-a-nature", "q3"} | {
    *("33-3-a-mailboxes", "broken-into", "23-4-b-what", "23-4-d-i", "23-4-d-ii"),
}
"""Questions with something to say of which a part cannot be told."""


@pytest.mark.parametrize("name", form_names())
@pytest.mark.parametrize("which", CASES)
def test_no_answer_ever_says_that_no_data_was_taken(name: str, which: str) -> None:
    made = filled_in(name, CASES[which])
    texts = [
        text
        for question in questions(made)
        for found in question.answers
        for text in (found.value, found.text, *found.known)
    ]
    for text in texts:
        assert "no data was taken" not in text.lower()
        assert "nothing was taken" not in text.lower().replace(
            "does not mean that nothing was taken", ""
        )


def test_not_seen_and_cannot_tell_are_never_merged() -> None:
    both = of_hosts(quiet(Status.NO_SIGN), replace(quiet(Status.CANNOT_TELL), name="EX02"))
    assert one("nis2", "23-4-a-malicious", quiet(Status.NO_SIGN)).certainty is Certain.NOT_SEEN
    unknown = one("nis2", "23-4-a-malicious", quiet(Status.CANNOT_TELL))
    assert (unknown.certainty, unknown.value) == (Certain.CANNOT_TELL, "Unknown")
    assert one("nis2", "23-4-a-malicious", both).certainty is Certain.CANNOT_TELL


def test_what_is_known_of_one_server_outweighs_what_is_not_of_others() -> None:
    found = one("nis2", "23-4-a-malicious", three_hosts())
    assert (found.value, found.certainty) == ("Yes", Certain.CONFIRMED)
    assert "EXCH02.contoso.test" in found.text


def test_attempts_are_malicious_but_are_no_incident() -> None:
    found = one("nis2", "23-4-a-malicious", case(Status.TARGETED))
    assert found.value == "Yes"
    assert "whether there was an incident is another question" in found.text
    nature = one("gdpr-33", "33-3-a-nature", case(Status.TARGETED))
    assert nature.value == "Attacked; nothing proves that it worked"


def test_nothing_found_is_no_honest_no_where_little_could_be_seen() -> None:
    found = one("ed-21-02", "a1-found", quiet(Status.CANNOT_TELL))
    assert (found.value, found.certainty) == ("", Certain.CANNOT_TELL)
    assert found.human_needed
    assert any("could not have shown everything" in fact for fact in found.known)
    covered = one("ed-21-02", "a1-found", quiet(Status.NO_SIGN))
    assert (covered.value, covered.certainty) == ("No", Certain.NOT_SEEN)


def test_a_case_without_a_server_answers_nothing_and_says_so() -> None:
    for name in form_names():
        for question in questions(filled_in(name, of_hosts())):
            assert question.answers
    found = one("gdpr-33", "33-3-a-nature", of_hosts())
    assert (found.certainty, found.text) == (
        Certain.CANNOT_TELL,
        "No Exchange server was found in this evidence.",
    )


def test_what_one_server_lacks_is_not_hidden_by_one_that_lacks_nothing() -> None:
    """The whole case leaves as many questions open as its servers do together."""
    whole = replace(quiet(), campaigns=(), exposure_answers=(), manifest=Manifest(0, 0, 0, 0, ()))
    blind = replace(three_hosts().hosts[-1], name="EX02")
    alone = one("questions", "q12", blind)
    assert alone.certainty is Certain.CANNOT_TELL
    assert not alone.value.startswith("0 ")
    for hosts in ((whole, blind), (blind, whole)):
        both = one("questions", "q12", of_hosts(*hosts))
        assert (both.value, both.certainty) == (alone.value, Certain.CANNOT_TELL)
        assert "EX01: No log that the verdict rests on is missing." in both.text
        assert any(fact.startswith("EX02: Cannot tell CVE-") for fact in both.known)


def test_what_suppress_files_took_away_is_a_limit() -> None:
    hidden = Suppressed(
        rule="page-orders",
        title="A page answered orders",
        level=Level.HIGH,
        stage=Stage.EXECUTED,
        certainty=Certainty.CONFIRMED,
        campaign="web-shells",
        entry="own.yml:3",
        scanner="",
        reason="our scanner",
        count=41,
        first=None,
        last=None,
        evidence=(),
    )
    found = one("questions", "q12", replace(quiet(), suppressed=(hidden,)))
    (fact,) = [fact for fact in found.known if "Suppress files" in fact]
    assert "41 lines" in fact
    assert "A page answered orders" in fact


def test_what_is_only_possible_is_never_told_as_a_fact() -> None:
    found = tuple(
        replace(one, certainty=Certainty.POSSIBLE) for one in case().hosts[0].findings if one.stage
    )
    server = replace(case().hosts[0], findings=found)
    server = replace(server, verdict=replace(server.verdict, certainty=Certainty.POSSIBLE))
    for name, question, said in (
        ("questions", "q3", "Perhaps it worked"),
        ("gdpr-33", "33-3-a-nature", "somebody may have had unauthorised access"),
        ("questions", "q6", "Code of an intruder may have run."),
    ):
        unsure = one(name, question, server)
        assert unsure.certainty is Certain.POSSIBLE
        assert said in f"{unsure.value} {unsure.text}"


def test_a_mailbox_that_was_perhaps_read_is_only_at_risk() -> None:
    (server,) = CASES["robbed"].hosts
    for certainty, kind in (
        (Certainty.POSSIBLE, "Confidentiality at risk:"),
        (Certainty.LIKELY, "Confidentiality:"),
    ):
        went = tuple(replace(one, certainty=certainty) for one in server.exposures)
        found = one("gdpr-33", "33-3-a-nature", replace(server, exposures=went))
        assert found.value.startswith(kind)


# Inventory and updates


def test_the_product_is_named_as_the_workbook_does() -> None:
    found = one("ed-21-02", "i2-version", quiet())
    assert found.value == "Microsoft Exchange Server 2016 CU19 (15.1.2176.2)"
    assert "HttpProxy logs" in found.text
    without = replace(quiet(), patch=replace(quiet().patch, build=""))
    assert one("ed-21-02", "i2-version", without).certainty is Certain.CANNOT_TELL


def test_sources_that_disagree_make_a_build_likely_only() -> None:
    server = replace(quiet(), patch=replace(quiet().patch, conflicts=("two builds at once",)))
    found = one("ed-21-02", "i2-version", server)
    assert found.certainty is Certain.LIKELY
    assert "Two builds at once." in found.known


@pytest.mark.parametrize(
    ("state", "value", "certainty"),
    [
        (State.FIXED, "Yes", Certain.CONFIRMED),
        (State.OPEN, "No", Certain.CONFIRMED),
        (State.OPEN_NO_PACKAGE, "No", Certain.CONFIRMED),
        (State.UNSUPPORTED, "No", Certain.CONFIRMED),
        (State.CANNOT_TELL, "", Certain.CANNOT_TELL),
    ],
)
def test_updated_follows_the_state_of_the_holes(
    state: State, value: str, certainty: Certain
) -> None:
    found = one("ed-21-02", "i8-updated", replace(quiet(), patch=patched(state)))
    assert (found.value, found.certainty) == (value, certainty)


def test_a_release_that_nobody_knows_is_never_said_to_be_updated() -> None:
    for product in ("", "2016"):
        unknown = Patch("99.1.2.3", product, "", "", (), ())
        for form_, question in (("ed-21-02", "i8-updated"), ("ed-25-02", "hotfix")):
            found = one(form_, question, replace(quiet(), patch=unknown))
            assert (found.value, found.certainty) == ("", Certain.CANNOT_TELL)
    assert one("ed-21-02", "u1d-updated", replace(quiet(), patch=unknown)).value == "0"


def test_updated_is_not_answered_by_evidence_older_than_the_update() -> None:
    seen = BuildSeen("15.1.2507.1", "httpproxy", at("2022-01-01"), at("2023-01-11"))
    old = Patch(
        "15.1.2507.1", "2016", "CU23", "", (seen,), (AdvisoryState("CVE-2025-53786", State.OPEN),)
    )
    found = one("ed-25-02", "hotfix", replace(quiet(), patch=old))
    assert (found.value, found.certainty) == ("", Certain.CANNOT_TELL)
    assert "before the update could be had (2025-04-18): look at the server of today" in found.text
    later = replace(old, sources=(replace(seen, last=at("2025-09-01")),))
    assert one("ed-25-02", "hotfix", replace(quiet(), patch=later)).value == "No"


def test_a_product_without_the_hotfix_is_not_eligible() -> None:
    old = patched(State.FIXED, product="2013", advisories=())
    assert one("ed-25-02", "cu", replace(quiet(), patch=old)).value == "No"
    new = patched(State.FIXED, product="SE", advisories=())
    assert one("ed-25-02", "cu", replace(quiet(), patch=new)).value == "Yes"


@pytest.mark.parametrize(
    ("state", "value", "certainty"),
    [
        (SupportState.SUPPORTED, "Yes", Certain.CONFIRMED),
        (SupportState.UNSUPPORTED, "No", Certain.CONFIRMED),
        (SupportState.PAID, "", Certain.PERSON),
        (SupportState.UNKNOWN, "", Certain.CANNOT_TELL),
    ],
)
def test_support_that_must_be_paid_for_is_for_a_person(
    state: SupportState, value: str, certainty: Certain
) -> None:
    server = replace(quiet(), patch=patched(State.FIXED, support=Support(state, None, "a note")))
    found = one("ed-21-02", "h3-supported", server)
    assert (found.value, found.certainty) == (value, certainty)


def test_servers_are_counted_by_product_and_unknown_ones_named() -> None:
    second = replace(quiet(), name="EX02", patch=patched(State.FIXED, product="2019"))
    third = replace(quiet(), name="EX03", patch=replace(quiet().patch, build="", product=""))
    of = of_hosts(quiet(), second, third)
    assert one("ed-21-02", "u1-total", of).value == "3"
    sixteen = one("ed-21-02", "u1b-2016", of)
    assert (sixteen.value, sixteen.certainty) == ("1", Certain.POSSIBLE)
    assert "EX03" in sixteen.text
    assert one("ed-21-02", "u1c-2019", of).value == "1"
    assert one("ed-21-02", "u1a-2013", of).value == "0"


def test_a_server_without_exchange_is_not_counted() -> None:
    other = replace(quiet(), name="DC01", patch=replace(quiet().patch, build=""), coverage=())
    assert one("ed-21-02", "u1-total", of_hosts(quiet(), other)).value == "1"
    assert one("ed-21-02", "s1-exchange", of_hosts(other)).certainty is Certain.CANNOT_TELL


def test_a_web_application_ran_if_its_own_log_has_records() -> None:
    server = replace(quiet(), coverage=(row("httpproxy:Owa", *SPANS),))
    assert one("ed-21-02", "i4-owa", server).value == "Yes"
    ecp = one("ed-21-02", "i4-ecp", server)
    assert (ecp.value, ecp.certainty) == ("", Certain.CANNOT_TELL)


def test_reachable_from_the_internet_needs_an_address_from_outside() -> None:
    line = evidence("a.log", 1, "2021-03-01", "x")
    inner = replace(line, keys=(("address", "10.1.2.3"),))
    outer = replace(line, keys=(("address", "198.51.100.23"),))
    server = replace(quiet(), findings=(finding("r", None, [inner]),))
    assert one("ed-21-02", "i5-internet", server).certainty is Certain.CANNOT_TELL
    server = replace(quiet(), findings=(finding("r", None, [outer]),))
    found = one("ed-21-02", "i5-internet", server)
    assert (found.value, found.certainty) == ("Yes", Certain.LIKELY)
    assert "198.51.100.23" in found.text
    longer = one("ed-21-02", "s4-connected", server)
    assert longer.value == "Yes (hosted Internet-connected Exchange Servers)"


# Equivalents of Test-ProxyLogon's checks

CHECKS = {
    "t2.1-anchor": (ANCHOR, "httpproxy:Ecp", "CVE-2021-26855"),
    "t2.2-um": (UM, "events:Application", "CVE-2021-26857"),
    "t2.3-oab": (
        "oab_generator_foreign_path_cve_2021_26858",
        *("oab-generator", "CVE-2021-26858"),
    ),
    "t2.4-ecp": (
        "ecp_server_virtual_directory_markup_cve_2021_27065",
        *("ecp-server", "CVE-2021-27065"),
    ),
    "t2.5-reset": ("httpproxy_ssrf_ddi_reset_cve_2021_27065", "httpproxy:Ecp", "CVE-2021-27065"),
    "t2.6-files": ("file_name_lsass_dump", "file-record", ""),
}


def checked(
    kind: str, cve: str, rule: str = "", *, covered: bool = True, records: int = 50
) -> Host:
    """Return a server with one log, one vulnerability and perhaps a finding."""
    line = evidence("EX01/a.log", 9, "2021-03-03 04:00", "x")
    log = LogCoverage(kind, covered, at(SPANS[0]), at(SPANS[1]), "" if covered else "too short")
    judged = replace(
        quiet().campaigns[0].coverage[0],
        cve=cve,
        logs=(log,),
        answer=Absence.NOT_SEEN if covered else Absence.CANNOT_TELL,
    )
    campaign = CampaignVerdict("proxylogon", "P", (cve,), None, None, None, None, (), (judged,))
    return replace(
        quiet(),
        findings=(finding(rule, Stage.PROBED, [line]),) if rule else (),
        coverage=(row(kind, *SPANS, records=records),),
        campaigns=(campaign,) if cve else (),
    )


@pytest.mark.parametrize("question", CHECKS)
def test_a_check_that_finds_something_shows_the_line(question: str) -> None:
    rule, kind, cve = CHECKS[question]
    found = one("ed-21-02", question, checked(kind, cve, rule))
    assert (found.value, found.certainty) == ("Found", Certain.CONFIRMED)
    assert [(line.path, line.line) for line in found.references] == [("EX01/a.log", 9)]
    assert "Equivalent check by extriage" in found.text


@pytest.mark.parametrize("question", CHECKS)
def test_a_check_that_finds_nothing_where_it_would_show_says_not_seen(question: str) -> None:
    _, kind, cve = CHECKS[question]
    found = one("ed-21-02", question, checked(kind, cve))
    assert (found.value, found.certainty) == ("", Certain.NOT_SEEN)


@pytest.mark.parametrize("question", CHECKS)
def test_a_check_without_its_log_cannot_tell(question: str) -> None:
    _, kind, cve = CHECKS[question]
    found = one("ed-21-02", question, checked(kind, cve, covered=False, records=0))
    assert (found.value, found.certainty) == ("", Certain.CANNOT_TELL)
    assert "Not in the evidence" in found.text


@pytest.mark.parametrize("question", [name for name in CHECKS if CHECKS[name][2]])
def test_a_check_whose_log_falls_short_cannot_tell(question: str) -> None:
    _, kind, cve = CHECKS[question]
    found = one("ed-21-02", question, checked(kind, cve, covered=False))
    assert found.certainty is Certain.CANNOT_TELL
    assert "does not cover the time: too short" in found.text


def test_lines_that_fit_no_columns_prove_no_check() -> None:
    server = checked("httpproxy:Ecp", "CVE-2021-26855", ANCHOR)
    raw = replace(server, findings=tuple(replace(one, raw=True) for one in server.findings))
    assert one("ed-21-02", "t2.1-anchor", raw).certainty is Certain.NOT_SEEN


def test_a_hole_that_the_product_never_had_is_not_applicable() -> None:
    server = checked("events:Application", "CVE-2021-26857")
    (campaign,) = server.campaigns
    never = replace(campaign.coverage[0], answer=Absence.NOT_APPLICABLE, note="no such service")
    server = replace(server, campaigns=(replace(campaign, coverage=(never,)),))
    found = one("ed-21-02", "t2.2-um", server)
    assert (found.value, found.text) == ("Not applicable", "No such service.")


def test_the_script_itself_is_never_said_to_have_run() -> None:
    for server in (checked("httpproxy:Ecp", "CVE-2021-26855", ANCHOR), quiet()):
        found = one("ed-21-02", "t2-script", server)
        assert (found.value, found.certainty) == ("", Certain.PERSON)
        assert "extriage did not run the script." in found.known
    hit = one("ed-21-02", "t2-script", checked("httpproxy:Ecp", "CVE-2021-26855", ANCHOR))
    assert any("expect: Yes (indications of compromise found)" in fact for fact in hit.known)
    blind = one("ed-21-02", "t2-script", replace(quiet(), coverage=()))
    assert any("This is no ground for: Yes (no indications" in fact for fact in blind.known)


def test_the_scanner_of_microsoft_counts_only_if_its_log_is_there() -> None:
    without = one("ed-21-02", "t1-msert", quiet())
    assert (without.value, without.certainty) == ("", Certain.PERSON)
    assert "nothing tells whether MSERT ran" in without.known[0]
    path = "EX01/Windows/debug/msert.log"
    entry = Entry(path, 900, "antivirus-log", "read")
    line = evidence(path, 12, "2021-03-10", "Threat Detected: Backdoor:ASP/Chopper")
    server = replace(
        quiet(),
        manifest=replace(quiet().manifest, entries=(entry,)),
        findings=(finding("antivirus_log_page_removed", Stage.PLANTED, [line]),),
    )
    found = one("ed-21-02", "t1-msert", server)
    assert (found.value, found.certainty) == ("", Certain.PERSON)
    assert found.references[0].path == path
    assert any("must be read in the log itself" in fact for fact in found.known)


# Signs and their absence


def inside(*coverage: Coverage, findings: tuple[Any, ...] = ()) -> Host:
    first = finding(
        "x", Stage.REACHED, [evidence("a", 1, "2021-03-03", "x")], level=Level.LOW, attack=()
    )
    verdict = Verdict(Status.COMPROMISED, Stage.REACHED, Certainty.CONFIRMED, "got in.")
    return replace(
        quiet(), verdict=verdict, findings=(first, *findings), coverage=coverage, persistence=()
    )


SECURITY, SYSMON = "events:Security", "events:Microsoft-Windows-Sysmon/Operational"


def test_movement_is_not_seen_only_if_both_logs_cover_the_time() -> None:
    both = inside(row(SECURITY, *SPANS), row(SYSMON, *SPANS))
    assert one("questions", "q9", both).certainty is Certain.NOT_SEEN
    assert one("questions", "q9", inside(row(SECURITY, *SPANS))).certainty is Certain.CANNOT_TELL
    late = inside(row(SECURITY, "2021-03-05", SPANS[1]), row(SYSMON, *SPANS))
    assert one("questions", "q9", late).certainty is Certain.CANNOT_TELL


def test_logs_with_a_hole_after_the_break_in_do_not_cover_it() -> None:
    gap = replace(row(SECURITY, *SPANS), gaps=(period("2021-03-04", "2021-03-06"),))
    assert one("questions", "q9", inside(gap, row(SYSMON, *SPANS))).certainty is Certain.CANNOT_TELL
    before = replace(row(SECURITY, *SPANS), gaps=(period("2021-02-01", "2021-02-02"),))
    found = one("questions", "q9", inside(before, row(SYSMON, *SPANS)))
    assert found.certainty is Certain.NOT_SEEN


def test_a_minute_of_evidence_after_a_break_in_shows_nothing() -> None:
    short = ("2021-03-02", "2021-03-03 00:01")
    server = inside(row(SECURITY, *short), row(SYSMON, *short))
    assert one("questions", "q9", server).certainty is Certain.CANNOT_TELL


def test_movement_that_was_seen_is_told() -> None:
    moved = finding("m", Stage.ACTED, [evidence("s", 4, "2021-03-04", "x")], attack=("T1021.002",))
    found = one("questions", "q9", inside(row(SECURITY, *SPANS), findings=(moved,)))
    assert (found.value, found.certainty) == ("Yes", Certain.CONFIRMED)
    assert found.references[0].line == 4


def test_a_hint_is_never_more_than_perhaps() -> None:
    hint = finding(
        "m", None, [evidence("s", 4, "2021-03-04", "x")], attack=("T1570",), level=Level.HIGH
    )
    found = one("questions", "q9", inside(row(SECURITY, *SPANS), findings=(hint,)))
    assert (found.value, found.certainty) == ("Perhaps", Certain.POSSIBLE)


def test_an_intruder_who_acts_as_somebody_used_an_account() -> None:
    who = Intruder(
        *("intruder-1", at("2021-03-03"), at("2021-03-04"), Stage.REACHED, Certainty.CONFIRMED),
        keys=(("account", "administrator", 4),),
        chains=(),
        findings=(),
        ways=(),
        sessions=(),
        summary="",
    )
    server = replace(inside(row(SECURITY, *SPANS)), intruders=(who,))
    found = one("ed-21-02", "r-c", server)
    assert (found.value, found.certainty) == ("Yes", Certain.LIKELY)
    assert "administrator" in found.known[0]


def test_ways_back_are_not_seen_only_where_every_place_can_be_looked_at() -> None:
    server = inside(row("web-file", *SPANS), row(SECURITY, *SPANS))
    found = one("questions", "q4", server)
    assert found.certainty is Certain.CANNOT_TELL
    assert "changes of Exchange's settings" in found.text
    whole = inside(*server.coverage, row("events:MSExchange Management", *SPANS))
    assert one("questions", "q4", whole).certainty is Certain.NOT_SEEN


def test_all_that_was_found_is_gone_is_not_all_that_there_is() -> None:
    gone = replace(CASES["ways-back"].hosts[0].persistence[0], state=Presence.REMOVED)
    blind = replace(inside(row(SECURITY, *SPANS)), persistence=(gone,), exposures=())
    found = one("questions", "q5", blind)
    assert (found.value, found.certainty) == ("", Certain.CANNOT_TELL)
    assert "No other way back was found; the evidence cannot tell of" in found.text
    rows = ("web-file", SECURITY, "events:MSExchange Management")
    whole = replace(blind, coverage=tuple(row(kind, *SPANS) for kind in rows))
    assert one("questions", "q5", whole).certainty is Certain.NOT_SEEN


def test_what_may_be_an_administrators_own_is_only_perhaps_a_way_in() -> None:
    there = CASES["ways-back"].hosts[0].persistence[0]
    assert there.state is Presence.PRESENT
    server = replace(quiet(), persistence=(there,))
    assert one("questions", "q5", server).value == "Yes, unless it is taken out"
    own = replace(there, certainty=Certainty.POSSIBLE)
    found = one("questions", "q5", replace(quiet(), persistence=(own,)))
    assert (found.value, found.certainty) == ("Perhaps", Certain.POSSIBLE)


def test_many_signs_are_counted_and_not_those_that_are_listed() -> None:
    ways = tuple(
        replace(CASES["ways-back"].hosts[0].persistence[0], id=f"w{at}", object=f"/a/{at}.aspx")
        for at in range(30)
    )
    found = one("ed-21-02", "r-b", replace(quiet(), persistence=ways))
    assert found.text.startswith("30 signs,")


def test_what_was_removed_is_for_people_to_say() -> None:
    found = one("ed-21-02", "a3-removed", CASES["ways-back"])
    assert (found.value, found.certainty) == ("", Certain.PERSON)
    assert found.known[0].startswith("Identified in the evidence:")
    assert found.references


# Data


def test_mailboxes_are_counted_and_never_called_people() -> None:
    found = one("gdpr-33", "33-3-a-people", CASES["robbed"])
    assert found.value.startswith("At least 1 mailbox: 1 taken (likely)")
    assert found.certainty is Certain.LIKELY
    assert found.human_needed
    assert "not of people" in found.text
    assert any("Mailboxes are not people" in fact for fact in found.known)
    assert any("Every mailbox was within reach" in fact for fact in found.known)


def test_each_number_says_how_sure_each_of_its_parts_is() -> None:
    server = CASES["robbed"].hosts[0]
    first = next(one for one in server.exposures if one.object == "novak@contoso.example" or
                 one.kind.startswith("mailbox"))  # fmt: skip
    sure = replace(first, state=Exposed.READ, certainty=Certainty.CONFIRMED, object="a@b.example")
    unsure = replace(sure, id="x-2", certainty=Certainty.POSSIBLE, object="c@b.example")
    found = one("gdpr-33", "33-3-a-people", replace(server, exposures=(sure, unsure)))
    assert found.value == "2 mailboxes: 2 read (1 confirmed, 1 possible)"
    got = one("gdpr-33", "33-3-a-mailboxes", replace(server, exposures=(sure, unsure)))
    assert got.value == "2 read (1 confirmed, 1 possible)"


def test_one_mailbox_under_two_names_is_one() -> None:
    server = CASES["robbed"].hosts[0]
    first = next(one for one in server.exposures if one.kind.startswith("mailbox"))
    names = (r"CONTOSO\jdoe", "JDoe@contoso.example", "jdoe")
    same = tuple(replace(first, id=f"x-{at}", object=name) for at, name in enumerate(names))
    found = one("gdpr-33", "33-3-a-people", replace(server, exposures=same))
    assert found.value.startswith("At least 1 mailbox:")
    others = tuple(replace(one, object=f"info@{at}.example") for at, one in enumerate(same))
    found = one("gdpr-33", "33-3-a-people", replace(server, exposures=others))
    assert found.value.startswith("At least 3 mailboxes:"), "three domains, three mailboxes"


def test_a_mailbox_that_was_only_made_ready_is_named_and_not_counted_as_gone() -> None:
    server = CASES["robbed"].hosts[0]
    first = next(one for one in server.exposures if one.kind.startswith("mailbox"))
    ready = replace(first, state=Exposed.READY)
    found = one("gdpr-33", "33-3-a-records", replace(server, exposures=(ready,)))
    assert (found.value, found.certainty) == ("", Certain.CANNOT_TELL)
    assert "names no mailbox" not in found.text


def test_what_is_only_possible_waits_for_a_person() -> None:
    own = replace(CASES["ways-back"].hosts[0].persistence[0], certainty=Certainty.POSSIBLE)
    found = one("questions", "q4", replace(quiet(), persistence=(own,)))
    assert found.certainty is Certain.POSSIBLE
    assert found.human_needed


def test_a_mailbox_that_is_only_possible_is_no_least_number() -> None:
    server = CASES["robbed"].hosts[0]
    unsure = tuple(replace(one, certainty=Certainty.POSSIBLE) for one in server.exposures)
    found = one("gdpr-33", "33-3-a-people", replace(server, exposures=unsure))
    assert found.certainty is Certain.POSSIBLE
    assert found.value.startswith("1 mailbox: 1 taken (possible)")


def test_the_same_mailbox_on_two_servers_is_one() -> None:
    server = CASES["robbed"].hosts[0]
    twice = of_hosts(server, replace(server, name="EXCH02"))
    assert one("gdpr-33", "33-3-a-people", twice).value.startswith("At least 1 mailbox:")


def test_records_keep_their_bounds() -> None:
    found = one("gdpr-33", "33-3-a-records", CASES["robbed"])
    assert found.value == "at least 166.7 MB; at least 84 items"
    server = CASES["robbed"].hosts[0]
    exact = tuple(
        replace(one, items=Amount(3, 5), bytes_out=Amount(2048, 2048)) for one in server.exposures
    )
    found = one("gdpr-33", "33-3-a-records", replace(server, exposures=exact))
    assert found.value == "4.0 KB; 6 to 10 items"


def test_what_nothing_ties_to_an_intruder_is_to_be_asked_about() -> None:
    server = CASES["robbed"].hosts[0]
    loose = tuple(
        replace(one, intruders=(), certainty=Certainty.POSSIBLE) for one in server.exposures
    )
    server = replace(server, exposures=loose)
    people = one("gdpr-33", "33-3-a-people", server)
    assert people.value == ""
    got = one("gdpr-33", "33-3-a-mailboxes", server)
    assert got.value == "5 to be asked about"
    assert all(fact.endswith("Ask who did it.") for fact in got.known)


def test_somebody_inside_and_no_mailbox_named_is_no_zero() -> None:
    found = one("gdpr-33", "33-3-a-people", case(Status.COMPROMISED))
    assert (found.value, found.certainty) == ("", Certain.CANNOT_TELL)


@pytest.mark.parametrize(
    ("shown", "certainty"),
    [
        ((Shown.NOT_SHOWN, Shown.NOT_SHOWN), Certain.NOT_SEEN),
        ((Shown.NOT_SHOWN, Shown.CANNOT_TELL), Certain.CANNOT_TELL),
        ((), Certain.CANNOT_TELL),
    ],
)
def test_no_mailbox_is_not_seen_only_where_the_logs_would_show_one(
    shown: tuple[Shown, ...], certainty: Certain
) -> None:
    kinds = ("mailboxes-exported", "mailboxes-read")
    (robbed,) = CASES["robbed"].hosts
    answers = tuple(
        replace(robbed.exposure_answers[0], kind=kind, answer=word, exposures=())
        for kind, word in zip(kinds, shown, strict=False)
    )
    found = one("gdpr-33", "33-3-a-people", replace(quiet(), exposure_answers=answers))
    assert (found.value, found.certainty) == ("", certainty)


def test_kinds_of_data_that_nobody_can_tell_of_are_named() -> None:
    found = one("gdpr-33", "33-3-a-unseen", CASES["robbed"])
    assert found.value == "1 kind of data"
    assert found.certainty is Certain.CANNOT_TELL
    assert found.known[0].startswith("credentials: cannot tell")


# Times


def test_the_first_sign_inside_is_told_apart_from_knocking() -> None:
    early = finding("scan", Stage.PROBED, [evidence("a", 1, "2021-01-20", "x")])
    server = inside(row(SECURITY, *SPANS), findings=(early,))
    found = one("gdpr-33", "33-1-aware", server)
    assert any("first sign that somebody got in 2021-03-03" in fact for fact in found.known)
    assert any("may be anybody's, 2021-01-20" in fact for fact in found.known)


def test_measures_are_never_said_to_be_done() -> None:
    found = one("gdpr-33", "33-3-d-measures", CASES["robbed"])
    assert "does not tell which of them are done" in found.text
    assert found.human_needed


def test_references_point_at_lines_with_their_hashes() -> None:
    found = one("ed-21-02", "a1-found", case(Status.COMPROMISED))
    assert 0 < len(found.references) <= 6
    assert found.more_references > 0
    texts = {
        (line.path, line.line): line.sha256
        for one in case().hosts[0].findings
        for line in one.evidence
    }
    for line in found.references:
        assert texts[line.path, line.line] == line.sha256
