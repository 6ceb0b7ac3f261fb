"""One way back for each object, with a state that follows from what its lines say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from extriage.analysis.objectkeys import key_of
from extriage.analysis.persistence import ITEMS, ways_back
from extriage.model.detection import Certainty, Evidence, Finding, Level, Sign, Stage
from extriage.model.host import Chain, Step
from extriage.model.persistence import PageLife, Presence, Role, Visitor
from extriage.model.reading import OBJECTS, Kept, order

START = datetime(2023, 5, 10, 5, tzinfo=UTC)
FILE = r"C:\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth\x.aspx"
PAGE = "/owa/auth/x.aspx"


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def line(sign: Sign, name: str, minutes: int | None = 0, path: str = "a.log") -> Evidence:
    time = None if minutes is None else at(minutes)
    return Evidence(
        *(path, (minutes or 0) + 1, 0, f"{sign} {name}", f"{sign}{name}{minutes}", time),
        keys=(("address", "203.0.113.9"),) if sign is Sign.PLANTED else (),
        object=name,
        sign=sign,
    )


def finding(*lines: Evidence, kind: str = "web-shell", **more: Any) -> Finding:
    signs = "-".join(sorted({one.sign or "" for one in lines}))
    found: dict[str, Any] = {
        "id": f"f-{kind}-{signs}-{more.get('rule', '')}",
        "rule": f"rule-{signs}",
        "title": f"Title {signs}",
        "level": Level.HIGH,
        "stage": Stage.PLANTED,
        "certainty": Certainty.LIKELY,
        "campaign": "web-shells",
        "cves": (),
        "attack": (),
        "first": lines[0].time,
        "last": lines[-1].time,
        "count": len(lines),
        "evidence": lines,
        "look_alikes": (),
        "persistence": kind,
    }
    return Finding(**{**found, **more})


def page_life(**more: Any) -> PageLife:
    owner = Visitor(
        *("203.0.113.9", "", (), Role.OWNER, at(10), at(20), 4, 4, (("POST", 4),), 10, 20)
    )
    stranger = Visitor(
        *("198.51.100.7", "", (), Role.STRANGER, at(90), at(90), 1, 0, (("GET", 1),), 1, 2)
    )
    found: dict[str, Any] = {
        "page": PAGE,
        "requests": 5,
        "answered": 4,
        "first": at(10),
        "last": at(90),
        "first_answered": at(10),
        "last_answered": at(20),
        "gone_after": None,
        "gone_before": None,
        "missing_until": None,
        "methods": (("POST", 4), ("GET", 1)),
        "statuses": (("200", 4),),
        "sizes": 3,
        "bytes_in": 11,
        "bytes_out": 22,
        "visitors": (owner, stranger),
        "visitors_total": 2,
        "proofs": (),
    }
    return PageLife(**{**found, **more})


def only(*findings: Finding, lives: tuple[PageLife, ...] = ()) -> tuple[Presence, str]:
    (one,) = ways_back("EX01", findings, lives).items
    return one.state, one.state_note


STATES = [
    ([(Sign.PRESENT, None)], Presence.PRESENT),
    ([(Sign.PLANTED, 0)], Presence.UNKNOWN),
    ([(Sign.USED, 0)], Presence.UNKNOWN),
    ([(Sign.ATTEMPTED, 0)], Presence.ATTEMPTED),
    ([(Sign.ATTEMPTED, 0), (Sign.PLANTED, 5)], Presence.UNKNOWN),
    ([(Sign.PLANTED, 0), (Sign.ATTEMPTED, 5)], Presence.UNKNOWN),
    ([(Sign.PLANTED, 0), (Sign.REMOVED, 5)], Presence.REMOVED),
    ([(Sign.PLANTED, 0), (Sign.REMOVED, 5), (Sign.PLANTED, 9)], Presence.UNKNOWN),
    ([(Sign.PLANTED, 0), (Sign.REMOVED, 5), (Sign.USED, 6)], Presence.UNKNOWN),
    ([(Sign.PLANTED, 0), (Sign.REMOVED, 5), (Sign.PRESENT, None)], Presence.PRESENT),
    ([(Sign.PLANTED, 0), (Sign.REMOVED, 5), (Sign.ASKED, 9)], Presence.REMOVED),
    ([(Sign.DETECTED, 0)], Presence.UNKNOWN),
    ([(Sign.COMPILED, None), (Sign.REMOVED, 5)], Presence.REMOVED),
]


@pytest.mark.parametrize(("said", "state"), STATES)
def test_the_state_follows_from_the_lines(
    said: list[tuple[Sign, int | None]], state: Presence
) -> None:
    lines = [line(sign, FILE, minutes) for sign, minutes in said]
    found, note = only(*(finding(one, rule=f"r{n}") for n, one in enumerate(lines)))
    assert found is state
    assert note.endswith(".")


def test_an_old_copy_of_a_configuration_does_not_make_a_thing_present() -> None:
    history = "C/inetpub/history/CFGHISTORY_0000000012/applicationHost.config"
    old = line(Sign.PRESENT, "m", None, history)
    state, _ = only(finding(old, kind="iis-module"))
    assert state is Presence.UNKNOWN
    now = line(Sign.PRESENT, "m", None, "C/Windows/System32/inetsrv/config/applicationHost.config")
    state, _ = only(finding(old, now, kind="iis-module"))
    assert state is Presence.PRESENT


def test_web_logs_bracket_a_removal_that_no_line_tells() -> None:
    life = page_life(gone_after=at(20), gone_before=at(90))
    state, note = only(finding(line(Sign.PLANTED, FILE)), lives=(life,))
    assert state is Presence.REMOVED
    assert "05:20:00" in note
    assert "06:30:00" in note
    assert "nothing tells who" in note


def test_a_page_that_answers_after_its_removal_came_back() -> None:
    life = page_life(last_answered=at(80))
    lines = [line(Sign.PLANTED, FILE), line(Sign.REMOVED, FILE, 30)]
    state, _ = only(finding(*lines), lives=(life,))
    assert state is Presence.UNKNOWN


def test_names_of_one_page_in_all_logs_are_one_way_back() -> None:
    share = r"\\127.0.0.1\c$\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy" + (
        r"\owa\auth\X.aspx"
    )
    names = [FILE, share, PAGE, "/OWA/auth/x.aspx?a=1", "x.aspx.cdcab7d2.compiled"]
    lines = [line(Sign.PLANTED, name, n) for n, name in enumerate(names)]
    (one,) = ways_back("EX01", [finding(one, rule=f"r{n}") for n, one in enumerate(lines)]).items
    assert one.object == PAGE
    assert len(one.findings) == len(names)


def test_a_bare_name_that_fits_two_pages_joins_neither() -> None:
    names = ["/owa/auth/x.aspx", "/aspnet_client/x.aspx", "x.aspx.cdcab7d2.compiled"]
    lines = [line(Sign.PLANTED, name, n) for n, name in enumerate(names)]
    assert len(ways_back("EX01", [finding(*lines)]).items) == 3


def test_an_id_joins_the_one_object_of_its_kind() -> None:
    names = ["bba5e82f-5b0d-4f2c-bcf5-44151ba2ed6a", "OAB (Default Web Site)"]
    lines = [line(Sign.PLANTED, name, n) for n, name in enumerate(names)]
    items = ways_back("EX01", [finding(*lines, kind="oab-setting")]).items
    assert [one.object for one in items] == ["OAB (Default Web Site)"]


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("name", [r"CONTOSO\jdoe", "jdoe@contoso.example", "JDoe", "contoso.example/Users/jdoe"]),
        ("name", [r"\Winnet", "winnet"]),
        (
            "path",
            [r"C:\Windows\x.dll", r"%windir%\x.dll", "/windows/X.DLL", r"\\?\C:\Windows\x.dll"],
        ),
        ("library", [r"One (C:\Windows\Temp\f.dll)", r"C:\x\F.dll", "f.dll (NotSigned; )"]),
    ],
)
def test_spellings_of_one_name_are_one(form: str, names: list[str]) -> None:
    assert len({key_of(form, name) for name in names}) == 1


def test_tasks_in_folders_and_files_in_folders_stay_apart() -> None:
    assert key_of("name", r"\Microsoft\A") != key_of("name", r"\Other\A")
    assert key_of("name", r"C:\a\x.dll") != key_of("name", r"C:\b\x.dll")


def test_a_weak_line_alone_is_no_way_back() -> None:
    low = finding(line(Sign.PLANTED, "x"), level=Level.LOW, stage=None, kind="account")
    assert ways_back("EX01", [low]).items == ()
    gone = finding(line(Sign.REMOVED, "x"), level=Level.MEDIUM, stage=None, kind="account")
    assert ways_back("EX01", [gone]).items == ()
    raw = finding(line(Sign.PLANTED, "x"), raw=True, kind="account")
    assert ways_back("EX01", [raw]).items == ()
    medium = replace(low, id="f-medium", level=Level.MEDIUM)
    later = replace(gone, evidence=(line(Sign.REMOVED, "x", 3),))
    (one,) = ways_back("EX01", [low, medium, later]).items
    assert one.state is Presence.REMOVED
    assert len(one.findings) == 3


def test_a_weak_line_beside_a_break_in_is_a_way_back() -> None:
    low = finding(
        line(Sign.PLANTED, "x", 5), level=Level.LOW, stage=None, kind="mailbox-permission"
    )
    step = Step(at(5), at(5), "t", low.id, None, False, 1, "a.log", 6, "")
    chain = Chain(
        *("c-1", "proxyshell", (), (), Stage.EXECUTED, Certainty.CONFIRMED, at(0), at(9)),
        (("address", "203.0.113.9"),),
        "",
        (step,),
    )
    (one,) = ways_back("EX01", [low], chains=[chain]).items
    assert (one.level, one.by) == (Level.LOW, ("203.0.113.9",))
    assert ways_back("EX01", [low], chains=[replace(chain, stage=Stage.PROBED)]).items == ()
    assert ways_back("EX01", [low], chains=[replace(chain, first=at(6))]).items == ()


def test_the_story_tells_by_which_act_it_was_planted() -> None:
    shell = finding(line(Sign.PLANTED, FILE, 5))

    def step(minutes: int, title: str, stage: Stage) -> Step:
        return Step(at(minutes), at(minutes), title, "f-other", stage, True, 1, "ecp.log", 7, "")

    steps = (
        step(0, "Long before", Stage.PLANTED),
        step(4, "Only asked", Stage.PROBED),
        step(4, "Script put into a URL", Stage.PLANTED),
        step(6, "Afterwards", Stage.PLANTED),
        Step(at(5), at(5), "t", shell.id, Stage.PLANTED, True, 1, "a.log", 6, ""),
    )
    chain = Chain(
        *("c-1", "proxylogon", (), (), Stage.EXECUTED, Certainty.CONFIRMED, at(0), at(9)),
        (("address", "198.51.100.23"),),
        "",
        steps,
    )
    (one,) = ways_back("EX01", [shell], chains=[chain]).items
    assert [chapter.text for chapter in one.story] == [
        "Just before, in the same chain: Script put into a URL.",
        "Put there: Title planted, by 203.0.113.9.",
    ]
    assert one.story[0].by == ("198.51.100.23",)


def test_a_life_story_is_told_in_order() -> None:
    life = page_life(gone_after=at(20), gone_before=at(90), missing_until=at(-5))
    lines = [
        line(Sign.PLANTED, FILE, 0),
        line(Sign.COMPILED, PAGE, 9),
        line(Sign.DETECTED, FILE, 40),
        line(Sign.REMOVED, FILE, 41),
    ]
    (one,) = ways_back("EX01", [finding(*lines)], [life]).items
    told = [chapter.what for chapter in one.story]
    assert told == ["planted", "compiled", "used", "missing", "detected", "removed", "asked"]
    used = next(chapter for chapter in one.story if chapter.what == "used")
    assert used.by == ("203.0.113.9",)
    assert "Answered 4 of 5 requests (4 POST, 1 GET)" in used.text
    assert "11 bytes sent to it and 22 bytes sent back" in used.text
    asked = next(chapter for chapter in one.story if chapter.what == "asked")
    assert asked.by == ("198.51.100.7",)
    assert one.by == ("203.0.113.9",)


def test_who_did_it_is_not_the_object_itself() -> None:
    made = line(Sign.PLANTED, "svc_x")
    keys = (("account", "svc_x"), ("address", "203.0.113.9"))
    (one,) = ways_back("EX01", [finding(replace(made, keys=keys), kind="account")]).items
    assert one.by == ("203.0.113.9",)
    told = replace(made, keys=keys, actor="EX01$")
    (one,) = ways_back("EX01", [finding(told, kind="account")]).items
    assert one.by == ("203.0.113.9", "EX01$"), "a computer does nothing of its own"
    assert one.story[0].text.endswith(", by EX01$, 203.0.113.9.")


def test_steps_that_name_no_object_make_none_of_their_own() -> None:
    step = replace(line(Sign.USED, "", 1), sign=None)
    (one,) = ways_back("EX01", [finding(step, line(Sign.USED, PAGE, 2))]).items
    assert one.object == PAGE
    (one,) = ways_back("EX01", [finding(step, title="A page was used")]).items
    assert one.object == "A page was used", "better than nothing"


def test_web_logs_tell_when_it_was_planted_if_nothing_else_does() -> None:
    life = page_life(missing_until=at(-5))
    (one,) = ways_back("EX01", [finding(line(Sign.PRESENT, FILE, None))], [life]).items
    planted = one.story[0]
    assert (planted.what, planted.time, planted.until) == ("planted", at(-5), at(10))
    assert one.first == at(10)


def test_a_story_of_thousands_of_lines_stays_short() -> None:
    lines = [line(Sign.USED, "t", n) for n in range(2_000)]
    (one,) = ways_back("EX01", [finding(*lines, kind="scheduled-task")]).items
    assert len(one.story) == 6
    assert len(one.proofs) == 1


def test_what_is_there_comes_first_and_the_list_is_bounded() -> None:
    lines = [line(Sign.PLANTED, f"t{n}", n) for n in range(ITEMS + 40)]
    there = finding(line(Sign.PRESENT, "z", None), kind="scheduled-task", level=Level.MEDIUM)
    found = ways_back("EX01", [finding(*lines, kind="scheduled-task"), there])
    assert len(found.items) == ITEMS
    assert found.items[0].object == "z"
    assert found.notes == ("541 ways back in were found; the 500 that matter most are listed",)


def test_the_order_of_findings_and_lines_does_not_matter() -> None:
    signs = [Sign.PLANTED, Sign.USED, Sign.REMOVED, Sign.PRESENT, Sign.ASKED]
    lines = [line(sign, f"n{n % 4}", n) for n in range(40) for sign in signs]
    findings = [finding(one, rule=f"r{n}", kind="account") for n, one in enumerate(lines)]
    expected = ways_back("EX01", findings)
    for seed in range(5):
        mixed = findings.copy()
        Random(seed).shuffle(mixed)
        assert ways_back("EX01", mixed) == expected


def kept(lines: list[Evidence]) -> Kept:
    found = Kept("r", "EX01", raw=False)
    for one in lines:
        found.add(one)
    return found


def test_every_object_keeps_its_earliest_and_latest_line() -> None:
    lines = [line(Sign.PLANTED, f"o{n % 60}", n) for n in range(600)]
    told = kept(lines).told()
    named = {one.object for one in told}
    assert len(named) == 60
    for name in named:
        own = sorted((one for one in lines if one.object == name), key=order)
        assert {own[0].time, own[-1].time} <= {one.time for one in told if one.object == name}


def test_a_flood_of_objects_is_bounded_counted_and_the_same_in_every_order() -> None:
    lines = [line(Sign.PLANTED, f"object {n}", n) for n in range(6_000)]
    whole = kept(lines)
    whole.merge(Kept("r", "", raw=False))
    assert len(whole.objects) == OBJECTS
    assert whole.crowded
    assert 4_500 < whole.named() < 7_500
    for seed in range(3):
        mixed = lines.copy()
        Random(seed).shuffle(mixed)
        parts = [kept(mixed[:100]), kept(mixed[100:2_500]), kept(mixed[2_500:])]
        merged = Kept("r", "", raw=False)
        for part in parts:
            merged.merge(part)
        assert merged.told() == whole.told()
        assert merged.named() == whole.named()


def test_lines_kept_for_their_object_only_are_cut() -> None:
    long = [replace(line(Sign.PLANTED, f"o{n}", n), text="x" * 2_000) for n in range(400)]
    told = kept(long).told()
    assert sum(len(one.text) == 2_000 for one in told) == 18
    assert sum(len(one.text) for one in told) < 400 * 420 + 18 * 2_000


def test_the_same_line_in_two_copies_of_a_log_is_told_once() -> None:
    one = line(Sign.PLANTED, "o", 5)
    first, second = kept([one]), kept([])
    second.objects = kept([replace(one, path="b.log")]).objects
    first.merge(second)
    assert len(first.told()) == 1


def test_moved_clocks_move_the_lines_of_objects_too() -> None:
    found = kept([line(Sign.PLANTED, f"o{n}", n) for n in range(60)])
    found.shift(timedelta(hours=1))
    assert min(one.time for one in found.told() if one.time) == at(60)


def test_a_file_whose_place_says_no_url_is_the_one_page_of_its_name() -> None:
    elsewhere = finding(line(Sign.PLANTED, r"\\127.0.0.1\d$\weird\x.aspx"))
    asked = finding(line(Sign.USED, "/foo/x.aspx", 10))
    life = page_life(page="/foo/x.aspx")
    (one,) = ways_back("EX01", [elsewhere, asked], [life]).items
    assert (one.object, one.life) == ("/foo/x.aspx", life)
    (one,) = ways_back("EX01", [elsewhere], [life]).items
    assert one.life is life, "only the requests know the page"
    two = finding(line(Sign.USED, "/bar/x.aspx", 10), rule="other")
    assert len(ways_back("EX01", [elsewhere, asked, two], [life]).items) == 3


@pytest.mark.parametrize("sign", [Sign.PRESENT, Sign.REMOVED, Sign.DETECTED])
def test_a_copy_elsewhere_says_nothing_of_the_page(sign: Sign) -> None:
    copy = finding(line(sign, r"C:\Users\bob\Downloads\x.aspx", 60))
    asked = finding(line(Sign.USED, "/foo/x.aspx", 10))
    states = {one.object: one.state for one in ways_back("EX01", [copy, asked]).items}
    assert states["/foo/x.aspx"] is Presence.UNKNOWN
    assert len(states) == 2


def test_requests_that_found_nothing_are_no_sign_of_life() -> None:
    compiled = finding(line(Sign.COMPILED, PAGE, None))
    never = {"answered": 0, "first_answered": None, "last_answered": None, "visitors": ()}
    life = page_life(**never, statuses=(("302", 5),))
    (one,) = ways_back("EX01", [compiled], [life]).items
    assert (one.state, one.first) == (Presence.UNKNOWN, None)
    assert "did not find it" in one.state_note


def test_the_chain_names_who_stands_behind_a_computer_account() -> None:
    planted = replace(line(Sign.PLANTED, PAGE), keys=(), actor="EX01$")
    shell = finding(planted)
    step = Step(at(0), at(0), "t", shell.id, Stage.PLANTED, True, 1, "a.log", 1, "")
    chain = Chain(
        *("c-1", "proxyshell", (), (), Stage.EXECUTED, Certainty.CONFIRMED, at(0), at(9)),
        (("address", "203.0.113.9"),),
        "",
        (step,),
    )
    (one,) = ways_back("EX01", [shell], chains=[chain]).items
    assert one.by == ("203.0.113.9", "EX01$")


def test_a_configuration_file_is_called_as_on_the_server() -> None:
    name = "E/EX01/C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/web.config"
    (one,) = ways_back("EX01", [finding(line(Sign.PRESENT, name, None, path=name))]).items
    assert one.object.startswith("C:\\Program Files")
    assert one.object.endswith("web.config")
    assert one.paths == (name,), "its place on the server is the same"
    assert any("Do not only delete" in step for step in one.removal)
