"""Hyperscan databases: what is searched for in blocks of evidence, whatever the case."""

from collections.abc import Sequence
from typing import Any

import hyperscan


def compiled(expressions: Sequence[bytes], *, literal: bool = False) -> Any:
    """Return the database that tells which of the expressions stands where; None for none."""
    if not expressions:
        return None
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=list(expressions),
        ids=list(range(len(expressions))),
        elements=len(expressions),
        flags=hyperscan.HS_FLAG_CASELESS,
        literal=literal,
    )
    return database
