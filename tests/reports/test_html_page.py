"""The page: whole, well formed, harmless, small enough, and calm where the case is."""

import json
import os
import re
import time
import unicodedata
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from cases import CASES, at, case, evidence, finding, flooded, host, of_hosts
from payloads import INVISIBLE, PAYLOADS, REORDERING
from reading_pages import Page
from ways import ways

from extriage.model.case import Case
from extriage.model.detection import Certainty, Stage
from extriage.model.exposure import Exposed, ExposureAnswer, Shown
from extriage.model.host import Action, Command, State, Status, When
from extriage.model.persistence import Presence
from extriage.model.session import Amount
from extriage.reports import RenderOptions
from extriage.reports.html import render
from extriage.reports.html.sections.amounts import bounded, bounded_size, size
from extriage.reports.html.sections.bounds import HOSTS_IN_FULL
from extriage.reports.ladder import first_times

GOLDEN = Path(__file__).parent.parent / "golden" / "html"
BUDGET = 5_000_000
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)\" x=\"",
    "' onfocus='alert(1)' autofocus='",
    "javascript:alert(1)",
    "<!--", "-->", "<![CDATA[", "]]>",
    "<svg/onload=alert(1)>",
    "{{ 7 * 7 }} {% for x in y %}",
    "&lt;b&gt; &amp; &#60;script&#62;",
    "a/b", "h0-sec-now", "#h0-sec-now", "x y\tz\nw",
)  # fmt: skip


def page(shown: Case, *, cases_at: str = "", tlp: str = "") -> str:
    return render(shown, RenderOptions(cases_at=cases_at, tlp=tlp))


@cache
def read(name: str) -> Page:
    return Page(page(CASES[name]))


def told(html: str) -> str:
    """Return what a reader sees of a page, without styles, scripts, and what depends on them."""
    html = re.sub(r"<style>.*?</style>", "<style></style>", html, flags=re.DOTALL)
    html = re.sub(r"(<script[^>]*>).*?</script>", r"\1</script>", html, flags=re.DOTALL)
    return re.sub(r"sha256-[A-Za-z0-9+/]{40,}=*", "sha256-", html)


def own(html: str) -> str:
    """Return a page without its pictures and tables of data, which have goldens of their own."""
    html = re.sub(r"(<figure[^>]*>).*?(</figure>)", r"\1\2", told(html), flags=re.DOTALL)
    return re.sub(r"(<table data-table[^>]*>).*?(</table>)", r"\1\2", html, flags=re.DOTALL)


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", told(html)).split())


@pytest.mark.parametrize("name", CASES)
def test_a_page_equals_its_golden_file(name: str) -> None:
    shown = own(page(CASES[name], cases_at="EXCH01.case", tlp="amber")).encode("utf-8")
    golden = GOLDEN / f"{name}.html"
    if os.environ.get("EXTRIAGE_GOLDEN") == "1":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(shown)
    assert shown == golden.read_bytes()


