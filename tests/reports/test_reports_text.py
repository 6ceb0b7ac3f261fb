"""The report on the screen says what somebody who was just called in needs."""

from dataclasses import replace

import pytest
from cases import (
    CASES,
    at,
    case,
    chain,
    coverage,
    evidence,
    finding,
    host,
    of_hosts,
    period,
    three_hosts,
    tool,
)
from rich.cells import cell_len

from extriage.casefile import encode
from extriage.model.case import Case
from extriage.model.detection import Certainty, Stage
from extriage.model.host import Absence, Host, Manifest, Patch, Status, Verdict
from extriage.reports import REPORTS, RenderOptions
from extriage.reports.ladder import short_names
from extriage.reports.matrix import Axis, bar
from extriage.reports.paper import sheet
from extriage.reports.proof import excerpt, key_evidence, named_pages

PAPER = sheet(RenderOptions(width=80, ascii=True))


def text(case: Case, width: int = 80, *, ascii: bool = True, cases_at: str = "") -> str:
    options = RenderOptions(width=width, ascii=ascii, cases_at=cases_at)
    return REPORTS["text"].render(case, options)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("width", [60, 80, 100, 132, 200])
def test_no_line_is_wider_than_the_screen(name: str, width: int) -> None:
    lines = text(CASES[name], width, ascii=False).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("status", Status)
def test_one_server_fits_one_screen(status: Status) -> None:
    assert len(text(case(status), cases_at="EXCH01.case").splitlines()) <= 54


@pytest.mark.parametrize(
    ("status", "first"),
    [
        (Status.COMPROMISED, "COMPROMISED  EXCH01.contoso.test  executed, confirmed"),
        (Status.TARGETED, "TARGETED  EXCH01.contoso.test  probed, confirmed"),
        (Status.NO_SIGN, "NO SIGN  EXCH01.contoso.test"),
        (Status.CANNOT_TELL, "CANNOT TELL  EXCH01.contoso.test"),
    ],
)
def test_the_verdict_stands_first_and_its_reason_next(status: Status, first: str) -> None:
    lines = text(case(status), 132).splitlines()
    assert lines[0] == first
    assert host(status).verdict.reason in " ".join(" ".join(lines[1:3]).split())


def test_cannot_tell_never_reads_like_no_sign() -> None:
    shown = text(case(Status.CANNOT_TELL)).lower()
    assert "no sign" not in shown
    assert "not seen" not in shown


def test_a_stage_without_a_finding_of_its_own_is_shown_as_implied() -> None:
    server = host()
    kept = tuple(one for one in server.findings if one.stage is not Stage.PLANTED)
    lines = text(of_hosts(replace(server, findings=kept, chains=()))).splitlines()
    rungs = next(line for line in lines if "executed " in line and "* probed" in line)
    assert "+ planted" in rungs
    assert ". acted" in rungs
    assert "implied" in lines[lines.index(rungs) + 1]


def test_a_stage_without_a_time_says_so() -> None:
    one = finding("x", Stage.PLANTED, [evidence("a.aspx", 1, "", "page")])
    server = host()
    campaign = replace(
        server.campaigns[0], stage=Stage.PLANTED, first=None, last=None, findings=(one.id,)
    )
    shown = text(of_hosts(replace(server, findings=(one,), campaigns=(campaign,))))
    assert "ProxyLogon: planted, confirmed, no times" in shown
    assert "planted   no time              X" in shown


def test_an_attack_within_a_day_shows_the_day_once() -> None:
    server = host()
    campaign = server.campaigns[0]
    short = replace(campaign, last=at("2021-03-14 06:43:31"))
    shown = text(of_hosts(replace(server, campaigns=(short,))))
    assert "executed, confirmed, 2021-03-14 06:38 - 06:43 UTC" in shown


def test_proof_shows_each_stage_before_a_second_line_of_one() -> None:
    chosen = [one.stage for one, _ in key_evidence(host(), 4)]
    assert chosen == [Stage.EXECUTED, Stage.PLANTED, Stage.REACHED, Stage.PROBED]
    more = [one.stage for one, _ in key_evidence(host(), 6)]
    assert more == [Stage.EXECUTED, *chosen, None]


