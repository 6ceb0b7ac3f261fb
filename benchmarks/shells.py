"""How many look-alikes of web shells are found, by rules and by structure, measured apart?

Reads each page of the generated corpus (tests/webshells) as a scan would. Prints for each technique
how many are found by YARA rules alone, by rules over what the page does alone, by both, only by
words in them, only by their place or name, or not at all. Then how many ordinary pages are taken
for shells. `--by` groups by another side of the corpus. With an archive or a folder of ordinary
pages, these are read too.

    python benchmarks/shells.py [--by technique|trick|encoding] [--misses FILE] [PAGES.zip]
"""

import argparse
import io
import sys
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from extriage.model.detection import Level
from webshells.corpus import Variant, corpus
from webshells.verdicts import Met, met

COLUMNS = ("rules", "structure", "both", "words", "place", "missed")
ALONE = ("rules", "structure", "words", "place")


def column(found: Iterable[Met]) -> str:
    """Tell by what a page was found."""
    sources = {one.source for one in found if one.level.rank >= Level.MEDIUM.rank}
    if {"rules", "structure"} <= sources:
        return "both"
    return next((name for name in ALONE if name in sources), "missed")


def ordinary(place: Path) -> Iterator[Variant]:
    """Yield the pages of an archive, or of a folder, as ordinary ones."""
    if place.is_dir():
        files = sorted(file for file in place.rglob("*") if file.is_file())
        pages = ((str(file.relative_to(place)), file.read_bytes()) for file in files)
    else:
        packed = zipfile.ZipFile(io.BytesIO(place.read_bytes()))
        pages = ((one.filename, packed.read(one)) for one in packed.infolist() if not one.is_dir())
    for name, data in pages:
        yield Variant(name, "ordinary", "", "", f"C/inetpub/wwwroot/{name}", data, "benign")


def table(rows: dict[str, Counter[str]]) -> None:
    """Print how many of each row were found by what."""
    print(f"{'':44}" + "".join(f"{name:>10}" for name in (*COLUMNS, "all")))
    total: Counter[str] = Counter()
    for name in sorted(rows):
        total += rows[name]
    for name, counts in [*sorted(rows.items()), ("all", total)]:
        numbers = [counts[one] for one in COLUMNS]
        print(f"{name[:43]:44}" + "".join(f"{n or '.':>10}" for n in (*numbers, sum(numbers))))


def alarms(variants: Iterable[Variant], verdicts: dict[str, tuple[Met, ...]]) -> list[str]:
    """Return the ordinary pages that are taken for shells, with the rules."""
    found = []
    for variant in variants:
        rules = [one for one in verdicts[variant.name] if one.level.rank >= Level.MEDIUM.rank]
        if rules:
            words = ", ".join(f"{one.rule} ({one.source}, {one.level})" for one in rules)
            found.append(f"{variant.name} [{variant.trick}, {variant.encoding}]: {words}")
    return found


def main() -> None:
    """Read the corpus, count, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--by", choices=("technique", "trick", "encoding"), default="technique")
    asked.add_argument("--misses", type=Path, help="write all misses to this file")
    asked.add_argument("pages", type=Path, nargs="?")
    options = asked.parse_args()
    started = time.perf_counter()
    verdicts = met(corpus())
    spent = time.perf_counter() - started
    shells = [variant for variant in corpus() if variant.expect == "shell"]
    rows: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for variant in shells:
        rows[getattr(variant, options.by)][column(verdicts[variant.name])] += 1
    table(rows)
    print(f"\n{len(corpus()):,} pages read in {spent:.1f} s")
    benign = [variant for variant in corpus() if variant.expect == "benign"]
    accused = alarms(benign, verdicts)
    print(f"\n{len(accused)} of {len(benign)} ordinary pages of the corpus taken for shells")
    print("\n".join(accused))
    if options.pages:
        pages = list(ordinary(options.pages))
        strange = alarms(pages, met(pages))
        print(f"\n{len(strange)} of {len(pages):,} pages of {options.pages.name} taken for shells")
        print("\n".join(strange))
    if options.misses:
        missed = [v for v in shells if column(verdicts[v.name]) in ("missed", "place")]
        lines = [f"{v.technique} | {v.trick} | {v.encoding} | {v.name}" for v in missed]
        options.misses.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
