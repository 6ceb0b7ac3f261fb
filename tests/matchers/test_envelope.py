"""The envelope of an event rules out only rules that the event does not meet."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from evtx import PyEvtxParser
from hypothesis import given
from hypothesis import strategies as st

from extriage.matchers.envelope import MOST, Envelopes
from extriage.parsers.event import event_record, event_system
from extriage.pipeline.pack import Content, Pack, load_pack
from extriage.samples import ServerSpec, write_server

EVIDENCE = Path(__file__).parents[1] / "evidence" / "evtx"


@cache
def pack() -> Pack:
    return load_pack(Content())


def documents(folder: Path) -> list[bytes]:
    """Return events of a server that was broken into, and of real logs."""
    write_server(folder, ServerSpec(name="EX01", attack="chain", lines=4_000, hours_per_file=24))
    found = [
        line for file in sorted(folder.rglob("*.jsonl")) for line in file.read_bytes().splitlines()
    ]
    for file in sorted(EVIDENCE.glob("*.evtx")):
        try:
            rows: Any = PyEvtxParser(str(file)).records_json()
            found += [row["data"].encode() for row in rows]
        except (OSError, RuntimeError, ValueError):
            continue  # a damaged one: others test how it is read
    return found


def opened(document: bytes) -> tuple[frozenset[int], set[int], bool]:
    """Return the rules that an envelope lets in, those that the event meets, and if it is sure."""
    system = event_system(document)
    assert system is not None
    record = event_record(document, "x", 1)
    watches = pack().prefilter("events").watches
    met = {at for at, watch in enumerate(watches) if watch.target.matches(record)}
    number = str(system.event_id) if system.event_id else ""
    envelopes = pack().envelopes()
    assert envelopes is not None
    return envelopes.open(system.channel, number, system.provider), met, system.sure


def test_no_rule_that_an_event_meets_is_ruled_out(tmp_path: Path) -> None:
    every = documents(tmp_path)
    seen = [opened(document) for document in every if event_system(document)]
    assert all(met <= open for open, met, sure in seen if sure)
    assert sum(sure for *_, sure in seen) > 100
    assert sum(len(met) for _, met, sure in seen if sure) > 10
    watches = len(pack().prefilter("events").watches)
    assert sum(len(open) for open, *_ in seen) < len(seen) * watches / 4, "most are ruled out"


ENVELOPES = st.tuples(
    st.sampled_from(
        ["Security", "SECURITY", "security", "Application", "System", "MSExchange Management"]
        + ["Microsoft-Windows-Sysmon/Operational", "Windows PowerShell", "\u017fecurity", "x"]
    ),
    st.sampled_from([1, 6, 104, 1102, 4624, 4688, 4765, 5136, "4688", "04688", "x", None]),
    st.sampled_from(["MSExchange Control Panel", "Microsoft-Windows-Security-Auditing", "y", ""]),
    st.dictionaries(
        st.sampled_from(["Channel", "EventID", "Provider_Name", "CommandLine", "SidHistory"]),
        st.sampled_from(["Security", "4765", "S-1-5-21-1", "whoami /all", "w3wp.exe"]),
    ),
)


@given(ENVELOPES)
def test_odd_envelopes_rule_out_no_rule_either(
    made: tuple[str, int | str | None, str, dict[str, str]],
) -> None:
    channel, number, provider, data = made
    system = {
        "Channel": channel,
        "EventID": number,
        "Provider": {"#attributes": {"Name": provider}},
        "TimeCreated": {"#attributes": {"SystemTime": "2021-03-03T04:48:17Z"}},
        "Computer": "EX01",
    }
    flat = {"Channel": channel, "EventID": number, "Provider_Name": provider, "Hostname": "EX01"}
    flat |= {"@timestamp": "2021-03-03T04:48:17Z"}
    for document in ({"Event": {"System": system, "EventData": data}}, data | flat):
        open, met, sure = opened(json.dumps(document).encode())
        assert met <= open or not sure


@pytest.mark.parametrize("many", [MOST + 3])
def test_forged_kinds_of_events_take_no_memory_without_end(many: int) -> None:
    envelopes = Envelopes(())
    for number in range(many):
        envelopes.open("x", str(number), "y")
    assert len(envelopes._known) <= MOST
