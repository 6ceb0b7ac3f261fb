"""What the place of a file says: on the disk itself, or in an earlier state of it."""

from dataclasses import replace

import pytest
from cases import evidence, finding

from extriage.analysis.presence import Line, presence
from extriage.analysis.shadowcopy import Disk, fates
from extriage.model.detection import Sign, Stage
from extriage.model.evidence import Entry, EntryStatus
from extriage.model.persistence import Presence

PAGE = "inetpub/wwwroot/aspnet_client/q.aspx"
LIVE = f"S/C/{PAGE}"
SHADOWS = (
    f"S/HarddiskVolumeShadowCopy3/{PAGE}",
    f"S/%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy12/{PAGE}",
)


def line(path: str, sign: Sign = Sign.PRESENT, time: str = "") -> Line:
    found = replace(evidence(path, 1, time, "x"), kind="web-file", sign=sign)
    return Line(finding("shell", Stage.PLANTED, [found]), found, path)


@pytest.mark.parametrize("path", SHADOWS)
def test_a_page_in_a_shadow_copy_was_there_once(path: str) -> None:
    state, note = presence([line(path)], None)
    assert state is Presence.UNKNOWN
    assert path in note
    assert "whether the disk still has it is open" in note
    assert presence([line(path), line(LIVE)], None)[0] is Presence.PRESENT


@pytest.mark.parametrize("path", SHADOWS)
def test_a_removal_wins_over_a_shadow_copy(path: str) -> None:
    gone = line("S/Security.evtx", Sign.REMOVED, "2021-03-12")
    assert presence([line(path), gone], None)[0] is Presence.REMOVED


def test_a_folder_that_calls_itself_a_shadow_copy_hides_nothing() -> None:
    for path in (
        "S/C/inetpub/wwwroot/HarddiskVolumeShadowCopy1/q.aspx",
        "S/C/inetpub/wwwroot/aspnet_client/HarddiskVolumeShadowCopy1/Windows/q.aspx",
    ):
        assert presence([line(path)], None)[0] is Presence.PRESENT


def row(path: str, status: EntryStatus = "read") -> Entry:
    return Entry(path, 1, "web-file", status)


def test_a_page_that_only_a_shadow_copy_of_the_image_has_is_gone_from_the_disk() -> None:
    copy = f"EX01.dd!/HarddiskVolumeShadowCopy3/{PAGE}"
    listed = [row("EX01.dd!/C:/inetpub/wwwroot/default.aspx"), row(copy)]
    state, note = presence([line(copy)], None, Disk(fates(listed)))
    assert state is Presence.REMOVED
    assert note == f"A shadow copy of the disk has it: {copy}; the disk has it no more."


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], "is open"),
        ([row("EX02.dd!/C:/inetpub/wwwroot/default.aspx")], "is open"),
        ([row("EX01.dd!/C:/Windows/x.log")], "is open"),
        ([row(f"EX01.dd!/C:/{PAGE.upper()}")], "the disk has another file of this name"),
        *(
            (
                [row("EX01.dd!/C:/inetpub/x.log"), row(f"EX01.dd!/C:/{lost}", "unreadable")],
                "is open",
            )
            for lost in ("", "inetpub/wwwroot/aspnet_client", "inetpub/wwwroot/")
        ),
    ],
)
def test_a_disk_that_does_not_tell_leaves_it_open(others: list[Entry], said: str) -> None:
    copy = f"EX01.dd!/HarddiskVolumeShadowCopy3/{PAGE}"
    state, note = presence([line(copy)], None, Disk(fates([*others, row(copy)])))
    assert state is Presence.UNKNOWN
    assert note.endswith(f"{said}.")
