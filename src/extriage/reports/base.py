"""What a report is: one case in, one document out, or a few files that belong together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from extriage.model.case import Case


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What the reader's screen can show, and where the full case lies.

    Width, colour and ASCII are for the terminal report; files are the same for every screen.
    """

    width: int = 80
    color: bool = False
    ascii: bool = False
    """True for screens and fonts that show nothing beyond ASCII."""
    cases_at: str = ""
    """The case folder as the user named it; empty when nothing was written."""
    show_suppressed: bool = False
    """True to list what suppress files took away, not only to count it."""
    tlp: str = ""
    """Who may see it, by the Traffic Light Protocol 2.0: `clear`, `green`, `amber`, `amber+strict`
    or `red`; empty if nobody said."""


@dataclass(frozen=True, slots=True)
class Report:
    """One format that `extriage report` offers."""

    format: str
    title: str
    """What an analyst gets, for the help text."""
    render: Callable[[Case, RenderOptions], str]
    """UsageError for a format of several files."""
    files: Callable[[Case, RenderOptions], Mapping[str, str]] | None = None
    """Set for a format of several files: the text of each by its name."""
    names: Callable[[], Sequence[str]] | None = None
    """The names of these files, known without a case."""
