"""Does the tool stay quiet on ordinary days, at length?

Writes sample servers with ordinary lines only (all products in turn, another seed each time) until
there are as many as asked for, scans each as a whole process, and lists every rule that found
anything. The exit code is 1 if a finding is high or critical, or claims a stage.

    python benchmarks/quiet.py [--lines 10000000] [--each 1000000]
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from extriage.samples import ServerSpec, write_server
from extriage.samples.spec import Product

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)


def findings(folder: Path) -> tuple[int, list[dict[str, Any]]]:
    """Scan a folder and return how many lines were read, and all findings."""
    case = folder.with_name("case")
    command = [sys.executable, "-m", "extriage", "scan", str(folder), "--case", str(case)]
    subprocess.run([*command, "--force", "-q"], check=False, stdout=subprocess.DEVNULL)
    document = json.loads((case / "case.json").read_bytes())
    lines = sum(
        entry["parsed"] for host in document["hosts"] for entry in host["manifest"]["entries"]
    )
    return lines, [one for host in document["hosts"] for one in host["findings"]]


def main() -> None:
    """Write, scan, count."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--lines", type=int, default=10_000_000)
    asked.add_argument("--each", type=int, default=1_000_000)
    options = asked.parse_args()
    read = 0
    met: Counter[tuple[str, str, str]] = Counter()
    for seed, product in enumerate(itertools.cycle(get_args(Product)), start=1):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "EX01"
            spec = ServerSpec(
                product=product,
                start=START,
                end=END,
                lines=min(options.each, options.lines),
                seed=seed,
                hours_per_file=24,
            )
            write_server(folder, spec)
            lines, found = findings(folder)
        read += lines
        met.update((one["level"], str(one["stage"]), one["rule"]) for one in found)
        print(f"{read:>12,} lines read, {len(found)} findings on Exchange {product}", flush=True)
        if read >= options.lines:
            break
    for (level, stage, rule), many in sorted(met.items()):
        print(f"{many:4} servers  {level:13} {stage:9} {rule}")
    weighty = [
        rule for level, stage, rule in met if level in ("high", "critical") or stage != "None"
    ]
    raise SystemExit(1 if weighty else 0)


if __name__ == "__main__":
    main()
