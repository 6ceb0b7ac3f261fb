"""Time the walk of a disk image that holds 10^5 files: a server's listing, and all of the disk.

    python benchmarks/images.py [FILES]

Needs mkntfs, wimcapture and wimapply (Debian: ntfs-3g, wimtools); the image is made once and
removed. The goal is less than 10 s for 100,000 files, counted in processor time: that of the clock
is printed beside it, and other work on the machine lengthens it.
"""

import sys
import tempfile
import time
from pathlib import Path

GOAL = 10.0
SERVER = "inetpub/logs/LogFiles/W3SVC1"


def fill(folder: Path, count: int) -> None:
    """Write a drive of many small files, some hundred of which a triage wants."""
    import image_making

    hive = image_making.system_hive({"C:": image_making.by_signature(image_making.START)})
    image_making.write(folder, {"Windows/System32/config/SYSTEM": hive})
    for number in range(count):
        at = folder / "Windows" / "WinSxS" / f"amd64_{number // 40:05}"
        if number % 40 == 0:
            at.mkdir(parents=True, exist_ok=True)
        (at / f"component-{number:06}.dll").write_bytes(b"MZ")
    (folder / SERVER).mkdir(parents=True)
    for number in range(300):
        (folder / SERVER / f"u_ex{number:06}.log").write_bytes(b"#Fields: date time\r\n")


def main(count: int) -> int:
    """Make the image, time both walks, and say whether the goal is met."""
    root = Path(__file__).resolve().parents[1]
    sys.path[:0] = [str(root / "tests" / name) for name in ("sources", "parsers")]
    import image_making

    from extriage.pipeline.beginning import evidence

    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        fill(place / "C", count)
        volume = image_making.ntfs(place / "C", place / "c.img")
        image = image_making.disk(place / "EX01.dd", volume)
        volume.unlink()
        slowest = 0.0
        for title, whole in (("what a triage needs", False), ("everything", True)):
            began, worked = time.perf_counter(), time.process_time()
            found = evidence([image], whole=whole)
            took, clock = time.process_time() - worked, time.perf_counter() - began
            slowest = max(slowest, took)
            files = sum(len(unit.inside) for unit in found.units)
            clocked = f"({clock:.2f} s by the clock)"
            print(f"{title:20} {took:6.2f} s {clocked:26} {files:8,} files to read of {count:,}")
    print(f"goal {GOAL:g} s: {'met' if slowest < GOAL else 'missed'}")
    return int(slowest >= GOAL)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