def test_no_golden_page_is_left_over() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == {f"{name}.html" for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_a_page_is_well_formed_and_every_link_has_its_target(name: str) -> None:
    assert read(name).faults == []


@pytest.mark.parametrize("name", CASES)
def test_a_page_has_its_landmarks_and_says_what_it_is(name: str) -> None:
    shown = read(name)
    assert len(shown.all("main")) == len(shown.all("header")) == len(shown.all("footer")) == 1
    assert shown.all("html")[0].attributes["lang"] == "en"
    assert shown.all("h1")[0].text.strip() in shown.all("title")[0].text
    assert all("aria-label" in one.attributes for one in shown.all("nav"))
    for one in shown.all("section"):
        assert "aria-labelledby" in one.attributes


@pytest.mark.parametrize("name", CASES)
def test_equal_cases_give_equal_bytes_on_every_screen(name: str) -> None:
    first = render(CASES[name], RenderOptions(width=40, color=True))
    assert first == render(CASES[name], RenderOptions(width=200, ascii=True))
    assert first.endswith("</html>\n")


@pytest.mark.parametrize("payload", [" ".join(HOSTILE), *HOSTILE[:3], *HOSTILE[-4:]])
@pytest.mark.parametrize("name", ["robbed", "suppressed", "three-hosts", "no-host"])
def test_markup_in_every_field_stays_text(name: str, payload: str) -> None:
    html = page(flooded(CASES[name], payload), cases_at=payload)
    hostile, calm = Page(html), read(name)
    odd = [one for one in hostile.faults if "no such id" in one or not one.startswith("id ")]
    assert odd == []
    assert {one.tag for one in hostile.elements} <= {one.tag for one in calm.elements} | {"br"}
    scripts = [one.attributes.get("type", "") for one in hostile.all("script")]
    assert scripts.count("") == 1
    assert set(scripts) <= {"", "application/json"}
    words = told(html)
    assert [one for one in HOSTILE if set(one) & set("<>\"'") and one in words] == []


@pytest.mark.parametrize("payload", PAYLOADS[::11], ids=range(len(PAYLOADS[::11])))
def test_nothing_that_a_reader_cannot_see_gets_into_the_page(payload: str) -> None:
    html = page(flooded(CASES["robbed"], payload))
    shown = set(html) - {"\n", " ", "\t"}
    hidden = {char for char in shown if unicodedata.category(char)[0] in "CZ"}
    assert hidden | (shown & {*REORDERING, *INVISIBLE}) == set()
    assert html.encode("utf-8")
    assert len(html) < BUDGET


@pytest.mark.parametrize(
    "payload", ["\u202e\x1b[2J\u200bx", "</script><script>'&", *PAYLOADS[::29]]
)
def test_what_scripts_get_is_made_visible_before_and_cannot_end_its_script(payload: str) -> None:
    html = page(flooded(CASES["robbed"], payload))
    found = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert len(found) == 2, "that of the tables, and that of the timeline"
    for text in found:
        assert not set("<>&") & set(text)
        said = json.dumps(json.loads(text), ensure_ascii=False)
        assert not {*REORDERING, *INVISIBLE, "\x1b"} & set(said)
        assert {char for char in said if not char.isprintable()} == set()


def test_a_policy_lets_one_style_and_one_script_run_and_nothing_be_fetched() -> None:
    (policy,) = [
        one.attributes["content"]
        for one in read("robbed").all("meta")
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "connect-src" not in policy


# What the first screen says


@pytest.mark.parametrize(
    ("status", "word", "tone"),
    [
        (Status.COMPROMISED, "COMPROMISED", "bad"),
        (Status.TARGETED, "TARGETED", "warn"),
        (Status.CANNOT_TELL, "CANNOT TELL", "unsure"),
        (Status.NO_SIGN, "NO SIGN", "good"),
    ],
)
def test_the_verdict_has_its_word_its_tone_and_its_shape(
    status: Status, word: str, tone: str
) -> None:
    shown = read(status.value)
    (section,) = shown.of_class("verdict")
    assert tone in section.attributes["class"].split()
    assert word in section.text
    assert case(status).hosts[0].verdict.reason in " ".join(section.text.split())
    shapes = {one.attributes["class"] for one in shown.of_class("mark")}
    assert f"mark {tone}" in shapes


def test_no_sign_is_not_green_above_open_ways_back() -> None:
    unsure = replace(host(Status.NO_SIGN), persistence=ways())
    (section,) = Page(page(of_hosts(unsure))).of_class("verdict")
    assert "unsure" in section.attributes["class"].split()
    assert "But there are ways back in" in section.text
    gone = tuple(one for one in ways() if one.state is Presence.REMOVED)
    (section,) = Page(page(of_hosts(replace(unsure, persistence=gone)))).of_class("verdict")
    assert "good" in section.attributes["class"].split()


def test_stage_and_certainty_are_explained_in_plain_words() -> None:
    (section,) = read("compromised").of_class("sense")
    text = " ".join(section.text.split())
    assert "What “executed, confirmed” means" in text
    assert "their code ran on the server" in text
    assert "the evidence proves it" in text


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (Status.COMPROMISED, "It was seen, but not all could be."),
        (Status.NO_SIGN, "Yes."),
        (Status.CANNOT_TELL, "No."),
    ],
)
def test_the_page_answers_whether_it_could_have_been_seen(status: Status, answer: str) -> None:
    (section,) = read(status.value).of_class("sight")
    assert f"Could we have seen it? {answer}" in " ".join(section.text.split())


@pytest.mark.parametrize(
    ("tlp", "words"),
    [
        ("clear", "TLP:CLEAR Recipients can spread this to the world"),
        (
            "green",
            "TLP:GREEN Limited disclosure, recipients can spread this within their community",
        ),
        ("amber", "within their organization and its clients."),
        ("amber+strict", "TLP:AMBER+STRICT Limited disclosure"),
        ("red", "TLP:RED For the eyes and ears of individual recipients only"),
    ],
)
def test_the_mark_stands_on_top_with_the_standards_words(tlp: str, words: str) -> None:
    assert words in plain(page(CASES["compromised"], tlp=tlp))


