"""What was taken, read or within reach: the ledger of whole scans against scenes of known truth."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from known_truth import Case, Known, answer, exposed, known, same_mailbox
from scenario import rescanned

from extriage.samples.intrusion import bypass, exports, migration, two, wandering
from extriage.samples.visitor import Exported

LAB = Path(__file__).parents[1] / "evidence" / "proxylogon-lab-2021"
GROUPS = ("mailboxes-exported", "mailboxes-read", "address-books", "files", "forwarding")
WRITERS: dict[str, Callable[[Path], Any]] = {
    "exports": exports.write,
    "bypass": bypass.write,
    "changing": wandering.write_changing,
    "two": two.write,
    "migration": migration.write,
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Known]:
    """Scan each scene once for all tests of this module."""
    kept: dict[str, Known] = {}

    def scanned(name: str) -> Known:
        if name not in kept:
            kept[name] = known(tmp_path_factory.mktemp(name), WRITERS[name])
        return kept[name]

    return scanned


def _told(host: Case, export: Exported) -> Case:
    name = export.file.rpartition("\\")[2]
    found = [
        one
        for one in host["exposures"]
        if one["export"] and one["export"]["file"].rpartition("\\")[2] == name
    ]
    rows = [(one["kind"], one["object"], one["export"]) for one in host["exposures"]]
    assert len(found) == 1, f"the export to {name} is told {len(found)} times: {rows}"
    return dict(found[0])


def test_three_exports_are_told_with_what_became_of_them(scene: Callable[[str], Known]) -> None:
    told = scene("exports")
    (visit,) = told.one.visits
    for one in visit.exports:
        export = _told(told.host, one)["export"]
        name = one.file.rpartition("\\")[2]
        assert same_mailbox(export["mailbox"], one.mailbox), f"{name}: {export['mailbox']}"
        assert export["outcome"] == one.outcome, f"{name} {one.outcome}: {export['outcome']}"
        assert bool(export["fetched"]) == one.fetched, f"{name}: fetched is {export['fetched']}"
        assert bool(export["on_disk"]) == one.on_disk, f"{name}: on disk is {export['on_disk']}"
        removed = export["request_removed"]
        assert removed == one.request_removed, f"{name}: its request's removal is {removed}"
        assert "administrator" in export["by"].casefold(), export["by"]


def test_the_state_of_an_export_follows_from_its_file(scene: Callable[[str], Known]) -> None:
    told = scene("exports")
    (visit,) = told.one.visits
    failed, fetched, kept = (_told(told.host, one) for one in visit.exports)
    assert failed["state"] == "attempted"
    assert fetched["state"] == "taken"
    assert kept["state"] == "ready"
    assert exports.FILTER.split(" ")[0].lstrip("(") in fetched["export"]["filter"]
    assert failed["export"]["filter"] == kept["export"]["filter"] == ""


def test_the_file_that_was_fetched_has_its_size(scene: Callable[[str], Known]) -> None:
    told = scene("exports")
    (visit,) = told.one.visits
    fetched = _told(told.host, visit.exports[1])
    (file,) = visit.files
    assert fetched["bytes_out"] == {"low": file.bytes_out, "high": file.bytes_out}
    assert exports.CLIENT in fetched["by"], f"who fetched it is not told: {fetched['by']}"
    for one in visit.exports[::2]:
        bytes_out = _told(told.host, one)["bytes_out"]
        assert not bytes_out or bytes_out["low"] == 0, f"{one.file} was never fetched: {bytes_out}"


def test_an_administrators_export_is_never_told_as_taken(scene: Callable[[str], Known]) -> None:
    told = scene("exports")
    assert told.host["exposures"], "three exports were made, the ledger is empty"
    for one in told.host["exposures"]:
        if one["export"] and one["export"]["file"] == exports.ADMIN_FILE:
            assert one["certainty"] == "possible", one["text"]
            assert one["state"] not in ("taken", "read"), one["text"]
            assert one["intruders"] == [], one["text"]


def test_exports_decide_the_verdict(scene: Callable[[str], Known]) -> None:
    told = scene("exports")
    verdict = told.host["verdict"]
    assert (told.code, verdict["status"]) == (1, "compromised")
    assert answer(told.host, "mailboxes-exported")["answer"] == "shown"
    assert verdict["stage"] == "taken", "a mailbox was exported and fetched: data left"


def test_mailboxes_that_were_read_are_those_of_the_truth(scene: Callable[[str], Known]) -> None:
    told = scene("bypass")
    (visit,) = told.one.visits
    rows = [one for one in exposed(told.host, "mailbox-read") if one["state"] == "read"]
    names = sorted(one["object"] for one in rows)
    expected = sorted(one.mailbox for one in visit.mailboxes)
    assert len(rows) == len(expected), f"read were {expected}, told are {names}"
    for one in visit.mailboxes:
        found = [row for row in rows if same_mailbox(row["object"], one.mailbox)]
        assert len(found) == 1, f"{one.mailbox} is told {len(found)} times: {names}"
        (row,) = found
        assert row["requests"] == {"low": one.requests, "high": one.requests}, one.mailbox
        assert row["bytes_out"] == {"low": one.bytes_out, "high": one.bytes_out}, one.mailbox
        low = row["items"]["low"]
        most = one.items + one.folders
        assert one.items <= low <= most, f"{one.mailbox}: {one.items} items, told are {low}"
        assert {how.rpartition(":")[2].strip() for how in row["how"]} >= set(one.operations)
        assert bypass.CLIENT in row["by"], row["by"]
        assert row["intruders"] == ["intruder-1"], row["intruders"]


def test_the_backup_that_reads_everything_is_not_accused(scene: Callable[[str], Known]) -> None:
    told = scene("bypass")
    assert told.host["exposures"], "four mailboxes were read, the ledger is empty"
    for one in told.host["exposures"]:
        text = " ".join((one["text"], *one["by"]))
        if "svc-backup" in text or "10.20.0.40" in text:
            assert one["certainty"] == "possible", one["text"]
            assert one["intruders"] == [], one["text"]


def test_reads_through_the_bypass_decide_the_verdict(scene: Callable[[str], Known]) -> None:
    told = scene("bypass")
    verdict = told.host["verdict"]
    assert (told.code, verdict["status"], verdict["stage"]) == (1, "compromised", "taken")
    assert answer(told.host, "mailboxes-read")["answer"] == "shown"
    exported = answer(told.host, "mailboxes-exported")
    assert exported["answer"] != "shown", exported["text"]


def test_mail_of_a_stolen_account_is_bounded_by_its_owners_work(
    scene: Callable[[str], Known],
) -> None:
    told = scene("changing")
    (visit,) = told.one.visits
    (read,) = visit.mailboxes
    found = [
        one
        for one in exposed(told.host, "mailbox-read")
        if same_mailbox(one["object"], read.mailbox)
    ]
    rows = [(one["object"], one["text"]) for one in exposed(told.host, "mailbox-read")]
    assert len(found) == 1, f"{read.mailbox} is told {len(found)} times: {rows}"
    (row,) = found
    low, high = row["requests"]["low"], row["requests"]["high"]
    web = read.requests + 2
    assert read.requests <= low <= web, f"{read.requests} requests were his, told are {low}"
    assert high is None or high >= low
    got = row["bytes_out"]["low"]
    assert read.bytes_out <= got <= visit.bytes_out.low, f"{read.bytes_out} bytes, told are {got}"
    assert wandering.FOURTH in row["by"], row["by"]
    assert wandering.OFFICE not in row["by"], "the owner's office is told as the taker's"


def test_the_archive_and_the_dump_are_in_the_ledger(scene: Callable[[str], Known]) -> None:
    told = scene("two")
    visit = told.one.named("A")
    (file,) = visit.files
    name = file.url.rpartition("/")[2]
    found = [one for one in exposed(told.host, "file-fetched") if name in one["object"]]
    rows = [one["object"] for one in exposed(told.host, "file-fetched")]
    assert len(found) == 1, f"the archive was fetched once, told are {rows}"
    (row,) = found
    assert row["state"] == "taken"
    assert row["bytes_out"] == {"low": file.bytes_out, "high": file.bytes_out}
    assert row["requests"] == {"low": 1, "high": 1}
    assert set(row["by"]) & set(visit.addresses)
    assert answer(told.host, "files")["answer"] == "shown"
    dumps = exposed(told.host, "lsass-dump")
    assert len(dumps) >= 1, "the dump of the logons is not in the ledger"
    assert answer(told.host, "credentials")["answer"] == "shown"
    read = answer(told.host, "mailboxes-read")
    assert read["answer"] != "shown", f"nobody read a mailbox: {read['text']}"


def test_what_was_looked_at_is_said(scene: Callable[[str], Known]) -> None:
    told = scene("bypass")
    for group in GROUPS:
        one = answer(told.host, group)
        assert one["text"].strip(), group
        assert one["looked"] or one["missing"], f"{group}: it is not said what was looked at"


def test_what_logs_cover_and_do_not_show_is_not_shown(scene: Callable[[str], Known]) -> None:
    """The events of cmdlets are there from the day on which anybody knew of the hole."""
    exported = answer(scene("bypass").host, "mailboxes-exported")
    assert exported["answer"] == "not-shown-while-covered", exported["text"]
    assert any("events" in one or "Management" in one for one in exported["looked"])
    assert exported["exposures"] == []


def test_without_the_log_of_web_services_the_mailboxes_are_unknown(tmp_path: Path) -> None:
    """The forged routes still show that mail was asked for, and not whose."""
    told = known(tmp_path, lambda folder: bypass.write(folder, 3000, omit=("ews",)))
    read = answer(told.host, "mailboxes-read")
    assert read["answer"] in ("shown", "possible"), read["text"]
    assert any("EWS" in one or "web services" in one for one in read["missing"]), read["missing"]
    for one in exposed(told.host, "mailbox-read"):
        assert not any(same_mailbox(one["object"], f"{name}@x") for name in bypass.READ)
        assert one["items"] is None or one["items"]["high"] is None, "no log counts the items"
        assert one["unknown"], f"what cannot be told is not said: {one['text']}"


def test_without_any_log_of_requests_reads_cannot_be_told(tmp_path: Path) -> None:
    told = known(
        tmp_path, lambda folder: bypass.write(folder, 3000, omit=("ews", "httpproxy", "iis"))
    )
    read = answer(told.host, "mailboxes-read")
    assert read["answer"] == "cannot-tell", read["text"]
    assert len(read["missing"]) >= 2, f"the missing logs are not named: {read['missing']}"


def test_without_events_and_cmdlets_exports_cannot_be_told(tmp_path: Path) -> None:
    told = known(
        tmp_path,
        lambda folder: two.write(folder, 3000, omit=("events", "rps-cmdlet")),
    )
    one = answer(told.host, "mailboxes-exported")
    assert one["answer"] == "cannot-tell", one["text"]
    assert one["missing"], "the missing logs are not named"


def test_nothing_is_taken_from_a_busy_clean_server(scene: Callable[[str], Known]) -> None:
    told = scene("migration")
    for one in told.host["exposures"]:
        assert one["state"] not in ("taken", "read"), one["text"]
        assert one["certainty"] == "possible", one["text"]
        assert one["intruders"] == [], one["text"]
    for group in (*GROUPS, "credentials"):
        one = answer(told.host, group)
        assert one["answer"] != "shown", f"{group}: {one['text']}"


def test_the_lab_attack_took_nothing_and_says_what_it_looked_at(tmp_path: Path) -> None:
    (tmp_path / "EVIDENCE").mkdir()
    shutil.copy(LAB / "proxylogon_ssrf_rce_poc_extract.json", tmp_path / "EVIDENCE")
    code, case = rescanned(tmp_path)
    (host,) = (one for one in case["hosts"] if one["verdict"]["status"] == "compromised")
    assert code == 1
    taken = [one["text"] for one in host["exposures"] if one["state"] in ("taken", "read")]
    assert taken == [], "the recording shows no mailbox access and no dump"
    for kind in ("mailbox-export", "mailbox-read", "file-fetched", "lsass-dump", "forwarding"):
        assert exposed(host, kind) == [], kind
    for group in (*GROUPS, "credentials"):
        one = answer(host, group)
        assert one["answer"] in ("not-shown-while-covered", "cannot-tell", "possible"), one["text"]
        assert one["looked"] or one["missing"], f"{group}: it is not said what was looked at"
    read = answer(host, "mailboxes-read")
    assert read["answer"] == "cannot-tell", "there is no log of web services in the recording"
