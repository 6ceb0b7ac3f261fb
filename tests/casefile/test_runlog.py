"""The run log: nothing in it can be changed, taken out or put in unnoticed; a torn end heals."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extriage.casefile import runlog
from extriage.errors import CaseError

AT = "2021-03-05T08:30:00Z"


def written(folder: Path, count: int = 4) -> list[bytes]:
    for number in range(count):
        runlog.append(folder, "report", AT, {"place": f"{number}.html"})
    return (folder / runlog.NAME).read_bytes().splitlines(keepends=True)


def put(folder: Path, lines: list[bytes]) -> str:
    (folder / runlog.NAME).write_bytes(b"".join(lines))
    return runlog.read(folder).broken


def test_lines_are_read_as_they_were_written_and_the_last_one_seals_them(tmp_path: Path) -> None:
    seals = [runlog.append(tmp_path, "answers", AT, {"form": form}) for form in ("a", "\udc80é")]
    chain = runlog.read(tmp_path)
    assert (chain.broken, chain.remarks) == ("", ())
    assert [line.sha256 for line in chain.lines] == seals
    assert chain.head == seals[-1]
    assert [line.number for line in chain.lines] == [1, 2]
    assert chain.lines[1].facts == {"form": "\udc80é"}


def test_a_case_without_a_log_has_an_empty_chain(tmp_path: Path) -> None:
    chain = runlog.read(tmp_path)
    assert (chain.lines, chain.broken, chain.head) == ((), "", "")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda lines: [lines[0].replace(b"0.html", b"x.html"), *lines[1:]], "line 2"),
        (lambda lines: [lines[0], *lines[2:]], "line 2"),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], "line 2"),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], "line 3"),
        (lambda lines: lines[1:], "the beginning of the log is missing"),
        (lambda lines: [lines[0], b"not a line\n", *lines[2:]], "line 2"),
        (lambda lines: [*lines[:3], b"not a line\n"], "line 4"),
        (lambda lines: [*lines[:3], lines[3][:40]], "line 4"),
    ],
)
def test_what_was_changed_taken_out_or_put_in_breaks_the_chain(
    change: Callable[[list[bytes]], list[bytes]], named: str, tmp_path: Path
) -> None:
    broken = put(tmp_path, change(written(tmp_path)))
    assert named in broken


def test_a_line_with_the_right_hash_and_a_wrong_number_breaks_the_chain(tmp_path: Path) -> None:
    lines = written(tmp_path, 1)
    second = {"number": 7, "previous": runlog.read(tmp_path).head, "at": AT, "what": "x"}
    broken = put(tmp_path, [*lines, json.dumps(second).encode() + b"\n"])
    assert broken == "line 2 calls itself line 7"


def test_a_line_cut_off_by_a_power_cut_is_told_and_the_next_vouches_for_it(tmp_path: Path) -> None:
    lines = written(tmp_path, 3)
    assert "line 3" in put(tmp_path, [*lines[:2], lines[2][:50]])
    runlog.append(tmp_path, "report", AT, {"place": "again.html"})
    chain = runlog.read(tmp_path)
    assert chain.broken == ""
    assert [line.number for line in chain.lines] == [1, 2, 4]
    assert "line 3 was cut off" in chain.remarks[0]


def test_a_damaged_line_is_no_line_that_was_cut_off(tmp_path: Path) -> None:
    lines = written(tmp_path, 2)
    damaged = lines[1][:50] + b"\n"
    put(tmp_path, [lines[0], damaged])
    runlog.append(tmp_path, "report", AT, {})
    assert runlog.read(tmp_path).broken == "line 2 is not as it was written"


def test_a_last_line_longer_than_what_is_looked_at_first_is_found(tmp_path: Path) -> None:
    runlog.append(tmp_path, "scan-started", AT, {"arguments": ["x" * 300_000]})
    runlog.append(tmp_path, "scan-finished", AT, {})
    assert runlog.read(tmp_path).broken == ""
    assert len(runlog.read(tmp_path).lines) == 2


def test_two_programs_at_once_do_not_break_the_chain(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        seals = list(pool.map(lambda n: runlog.append(tmp_path, "report", AT, {"n": n}), range(40)))
    chain = runlog.read(tmp_path)
    assert chain.broken == ""
    assert sorted(line.sha256 for line in chain.lines) == sorted(seals)


def test_the_last_hash_of_each_file_counts(tmp_path: Path) -> None:
    runlog.append(tmp_path, "scan-finished", AT, {"files": {"case.json": "1", "case.db": "2"}})
    runlog.append(tmp_path, "scan-finished", AT, {"files": {"case.json": "3"}})
    chain = runlog.read(tmp_path)
    assert runlog.recorded(chain) == {"case.json": "3", "case.db": "2"}


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="cannot be written"):
        runlog.append(tmp_path / "gone", "report", AT, {})


@given(st.binary(max_size=400))
def test_no_garbage_stops_the_reader_and_none_passes_for_a_log(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("log")
    (folder / runlog.NAME).write_bytes(data)
    chain = runlog.read(folder)
    assert chain.lines == ()
    assert bool(chain.broken) == bool(data)


def test_deep_nesting_is_no_line(tmp_path: Path) -> None:
    assert "line 1" in put(tmp_path, [b"[" * 100_000 + b"\n"])
