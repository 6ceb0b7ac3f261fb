"""OABGenerator log: what the generation of the offline address book reports; UTC.

No sample of the file's head is public: it is written with the head that Exchange's other text
logs share. What counts is the wording about a download that failed.
"""

from datetime import datetime

from extriage.samples.organisation import stamp


def head(first: datetime) -> list[str]:
    """Return the comment block."""
    return [
        "#Software: Microsoft Exchange Server",
        "#Version: 15.0.0.0",
        "#Log-type: OAB Generator Log",
        f"#Date: {stamp(first)}",
        "#Fields: DateTime,ThreadId,Level,Message",
    ]


def generated(time: datetime, oab: str, entries: int) -> str:
    """Return the line of an ordinary generation."""
    return f"{stamp(time)},17,Information,Generated offline address book {oab} with {entries} items"


def download_failed(time: datetime, path: str) -> str:
    """Return the line about a temporary file that was left behind."""
    return (
        f"{stamp(time)},17,Warning,Download failed and temporary file '{path}' needs to be removed"
    )
