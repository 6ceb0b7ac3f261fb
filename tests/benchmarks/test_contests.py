"""The table tells the truth about what was measured."""

import importlib
import re
import sys
from pathlib import Path

import pytest
from contests import Contest, Goal, Middle, Result, Row, play
from profiling import SEAMS, Seam, Timers
from running import cells, line, page, told
from stopwatch import Run, Side, measure
from table import CONTESTS

SIDES = {"ours": Side("ours", ["true"]), "peer": Side("peer", ["true"])}
MEMORY = "a = bytearray({size}); import time; time.sleep(0.4)"


def result(row: Row, ours: list[Run], peer: list[Run], differs: str = "") -> Result:
    return Result(Contest("logs", 100.0, "MB", SIDES, [row]), row, ours, peer, differs)


def runs(*seconds: float, wall: float = 9.0) -> list[Run]:
    return [Run(wall, one, 50.0) for one in seconds]


def test_a_ratio_is_taken_within_a_round_and_its_median_counts() -> None:
    row = Row("x", "ours", "peer", Goal("times as fast", 2.0), by="cpu")
    found = result(row, runs(1.0, 2.0, 4.0), runs(3.0, 2.0, 8.0))
    assert found.ratio("cpu") == Middle(2.0, 1.0, 3.0)
    assert found.verdict() == "yes"
    assert found.speed(found.ours) == 50.0


def test_what_takes_too_long_has_not_reached_its_goal() -> None:
    row = Row("x", "ours", "peer", Goal("times as long", 1.5), by="cpu")
    assert result(row, runs(3.0), runs(1.0)).verdict() == "no"
    assert result(row, runs(1.0), runs(3.0)).verdict() == "yes"


def test_the_second_pass_is_what_it_adds_to_the_first() -> None:
    row = Row("x", "ours", "peer", Goal("times as long", 1.0), by="cpu", extra=True)
    assert result(row, runs(3.0), runs(2.0)).reached() == 0.5


def test_a_speed_with_another_result_reaches_nothing() -> None:
    row = Row("x", "ours", "peer", Goal("times as fast", 1.0), by="cpu")
    found = result(row, runs(1.0), runs(9.0), "rule a: 1 and 2")
    assert found.verdict() == "differs"
    assert "rule a: 1 and 2" in line(found)


def test_goals_in_seconds_and_megabytes_need_no_peer() -> None:
    quick = result(Row("x", "ours", goal=Goal("s", 0.15)), runs(1.0, wall=0.1), [])
    assert (quick.verdict(), cells(quick)[5]) == ("yes", "-")
    held = [Run(1.0, 1.0, 90.0, worker=140.0, whole=280.0)]
    worker = result(Row("x", "ours", goal=Goal("MB a worker", 128)), held, [])
    whole = result(Row("x", "ours", goal=Goal("MB in all", 300)), held, [])
    assert (worker.verdict(), cells(worker)[5]) == ("no", "140 MB a worker")
    assert whole.verdict() == "yes"


def test_memory_that_nobody_can_see_reaches_no_goal() -> None:
    row = Row("x", "ours", goal=Goal("MB in all", 300))
    assert result(row, [Run(1.0, 1.0, 90.0)], []).verdict() == "not known"


def test_all_sides_run_in_turn_and_once_more_to_warm_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"
    sides = {one: Side(one, [sys.executable, "-c", write, str(log), one]) for one in "ab"}
    (found,) = play(Contest("turns", 1, "runs", sides, [Row("x", "a", "b")]), 2)
    assert log.read_text() == "ababab"
    assert (len(found.ours), len(found.peer)) == (2, 2)


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(SystemExit, match="exit code 4"):
        measure(Side("broken", [sys.executable, "-c", "raise SystemExit(4)"]))


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux tells memory")
def test_the_memory_of_workers_counts_alone_and_together() -> None:
    started = MEMORY.format(size=60_000_000)
    program = f"import subprocess, sys; {MEMORY.format(size=30_000_000).split(';')[0]}\n"
    program += f"subprocess.run([sys.executable, '-c', {started!r}])"
    run = measure(Side("two", [sys.executable, "-c", program], watched=True))
    assert 60 < run.worker < 90
    assert run.whole > run.worker + 30


def test_the_page_has_a_line_for_each_result_and_says_what_was_run() -> None:
    row = Row("fast", "ours", "peer", Goal("times as fast", 2.0), by="cpu")
    text = page([result(row, runs(1.0), runs(3.0))], "python benchmarks/table.py fast")
    assert "| fast | 100 MB | 9.00 s, cpu 1.00 s, 100 MB/s |" in text
    assert "| cpu | 3.00 | ≥ 2 | yes |" in text
    assert "- **logs**, 100 MB: ours; peer" in text
    assert "are 0.1 of those" not in text
    small = page([result(row, runs(1.0), runs(3.0))], "table.py", told(0.1, 99.0))
    assert "are 0.1 of those" in small
    assert "load 99.0" in small
    assert re.search(r"^\d{4}-\d\d-\d\d, .+ cores\. Python 3", text, re.MULTILINE)


def test_every_goal_has_its_contest() -> None:
    logs = {"httpproxy", "iis", "logs", "proxylogon", "wrappings", "evtx", "pages"}
    assert logs | {"rules", "pivot", "startup", "long", "line", "files", "hits"} < set(CONTESTS)


@pytest.mark.parametrize("seam", SEAMS, ids=lambda seam: f"{seam.module}.{seam.name}")
def test_every_seam_of_the_profile_is_there(seam: Seam) -> None:
    place: object = importlib.import_module(seam.module)
    for part in seam.name.split("."):
        place = getattr(place, part)
    assert callable(place)


def test_time_belongs_to_the_innermost_stage() -> None:
    timers = Timers()
    burn = timers.around("inner", lambda: sum(range(3_000_000)))
    timers.around("outer", burn)()
    assert timers.calls == {"outer": 1, "inner": 1}
    assert timers.own["inner"] > 10 * timers.own["outer"]
