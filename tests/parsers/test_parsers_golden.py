"""Real logs give exactly the records that were read through by hand once.

EXTRIAGE_GOLDEN=1 writes the expectations anew; read the difference before committing it.
"""

import os
from pathlib import Path

import pytest
from parsers_reading import EVIDENCE, event_records, golden_lines, kind_of, line_records

EXPECTED = Path(__file__).parent / "expected"
LINE_LOGS = sorted(
    path
    for folder in ("exchange-2016-cu22-benign", "iis")
    for path in (EVIDENCE / folder).iterdir()
    if path.suffix.lower() == ".log" and path.name != "pf040903.log"
)
EVENT_LOGS = sorted((EVIDENCE / "evtx").glob("*.evtx"))


def compare(path: Path, found: str) -> None:
    golden = EXPECTED / kind_of(path) / f"{path.name}.jsonl"
    if os.environ.get("EXTRIAGE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", LINE_LOGS, ids=lambda path: path.name)
def test_a_real_log_gives_the_expected_records(path: Path) -> None:
    compare(path, golden_lines(line_records(path.read_bytes(), path.name)))


@pytest.mark.parametrize("path", EVENT_LOGS, ids=lambda path: path.name)
def test_a_real_event_log_gives_the_expected_records(path: Path) -> None:
    compare(path, golden_lines(event_records(path)))


def test_every_expectation_has_its_evidence() -> None:
    names = {f"{path.name}.jsonl" for path in LINE_LOGS + EVENT_LOGS}
    assert {path.name for path in EXPECTED.rglob("*.jsonl")} == names


def test_of_all_rows_of_the_real_exchange_server_none_is_raw() -> None:
    exchange = [path for path in LINE_LOGS if path.parent.name.startswith("exchange")]
    records = [record for path in exchange for record in line_records(path.read_bytes(), path.name)]
    assert len(records) == 37
    assert not [record for record in records if record.raw or record.time is None]
