"""How fast does `extriage grep` search large logs, beside ripgrep?

Writes an HttpProxy log and an IIS log of about 150 MB each (or `--bytes` together) and runs, in
turn and several times, for a text that stands nowhere, one that is rare, and one that is common,

* `extriage grep` for it, lines counted,
* ripgrep for the same text, whatever the case, with line numbers,

each as a whole process. What Python takes to start is measured with `extriage grep` on a small file
and shown beside. Needs `rg` (in the `dev` extra) on the path.

    python benchmarks/grep.py [--bytes 300000000] [--rounds 5] [--jobs 1]
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from scan import Run, measure, ripgrep

from extriage.samples import write_big_iis, write_big_log

TEXTS = {
    "nowhere": "this-text-is-nowhere",
    "rare": "/owa/auth/logon.aspx",
    "common": "microsoft-server-activesync",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, default=300_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        logs, small = Path(folder) / "logs", Path(folder) / "small"
        logs.mkdir()
        small.mkdir()
        write_big_log(logs / "HttpProxy_2021030200-1.LOG", options.bytes // 2, 1)
        write_big_iis(logs / "u_ex210220.log", options.bytes // 2, 1)
        (small / "u_ex210302.log").write_text("#Fields: date time c-ip\n2021-03-02 01:00:00 ::1\n")
        size = sum(file.stat().st_size for file in logs.iterdir())
        print(f"{size / 1e6:,.0f} MB, {options.rounds} rounds, jobs {options.jobs}")
        for name, text in TEXTS.items():
            compare(name, text, logs, small, options)


def compare(name: str, text: str, logs: Path, small: Path, options: argparse.Namespace) -> None:
    """Measure one text, interleaved, and print medians."""
    jobs = str(options.jobs)
    ours = [sys.executable, "-m", "extriage", "grep", "-c", "--jobs", jobs, "-e", f'"{text}"']
    theirs = [ripgrep(), "-a", "-i", "-n", "-F", "-j", jobs, text, str(logs)]
    runs: list[tuple[Run, Run, Run]] = []
    for turn in range(options.rounds + 1):
        found = measure([*ours, str(logs)]), measure(theirs), measure([*ours, str(small)])
        if turn:
            runs.append(found)
    wall, ripped, start = (statistics.median(run[at].wall for run in runs) for at in range(3))
    ratio = statistics.median((run[0].wall - run[2].wall) / run[1].wall for run in runs)
    peak = max(run[0].megabytes for run in runs)
    print(
        f"{name:8} extriage {wall:5.2f} s, of these {start:4.2f} s to start, peak {peak:3.0f} MB; "
        f"ripgrep {ripped:5.2f} s; the search alone takes {ratio:.1f} times as long"
    )


if __name__ == "__main__":
    main()