def test_proof_shows_no_line_twice() -> None:
    server = host()
    twins = tuple(replace(one, id=f"{one.id}-twin") for one in chain())
    both = replace(server, findings=(*server.findings, *twins))
    places = [(line.path, line.line) for _, line in key_evidence(both, 20)]
    assert len(places) == len(set(places)) == 7


def test_a_long_line_is_shown_from_where_it_gets_interesting() -> None:
    line = "2021-03-14T06:39:41.702Z,0e6e5b51-9b0c,15,1,2176,2,,Ecp,ServerInfo~a/ecp/x.ecp?,curl"
    assert excerpt(PAPER, line, 24).startswith("...ServerInf")
    assert excerpt(PAPER, line, 200) == line
    assert excerpt(PAPER, "x" * 50, 20) == "xxxxxxxxxx...xxxxxxx"


def test_bars_show_gaps_and_where_nothing_was() -> None:
    axis = Axis(at("2021-03-01"), at("2021-03-11"), window="while it was open")
    kind = replace(
        coverage()[0],
        first=at("2021-03-03"),
        last=at("2021-03-09 12:00"),
        gaps=(period("2021-03-05", "2021-03-06 12:00"),),
    )
    assert bar(PAPER, kind, axis, 10) == "..##.+##+."
    assert bar(PAPER, replace(kind, first=None, last=None), axis, 10) == ".........."
    moment = replace(kind, first=at("2021-03-08 01:00"), last=at("2021-03-08 01:00"), gaps=())
    assert bar(PAPER, moment, axis, 10) == ".......+.."


def test_a_log_that_the_verdict_needs_and_nobody_collected_has_a_row() -> None:
    server = host(Status.CANNOT_TELL)
    rest = tuple(kind for kind in server.coverage if kind.kind != "httpproxy")
    lines = text(of_hosts(replace(server, coverage=rest))).splitlines()
    assert [line.split()[:2] for line in lines if "httpproxy " in line] == [["httpproxy", "none"]]


def test_cves_of_one_year_share_their_prefix() -> None:
    names = ["CVE-2021-27065", "CVE-2021-26855", "CVE-2022-41040", "ADV190007"]
    assert short_names(names) == "ADV190007, CVE-2021-26855, -27065, CVE-2022-41040"


def test_servers_stand_worst_first_and_clean_ones_get_no_block() -> None:
    lines = text(three_hosts()).splitlines()
    assert [line.split("EXCH")[1][:2] for line in lines[1:4]] == ["01", "02", "03"]
    assert lines[0].startswith("-- 3 servers: 1 compromised, 1 cannot-tell, 1 no-sign --")
    assert sum("EXCH03.contoso.test" in line for line in lines) == 1
    assert sum("EXCH02.contoso.test" in line for line in lines) == 2


def test_a_thousand_servers_are_all_named() -> None:
    hosts = [host(Status.TARGETED, f"EX{n:04}.contoso.test") for n in range(1000)]
    shown = text(of_hosts(*hosts))
    assert [one.name for one in hosts if one.name not in shown] == []
    assert "and 975 more servers: the csv and json reports have all" in shown


def test_damage_notes_and_refused_rules_are_named() -> None:
    shown = text(case(), 132, cases_at="cases/EXCH01")
    assert "Application.evtx: chunk 12: checksum is wrong, 84 records lost" in shown
    assert "5 hours were added" in shown
    assert "183 loaded; 2 could not run: case.json, tool.refused_rules" in shown
    assert "cases/EXCH01" in shown
    assert "knowledge as of 2026-08-22" in shown


def test_more_notes_and_damage_than_fit_are_counted() -> None:
    server = host()
    entries = server.manifest.entries * 5
    many = replace(
        server,
        notes=tuple(f"note {n}" for n in range(9)),
        manifest=replace(server.manifest, entries=entries),
        actions=server.actions[:3],
    )
    shown = text(of_hosts(many))
    assert "and 6 more notes in the case" in shown
    assert "and 3 more in manifest.entries" in shown
    assert "3. Remove the web shell" in shown


