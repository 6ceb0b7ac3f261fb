"""The shell of every HTML document: our styles and scripts inside, everything else locked out.

A document is one file. Its content security policy names the SHA-256 of the one style and the one
script that it holds, so that a text from evidence could not run or fetch anything even if it came
in unescaped; and it cannot come in so, because the templates escape every text, after
`reports.neutral` has made visible what no reader can see. Hence no `style=` attributes and no
inline handlers in templates; drawings use SVG's own attributes.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from extriage.reports.neutral import visible

STYLES = ("page.css", "tables.css", "pictures.css")
SCRIPTS = ("page.js", "tables.js", "timeline.js")


def document(
    template: str,
    context: Mapping[str, Any],
    *,
    scripts: Sequence[str] = SCRIPTS,
    styles: Sequence[str] = STYLES,
    data: object = None,
    remote: bool = False,
) -> str:
    """Return a whole document from a template that extends `shell.html.j2`.

    `data` goes into the page for its scripts, as JSON; `remote` lets them ask the server that the
    page came from, which only `extriage serve` does.
    """
    style, script = _together(tuple(styles)), _together(tuple(scripts))
    return (
        environment()
        .get_template(template)
        .render(
            context,
            policy=_policy(style, script, remote=remote),
            style=Markup(style),
            script=Markup(script),
            data=island(data),
        )
    )


@cache
def environment() -> Environment:
    """Return the templates' environment: every text visible, every text escaped."""
    loader = PackageLoader("extriage.reports.html")
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["island"] = island
    return made


def island(data: object) -> Markup:
    """Return data as JSON that can stand inside a script element; its texts are made visible."""
    text = msgspec.json.encode(_harmless(data)).decode("utf-8")
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)


def _shown(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return "" if value is None else value


def _harmless(data: object) -> object:
    if isinstance(data, str):
        return visible(data)
    if isinstance(data, Mapping):
        return {visible(str(key)): _harmless(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_harmless(one) for one in data]
    return data


@cache
def _together(names: tuple[str, ...]) -> str:
    folder = files("extriage.reports.html") / "assets"
    return "\n".join((folder / name).read_text("utf-8") for name in names)


def _policy(style: str, script: str, *, remote: bool) -> str:
    connect = " connect-src 'self';" if remote else ""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}';"
        f"{connect} img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
