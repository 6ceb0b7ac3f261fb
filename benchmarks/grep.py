"""How fast does `extriage grep` search large logs, beside ripgrep?

Writes an HttpProxy log and an IIS log and runs, for a text that stands nowhere, one that is rare
and one that is common, `extriage grep` for it, lines counted, and ripgrep for the same text,
whatever the case, with line numbers. What Python takes to start is part of it.

    python benchmarks/grep.py [--rounds 3] [--scale 1]
"""

import sys
from pathlib import Path

from contests import Contest, Maker, Row
from running import main
from scan import LOGS, bytes_of, write_logs
from stopwatch import MB, Side, ripgrep

SIZE = 300_000_000
TEXTS = {
    "nowhere": "this-text-is-nowhere",
    "rare": "/owa/auth/logon.aspx",
    "common": "microsoft-server-activesync",
}


def contest(place: Path, scale: float) -> Contest:
    """Write the logs."""
    folder = place / "logs"
    write_logs(folder, LOGS, int(SIZE * scale))
    size = bytes_of(folder)
    sides, rows = dict[str, Side](), []
    for name, text in TEXTS.items():
        search = [sys.executable, "-m", "extriage", "grep", "-c", "--jobs", "1", "-e"]
        ripped = [ripgrep(), "-a", "-i", "-n", "-F", "-j", "1", text, str(folder)]
        sides[name] = Side(f"extriage grep, {name}", [*search, f'"{text}"', str(folder)], (0, 1))
        sides[f"rg {name}"] = Side(f"rg, {name}", ripped, (0, 1))
        rows.append(Row(f"grep-{name}", name, f"rg {name}", by="cpu"))
    return Contest("grep for one text", size / MB, "MB", sides, rows)


CONTESTS: dict[str, Maker] = {"grep": contest}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
