"""Before and after, by hand: what may be called gone, what is new, what nobody can tell."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from cases import at, evidence, finding, of_hosts, period
from cases import host as server
from hypothesis import given, settings
from hypothesis import strategies as st
from robbed import exposure, session
from ways import life, way

from extriage.analysis.comparing import Asked, compare
from extriage.analysis.comparing.places import place_key, places_of, would_hold
from extriage.errors import UsageError
from extriage.knowledge.plan import plan_steps
from extriage.model.case import Case
from extriage.model.comparison import Change, Comparison, HostChange, Outcome
from extriage.model.detection import Certainty, Level, Sign, Stage
from extriage.model.evidence import Entry
from extriage.model.exposure import Exposed
from extriage.model.host import (
    Absence,
    AdvisoryState,
    CampaignVerdict,
    Coverage,
    Host,
    Manifest,
    Patch,
    State,
    Status,
)
from extriage.model.persistence import Episode, Persistence, Presence, Role
from extriage.model.session import Intruder
from extriage.model.suppression import Suppression, SuppressionUse

AUTH = "S/C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth"
ROOT = "S/C/inetpub/wwwroot"
CONFIG = "S/C/Windows/System32/inetsrv/config/applicationHost.config"
SHELL = f"{AUTH}/x9.aspx"
URL = "/owa/auth/x9.aspx"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def entry(path: str, sha256: str = "", status: Any = "read", kind: str = "web-file") -> Entry:
    return Entry(path, 100, kind, status, sha256=sha256 or digest(path))


def host(
    *ways: Persistence,
    files: Iterable[Entry | str] = (),
    last: str = "2021-03-08",
    first: str = "2021-01-02",
    **changes: Any,
) -> Host:
    """Return a quiet server with these ways back and files, whose logs reach from first to last."""
    entries = tuple(one if isinstance(one, Entry) else entry(one) for one in files)
    logs = [Coverage(kind, 9, 9_000, 0, at(first), at(last), ()) for kind in ("httpproxy", "iis")]
    patched = Patch("15.2.2562.53", "SE", "RTM", "Sep26SUv2", (), ())
    made = replace(
        server(Status.NO_SIGN),
        persistence=ways,
        manifest=Manifest(len(entries), len(entries), 0, 0, entries),
        coverage=tuple(logs),
        patch=patched,
        actions=(),
        findings=(),
        campaigns=(),
    )
    return replace(made, **changes)


def page(path: str = SHELL, url: str = URL, state: Presence = Presence.PRESENT, **more: Any) -> Any:
    facts: dict[str, Any] = {"paths": (path,), "first": at("2021-03-02"), "last": at("2021-03-03")}
    return way("web-shell", url, state, **{**facts, **more})


def compared(before: Host, after: Host, **how: Any) -> HostChange:
    tools = {name: how.pop(name) for name in ("old_tool", "new_tool") if name in how}
    old, new = of_hosts(before), of_hosts(after)
    old = replace(old, unassigned=(), tool=replace(old.tool, **tools.get("old_tool", {})))
    new = replace(new, unassigned=(), tool=replace(new.tool, **tools.get("new_tool", {})))
    (found,) = compare(old, new, Asked(**how)).hosts
    return found


def told(before: Host, after: Host, **how: Any) -> tuple[Change, str]:
    (one,) = compared(before, after, **how).ways
    return one.change, one.text


LATER = "2021-03-20"
BESIDE = [f"{AUTH}/{name}" for name in ("a.gif", "b.gif", "c.gif")]


def test_a_file_is_gone_where_the_files_around_it_were_collected() -> None:
    before = host(page(), files=[*BESIDE, SHELL])
    assert told(before, host(files=BESIDE, last=LATER))[0] is Change.GONE
    assert told(before, host(files=BESIDE[:2], last=LATER))[0] is Change.GONE
    assert told(before, host(files=BESIDE[:1], last=LATER))[0] is Change.CANNOT_TELL
    change, text = told(before, host(files=[f"{ROOT}/iisstart.htm"], last=LATER))
    assert change is Change.CANNOT_TELL
    assert r"collect C:\Program Files\Microsoft\Exchange Server" in text


def test_a_collection_may_have_another_name_and_shape() -> None:
    before = host(page(), files=[*BESIDE, SHELL])
    zipped = [path.replace("S/C/", "take2.zip!/C%3A/") for path in BESIDE]
    assert told(before, host(files=zipped, last=LATER))[0] is Change.GONE


def test_what_a_broken_archive_lacks_is_not_gone() -> None:
    before = host(page(), files=[*BESIDE, SHELL])
    held = [path.replace("S/C/", "take2.zip!/C/") for path in BESIDE]
    broken = entry("take2.zip", status="partial", kind="")
    assert told(before, host(files=[*held, broken], last=LATER))[0] is Change.CANNOT_TELL


def test_an_emptied_folder_is_told_by_the_one_around_it() -> None:
    shell = page(f"{ROOT}/aspnet_client/q.aspx", "/aspnet_client/q.aspx")
    around = [f"{ROOT}/iisstart.htm", f"{ROOT}/helpdesk/default.aspx"]
    before = host(shell, files=[*around, f"{ROOT}/aspnet_client/q.aspx"])
    assert told(before, host(files=around, last=LATER))[0] is Change.GONE
    change, _ = told(before, host(files=around[:1], last=LATER))
    assert change is Change.CANNOT_TELL, "nothing says that folders were copied with it"


def test_the_same_bytes_are_still_there_whatever_the_new_rules_say() -> None:
    file = entry(SHELL, "a" * 64)
    change, text = told(host(page(), files=[file]), host(files=[file], last=LATER))
    assert change is Change.STILL_THERE
    assert "unchanged" in text


def test_a_file_with_other_content_is_for_somebody_to_read() -> None:
    before = host(page(), files=[entry(SHELL, "a" * 64)])
    change, text = told(before, host(files=[entry(SHELL, "b" * 64)], last=LATER))
    assert change is Change.CANNOT_TELL
    assert "Read it" in text
    locked = entry(SHELL, "c" * 64, status="unreadable")
    assert "could not be read" in told(before, host(files=[locked], last=LATER))[1]


def test_a_page_that_exchange_needs_is_put_right_not_gone() -> None:
    logon = f"{AUTH}/logon.aspx"
    logger = way("credential-logger", "/owa/auth/logon.aspx", Presence.PRESENT, paths=(logon,))
    before = host(logger, files=[entry(logon, "a" * 64)])
    change, text = told(before, host(files=[entry(logon, "b" * 64)], last=LATER))
    assert change is Change.GONE
    assert "put right" in text
    fewer = {"rules": 3, "content_sha256": "other"}
    after = host(files=[entry(logon, "b" * 64)], last=LATER)
    assert told(before, after, new_tool=fewer)[0] is Change.CANNOT_TELL, "who looked at it?"


MODULE = way(
    "iis-module",
    r"One (C:\Windows\Temp\f.dll)",
    Presence.PRESENT,
    paths=(CONFIG,),
    findings=("f-module",),
)
MODULE_FOUND = finding(
    "module",
    None,
    [
        replace(
            evidence(CONFIG, 7, "", "<add name='One'/>"),
            kind="setting",
            object=MODULE.object,
            sign=Sign.PRESENT,
        )
    ],
    persistence="iis-module",
)


@pytest.mark.parametrize(
    ("files", "answer"),
    [
        ([entry(CONFIG, "b" * 64)], Change.GONE),
        ([entry(CONFIG, "a" * 64)], Change.STILL_THERE),
        ([entry(CONFIG, "b" * 64, status="partial")], Change.CANNOT_TELL),
        ([CONFIG.replace("applicationHost", "redirection")], Change.CANNOT_TELL),
        ([], Change.CANNOT_TELL),
    ],
)
def test_a_setting_is_gone_when_its_file_was_read_again_without_it(
    files: list[Entry | str], answer: Change
) -> None:
    before = host(MODULE, files=[entry(CONFIG, "a" * 64)], findings=(MODULE_FOUND,))
    assert told(before, host(files=files, last=LATER))[0] is answer


@pytest.mark.parametrize(
    "tool", [{"rules": 3, "content_sha256": "other"}, {"refused_rules": "module"}]
)
def test_a_setting_that_no_rule_looked_for_is_not_gone(tool: dict[str, Any]) -> None:
    before = host(MODULE, files=[entry(CONFIG, "a" * 64)], findings=(MODULE_FOUND,))
    after = host(files=[entry(CONFIG, "b" * 64)], last=LATER)
    if "refused_rules" in tool:
        (rule, _) = of_hosts().tool.refused_rules
        tool = {"refused_rules": (replace(rule, id="module"),)}
    assert told(before, after, new_tool=tool)[0] is Change.CANNOT_TELL


def test_a_service_is_not_gone_because_its_program_is() -> None:
    service = way("service", "wsus2", Presence.UNKNOWN, paths=(r"C:\Windows\Temp\w.exe",))
    temp = "S/C/Windows/Temp"
    before = host(service, files=[f"{temp}/a.log", f"{temp}/w.exe"])
    change, _ = told(before, host(files=[f"{temp}/a.log"], last=LATER))
    assert change is Change.CANNOT_TELL


def test_a_page_that_answered_after_the_clean_up_is_there_without_its_file() -> None:
    alive = replace(life(), page=URL, last_answered=at("2021-03-19"))
    after = page(state=Presence.UNKNOWN, paths=(), life=alive)
    change, text = told(host(page(), files=[SHELL]), host(after, files=BESIDE, last=LATER))
    assert change is Change.STILL_THERE
    assert "2021-03-19" in text


@pytest.mark.parametrize(
    ("removed", "answer"),
    [("2021-03-02", Change.CANNOT_TELL), ("2021-03-12", Change.GONE), ("", Change.GONE)],
)
def test_an_older_removal_does_not_take_away_what_lay_there_later(
    removed: str, answer: Change
) -> None:
    """The antivirus took it on the 2nd; it lay there on the 8th, when the files were collected."""
    chapter = Episode("removed", at(removed) if removed else None, None, "Taken.", (), "x", 1)
    after = page(state=Presence.REMOVED, paths=(), story=(chapter,))
    assert told(host(page(), files=[SHELL]), host(after, last=LATER))[0] is answer


def test_a_removal_alone_tells_that_it_is_gone() -> None:
    """The later case lists no way back for it: only the line of its removal is left."""
    line = replace(evidence("S/a.log", 4, "2021-03-12", "x"), object=URL, sign=Sign.REMOVED)
    taken = finding("taken", None, [line], persistence="web-shell")
    before = host(page(), files=[SHELL])
    assert told(before, host(findings=(taken,), last=LATER))[0] is Change.GONE
    old = replace(taken, evidence=(replace(line, time=at("2021-03-05")),))
    assert told(before, host(findings=(old,), last=LATER))[0] is Change.CANNOT_TELL
    other = replace(taken, evidence=(replace(line, object="/owa/auth/other.aspx"),))
    assert told(before, host(findings=(other,), last=LATER))[0] is Change.CANNOT_TELL


def test_the_list_of_files_of_another_disk_tells_nothing() -> None:
    record = replace(
        evidence("S/C/$MFT", 9, "2021-03-02", "x9.aspx"),
        kind="file-record", object=r"C:\inetpub\x9.aspx", sign=Sign.PRESENT,
    )  # fmt: skip
    told_by = finding("mft", Stage.PLANTED, [record], persistence="implant")
    implant = way(
        *("implant", r"C:\inetpub\x9.aspx", Presence.PRESENT),
        findings=("f-mft",),
        paths=("S/C/$MFT",),
    )
    before = host(implant, findings=(told_by,), files=[entry("S/C/$MFT", "a" * 64)])
    again = host(files=[entry("T/C/$MFT", "b" * 64)], last=LATER)
    assert told(before, again)[0] is Change.GONE
    cut = host(files=[entry("T/C/$MFT", "b" * 64, status="partial")], last=LATER)
    assert told(before, cut)[0] is Change.CANNOT_TELL
    assert told(before, host(files=["T/C/Windows/x.log"], last=LATER))[0] is Change.CANNOT_TELL


def test_what_was_gone_and_is_there_again_is_back() -> None:
    before = host(page(state=Presence.REMOVED), files=BESIDE)
    found = compared(before, host(page(), files=[*BESIDE, SHELL], last=LATER))
    assert [one.change for one in found.ways] == [Change.BACK]
    assert found.outcome is Outcome.NOT_CLEAN
    assert "1 way back that was gone is there again" in found.text


def test_what_was_gone_stays_gone_only_where_it_would_show() -> None:
    before = host(page(state=Presence.REMOVED), files=BESIDE)
    assert told(before, host(files=BESIDE, last=LATER))[0] is Change.STILL_GONE
    change, text = told(before, host(files=[f"{ROOT}/iisstart.htm"], last=LATER))
    assert change is Change.CANNOT_TELL, "its folder was not collected again"
    assert "whether it came back is open" in text
    change, text = told(before, host(files=[*BESIDE, SHELL], last=LATER))
    assert change is Change.CANNOT_TELL, "a file of that name is there again"
    assert "Read it" in text


def test_an_older_removal_does_not_tell_that_it_stayed_away() -> None:
    """The logs of both copies have the removal; only one of them has the folder."""
    chapter = Episode("removed", at("2021-03-03"), None, "Taken.", (), "x", 1)
    gone = page(state=Presence.REMOVED, paths=(), story=(chapter,))
    before = host(page(state=Presence.REMOVED), files=BESIDE)
    assert told(before, host(gone, last=LATER))[0] is Change.CANNOT_TELL
    assert told(before, host(gone, files=BESIDE, last=LATER))[0] is Change.STILL_GONE
    again = replace(gone, story=(replace(chapter, time=at("2021-03-12")),))
    assert told(before, host(again, last=LATER))[0] is Change.STILL_GONE


def test_a_setting_that_was_gone_stays_so_only_if_a_log_goes_on() -> None:
    setting = way("oab-setting", "OAB (Default Web Site)", Presence.REMOVED, findings=("f-oab",))
    line = replace(
        evidence("S/C/e.evtx", 4, "2021-03-02", "x"),
        kind="events",
        summary="Cmdlet=Set-OabVirtualDirectory",
    )
    found = finding("oab", Stage.PLANTED, [line], persistence="oab-setting")
    before = host(setting, findings=(found,))
    assert told(before, host(last=LATER))[0] is Change.CANNOT_TELL
    log = Coverage("events:MSExchange Management", 1, 90, 0, at("2021-01-02"), at(LATER), ())
    after = host(last=LATER)
    after = replace(after, coverage=(*after.coverage, log))
    assert told(before, after)[0] is Change.STILL_GONE
    chapter = Episode("removed", at("2021-03-03"), None, "Taken.", (), "x", 1)
    old = replace(setting, story=(chapter,), first=at("2021-03-02"), last=at("2021-03-02"))
    again = replace(after, persistence=(old,), findings=(found,))
    known = replace(before, persistence=(old,))
    assert told(known, again)[0] is Change.STILL_GONE, "it was taken back, and that was long ago"


def test_a_needed_page_that_was_put_right_before_is_not_back() -> None:
    logon = entry(f"{AUTH}/logon.aspx", "a" * 64)
    logger = way("credential-logger", "/owa/auth/logon.aspx", Presence.REMOVED, paths=(logon.path,))
    before, after = host(logger, files=[logon]), host(files=[logon], last=LATER)
    assert told(before, after)[0] is Change.STILL_GONE


def test_a_removal_does_not_hide_a_file_that_lies_there() -> None:
    """The antivirus removed it, it was put back, and a suppress file hides it from the scan."""
    chapter = Episode("removed", at("2021-03-12"), None, "Taken.", (), "x", 1)
    after = page(state=Presence.REMOVED, paths=(), story=(chapter,))
    file = entry(SHELL, "a" * 64)
    change, text = told(host(page(), files=[file]), host(after, files=[file], last=LATER))
    assert change is Change.STILL_THERE
    assert "unchanged" in text
    other = host(after, files=[entry(SHELL, "b" * 64)], last=LATER)
    assert told(host(page(), files=[file]), other)[0] is Change.CANNOT_TELL


def test_another_shell_does_not_show_that_its_folder_was_collected() -> None:
    """Both times somebody copied what looked bad, and nothing else."""
    other = page(f"{AUTH}/y8.aspx", "/owa/auth/y8.aspx")
    before = host(page(), other, files=[SHELL, f"{AUTH}/y8.aspx"])
    after = host(other, files=[f"{AUTH}/y8.aspx"], last=LATER)
    found = {one.object: one.change for one in compared(before, after).ways}
    assert found == {URL: Change.CANNOT_TELL, "/owa/auth/y8.aspx": Change.STILL_THERE}


def test_an_older_file_is_new_only_if_the_earlier_evidence_would_have_shown_it() -> None:
    old = page(first=at("2021-03-02"))
    after = host(old, files=[*BESIDE, SHELL], last=LATER)
    assert told(host(files=BESIDE), after)[0] is Change.NEW
    assert told(host(), after)[0] is Change.NEWLY_VISIBLE
    was = host(files=[*BESIDE, entry(SHELL, "a" * 64)])
    same = host(old, files=[*BESIDE, entry(SHELL, "a" * 64)], last=LATER)
    change, text = told(was, same)
    assert (change, "did not list it" in text) == (Change.NEWLY_VISIBLE, True)
    other = host(old, files=[*BESIDE, entry(SHELL, "b" * 64)], last=LATER)
    change, text = told(was, other)
    assert (change, "other content" in text) == (Change.NEW, True)


def test_a_copy_that_was_kept_is_asked_about() -> None:
    kept = "S/C/Kept/x9.aspx"
    copy = page(kept, r"C:\Kept\x9.aspx", first=at("2021-03-10"))
    before = host(page(), files=[*BESIDE, entry(SHELL, "a" * 64)])
    found = compared(before, host(copy, files=[*BESIDE, entry(kept, "a" * 64)], last=LATER))
    (new,) = (one for one in found.ways if one.change is Change.NEW)
    assert new.sure is False
    assert f"content of {URL}" in new.text
    assert "copy that was kept?" in new.text
    assert found.outcome is Outcome.CANNOT_TELL
    assert "whether this way back is your own" in found.text


def test_what_only_failed_is_no_way_back() -> None:
    before = host(page(state=Presence.ATTEMPTED))
    assert compared(before, host(last=LATER)).ways == ()
    found = compared(before, host(page(), files=[SHELL], last=LATER))
    assert [one.change for one in found.ways] == [Change.NEWLY_VISIBLE]


def test_what_administrators_set_up_too_is_asked_about_and_not_shouted() -> None:
    role = way(
        "role-assignment", "Mailbox Import Export-jdoe", Presence.PRESENT,
        certainty=Certainty.POSSIBLE, level=Level.MEDIUM,
    )  # fmt: skip
    found = compared(host(role), host(role, last=LATER))
    assert found.outcome is Outcome.CANNOT_TELL
    owned = host(role, intruders=(intruder(ways=(role.id,)),), last=LATER)
    assert compared(host(role), owned).outcome is Outcome.NOT_CLEAN, "it is an intruder's"


def intruder(**more: Any) -> Intruder:
    facts: dict[str, Any] = {
        "id": "intruder-1",
        "first": at("2021-03-02"),
        "last": at("2021-03-03"),
        "stage": Stage.EXECUTED,
        "certainty": Certainty.CONFIRMED,
        "keys": (("address", "203.0.113.66", 9), ("canary", "abcdef0123456789abcdef", 4)),
        "chains": (),
        "findings": (),
        "ways": (),
        "sessions": (),
        "summary": "From 203.0.113.66.",
    }
    return Intruder(**{**facts, **more})


def test_an_intruder_is_known_again_by_his_canary_from_another_address() -> None:
    work = session("new", Role.INTRUDER, sure=True)
    work = replace(work, first=at("2021-03-14 06:41"), last=at("2021-03-14 06:45"))
    keys = (("address", "198.51.100.9", 3), ("canary", "abcdef0123456789abcdef", 4))
    came = intruder(id="intruder-2", keys=keys, last=work.last, sessions=(work.id,))
    after = host(intruders=(came,), sessions=(work,), last=LATER)
    found = compared(host(intruders=(intruder(),)), after)
    (visit,) = found.returns
    assert (visit.same_as, visit.intruder, visit.got_in) == ("intruder-1", "intruder-2", True)
    assert "198.51.100.9" in visit.text
    assert "intruder 1 came back" in found.text
    stranger = replace(came, keys=(("address", "198.51.100.9", 3),))
    found = compared(host(intruders=(intruder(),)), replace(after, intruders=(stranger,)))
    assert found.returns[0].same_as == ""
    assert "somebody who was not known got in" in found.text


def test_steps_that_may_be_somebody_elses_are_no_return() -> None:
    work = session("new", Role.INTRUDER, sure=False)
    steps = tuple(replace(step, sure=False, stage=None) for step in work.steps)
    work = replace(work, first=at("2021-03-14 06:41"), last=at("2021-03-14 06:45"), steps=steps)
    came = intruder(last=work.last, sessions=(work.id,))
    found = compared(
        host(intruders=(intruder(),)), host(intruders=(came,), sessions=(work,), last=LATER)
    )
    assert [one.got_in for one in found.returns] == [False]
    assert found.outcome is Outcome.NOTHING_LEFT


def test_lines_of_an_earlier_intruder_are_told_though_he_got_nowhere() -> None:
    line = replace(
        evidence("S/C/inetpub/logs/a.log", 4, "2021-03-12 04:00", "GET /owa"),
        keys=(("address", "203.0.113.66"),),
    )
    knock = finding("knock", Stage.PROBED, [line])
    after = host(findings=(knock,), last=LATER)
    found = compared(host(intruders=(intruder(),)), after)
    (visit,) = found.returns
    assert (visit.same_as, visit.got_in, visit.first) == ("intruder-1", False, line.time)
    assert found.outcome is Outcome.NOTHING_LEFT
    shared = replace(after, shared=("203.0.113.66",))
    assert not compared(host(intruders=(intruder(),)), shared).returns, "a proxy is nobody"


def test_knocks_of_the_time_since_are_no_news_and_proof_is() -> None:
    line = evidence("S/a.log", 4, "2021-03-12 04:00", "x")
    knock, proof = finding("k", Stage.PROBED, [line]), finding("p", Stage.PLANTED, [line])
    assert compared(host(), host(findings=(knock,), last=LATER)).outcome is Outcome.NOTHING_LEFT
    found = compared(host(), host(findings=(knock, proof), last=LATER))
    assert found.outcome is Outcome.NOT_CLEAN
    assert "1 finding of the time since then proves an attack" in found.text


def test_a_log_with_a_hole_does_not_tell_that_nobody_came() -> None:
    hole = (period("2021-03-10", "2021-03-12"),)
    row = Coverage("iis", 9, 9_000, 0, at("2021-01-02"), at(LATER), hole)
    found = compared(host(), host(last=LATER, coverage=(row,)))
    assert found.activity.answer is Absence.CANNOT_TELL
    assert found.outcome is Outcome.CANNOT_TELL
    whole = replace(row, gaps=())
    broken = replace(row, kind="httpproxy")
    found = compared(host(), host(last=LATER, coverage=(whole, broken)))
    assert found.activity.answer is Absence.NOT_SEEN, "IIS has every request"


def test_the_proxys_log_alone_does_not_tell_that_nobody_came() -> None:
    """A page in /aspnet_client/ answers, and only the logs of IIS have it."""
    proxy = Coverage("httpproxy", 9, 9_000, 0, at("2021-01-02"), at(LATER), ())
    found = compared(host(), host(last=LATER, coverage=(proxy,)))
    assert found.activity.answer is Absence.CANNOT_TELL
    assert found.outcome is Outcome.CANNOT_TELL
    assert "outside of Exchange's own folders" in found.activity.text


@pytest.mark.parametrize(
    ("certainty", "outcome"),
    [(Certainty.LIKELY, Outcome.NOT_CLEAN), (Certainty.POSSIBLE, Outcome.CANNOT_TELL)],
)
def test_data_that_went_since_is_told(certainty: Certainty, outcome: Outcome) -> None:
    went = replace(
        exposure("mailbox-read", Exposed.READ), last=at("2021-03-12"), certainty=certainty
    )
    found = compared(host(), host(exposures=(went,), last=LATER))
    assert [one.change for one in found.data] == [Change.NEW]
    assert found.outcome is outcome
    old = replace(went, first=at("2021-03-02"), last=at("2021-03-02"))
    found = compared(host(), host(exposures=(old,), last=LATER))
    assert [one.change for one in found.data] == [Change.NEWLY_VISIBLE]
    assert not compared(host(exposures=(old,)), host(exposures=(old,), last=LATER)).data


def holes(state: State, *, used: bool = True, exploited: str = "2021-01-03") -> Host:
    row = AdvisoryState("CVE-2021-26855", state, exploited_since=exploited)
    (campaign, *_) = server(Status.COMPROMISED).campaigns
    patch = Patch("15.1.2176.2", "2016", "CU19", "", (), (row,))
    seen: tuple[CampaignVerdict, ...] = (campaign,) if used else ()
    return host(patch=patch, campaigns=seen, last=LATER)


@pytest.mark.parametrize(
    ("after", "outcome", "said"),
    [
        (State.OPEN, Outcome.STILL_OPEN, "the way in is still open: CVE-2021-26855"),
        (State.UNSUPPORTED, Outcome.STILL_OPEN, "the way in is still open"),
        (State.CANNOT_TELL, Outcome.CANNOT_TELL, "whether CVE-2021-26855 is closed"),
        (State.FIXED, Outcome.NOTHING_LEFT, ""),
    ],
)
def test_the_hole_they_came_by_decides(after: State, outcome: Outcome, said: str) -> None:
    before = replace(holes(State.OPEN), coverage=host().coverage)
    found = compared(before, holes(after, used=False))
    assert found.outcome is outcome
    assert said in found.text


def test_a_hole_that_nobody_uses_does_not_keep_a_server_off() -> None:
    after = holes(State.OPEN, used=False, exploited="")
    assert compared(host(), after).outcome is Outcome.NOTHING_LEFT
    used_elsewhere = compared(host(), holes(State.OPEN, used=False))
    assert used_elsewhere.outcome is Outcome.STILL_OPEN
    assert "1 hole that attackers use is open" in used_elsewhere.text


def test_without_a_build_nobody_can_tell() -> None:
    found = compared(host(), host(patch=Patch("", "", "", "", (), ()), last=LATER))
    assert found.outcome is Outcome.CANNOT_TELL
    assert "which build is installed" in found.text


# Servers


def names(found: Comparison) -> list[tuple[str, str]]:
    return [(one.name, one.now) for one in found.hosts]


def named(*found: str) -> Case:
    return of_hosts(*(replace(host(last=LATER), name=name) for name in found))


def test_servers_are_paired_by_name_and_by_short_name_if_that_is_one() -> None:
    found = compare(named("EX01", "ex02.contoso.test"), named("ex01.contoso.test", "EX02"))
    assert names(found) == [("EX01", "ex01.contoso.test"), ("ex02.contoso.test", "EX02")]
    two = compare(named("EX01"), named("ex01.a.test", "ex01.b.test"))
    assert not two.hosts, "which of them?"
    assert len(two.only_after) == 2


def test_servers_can_be_chosen_and_paired_by_hand() -> None:
    old, new = named("EX01", "EX02", "OLD"), named("EX01", "EX02", "NEW")
    assert names(compare(old, new, Asked({"old": "new"}))) == [
        *(("EX01", "EX01"), ("EX02", "EX02"), ("OLD", "NEW"))
    ]
    assert names(compare(old, new, Asked(hosts=("ex02",)))) == [("EX02", "EX02")]
    for asked, said in (
        (Asked(hosts=("EX9",)), "neither case has a server 'EX9'"),
        (Asked({"EX9": "EX01"}), "the earlier case has no server 'EX9'"),
        (Asked({"EX01": "EX9"}), "the later case has no server 'EX9'"),
    ):
        with pytest.raises(UsageError, match=said):
            compare(old, new, asked)


def test_a_server_that_only_one_case_has_is_said_and_weighs() -> None:
    found = compare(named("EX01", "EX02"), named("EX01"))
    (lost,) = found.only_before
    assert (lost.name, lost.outcome) == ("EX02", Outcome.CANNOT_TELL)
    bad = replace(server(Status.COMPROMISED), name="EX03")
    found = compare(named("EX01"), of_hosts(*named("EX01").hosts, bad))
    assert found.outcome is Outcome.NOT_CLEAN
    assert "EX03: only in the later case" in found.text


def test_a_server_that_only_the_later_case_has_is_no_clean_one_unread() -> None:
    quiet = replace(host(last=LATER), name="EX09")
    role = way("role-assignment", "jdoe", Presence.UNKNOWN, certainty=Certainty.POSSIBLE)
    for lone, outcome in (
        (quiet, Outcome.NOTHING_LEFT),
        (replace(quiet, patch=holes(State.OPEN, used=False).patch), Outcome.STILL_OPEN),
        (replace(quiet, persistence=(role,)), Outcome.CANNOT_TELL),
        (replace(quiet, patch=Patch("", "", "", "", (), ())), Outcome.CANNOT_TELL),
    ):
        found = compare(named("EX01"), of_hosts(*named("EX01").hosts, lone))
        assert [one.outcome for one in found.only_after] == [outcome]


def test_servers_that_are_not_named_are_counted() -> None:
    many = named(*(f"EX{at:02d}" for at in range(7)))
    assert "EX03 and 3 more, the later WEB1" in compare(many, named("WEB1")).text


def test_cases_in_the_wrong_order_are_told_for_several_servers_too() -> None:
    early = of_hosts(*(replace(host(), name=name) for name in ("EX01", "EX02")))
    (note, *_) = compare(named("EX01", "EX02"), early).notes
    assert "wrong order" in note
    assert not any("wrong order" in one for one in compare(early, named("EX01", "EX02")).notes)


def test_what_suppress_files_left_out_is_told_each_time() -> None:
    entry_ = Suppression(id="own.yml:3", reason="our scanner")
    use = SuppressionUse(entry_, 41)
    old, new = named("EX01"), replace(named("EX01"), suppressions=(use,))
    for before, said in ((old, "of the new evidence only (41 by own.yml:3)"),
                         (new, "of the new evidence (41 by own.yml:3)")):  # fmt: skip
        assert any(said in note for note in compare(before, new).notes)
    assert not any("Suppress" in note for note in compare(new, old).notes)


def test_a_clean_up_before_the_end_of_the_earlier_evidence_is_told() -> None:
    early = compared(host(), host(last=LATER), since=at("2021-03-02"))
    assert any("The earlier evidence goes on after 2021-03-02" in one for one in early.notes)
    late = compared(host(), host(last=LATER), since=at("2021-03-10"))
    assert not any("The earlier evidence goes on" in one for one in late.notes)


def test_two_cases_without_a_server_say_so() -> None:
    found = compare(of_hosts(), of_hosts())
    assert (found.outcome, found.text) == (
        Outcome.CANNOT_TELL,
        "Cannot tell: no case has a server.",
    )


# Laws

_NAMES = st.sampled_from(["a", "b", "c", "d"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)
_TREES = st.sets(_PATHS.map(lambda path: f"S/C/inetpub/{path}.aspx"), max_size=12)


@given(here=_TREES, there=_TREES, key=_PATHS)
def test_nothing_is_missed_where_nothing_was_collected(
    here: set[str], there: set[str], key: str
) -> None:
    place = place_key(f"S/C/inetpub/{key}.aspx")
    mine, theirs = places_of(map(entry, here)), places_of(map(entry, there))
    if would_hold(place, mine, theirs):
        folder = place.rpartition("/")[0]
        above = [folder.rsplit("/", up)[0] for up in range(4)]
        assert any(mine.folders.get(one) for one in above)
        assert mine.files


@given(here=_TREES, there=_TREES, key=_PATHS)
def test_a_larger_collection_never_tells_less(here: set[str], there: set[str], key: str) -> None:
    """More of what the other evidence has can only make an answer possible."""
    place = place_key(f"S/C/inetpub/{key}.aspx")
    theirs = places_of(map(entry, there))
    less = would_hold(place, places_of(map(entry, here)), theirs)
    whole = would_hold(place, places_of(map(entry, here | there)), theirs)
    assert whole >= less


_STATES = st.sampled_from([Presence.PRESENT, Presence.UNKNOWN, Presence.REMOVED, None])
_DAYS = st.integers(1, 28)


@settings(max_examples=60, deadline=None)
@given(
    states=st.tuples(_STATES, _STATES),
    days=st.tuples(_DAYS, _DAYS, _DAYS),
    held=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
)
def test_both_directions_fit_together(
    states: tuple[Presence | None, Presence | None],
    days: tuple[int, int, int],
    held: tuple[bool, bool, bool, bool],
) -> None:
    """Whatever is gone one way was there; what is new one way is not still there the other way."""
    planted = at(f"2021-03-{days[0]:02d}")
    sides = []
    for state, day, folder, file in zip(states, days[1:], held[:2], held[2:], strict=True):
        ways = [page(state=state, first=planted, last=planted)] if state else []
        files = [*(BESIDE if folder else ()), *([SHELL] if file else ())]
        if state is Presence.PRESENT and SHELL not in files:
            files.append(SHELL)
        sides.append(host(*ways, files=files, last=f"2021-03-{day:02d}"))
    ahead = {one.object: one.change for one in compared(*sides).ways}
    astern = {one.object: one.change for one in compared(*reversed(sides)).ways}
    there = {Change.STILL_THERE, Change.BACK, Change.NEW, Change.NEWLY_VISIBLE}
    if Presence.PRESENT in states and states[0] == states[1]:
        assert ahead[URL] is astern[URL] is Change.STILL_THERE
    if states[1] is Presence.PRESENT:
        assert ahead[URL] in there
    if states[1] is None and ahead.get(URL) is Change.GONE and states[0] is Presence.PRESENT:
        assert astern[URL] in there
        assert held[1], "its folder was collected"
        assert not held[3]
    if states[1] is None and not held[1] and not held[3]:
        assert ahead.get(URL) in (None, Change.CANNOT_TELL, Change.STILL_GONE)


def test_steps_that_evidence_can_show_are_named_in_the_table() -> None:
    shown = {step.id: step.shown_by for step in plan_steps().values() if step.shown_by}
    assert shown == {
        "stop-leaks": "leaks",
        "remove-ways-back": "ways",
        "ask-about-ways-back": "ways",
        "patch": "holes",
        "scan-again": "scan",
    }
    (again,) = (step for step in plan_steps().values() if step.shown_by == "scan")
    assert any("extriage diff 'BEFORE.case' 'AFTER.case'" in one.text for one in again.commands)
