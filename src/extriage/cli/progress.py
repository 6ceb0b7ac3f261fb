"""Who watches a scan: a bar on a terminal, else nobody.

The bar's library takes a while to import, so it is only asked for when somebody can see it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from extriage.pipeline.scan import Watcher


class Nobody:
    """A watcher that shows nothing."""

    def total(self, size: int, units: int) -> None:
        """Take no notice."""

    def read(self, size: int) -> None:
        """Take no notice."""

    def done(self, path: str, findings: int) -> None:
        """Take no notice."""

    def again(self, size: int, logs: int) -> None:
        """Take no notice."""


@contextmanager
def progress(*, shown: bool) -> Iterator[Watcher]:
    """Show the progress of a scan while it runs, if it is wanted and stderr is a terminal."""
    if not shown or not sys.stderr.isatty():
        yield Nobody()
        return
    from extriage.cli.bar import Bar  # noqa: PLC0415

    with Bar() as bar:
        yield bar