def test_a_page_that_nobody_marked_has_no_mark() -> None:
    assert "TLP:" not in plain(page(CASES["compromised"]))


# What nobody may be told wrongly by a number


def tile(shown: Page, label: str) -> str:
    (found,) = [one for one in shown.of_class("tile") if label in one.text]
    return " ".join(found.text.split())


def test_holes_that_nobody_can_tell_are_not_counted_as_none() -> None:
    server = host(Status.CANNOT_TELL)
    rows = tuple(replace(one, state=State.CANNOT_TELL) for one in server.patch.advisories)
    blind = replace(server, patch=replace(server.patch, advisories=rows))
    shown = Page(page(of_hosts(blind, server)))
    assert [
        " ".join(one.text.split()) for one in shown.of_class("tile") if "Known holes" in one.text
    ] == [f"Known holes {len(rows)} cannot tell build 15.1.2176.2", tile(read("cannot-tell"), "Kn")]
    assert "0 open" not in plain(shown.html)


def test_logs_that_only_data_needs_are_missing_too() -> None:
    blind = ExposureAnswer(
        *("mailboxes-read", "Mailboxes read", Shown.CANNOT_TELL, "Nobody can tell.", ()),
        *(("no EWS logs in the evidence",), None, ()),
    )
    server = replace(
        host(Status.CANNOT_TELL), campaigns=(), coverage=(), exposure_answers=(blind,), notes=()
    )
    shown = Page(page(of_hosts(server)))
    assert "none known" not in tile(shown, "Gaps in the evidence")
    told = " ".join(shown.by_id("h0-sec-unsure").text.split())
    assert "would show what became of Mailboxes read" in told
    assert "Nothing more is known to be missing" not in told


def test_a_time_in_which_a_server_was_open_does_not_sound_like_a_break_in() -> None:
    assert "exploited since" not in plain(page(CASES["no-sign"])).partition("Is it patched?")[0]
    figures = re.findall(r"<figure.*?</figure>", page(CASES["no-sign"]), re.DOTALL)
    assert "open from 2021-01-03" in " ".join(figures)
    assert "exploited" not in " ".join(one for one in figures if "pic-coverage" in one)


def test_the_stage_taken_has_the_time_at_which_the_first_thing_left() -> None:
    server = CASES["robbed"].hosts[0]
    (left,) = [one for one in server.exposures if one.state is Exposed.TAKEN]
    told = replace(server.campaigns[0], stage=Stage.TAKEN)
    robbed = of_hosts(replace(server, campaigns=(told,)))
    assert left.first
    assert first_times(robbed.hosts[0], told)[Stage.TAKEN] == left.first
    ladder = Page(page(robbed)).of_class("ladder")[0].text
    assert f"{left.first:%Y-%m-%d %H:%M}" in ladder


@pytest.mark.parametrize(
    "path",
    ["/home/alba.novak/x/EX01.case", "C:\\Users\\alba.novak\\EX01.case\\", "EX01.case/case.json"],
)
def test_the_page_names_the_folder_of_the_case_and_not_where_it_lies(path: str) -> None:
    html = page(CASES["compromised"], cases_at=path)
    assert "extriage report EX01.case --format plan" in html
    assert "alba.novak" not in html
    assert html == page(CASES["compromised"], cases_at="EX01.case")


def test_the_page_says_how_to_hand_it_on_and_what_nobody_knows_of_clocks() -> None:
    text = plain(page(CASES["compromised"], cases_at="EX01.case"))
    assert "extriage answers EX01.case --form" in text
    assert "All times are UTC, as far as the evidence tells its clock" in text


# What to do


def test_what_is_due_now_stands_open_and_what_comes_later_is_folded_but_counted() -> None:
    shown = acting()
    (later,) = shown.of_class("later")
    assert " ".join(later.text.split()).startswith("Afterwards 1 step, 3 ")
    assert "open" not in later.attributes
    (first,) = shown.of_class("first-step")
    assert " ".join(first.text.split()) == "Do this now: Keep it and 1 more"
    plan = (Action("a", "Look again", "In a month.", When.AFTERWARDS),)
    calm = Page(page(of_hosts(replace(host(Status.NO_SIGN), actions=plan))))
    assert "open" in calm.of_class("later")[0].attributes


