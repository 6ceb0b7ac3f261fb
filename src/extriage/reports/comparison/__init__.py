"""Two cases compared, as documents: for the screen, for tickets, for a browser, for programs.

All of them tell the same blocks in the same words (`blocks`). A new format is a module with
`render(comparison, options) -> str` and one line in `FORMATS`.
"""

import importlib
from collections.abc import Callable

from extriage.model.comparison import Comparison
from extriage.reports.base import RenderOptions

Render = Callable[[Comparison, RenderOptions], str]

FORMATS = {
    "text": "screen",
    "html": "page",
    "markdown": "markdown",
    "json": "document",
    "csv": "table",
}
"""Every format by its name, with the module that writes it."""


def render(format_: str, comparison: Comparison, options: RenderOptions) -> str:
    """Return a comparison as one document; rich and jinja2 are imported only if needed."""
    module = importlib.import_module(f"extriage.reports.comparison.{FORMATS[format_]}")
    write: Render = module.render
    return write(comparison, options)
