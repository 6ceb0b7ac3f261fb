"""Progress of a scan on stderr: bytes, rate, time left, rules met so far."""

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from extriage.reports.neutral import visible


class Bar:
    """A watcher of the scan that draws a bar."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[met]}"),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("reading", total=None, met="")
        self._met = 0

    def __enter__(self) -> "Bar":
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._progress.stop()

    def total(self, size: int, units: int) -> None:
        """Hear how much there is to read."""
        self._progress.update(self._task, total=size, description=f"reading {units:,} units")

    def read(self, size: int) -> None:
        """Hear that this many more bytes were read."""
        self._progress.advance(self._task, size)

    def again(self, size: int, logs: int) -> None:
        """Hear that logs are read once more; the bar begins anew, as often as they are."""
        text = f"following suspects in {logs:,} log{'s' if logs != 1 else ''}"
        self._progress.reset(self._task, total=size, description=text)

    def done(self, path: str, findings: int) -> None:
        """Hear that a unit is done and how many rules it met."""
        self._met += findings
        if findings:
            where = visible(path)[-40:]
            self._progress.update(self._task, met=f"{self._met:,} rules met, last in {where}")
