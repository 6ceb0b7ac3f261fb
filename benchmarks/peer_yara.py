"""Peer: YARA-X alone with our rules, and SHA-256 of each file; prints the pages that rules met.

python benchmarks/peer_yara.py FOLDER
"""

import hashlib
import sys
from pathlib import Path
from typing import Any

import yara_x

from extriage.pipeline.pack import Content, load_pack


def main(folder: Path) -> None:
    """Look at all pages below a folder."""
    scanner: Any = yara_x.Scanner(load_pack(Content()).yara.ready())
    scanner.set_timeout(20)
    for path in folder.rglob("*.aspx"):
        data = path.read_bytes()
        hashlib.sha256(data).hexdigest()
        if scanner.scan(data).matching_rules:
            print(path.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
