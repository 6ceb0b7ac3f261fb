"""How much work the reading of fixed logs is: counted, not timed, so that noise changes nothing.

A change that makes twice as many lines be parsed, rules be asked or bytes be copied as before fails
here, whatever the machine. The numbers stand in `work.yml`; where they are meant to change, write
them down again and read the difference before it is committed:

    EXTRIAGE_GOLDEN=1 pytest tests/benchmarks/test_work.py
"""

import cProfile
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from extriage import parsers
from extriage.matchers import prefilter, together
from extriage.matchers.sigma import Target
from extriage.parsers import event
from extriage.pipeline import blocks, collect, lines, pack, search
from extriage.pipeline.pack import Content, Pack
from extriage.pipeline.unit import read_unit
from extriage.samples import ServerSpec, write_big_log, write_server
from extriage.samples.spec import Family
from extriage.sources import files, survey

NUMBERS = Path(__file__).with_name("work.yml")
MORE, LESS = 1.5, 0.5
"""So many times as much work is a fault; so little shows that the numbers must be written anew."""
SMALL = 1 << 20
"""Bytes from which on what stands together is searched for: the logs are small here."""
FEW = 20
"""Below this a number may change by as many."""
UPDATE = "EXTRIAGE_GOLDEN=1 pytest tests/benchmarks/test_work.py"
HEAD = """\
# Work that reading fixed logs takes; see test_work.py. Made by {update}
"""