def acting() -> Page:
    look = Command("Get-Item 'a'\nGet-Item 'b'", "Shows both.", changes=False)
    change = Command("Remove-Item 'a' -WhatIf", "Takes it out.", changes=True)
    (way, *_) = ways()
    shell = finding("shell", Stage.EXECUTED, [evidence("a.log", 1, "2021-03-14", "x")])
    plan = (
        Action("keep", "Keep it", "Before all."),
        Action(
            *("out", "Take it out", "Carefully.", When.NOW, (way.id, shell.id, "nothing-known")),
            *((look, change), "It is gone.", ("keep",)),
        ),
        Action("out/one", "The first of them", "This one."),
        Action("later", "Look again", "In a month.", When.AFTERWARDS),
    )
    server = replace(host(Status.COMPROMISED), persistence=(way,), findings=(shell,), actions=plan)
    return Page(page(of_hosts(replace(server, campaigns=(), chains=()))))


def test_an_action_leads_to_its_reasons_and_to_what_must_be_done_before() -> None:
    shown = acting()
    links = [(one.attributes["href"], one.text) for one in shown.all("a")]
    assert ("#h0-way-0", "web shell /owa/auth/ohyeah.aspx: present") in links
    assert ("#h0-finding-f-shell", "Shell, first 2021-03-14 00:00 UTC") in links
    assert ("#h0-action-0", "1. Keep it") in links
    assert shown.faults == []


def test_commands_say_whether_they_only_look_and_keep_their_lines() -> None:
    shown = acting()
    looks, changes = (" ".join(one.text.split()) for one in shown.of_class("command"))
    assert looks.startswith("only looks Shows both. Get-Item 'a' Get-Item 'b'")
    assert changes.startswith("changes Takes it out. Remove-Item 'a' -WhatIf")
    assert "Get-Item 'a'\nGet-Item 'b'\n" in shown.of_class("command")[0].text


def test_parts_of_an_action_stand_inside_it_and_are_numbered_below_it() -> None:
    shown = acting()
    numbers = [one.text for one in shown.of_class("number")]
    assert numbers == ["1", "2", "3"]
    assert "2.1 The first of them" in shown.by_id("h0-action-1").text
    headings = [
        one.text for one in shown.elements if "sub" in one.attributes.get("class", "").split()
    ]
    assert "Afterwards" in headings


def test_a_text_that_numbers_its_steps_becomes_a_list() -> None:
    plan = (Action("a", "Do it", "(1) Keep a copy (of all). (2) Delete it. (3) Check."),)
    shown = Page(page(of_hosts(replace(host(Status.COMPROMISED), actions=plan))))
    (steps,) = [one for one in shown.of_class("removal") if "Delete" in one.text]
    assert steps.text.split(".") == ["Keep a copy (of all)", "Delete it", "Check", ""]


def test_a_command_is_shown_whole_or_not_at_all() -> None:
    long = Command("Remove-Item 'a" + "a" * 9_000 + "'", "Takes it out.", changes=True)
    plan = (Action("a", "Do it", "Now.", commands=(long,)),)
    text = plain(page(of_hosts(replace(host(Status.COMPROMISED), actions=plan))))
    assert "Too long for this page: extriage report CASE --format plan-powershell" in text
    assert "Remove-Item" not in text


# What nobody may read wrongly


def test_not_seen_and_cannot_tell_are_never_one_group() -> None:
    text = plain(page(CASES["targeted"]))
    assert "Cannot tell 1: CVE-2020-0688" in text
    assert "Attacked only later 2:" in text
    assert "Not affected 1:" in text


def test_a_stage_beyond_the_last_is_never_called_unseen_where_logs_are_missing() -> None:
    blind = read("targeted").of_class("ladder")[0].text
    assert blind.count("cannot tell") == 5
    server = host(Status.COMPROMISED)
    told = replace(server.campaigns[0], coverage=())
    shown = Page(page(of_hosts(replace(server, campaigns=(told,)))))
    assert shown.of_class("ladder")[0].text.count("no proof") == 2


def test_an_answer_about_data_is_never_good_and_never_says_that_nothing_was_taken() -> None:
    answers = tuple(
        ExposureAnswer(one.value, one.value, one, "Why.", ("iis",), (), None, ()) for one in Shown
    )
    shown = Page(page(of_hosts(replace(host(Status.COMPROMISED), exposure_answers=answers))))
    cards = [one for one in shown.of_class("card") if one.tag == "li"]
    assert [one.attributes["class"] for one in cards] == [
        "card bad", "card warn", "card unsure", "card plain",
    ]  # fmt: skip
    text = " ".join(shown.html.split()).lower()
    for claim in ("no data was taken", "no data left", "nothing was stolen", "server is clean"):
        assert claim not in told(text)