def test_an_attack_over_new_year_shows_both_years() -> None:
    server = host()
    campaign = server.campaigns[0]
    long = replace(campaign, first=at("2020-12-30"), last=at("2021-01-02 10:00"))
    shown = text(of_hosts(replace(server, campaigns=(long,))))
    assert "executed, confirmed, 2020-12-30 00:00 - 2021-01-02 10:00 UTC" in shown


def test_every_action_is_named() -> None:
    shown = " ".join(text(case()).split())
    assert [one.title for one in host().actions if one.title not in shown] == []


def test_a_server_of_which_nothing_is_known_has_a_report() -> None:
    verdict = Verdict(Status.CANNOT_TELL, None, None, "")
    patch = Patch("", "", "", "", (), ())
    bare = Host("", verdict, (), patch, (), (), (), Manifest(0, 0, 0, 0, ()))
    shown = text(Case("", replace(tool(), refused_rules=(), content_sha256=""), (bare,)))
    assert "The evidence that would show an attack is missing or falls short." in shown
    assert "Build    not seen in this evidence" in shown
    assert "could not run" not in shown


def test_a_campaign_that_is_seen_without_reasons_still_answers_for_each_cve() -> None:
    server = host(Status.CANNOT_TELL)
    campaign = server.campaigns[0]
    answers = tuple(
        replace(cve, note="", window=None, answer=answer, logs=logs)
        for cve, answer, logs in zip(
            campaign.coverage,
            (Absence.CANNOT_TELL, Absence.CANNOT_TELL, Absence.NOT_SEEN, Absence.NOT_APPLICABLE),
            ((), tuple(replace(one, covered=False) for one in campaign.coverage[0].logs)) * 2,
            strict=True,
        )
    )
    answers = (*answers[:2], replace(answers[2], logs=campaign.coverage[0].logs), answers[3])
    told = replace(campaign, coverage=answers, stage=Stage.PROBED, certainty=Certainty.LIKELY)
    shown = text(of_hosts(replace(server, campaigns=(told,))))
    assert "ProxyLogon: probed, likely" in shown
    assert "CVE-2021-26855: no evidence that would show it" in shown
    assert "CVE-2021-26857: httpproxy (missing); iis (missing)" in shown
    assert "CVE-2021-26858: httpproxy, iis cover it" in shown
    assert "not affected CVE-2021-27065\n" in shown


@pytest.mark.parametrize("name", CASES)
def test_every_format_renders_every_case(name: str) -> None:
    assert list(REPORTS) == [
        "text", "html", "markdown", "plan", "plan-powershell", "json", "csv", "persistence-csv",
        "exposures-csv", "csv-set", "stix", "misp", "timesketch", "ocsf", "navigator",
    ]  # fmt: skip
    for report in REPORTS.values():
        assert report.title
        if report.files is None:
            text = report.render(CASES[name], RenderOptions())
            lines_only = report.format in ("timesketch", "ocsf")
            assert text.endswith("\n") or (lines_only and not text)
    assert REPORTS["json"].render(CASES[name], RenderOptions()).encode() == encode(CASES[name])


def test_a_finding_without_lines_keeps_its_row_in_the_table() -> None:
    bare = finding("joined", Stage.REACHED, [], certainty=Certainty.LIKELY, count=3)
    rows = REPORTS["csv"].render(of_hosts(replace(host(), findings=(bare,))), RenderOptions())
    assert rows.splitlines()[1].endswith(",f-joined,3,,,,")


def test_pages_that_findings_name_are_told_by_name() -> None:
    line = replace(
        chain()[0].evidence[0],
        summary=r"TargetFilename=C:\Program Files\X\FrontEnd\owa\auth\ohyeah.aspx Image=System",
    )
    request = replace(line, summary="cs-method=POST cs-uri-stem=/owa/auth/b.ashx sc-status=200")
    planted = replace(chain()[0], stage=Stage.PLANTED, evidence=(line, line, request))
    probed = replace(
        chain()[0], id="f-probe", stage=Stage.PROBED,
        evidence=(replace(line, summary="cs-uri-stem=/owa/auth/asked.aspx"),),
    )  # fmt: skip
    server = replace(host(), findings=(planted, probed))
    assert named_pages(server) == ["ohyeah.aspx", "b.ashx"]
    again = replace(line, summary=r"TargetFilename=C:\inetpub\OHYEAH.aspx Image=System")
    twice = replace(planted, evidence=(line, again))
    assert named_pages(replace(server, findings=(twice,))) == ["ohyeah.aspx"]
    assert "  Pages    ohyeah.aspx, b.ashx" in text(of_hosts(server))


