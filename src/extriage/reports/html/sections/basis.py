"""What the page rests on: versions and dates, how to get the same again, whose rules were met."""

import re
from dataclasses import dataclass

from extriage.model.case import Case
from extriage.reports.base import RenderOptions
from extriage.reports.html.sections.bounds import brief
from extriage.reports.imprint import handled

_AUTHORS = 40


@dataclass(frozen=True, slots=True)
class Basis:
    """Versions, commands and authors."""

    versions: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, str], ...]
    """A command, and what it gives."""
    authors: tuple[str, ...]
    authors_left: int


def basis(case: Case, options: RenderOptions) -> Basis:
    """Return what makes it repeatable: equal evidence and versions give an equal case."""
    tool = case.tool
    place = _place(options.cases_at)
    names = sorted({one.author for host in case.hosts for one in host.findings if one.author})
    return Basis(
        versions=(
            ("extriage", brief(tool.version)),
            ("Knowledge as of", brief(tool.knowledge_as_of)),
            ("Rules and facts (SHA-256)", brief(tool.content_sha256) or "not recorded"),
            ("Rules loaded", f"{tool.rules:,}"),
            ("Schema of the case", brief(case.schema)),
            *handled(case),
        ),
        commands=(
            ("extriage scan EVIDENCE --case NEW.case", "the same case again, from the evidence"),
            (f"extriage report {place} --format html -o report.html", "this page"),
            (f"extriage report {place} --format plan", "the action plan as a check list"),
            (f"extriage report {place} --format markdown", "a short text for a ticket or a mail"),
            (f"extriage answers {place} --form questions", "what everybody asks, with answers"),
            (f"extriage report {place} --format csv-set -o tables.zip", "all tables, safe to open"),
            (f"extriage report {place} --format json", "everything, as one document"),
            (f"extriage timeline {place}", "all moments in order"),
        ),
        authors=tuple(brief(name) for name in names[:_AUTHORS]),
        authors_left=max(len(names) - _AUTHORS, 0),
    )


def _place(path: str) -> str:
    """Return the name of the case's folder, not its path: the page is handed on."""
    folder = re.split(r"[/\\]", path.removesuffix("case.json").rstrip("/\\"))[-1]
    name = brief(folder) or "CASE"
    return f'"{name}"' if " " in name else name
