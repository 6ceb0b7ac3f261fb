"""What does each rule cost on ordinary logs: how many lines does the search stop at for it?

Writes an ordinary log of the kind, reads it with all bundled rules (and `--rules`), and lists for
each rule the lines that were looked at for it, the records that were made and shown to it, and how
many of them met it. Below that come the literals that ordinary lines are full of.

    python benchmarks/literals.py [--log iis] [--bytes 50000000] [--rules FOLDER]
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from unittest.mock import patch

from extriage.matchers import prefilter as engine
from extriage.matchers.prefilter import Prefilter, Watch
from extriage.model.evidence import Record
from extriage.parsers import KINDS, LineFormat
from extriage.pipeline import disguised
from extriage.pipeline.collect import Collector
from extriage.pipeline.lines import LineReader
from extriage.pipeline.pack import Content, load_pack
from extriage.samples import write_big_iis, write_big_log

LOGS: dict[str, Callable[[Path, int], int]] = {"httpproxy": write_big_log, "iis": write_big_iis}
MOST = 30


class Counted:
    """Counts what passes between search, columns and rules."""

    def __init__(self) -> None:
        self.looked: Counter[str] = Counter()
        self.shown: Counter[str] = Counter()
        self.met: Counter[str] = Counter()

    def shows(self, watches: Iterable[Watch], met: Iterable[Watch]) -> None:
        """Count the records that a rule gets to see, and those that meet it."""
        self.shown.update(watch.rule.rule.path for watch in watches)
        self.met.update(watch.rule.rule.path for watch in met)


def read(kind: str, log: Path, content: Content) -> tuple[Counted, Counter[bytes], int]:
    """Read a log with all rules and count."""
    counted, pack = Counted(), load_pack(content)
    prefilter, of = pack.prefilter(kind), KINDS[kind].format
    assert of is not None
    engine.WORTH_IT = -1
    reader = LineReader(str(log), of, prefilter, Collector(pack.joined, pack.suppressor))
    meets, candidates = disguised.met, Prefilter.candidates

    def met(watches: Iterable[Watch], record: Record, format: LineFormat) -> list[Watch]:
        found = meets(watches, record, format)
        counted.shows(watches, found)
        return found

    def counting(
        self: Prefilter, literals: Iterable[int], lowered: bytes, known: Iterable[int] = ()
    ) -> list[Watch]:
        found = candidates(self, literals, lowered, known)
        counted.looked.update(watch.rule.rule.path for watch in found)
        return found

    disguised.met = met
    hits: Counter[bytes] = Counter()
    with log.open("rb") as file, patch.object(Prefilter, "candidates", counting):
        reader.read(file, lambda _: None)
        file.seek(0)
        for block in iter(lambda: file.read(1 << 21), b""):
            hits.update(prefilter.literals[number] for _, number in prefilter.hits(block))
    return counted, hits, reader.counts.lines


def main() -> None:
    """Write a log, read it, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--log", choices=sorted(LOGS), default="iis")
    asked.add_argument("--bytes", type=int, default=50_000_000)
    asked.add_argument("--rules", action="append", default=[])
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "ordinary.log"
        LOGS[options.log](log, options.bytes)
        counted, hits, lines = read(options.log, log, Content(rules=tuple(options.rules)))
    print(f"{lines:,} lines; looked at, shown to the rule, met:")
    for rule, many in counted.looked.most_common(MOST):
        print(f"{many:9,} {counted.shown[rule]:9,} {counted.met[rule]:9,}  {rule}")
    print("Literals alone (rules with rarer company do not stop at them):")
    for literal, many in hits.most_common(MOST):
        print(f"{many:9,}  {literal.decode()}")


if __name__ == "__main__":
    main()
