"""How many small pages a second, beside YARA-X alone and the yara command with the same rules?

Multiplies given pages (default: 300 made up here) to as many files as asked for, each different by
one comment, puts a few shells among them, and measures in turns, so that what else the machine does
falls on all: `extriage scan` with one and two workers as whole processes; YARA-X in this process
with SHA-256 of each file; and, if it is installed, Debian's yara. Rules that yara does not compile
are named and left out for it.

    python benchmarks/pages.py [--pages FOLDER] [--files 20000] [--rounds 3]
"""

import argparse
import hashlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from extriage.pipeline.pack import Content, load_pack

RULES = Path(str(resources("extriage"))) / "content" / "yara"
KINDS = {".aspx", ".ashx", ".asmx", ".ascx", ".asax", ".svc"}
SHELLS = 20


def made_up() -> Iterator[bytes]:
    """Return pages as developers write them, of one to six kilobytes."""
    for number in range(300):
        rows = "".join(
            f'  <asp:BoundField DataField="Column{row}" HeaderText="Column {row}" />\n'
            for row in range(5 + number % 60)
        )
        yield (
            f'<%@ Page Language="C#" CodeBehind="Page{number}.aspx.cs" Inherits="A.P{number}" %>\n'
            f'<form runat="server">\n<asp:GridView ID="Grid" runat="server">\n{rows}'
            f'</asp:GridView>\n<p><%= Request["id"] %></p>\n</form>\n'
        ).encode()


def pages_below(folder: Path | None) -> list[bytes]:
    """Return the pages of a folder, or some that are made up."""
    if folder is None:
        return list(made_up())
    found = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in KINDS)
    return [path.read_bytes() for path in found if path.is_file()]


def write(folder: Path, pages: list[bytes], many: int) -> int:
    """Write pages, each different, and a few shells; return how many bytes."""
    pieces = (b'<%@ Page Language="Jscript" %><%ev', b"al(Requ", b'est["x"],"unsa', b'fe");%>')
    shell = b"".join(pieces)
    size = 0
    for number in range(many):
        place = folder / f"EX01/inetpub/wwwroot/site{number // 500}"
        place.mkdir(parents=True, exist_ok=True)
        body = shell if number % (many // SHELLS or 1) == 0 else pages[number % len(pages)]
        data = body + b"\n<!-- %d -->\n" % number
        (place / f"page{number}.aspx").write_bytes(data)
        size += len(data)
    return size


def scan(folder: Path, jobs: int) -> None:
    """Scan as a whole process."""
    case = folder.with_name("case")
    command = [sys.executable, "-m", "extriage", "scan", str(folder), "--case", str(case)]
    done = subprocess.run([*command, "--force", "-q", "--jobs", str(jobs)], check=False)
    assert done.returncode == 1, "the shells must be found"


def in_process(folder: Path) -> None:
    """Run the same rules with YARA-X alone, and hash each file."""
    import yara_x

    scanner: Any = yara_x.Scanner(load_pack(Content()).yara.ready())
    scanner.set_timeout(20)
    met = 0
    for path in folder.rglob("*.aspx"):
        data = path.read_bytes()
        hashlib.sha256(data).hexdigest()
        met += bool(scanner.scan(data).matching_rules)
    assert met >= SHELLS


def rules_for_yara(place: Path) -> tuple[list[str], list[str]]:
    """Return the arguments that name our rules to yara, and the rules that it does not compile."""
    arguments, left_out = list[str](), list[str]()
    for file in sorted(RULES.glob("*.yar")):
        head, *rules = re.split(r"(?m)^(?=(?:private )?rule )", file.read_text("utf-8"))
        kept, shared = [head], [rule for rule in rules if rule.startswith("private")]
        for rule in rules:
            alone = rule if rule in shared else "".join([*shared, rule])
            if _compiles(alone, place / "one.yar"):
                kept.append(rule)
            else:
                left_out.append(rule.split()[1])
        own = place / file.name
        own.write_text("".join(kept), "utf-8")
        arguments.append(f"{file.stem.replace('-', '_')}:{own}")
    return arguments, left_out


def _compiles(source: str, file: Path) -> bool:
    file.write_text(source, "utf-8")
    command = ["yara", str(file), str(file)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def yara(folder: Path, rules: list[str], threads: int) -> None:
    """Run the yara command over the folder."""
    command = ["yara", "-r", "-w", "-p", str(threads), *rules, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True)
    assert len(done.stdout.splitlines()) >= SHELLS


def main() -> None:
    """Write, measure in turns, print files a second (the median)."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--pages", type=Path)
    asked.add_argument("--files", type=int, default=20_000)
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "evidence"
        size = write(folder, pages_below(options.pages), options.files)
        print(f"{options.files:,} files, {size / options.files:,.0f} bytes each on average")
        runs: dict[str, Callable[[], None]] = {
            "extriage scan, 1 worker": lambda: scan(folder, 1),
            "extriage scan, 2 workers": lambda: scan(folder, 2),
            "YARA-X and SHA-256 alone": lambda: in_process(folder),
        }
        if shutil.which("yara"):
            rules, left_out = rules_for_yara(Path(name))
            print(f"rules that yara does not compile: {', '.join(left_out) or 'none'}")
            runs["yara -p1"] = lambda: yara(folder, rules, 1)
            runs["yara -p2"] = lambda: yara(folder, rules, 2)
        times: dict[str, list[float]] = {what: [] for what in runs}
        for _ in range(options.rounds):
            for what, run in runs.items():
                began = time.perf_counter()
                run()
                times[what].append(time.perf_counter() - began)
        for what, taken in times.items():
            middle = statistics.median(taken)
            print(f"{what:26} {options.files / middle:>8,.0f} files/s  ({middle:.2f} s)")


if __name__ == "__main__":
    main()
