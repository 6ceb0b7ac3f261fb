"""How fast is a scan of large logs, beside ripgrep on one core, and with two workers beside one?

Writes one log (HttpProxy, or IIS with both its sites), or as much in many logs of both kinds, and
runs in turn

* `extriage scan` with all bundled rules, with one worker and with two, the case written,
* ripgrep that counts the lines with one of the literals that the scan searches for,
* ripgrep with the expressions that the scan searches plain rows for (a literal, or a literal and
  what must stand beside it), so that both stop at the same lines.

Needs `rg` (in the `dev` extra).

    python benchmarks/scan.py [httpproxy] [iis] [logs] [--rounds 3] [--scale 1]
"""

import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from contests import Contest, Goal, Maker, Row
from running import main
from stopwatch import MB, Side, ours, ripgrep, scan

from extriage.pipeline.pack import Content, load_pack
from extriage.samples import write_big_iis, write_big_log

SIZE = 1_000_000_000
FILE = 20_000_000
LOGS = {
    "httpproxy": ("HttpProxy_2021030200-1.LOG", write_big_log),
    "iis": ("u_ex210220.log", write_big_iis),
}
DELIMITERS = {"httpproxy": b",", "iis": b" "}


def contest(kinds: Iterable[str], place: Path, scale: float) -> Contest:
    """Write a log of each kind and return the contest over all of them."""
    kinds = tuple(kinds)
    name = kinds[0] if len(kinds) == 1 else "logs"
    folder = place / "evidence"
    write_logs(folder, kinds, int(SIZE * scale), FILE if len(kinds) > 1 else SIZE)
    size = bytes_of(folder)
    literals, expressions = place / "literals", place / "expressions"
    numbers = patterns(kinds, literals, expressions)
    sides = {
        "one": ours("extriage scan --jobs 1", scan(folder, case=place / "case")),
        "two": ours("extriage scan --jobs 2", scan(folder, case=place / "case2", jobs=2)),
        "literals": searched(f"rg -c -F -i -j 1 -f {numbers[0]} literals", literals, folder),
        "expressions": searched(f"rg -c -i -j 1 -f {numbers[1]} expressions", expressions, folder),
    }
    twice, both = Goal("times as fast", 2.0), Goal("times as fast", 1.7)
    rows = [
        Row(name, "one", "literals", twice, by="cpu"),
        Row(f"{name}-same", "one", "expressions", None, by="cpu"),
        Row(f"{name}-same-two", "two", "expressions", Goal("times as fast", 1.0)),
        Row(f"{name}-two", "two", "one", both),
    ]
    titles = {
        "httpproxy": "an HttpProxy log",
        "iis": "an IIS log",
        "logs": "many logs of both kinds",
    }
    return Contest(titles[name], size / MB, "MB", sides, rows)


def write_logs(folder: Path, kinds: Iterable[str], size: int, most: int = SIZE) -> None:
    """Write logs of each kind, so many bytes together, and none larger than `most`."""
    kinds = tuple(kinds)
    share = size // len(kinds)
    for kind in kinds:
        file, write = LOGS[kind]
        for number in range(max(1, share // most)):
            place = folder / str(number)
            place.mkdir(parents=True, exist_ok=True)
            write(place / file, min(share, most), 1 + number)


def bytes_of(folder: Path) -> int:
    """Return how many bytes all files below a folder hold."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def patterns(kinds: Iterable[str], literals: Path, expressions: Path) -> tuple[int, int]:
    """Write down what a scan of such logs searches for; return how many there are of each."""
    pack = load_pack(Content())
    found: tuple[set[bytes], set[bytes]] = set(), set()
    for kind in kinds:
        prefilter = pack.prefilter(kind)
        together = prefilter.together(DELIMITERS[kind], SIZE)
        assert together is not None
        found[0].update(prefilter.literals)
        found[1].update(together.expressions)
    for file, texts in zip((literals, expressions), found, strict=True):
        file.write_bytes(b"".join(text + b"\n" for text in sorted(texts)))
    return len(found[0]), len(found[1])


def searched(title: str, file: Path, folder: Path) -> Side:
    """Return the side that counts the lines with one of the patterns in a file."""
    kind = ["-F"] if file.name == "literals" else ["--no-unicode"]
    command = [ripgrep(), "-a", "-i", "-c", *kind, "-j", "1", "-f", str(file), str(folder)]
    return Side(title, command, (0, 1))


CONTESTS: dict[str, Maker] = {
    "httpproxy": partial(contest, ["httpproxy"]),
    "iis": partial(contest, ["iis"]),
    "logs": partial(contest, ["httpproxy", "iis"]),
}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
