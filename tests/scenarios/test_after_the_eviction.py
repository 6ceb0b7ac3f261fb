"""After a clean-up: may the server go back? Servers whose truth is known, collected twice."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from evictions import (
    AUTH,
    BROKEN,
    CLEANED,
    CLIENT_B,
    CMDLETS,
    FILE_B,
    FIRST,
    LAST,
    NEW_PAGE,
    URL_A,
    URL_B,
    another_page,
    copy,
    forward,
    orders,
    refused,
    scan,
    server,
    shells,
)

from extriage.analysis.comparing import Asked, compare
from extriage.model.case import Case
from extriage.model.comparison import Change, Comparison, Done, HostChange, Outcome
from extriage.model.host import Absence
from extriage.model.persistence import Presence
from extriage.samples.intrusion.two import PAGE_A, PAGE_B, A

FORWARDING = "novak@contoso.example"
NEW_URL = f"/owa/auth/{NEW_PAGE}".lower()


def march(day: int, hour: int = 0) -> datetime:
    return datetime(2021, 3, day, hour, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """The same server with different ends, and what was collected of it."""

    folder: Path
    clean: Path
    """Both pages were taken out, the forwarding was stopped; A looks for his page in vain."""
    before: Case

    def scanned(
        self, name: str, world: Path, without: Iterable[str], since: datetime = FIRST
    ) -> Case:
        where = self.folder / name
        evidence = copy(world, where, LAST, without=without, since=since, newest=True)
        return scan(evidence, self.folder / f"{name}.case")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("evictions")
    clean = server(folder / "w", forward(march(8, 5), ""), refused(march(10, 4), PAGE_A))
    evidence = copy(clean, folder / "first", BROKEN)
    return World(folder, clean, scan(evidence, folder / "before.case"))


@pytest.fixture(scope="module")
def evicted(world: World) -> Case:
    gone = shells(world.clean, PAGE_A, PAGE_B)
    return world.scanned("evicted", world.clean, without=gone)


@pytest.fixture(scope="module")
def half(world: World) -> Case:
    left = server(world.folder / "left", orders(march(11, 3), PAGE_B))
    return world.scanned("half", left, without=shells(left, PAGE_A))


@pytest.fixture(scope="module")
def back(world: World) -> Case:
    deeds = (forward(march(8, 5), ""), another_page(march(11, 2), PAGE_A))
    again = server(world.folder / "again", *deeds)
    return world.scanned("back", again, without=shells(again, PAGE_A, PAGE_B))


@pytest.fixture(scope="module")
def short(world: World) -> Case:
    """Collect no web folder, no log of cmdlets, and logs that begin after the clean-up."""
    cmdlets = (CMDLETS, "exports/MSExchange")
    without = (AUTH, "C/Windows", "C/inetpub", *cmdlets)
    since = CLEANED.replace(hour=0)
    return world.scanned("short", world.clean, without=without, since=since)


def the_host(found: Comparison) -> HostChange:
    (host,) = found.hosts
    assert not found.only_before
    assert not found.only_after
    return host


def changes(host: HostChange) -> dict[str, Change]:
    return {way.object: way.change for way in host.ways if way.kind != "oab-setting"}


def test_a_server_that_was_really_cleaned_and_patched_has_nothing_left(
    world: World, evicted: Case
) -> None:
    host = the_host(compare(world.before, evicted))
    assert host.outcome is Outcome.NOTHING_LEFT
    assert host.text == "Nothing that was found is left, as far as this evidence shows."
    assert changes(host) == dict.fromkeys((URL_A, URL_B, FORWARDING), Change.GONE)
    assert host.activity.answer is Absence.NOT_SEEN
    assert [leak.change for leak in host.leaks] == [Change.GONE]
    assert not [one for one in host.findings if one.change is Change.NEW and one.proves]
    assert (host.patch.before, host.patch.after) == ("15.1.2106.2", "15.1.2507.75")
    assert {hole.after.value for hole in host.patch.holes if hole.used_here} == {"fixed"}
    done = {step.id: step.done for step in host.steps}
    assert done["remove-ways-back"] is done["stop-leaks"] is Done.DONE
    assert done["rotate-secrets"] is Done.BY_HAND, "no log tells that passwords are new"
    assert "people must confirm" in host.advice
    assert not any("compiled" in note for note in host.notes), "they were of the shells alone"


def test_an_intruder_who_finds_his_page_gone_came_by_and_got_nothing(
    world: World, evicted: Case
) -> None:
    (visit,) = the_host(compare(world.before, evicted)).returns
    assert visit.same_as == "intruder-1"
    assert visit.got_in is False
    assert visit.first == march(10, 4)
    assert A["client"] in visit.text
    assert "got nothing" in visit.text


def test_what_was_left_and_what_still_leaks_is_told(world: World, half: Case) -> None:
    host = the_host(compare(world.before, half))
    assert host.outcome is Outcome.NOT_CLEAN
    assert changes(host) == {
        URL_A: Change.GONE,
        URL_B: Change.STILL_THERE,
        FORWARDING: Change.STILL_THERE,
    }
    (shell,) = (way for way in host.ways if way.object == URL_B)
    assert "byte for byte" in shell.text
    assert shell.paths[0].endswith(FILE_B)
    (leak,) = host.leaks
    assert leak.change is Change.STILL_THERE
    assert "smtp:drop@exfil.example" in leak.text
    (visit,) = (one for one in host.returns if one.got_in)
    assert (visit.same_as, visit.first) == ("intruder-2", march(11, 3).replace(second=3))
    assert CLIENT_B in visit.text
    assert host.text.startswith("Not clean: 2 of 3 ways back are still there")
    assert "intruder 2 came back on 2021-03-11 03:00 UTC" in host.text
    assert "data still goes out through 1 of them" in host.text
    steps = {step.id: step.done for step in host.steps}
    assert steps["remove-ways-back"] is steps["stop-leaks"] is Done.OPEN


def test_an_intruder_who_comes_back_by_another_page_is_known_again(
    world: World, back: Case
) -> None:
    host = the_host(compare(world.before, back))
    assert host.outcome is Outcome.NOT_CLEAN
    assert changes(host)[NEW_URL] is Change.NEW
    assert changes(host)[URL_A] is changes(host)[URL_B] is Change.GONE
    (visit,) = (one for one in host.returns if one.got_in)
    assert visit.same_as == "intruder-1"
    assert len(host.returns) == 1, "nobody is told twice"
    assert "1 way back is new" in host.text
    assert "intruder 1 came back on 2021-03-11 02:00 UTC" in host.text
    new = {one.rule for one in host.findings if one.change is Change.NEW and one.proves}
    assert "webserver_shell_page_post" in new
    assert any("--since" in note for note in host.notes)


def test_what_was_before_the_end_of_the_clean_up_is_no_return(world: World, back: Case) -> None:
    asked = Asked(since=march(12))
    host = the_host(compare(world.before, back, asked))
    assert not [one for one in host.returns if one.got_in]
    assert changes(host)[NEW_URL] in (Change.NEW, Change.NEWLY_VISIBLE), "it is there, though"
    assert host.outcome is Outcome.NOT_CLEAN
    assert not any("--since" in note for note in host.notes)


def test_a_shorter_collection_tells_nothing_gone(world: World, short: Case) -> None:
    host = the_host(compare(world.before, short))
    assert host.outcome is Outcome.CANNOT_TELL
    assert set(changes(host).values()) == {Change.CANNOT_TELL}
    assert host.activity.answer is Absence.CANNOT_TELL
    assert "Cannot tell whether 4 ways back are gone" in host.text
    assert "Gone" not in host.text
    assert any("collect C:\\Program Files" in way.text for way in host.ways)
    lost = {row.kind for row in host.coverage if row.worse}
    assert {"iis", "web-file", "events:MSExchange Management"} <= lost
    findings = [one.change for one in host.findings if one.id in _ids(world.before)]
    assert Change.GONE not in findings
    steps = {step.id: step.done for step in host.steps}
    assert steps["remove-ways-back"] is Done.CANNOT_TELL
    assert any("IIS logs" in note for note in host.notes)


def put(folder: Path, files: dict[str, Path | str]) -> None:
    """Lay files down: a text, or the file of that name below another folder."""
    for name, source in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(
            source.encode() if isinstance(source, str) else (source / name).read_bytes()
        )


def _ids(case: Case) -> set[str]:
    return {finding.id for host in case.hosts for finding in host.findings}


def test_a_folder_of_which_one_file_was_copied_tells_nothing_gone(world: World) -> None:
    """Half of what lay beside the shells is needed to say that the folder was collected."""
    folder = world.folder / "beside"
    first = world.folder / "first"
    log = "C/inetpub/logs/LogFiles/W3SVC1/u_ex210302.log"
    put(folder / "before", {log: first, f"{AUTH}/{PAGE_A}": first})
    put(folder / "before", dict.fromkeys((f"{AUTH}/{name}.gif" for name in "abc"), "GIF"))
    before = scan(folder / "before", folder / "before.case")
    put(folder / "after", {log: first})
    answers = []
    for name in "ab":
        put(folder / "after", {f"{AUTH}/{name}.gif": "GIF"})
        after = scan(folder / "after", folder / f"{name}.case")
        found = compare(before, after, Asked({before.hosts[0].name: after.hosts[0].name}))
        answers.append(changes(the_host(found))[URL_A])
    assert answers == [Change.CANNOT_TELL, Change.GONE]


def test_the_same_evidence_again_is_nothing_changed(world: World) -> None:
    again = scan(world.folder / "first", world.folder / "again.case")
    host = the_host(compare(world.before, again))
    assert host.text.startswith("Nothing changed: both cases tell the same.")
    assert host.outcome is Outcome.NOT_CLEAN, "the shells are still there"
    told = set(changes(host).values())
    assert told == {Change.STILL_THERE, Change.CANNOT_TELL}
    assert changes(host)[FORWARDING] is Change.CANNOT_TELL, "no later log tells of it"
    assert not host.findings
    assert not host.returns
    assert not host.data


def test_other_rules_are_said_to_make_a_difference(world: World, tmp_path: Path) -> None:
    """With one rule of their own instead of all: nothing is found, and nothing is called gone."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "one.yml").write_text(
        "title: x\nname: mine\nlogsource: {product: exchange, service: ews}\n"
        "detection: {a: {SoapAction: GetItem}, condition: a}\n"
        "extriage: {campaign: mine, stage: taken}\n"
    )
    evidence = copy(world.clean, tmp_path / "e", LAST)
    words = ("--no-builtin-rules", "--rules", str(tmp_path / "rules"))
    after = scan(evidence, tmp_path / "other.case", *words)
    found = compare(world.before, after)
    assert any("did not have the same content" in note for note in found.notes)
    host = the_host(found)
    answers = changes(host)
    assert answers[URL_A] is answers[URL_B] is Change.STILL_THERE, "the files are there, unchanged"
    assert "other rules" in host.ways[0].text
    assert answers[FORWARDING] is Change.CANNOT_TELL


