"""How many small pages a second, beside the yara command with the same rules?

Multiplies given pages (those of the folder that EXTRIAGE_PAGES names, else 300 made up here), each
different by one comment, puts a few shells among them, and measures in turns: the whole scan with
one and with two workers, hashing included; Debian's yara with one and two threads; and YARA-X alone
with SHA-256 of each file (`peer_yara.py`). Rules that yara does not compile are left out for it,
and named.

    python benchmarks/pages.py [--rounds 3] [--scale 1]
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files as resources
from pathlib import Path

from contests import Contest, Goal, Maker, Measure, Row
from running import main
from stopwatch import Run, Side, ours, peer, scan

FILES = 20_000
FOLDER = "EXTRIAGE_PAGES"
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


def pages_below(folder: str | None) -> list[bytes]:
    """Return the pages of a folder, or some that are made up."""
    if not folder:
        return list(made_up())
    found = (path for path in sorted(Path(folder).rglob("*")) if path.suffix.lower() in KINDS)
    return [path.read_bytes() for path in found if path.is_file()]


def write(folder: Path, pages: list[bytes], many: int) -> None:
    """Write pages, each different, and a few shells."""
    pieces = (b'<%@ Page Language="Jscript" %><%ev', b"al(Requ", b'est["x"],"unsa', b'fe");%>')
    shell = b"".join(pieces)
    for number in range(many):
        place = folder / f"EX01/inetpub/wwwroot/site{number // 500}"
        place.mkdir(parents=True, exist_ok=True)
        body = shell if number % (many // SHELLS or 1) == 0 else pages[number % len(pages)]
        (place / f"page{number}.aspx").write_bytes(body + b"\n<!-- %d -->\n" % number)


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


def contest(place: Path, scale: float) -> Contest:
    """Write the pages, and the rules as yara reads them."""
    many = max(SHELLS * 10, int(FILES * scale))
    folder = place / "evidence"
    write(folder, pages_below(os.environ.get(FOLDER)), many)
    sides = {
        "one": ours("extriage scan --jobs 1", scan(folder, case=place / "case")),
        "two": ours("extriage scan --jobs 2", scan(folder, case=place / "case2", jobs=2)),
        "alone": Side("YARA-X and SHA-256 alone", peer("peer_yara.py", folder)),
    }
    rows = [Row("pages-alone", "one", "alone", by="cpu", check=shells)]
    if shutil.which("yara"):
        rules, left_out = rules_for_yara(place)
        without = f", without {', '.join(left_out)}" if left_out else ""
        measures: tuple[tuple[str, int, Measure], ...] = (("one", 1, "cpu"), ("two", 2, "wall"))
        for name, threads, by in measures:
            command = ["yara", "-r", "-w", "-p", str(threads), *rules, str(folder)]
            sides[f"yara {name}"] = Side(f"yara -p {threads}{without}", command)
            goal = Goal("times as fast", 1.0)
            rows.append(Row(f"pages-{name}", name, f"yara {name}", goal, by, check=shells))
    return Contest("small pages", many, "files", sides, rows)


def shells(_ours: Run, peer: Run | None) -> str:
    """Say so if the peer has not found the shells."""
    found = len(set(re.findall(r"page\d+\.aspx", peer.said))) if peer else SHELLS
    return "" if found >= SHELLS else f"only {found} of {SHELLS} shells found by the peer"


CONTESTS: dict[str, Maker] = {"pages": contest}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
