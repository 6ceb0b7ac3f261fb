"""What do indicators cost a scan?

Writes an HttpProxy and an IIS log of everyday traffic and scans them with none, ten and ten
thousand addresses to look for, and once with a list of domains, hashes and names.

    python benchmarks/indicators.py [--rounds 3] [--scale 1]
"""

import hashlib
import ipaddress
import random
import sys
from pathlib import Path

from contests import Contest, Maker, Row
from running import main
from scan import LOGS, bytes_of, write_logs
from stopwatch import MB, ours, scan

SIZE = 400_000_000


def lists(folder: Path) -> dict[str, Path]:
    """Write the lists of indicators; return them by name."""
    chance = random.Random(1)
    start = int(ipaddress.ip_address("11.0.0.0"))
    some = [str(ipaddress.ip_address(start + chance.randrange(2**28))) for _ in range(10_000)]
    mixed = [f"host{n}.badsite{n % 977}.test" for n in range(4000)]
    mixed += [hashlib.sha256(str(n).encode()).hexdigest() for n in range(4000)]
    mixed += [f"tool{n:04}x.exe" for n in range(2000)]
    files = {}
    for name, values in {"10": some[:10], "10000": some, "mixed": mixed}.items():
        files[name] = folder / f"{name}.csv"
        files[name].write_text("value\n" + "\n".join(values) + "\n", "ascii")
    return files


def contest(place: Path, scale: float) -> Contest:
    """Write the logs and the lists."""
    folder = place / "evidence"
    write_logs(folder, LOGS, int(SIZE * scale))
    size = bytes_of(folder)
    case = place / "case"
    sides = {"none": ours("scan", scan(folder, case=case))}
    rows = []
    for name, file in lists(place).items():
        command = scan(folder, case=case, more=["--indicators", str(file)])
        sides[name] = ours(f"scan for {name} indicators", command)
        rows.append(Row(f"indicators-{name}", name, "none", by="cpu"))
    return Contest("indicators, beside a scan without", size / MB, "MB", sides, rows)


CONTESTS: dict[str, Maker] = {"indicators": contest}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