def test_a_suppress_file_takes_nothing_away(world: World, half: Case, tmp_path: Path) -> None:
    known = tmp_path / "known.yml"
    known.write_text("suppress: [{rule: '*', reason: a mistake}]\n")
    words = ("--suppress", str(known))
    after = scan(world.folder / "half", tmp_path / "s.case", *words)
    found = compare(world.before, after)
    host = the_host(found)
    assert changes(host)[URL_B] is Change.STILL_THERE
    assert changes(host)[FORWARDING] is Change.CANNOT_TELL
    assert any("Suppress files left out lines" in note for note in found.notes)


def test_the_case_of_another_server_is_not_taken_for_it(world: World) -> None:
    other = server(world.folder / "other", name="EX77")
    after = scan(copy(other, world.folder / "other-copy", LAST), world.folder / "other.case")
    found = compare(world.before, after)
    assert not found.hosts
    assert found.outcome is Outcome.CANNOT_TELL
    assert "--pair EX01=EX77" in found.text
    (lost,), (new,) = found.only_before, found.only_after
    assert (lost.name, new.name) == ("EX01", "EX77")
    paired = the_host(compare(world.before, after, Asked({"ex01": "EX77"})))
    assert (paired.name, paired.now) == ("EX01", "EX77")
    assert changes(paired)[URL_A] is Change.STILL_THERE, "objects are known by name"