class Work(Counter[str]):
    """What was done how often."""

    def count(self, place: Any, name: str, what: str, weight: Callable[..., int]) -> None:
        """Count the calls of a function; `weight` is told its result and its arguments."""
        function = getattr(place, name)

        def counted(*given: Any, **named: Any) -> Any:
            result = function(*given, **named)
            self[what] += weight(result, *given)
            return result

        self.patch.setattr(place, name, counted)

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Count from now on; a seam that has moved must be found again, or this test is blind."""
        self.patch = patch
        patch.setattr(prefilter, "WORTH_IT", SMALL)
        self.count(files, "open_file", "files opened", once)
        self.count(files._Reading, "fill", "bytes read", lambda got, *_: int(got))
        self.count(files._Reading, "fetch", "bytes read", lambda got, *_: len(got))
        self.count(blocks, "_fill", "bytes copied", lambda _, __, ___, carry, ____: len(carry))
        self.count(lines.LineBlock, "text", "bytes copied", lambda text, *_: len(text))
        self.count(parsers, "split", "lines split", once)
        self.count(parsers, "record", "lines split", once)
        self.count(search, "row", "lines split", once)
        self.count(parsers, "record", "records made", once)
        self.count(event, "event_record", "records made", once)
        self.count(event, "event_system", "envelopes read", once)
        self.count(prefilter.Prefilter, "candidates", "lines looked at", once)
        self.count(prefilter.Prefilter, "candidates", "candidates", lambda met, *_: len(met))
        self.count(Target, "matches", "rules asked", once)
        self.count(collect.Collector, "add", "matches kept", once)
        for place in (prefilter, together):
            self.databases(place)
        made = hashlib.sha256
        self.patch.setattr(hashlib, "sha256", lambda data=b"", **_: Hash(self, made(), data))

    def databases(self, place: Any) -> None:
        """Count the databases that are compiled in a module, and the bytes searched with them."""
        compiled = place.compiled

        def counted(*given: Any, **named: Any) -> Any:
            found = compiled(*given, **named)
            self["databases compiled"] += 1
            return found and Database(self, found)

        self.patch.setattr(place, "compiled", counted)


def once(*_: Any) -> int:
    """Count a call as one, whatever it is about."""
    return 1


class Hash:
    def __init__(self, work: Work, digest: Any, data: bytes) -> None:
        self.work, self.digest = work, digest
        self.update(data)

    def update(self, data: Any) -> None:
        self.work["bytes hashed"] += len(data)
        self.digest.update(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.digest, name)


class Database:
    def __init__(self, work: Work, database: Any) -> None:
        self.work, self.database = work, database

    def scan(self, block: Any, match_event_handler: Callable[..., Any]) -> None:
        self.work["bytes searched"] += len(block)

        def handler(*hit: Any) -> Any:
            self.work["hits"] += 1
            return match_event_handler(*hit)

        self.database.scan(block, match_event_handler=handler)


def httpproxy(folder: Path) -> None:
    write_big_log(folder / "HttpProxy_2021030200-1.LOG", 4_000_000)


def iis(folder: Path) -> None:
    server(folder, 8000, "iis")


def event_lines(folder: Path) -> None:
    server(folder, 1200, "events")


def server(folder: Path, rows: int, family: str) -> None:
    """Write one kind of evidence of a server that somebody broke into."""
    others: Any = [one for one in get_args(Family) if one != family]
    write_server(folder, ServerSpec(lines=rows, attack="chain", omit=others))


KINDS: dict[str, Callable[[Path], None]] = {
    "httpproxy": httpproxy,
    "iis": iis,
    "events": event_lines,
}


@pytest.fixture(scope="module")
def rules() -> Pack:
    """Load the rules, which nobody has used yet: what they need is prepared under watch."""
    return loaded(Content())


@pytest.fixture
def work(rules: Pack) -> Iterator[Work]:
    found = Work()
    with pytest.MonkeyPatch.context() as patch:
        found.watch(patch)
        yield found


def loaded(content: Content) -> Pack:
    """Load rules apart from those of other tests, which must not be counted nor watched."""
    load: Any = pack.load_pack
    found: Pack = load.__wrapped__(content)
    return found


def read(folder: Path, rules: Pack) -> None:
    for unit in survey([folder]).units:
        for result in read_unit(unit, rules, lambda _: None, debug=True):
            assert result.entry.status == "read", result.entry


def faults(measured: Counter[str], written: dict[str, int]) -> list[str]:
    """Say what is much more or much less than was written down."""
    found = []
    for what in sorted({*measured, *written}):
        now, before = measured[what], written.get(what, 0)
        if now > before * MORE + FEW:
            found.append(f"{what}: {now:,} instead of {before:,}")
        elif now < before * LESS - FEW:
            found.append(f"{what}: only {now:,} instead of {before:,}; write it down: {UPDATE}")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_reading_takes_no_more_work_than_before(
    kind: str, tmp_path: Path, work: Work, rules: Pack
) -> None:
    KINDS[kind](tmp_path)
    work["calls of functions"] = calls(lambda: read(tmp_path, rules))
    compare(kind, work)


def test_loading_the_rules_takes_no_more_work_than_before(work: Work) -> None:
    work["calls of functions"] = calls(lambda: loaded(Content()))
    compare("loading", work)


def compare(kind: str, work: Work) -> None:
    """Hold what was counted against what was written down."""
    if os.environ.get("EXTRIAGE_GOLDEN") == "1":
        write_down(kind, work)
    written = yaml.safe_load(NUMBERS.read_text("utf-8"))
    assert not faults(work, written[kind])


def calls(do: Callable[[], object]) -> int:
    """Return how many functions were called meanwhile, native ones too: work of any kind shows."""
    profile = cProfile.Profile()
    profile.runcall(do)
    return sum(entry.callcount for entry in profile.getstats())


def write_down(kind: str, work: Work) -> None:
    """Keep the numbers of one kind."""
    written = yaml.safe_load(NUMBERS.read_text("utf-8")) if NUMBERS.exists() else {}
    written[kind] = dict(sorted(work.items()))
    text = yaml.safe_dump(written, sort_keys=False)
    NUMBERS.write_text(HEAD.format(update=UPDATE) + text, "utf-8")


def test_reading_without_the_prefilter_is_noticed(tmp_path: Path, work: Work, rules: Pack) -> None:
    event_lines(tmp_path)
    for file in sorted(tmp_path.rglob("*.jsonl"))[1:]:
        file.unlink()
    read(tmp_path, rules)
    few = dict(work)
    work.clear()
    read(tmp_path, loaded(Content(prefilter=False)))
    assert any(fault.startswith("rules asked") for fault in faults(work, few))
    work.clear()
    assert any("write it down" in fault for fault in faults(work, few))
