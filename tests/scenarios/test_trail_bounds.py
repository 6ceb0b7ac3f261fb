"""A scanner that asks as often as it likes drowns neither the report nor the memory."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from known_truth import Known, intruder_of, known, sessions_of

from extriage.samples.intrusion import flood

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/status").exists(), reason="no /proc tells what a process holds"
    ),
]

FEW, MANY = 6_000, 60_000
FINDINGS = 80
"""Findings that one intruder and one scanner can give; the flood adds none."""
MEMORY_MB = 450
"""What any process of a scan may hold; the flood of 60,000 hits alone is 8 MB of log."""
_SCAN = """
import resource, sys
from pathlib import Path
from extriage.cli import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    # NOTE: the highest mark of a process that was started counts in that of its parent.
    told = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
    most = max(int(told), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    print(int(stop.code or 0), most // 1024, file=sys.stderr)
"""


@dataclass(frozen=True)
class Measured(Known):
    """A scanned flood, and the most that a process of its scan held."""

    used: int


def measured(folder: Path, hits: int) -> Measured:
    truth = flood.write(folder / "EVIDENCE", hits)
    words = ("scan", str(folder / "EVIDENCE"), "--case", str(folder / "case"), "-q")
    done = subprocess.run(
        [sys.executable, "-c", _SCAN, *words], capture_output=True, text=True, check=True
    )
    code, used = done.stderr.split()[-2:]
    case = json.loads((folder / "case" / "case.json").read_bytes())
    return Measured(folder, int(code), case, truth, int(used))


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Measured]:
    """Scan each flood once for all tests of this module, in processes of its own."""
    kept: dict[int, Measured] = {}

    def scan(hits: int) -> Measured:
        if hits not in kept:
            kept[hits] = measured(tmp_path_factory.mktemp(f"flood{hits}"), hits)
        return kept[hits]

    return scan


def test_a_scanner_of_60_000_hits_is_no_intruder(scanned: Callable[[int], Measured]) -> None:
    told = scanned(MANY)
    keys = [one["keys"] for one in told.host["intruders"]]
    assert len(keys) == 1, f"one came in, the scanner did not: {keys}"
    sessions = sessions_of(told.host, intruder_of(told.host, told.one.named("A")))
    addresses = {address for one in told.host["sessions"] for address in one["addresses"]}
    assert flood.CLIENT not in addresses, "the scanner has a session"
    assert sum(len(one["steps"]) for one in sessions) < 100


def test_its_hits_are_counted_and_each_once(scanned: Callable[[int], Measured]) -> None:
    strangers = scanned(MANY).host["strangers"]
    assert strangers is not None
    assert strangers["addresses"] == 1, strangers["busiest"]
    assert strangers["requests"] == MANY, f"{MANY} hits came, {strangers['requests']} are told"
    assert strangers["walkers"] == 1


def test_ten_times_the_hits_make_no_longer_report(scanned: Callable[[int], Measured]) -> None:
    few, many = scanned(FEW), scanned(MANY)
    sizes = [(one.folder / "case" / "case.json").stat().st_size for one in (few, many)]
    assert sizes[1] < sizes[0] * 1.2, f"the case grew with the scanner's hits: {sizes} bytes"
    counts = [len(one.host["findings"]) for one in (few, many)]
    assert counts[0] == counts[1] < FINDINGS, f"findings grew with the hits: {counts}"
    for name in ("sessions", "exposures", "actions", "persistence"):
        lengths = [len(one.host[name]) for one in (few, many)]
        assert lengths[0] == lengths[1], f"{name} grew with the hits: {lengths}"
    moments = [len(one.case["timeline"]) for one in (few, many)]
    assert moments[1] <= moments[0] + 5, f"the timeline grew with the hits: {moments}"


def test_every_list_in_a_session_is_bounded(scanned: Callable[[int], Measured]) -> None:
    assert scanned(MANY).host["sessions"], "an intruder came, no session is told"
    for session in scanned(MANY).host["sessions"]:
        for name in ("steps", "addresses", "accounts", "agents", "mailboxes", "joined_by"):
            assert len(session[name]) <= 1000, f"{name} of {session['id']}"
    strangers = scanned(MANY).host["strangers"]
    assert len(strangers["busiest"]) <= 10


def test_a_scanner_alone_leaves_the_server_targeted(tmp_path: Path) -> None:
    told = known(tmp_path, lambda below: flood.write(below, 3_000, intruder=False))
    assert told.host["verdict"]["status"] == "targeted"
    assert told.host["intruders"] == []
    assert told.host["sessions"] == []
    own = told.host["strangers"]
    assert own is not None, "a scanner came"
    assert own["requests"] == 3_000, f"3000 hits came, {own['requests']} are told"


def test_memory_does_not_follow_the_hits(scanned: Callable[[int], Measured]) -> None:
    used = {hits: scanned(hits).used for hits in (FEW, MANY)}
    assert used[MANY] < MEMORY_MB, f"megabytes by hits: {used}"