def test_the_wrong_order_is_said_and_nothing_is_called_gone_by_older_evidence(
    world: World, back: Case
) -> None:
    host = the_host(compare(back, world.before))
    assert "named in the wrong order?" in host.text
    assert changes(host)[NEW_URL] is Change.CANNOT_TELL, "it came after the second case ends"
    assert not host.returns


def test_what_is_new_one_way_is_gone_or_untold_the_other_way(
    world: World, evicted: Case, half: Case, back: Case, short: Case
) -> None:
    cases = (world.before, evicted, half, back, short)
    there = {Change.STILL_THERE, Change.NEW, Change.NEWLY_VISIBLE, Change.BACK}
    for one in cases:
        for other in cases:
            ahead = {way.object: way for way in the_host(compare(one, other)).ways}
            astern = {way.object: way for way in the_host(compare(other, one)).ways}
            for name, way in ahead.items():
                mirror = astern.get(name)
                if way.change in (Change.NEW, Change.NEWLY_VISIBLE) and mirror:
                    assert mirror.change in (Change.GONE, Change.CANNOT_TELL), name
                if way.change is Change.GONE and way.before is Presence.PRESENT and mirror:
                    assert mirror.change in there, name


def test_a_comparison_is_the_same_every_time(world: World, back: Case) -> None:
    assert compare(world.before, back) == compare(world.before, back)
    shuffled = replace(back, hosts=tuple(reversed(back.hosts)))
    assert compare(world.before, shuffled) == compare(world.before, back)


def test_the_first_days_alone_do_not_hide_that_the_clean_up_was_not_seen(world: World) -> None:
    """A log that ends before the clean-up cannot tell that nobody came after it."""
    early = scan(copy(world.clean, world.folder / "early", march(9)), world.folder / "early.case")
    host = the_host(compare(world.before, early, Asked(since=march(10))))
    assert host.activity.answer is Absence.CANNOT_TELL
    assert "no record after 2021-03-10" in host.activity.text
    assert FIRST < CLEANED