def test_what_they_got_and_what_to_do_stand_above_how_they_came() -> None:
    shown = text(CASES["robbed"], 100)
    blocks = ["Data exposure", "Do now", "ProxyLogon", "The server", "Proof", "Coverage"]
    places = [shown.index(f"-- {block}") for block in blocks]
    assert places == sorted(places)
    assert len(shown.splitlines()) <= 88, "everything happened to it"
    assert "Way out" not in shown, "after a break-in that comes last: the plan has it"
    targeted = text(case(Status.TARGETED), 100)
    assert targeted.index("-- Do now") < targeted.index("-- The server")


def test_do_now_names_the_command_for_the_rest() -> None:
    assert "extriage report EXCH01.case --format plan" in text(case(), 100, cases_at="EXCH01.case")
    assert "extriage report 'my case' --format plan" in text(case(), 100, cases_at="my case")
    assert "single steps" not in text(case(), 100)


def test_a_page_among_the_ways_back_is_not_named_once_more() -> None:
    line = replace(chain()[0].evidence[0], summary="cs-uri-stem=/owa/auth/Zq2u7Rb.aspx x=1")
    planted = replace(chain()[0], stage=Stage.PLANTED, evidence=(line,))
    server = replace(host(), findings=(planted,), persistence=())
    assert "Zq2u7Rb.aspx" in text(of_hosts(server))[-2500:]
    assert "  Pages  " in text(of_hosts(server))
    way = replace(CASES["ways-back"].hosts[0].persistence[0], object="/owa/auth/zq2u7rb.aspx")
    assert "  Pages  " not in text(of_hosts(replace(server, persistence=(way,))))


def test_a_text_is_cut_between_words() -> None:
    words = "passwords in memory, machine keys, private keys of certificates and every mailbox"
    for width in range(40, 75):
        lines = sheet(RenderOptions(width=width)).paragraph(["  "], words, lines=1, indent=2)
        shown = lines[0].plain.strip()
        head, gap, tail = shown.partition("\u2026")
        assert gap
        assert words.startswith(head)
        assert words.endswith(tail)
        assert not words[len(head) :][:1].isalpha() or head.endswith(" ")
        assert tail.startswith(" ")


def test_a_text_without_words_is_cut_all_the_same() -> None:
    lines = sheet(RenderOptions(width=60)).paragraph(["  "], "x" * 500, lines=2, indent=2)
    assert [cell_len(line.plain) for line in lines] == [60, 60]


def test_a_chain_is_told_in_order_with_who_and_what_lifts_it() -> None:
    shown = text(case())
    told = shown[shown.index("What happened, in order") :]
    assert "from 198.51.100.23; with ohyeah.aspx" in told
    steps = [
        "probed    Back-end",
        "reached   ECP logon",
        "planted   Script",
        "taken?    An archive",
    ]
    places = [told.index(step) for step in steps]
    assert places == sorted(places)
    assert "two kinds of evidence tell it alike" in told


def test_what_only_hints_is_marked() -> None:
    server = host(Status.CANNOT_TELL)
    hint = next(one for one in chain() if one.hints)
    shown = text(of_hosts(replace(server, findings=(hint,))))
    assert "taken?    2021-03-14 07:02:10  The role for mailbox export was assigned" in shown
    assert "? is a hint" in shown


def test_campaigns_without_a_finding_are_sorted_by_what_that_means() -> None:
    shown = " ".join(text(case(Status.CANNOT_TELL), 132).split())
    assert "cannot tell ProxyLogon, CVE-2020-0688: such as: " in shown
    assert "not yet used 2 waves of attacks that were first seen later" in shown
    assert "not affected CVE-2020-17144" in shown
    assert "no trace Back doors in the web server" in shown
    beside = " ".join(text(case(), 132).split())
    assert "1 cannot tell, 2 not yet used, 1 not affected, 1 without a trace" in beside
