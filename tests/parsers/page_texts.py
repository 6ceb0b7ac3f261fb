"""Pages for tests: look-alikes of web shells, put together when a test asks, and ordinary pages."""

from pathlib import Path
from typing import Any

import yaml

from extriage.model.evidence import Origin
from extriage.parsers import page_record

HERE = Path(__file__).parent


def whole(text: str) -> str:
    """Take the marks out that keep antivirus away."""
    return text.replace("~", "")


def rows(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((HERE / name).read_text("utf-8"))
    return found


def seen(text: str | bytes, path: str = "C/inetpub/x.aspx") -> dict[str, Any]:
    """Return the fields of a page."""
    data = text if isinstance(text, bytes) else whole(text).encode()
    return dict(page_record(path, data, Origin(path, 1)).fields)
