"""Reads an HTML page as strictly as a page of ours must be, and says what is wrong with it."""

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "link", "br", "input", "hr", "img", "col"}
SHAPES = {"path", "rect", "circle", "line", "use", "polygon", "polyline", "stop"}
SCHEMES = re.compile(r"(#[!%'()*,.\w~-]*|data:,)\Z", re.ASCII)
ROWS = re.compile(r"h\d+-(finding|moment)-.+\Z")
"""Addresses of rows of tables, which scripts find."""


@dataclass(slots=True)
class Element:
    """One element, as it was written."""

    tag: str
    attributes: dict[str, str]
    pieces: list[str] = field(repr=False)
    """All texts of the page."""
    first: int
    """Where its own begin."""
    last: int | None = None

    @property
    def text(self) -> str:
        """Return all text inside of it."""
        return "".join(self.pieces[self.first : self.last])


@dataclass(repr=False)
class Page(HTMLParser):
    """A page taken apart; `faults` says in words what is wrong."""

    html: str
    elements: list[Element] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()
        self.faults += [f"<{one.tag}> is never closed" for one in self.open]
        self._ids()
        self._addresses()
        self._headings()
        self._attributes()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice")
        values = {name: value or "" for name, value in attrs}
        element = Element(tag, values, self.pieces, len(self.pieces))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()
            if tag not in SHAPES:
                self.faults.append(f"<{tag}/> closes itself, which HTML does not know")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].tag != tag:
            where = self.open[-1].tag if self.open else "nothing"
            self.faults.append(f"</{tag}> at line {self.getpos()[0]} closes <{where}>")
            return
        self.open.pop().last = len(self.pieces)

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    def all(self, tag: str) -> list[Element]:
        """Return the elements of a name, in order."""
        return [one for one in self.elements if one.tag == tag]

    def of_class(self, name: str) -> list[Element]:
        """Return the elements of a class, in order."""
        return [one for one in self.elements if name in one.attributes.get("class", "").split()]

    def by_id(self, name: str) -> Element:
        """Return the element of an id."""
        return next(one for one in self.elements if one.attributes.get("id") == name)

    @property
    def ids(self) -> set[str]:
        """Return all ids."""
        return {one.attributes["id"] for one in self.elements if "id" in one.attributes}

    def _ids(self) -> None:
        counts = Counter(one.attributes["id"] for one in self.elements if "id" in one.attributes)
        self.faults += [f"id {name} stands {n} times" for name, n in counts.items() if n > 1]
        self.faults += [
            f"id {name!r} is odd" for name in counts if not re.match(r"[\w.-]+\Z", name)
        ]
        for one in self.elements:
            for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
                for wanted in one.attributes.get(name, "").split():
                    if wanted not in counts:
                        self.faults.append(f"<{one.tag} {name}={wanted}>: no such id")

    def _addresses(self) -> None:
        for one in self.elements:
            for name in ("href", "src", "action", "formaction", "xlink:href"):
                address = one.attributes.get(name)
                if address is None:
                    continue
                if not SCHEMES.match(address):
                    self.faults.append(f"<{one.tag} {name}={address!r}> leads out of the page")
                target = address[1:]
                if address.startswith("#") and target not in self.ids and not ROWS.match(target):
                    self.faults.append(f"nothing has the id of {address}")

    def _headings(self) -> None:
        levels = [int(one.tag[1]) for one in self.elements if re.fullmatch(r"h[1-6]", one.tag)]
        if levels.count(1) != 1 or levels[:1] != [1]:
            self.faults.append(f"the page has {levels.count(1)} h1, or it is not the first heading")
        for before, after in pairwise(levels):
            if after > before + 1:
                self.faults.append(f"a heading of level {after} follows one of level {before}")

    def _attributes(self) -> None:
        for one in self.elements:
            odd = [name for name in one.attributes if name.startswith("on") or name == "style"]
            self.faults += [f"<{one.tag}> has {name}=" for name in odd]
            if one.tag == "button" and one.attributes.get("type") != "button":
                self.faults.append("a button without type=button")
            if one.tag == "th" and one.attributes.get("scope") not in {"col", "row"}:
                self.faults.append(f"<th> without scope: {one.text[:40]}")
        for table, first in pairwise(self.elements):
            named = {"aria-label", "aria-labelledby"} & table.attributes.keys()
            if table.tag == "table" and first.tag != "caption" and not named:
                self.faults.append(f"a table without a caption: {table.text[:60]!r}")