def test_a_resemblance_names_numbers_and_nobody() -> None:
    text = plain(page(CASES["robbed"]))
    said = (
        "It resembles published indicators of Example Group (3 indicators, 1 of them unique to it)"
    )
    assert f"{said}: possible, and no word on who it was." in text


def test_what_suppress_files_took_away_is_named_with_their_reasons() -> None:
    text = plain(page(CASES["suppressed"]))
    assert "scanner Nessus, known.yml:3: own vulnerability scanner" in text
    assert "test of 2020; expired on 2020-12-31" in text


def test_damaged_files_are_counted_and_named() -> None:
    text = plain(page(CASES["compromised"]))
    assert "1 damaged file" in text
    assert "Application.evtx : read in part, chunk 12: checksum is wrong, 84 records lost" in text


def test_a_case_without_a_server_says_so_and_still_accounts_for_its_files() -> None:
    text = plain(page(CASES["no-host"]))
    assert "No Exchange server was found in this evidence." in text
    assert "Files: 1 seen, 0 read, 1 skipped, 0 unreadable" in text


# Several servers


def test_servers_stand_worst_first_and_keep_the_ids_of_their_place_in_the_case() -> None:
    shown = read("three-hosts")
    assert [one.attributes["id"] for one in shown.of_class("host")] == [
        "host-2",
        "host-1",
        "host-0",
    ]
    rows = [one.text for one in shown.of_class("status")]
    assert [" ".join(row.split()) for row in rows] == ["COMPROMISED", "CANNOT TELL", "NO SIGN"]


def test_many_servers_have_a_table_and_only_the_worst_a_page() -> None:
    servers = [host(Status.NO_SIGN, f"EX{n:03}") for n in range(HOSTS_IN_FULL + 5)]
    html = page(of_hosts(*servers, host(Status.COMPROMISED)))
    shown = Page(html)
    assert shown.faults == []
    assert len(shown.of_class("host")) == HOSTS_IN_FULL
    assert shown.of_class("host")[0].attributes["id"] == f"host-{HOSTS_IN_FULL + 5}"
    assert len(shown.of_class("status")) == HOSTS_IN_FULL + 6
    assert "6 more are in case.json" in plain(html)
    assert len(html) < BUDGET


# Size


def crowd(many: int) -> Case:
    """Return a case whose server has so many findings, each with long lines."""
    long = "2021-03-14T06:39:41.702Z,0e6e5b51-9b0c-4a0b-8f73-51f0f25b9a10,15,1,2176,2," * 8
    findings = tuple(
        finding(
            *(f"rule-{n}", list(Stage)[n % 6]),
            [evidence(f"EXCH01/Logging/{n % 97}/x.log", n, "2021-03-14 06:40:09", f"{n} {long}")],
            certainty=list(Certainty)[n % 3],
        )
        for n in range(many)
    )
    first = CASES["robbed"].hosts[0]
    grown = replace(
        first,
        findings=findings,
        persistence=tuple(replace(one, id=f"p-{n}") for n in range(40) for one in ways()),
        exposures=first.exposures * 60,
        sessions=tuple(
            replace(one, id=f"s-{n}", steps=one.steps * 100, steps_total=200)
            for n in range(80)
            for one in first.sessions
        ),
    )
    return replace(CASES["robbed"], hosts=(grown,))


def test_ten_thousand_findings_make_a_page_that_a_mail_can_carry() -> None:
    before = time.process_time()
    html = page(crowd(10_000))
    assert time.process_time() - before < 20
    assert len(html.encode("utf-8")) < BUDGET
    text = plain(html)
    assert re.search(r"and [\d,]+ more ways back in case.json", text)
    assert re.search(r"and [\d,]+ more rows in case.json", text)
    assert re.search(r"and [\d,]+ more sessions in case.json", text)


# Numbers in words


def test_amounts_say_their_bounds() -> None:
    assert bounded(Amount(1, 1), "request") == "1 request"
    assert bounded(Amount(4, 9), "request") == "4 to 9 requests"
    assert bounded(Amount(4, None), "item") == "at least 4 items"
    assert bounded(Amount(0, None), "item") == "items not known"
    assert bounded_size(Amount(0, None)) == "not logged"
    assert bounded_size(Amount(2_048, None)) == "at least 2.0 KB"
    assert [size(n) for n in (1, 1_023, 31_420_224)] == ["1 byte", "1,023 bytes", "30.0 MB"]
    assert at("2021-03-14").tzinfo is not None
