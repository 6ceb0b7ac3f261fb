"""Benign look-alikes as bytes, in the encodings and line ends that editors write."""

from collections.abc import Iterator
from random import Random

from webshells.benign_more import PAGES as MORE
from webshells.benign_pages import PAGES
from webshells.containers import around
from webshells.encodings import ENCODINGS, LINES
from webshells.pieces import Body, whole
from webshells.tricks import disguised

EDITORS = ("utf-8", "utf-8-bom", "utf-16-le-bom", "utf-8", "cp1252", "utf-16-be-bom")
Made = tuple[str, str, str, str, bytes]
"""Name, trick, encoding, extension, bytes."""


def benign() -> Iterator[Made]:
    """Yield each ordinary page plain, and once more in other clothes."""
    rng = Random(11)
    for number, (name, extension, text) in enumerate(PAGES + MORE):
        plain = whole(text)
        yield name, "plain", "utf-8", extension, plain.encode()
        encoding = EDITORS[number % len(EDITORS)]
        ends = ("crlf", "tabs", "as written")[number % 3]
        other = LINES.get(ends, str)(plain)
        yield name, ends, encoding, extension, ENCODINGS[encoding](other)
    yield from _long(rng)


def _long(rng: Random) -> Iterator[Made]:
    """Yield computations that an obfuscator made long, which do nothing with the request."""
    code = 'string colour = "silver" + "grey"; Note.Text = colour.Replace("grey", "");'
    for trick in ("comment-splicing", "plus", "junk-code", "spread", "junk-comments", "join"):
        made = disguised(Body("", "", "C#", code), trick, rng)
        text = (
            '<%@ Page Language="C#" %>\n<script runat="server">\n'
            "void Page_Load(object s, EventArgs e) {\n"
            f'{made.code}\n}}</script><asp:Literal id="Note" runat="server" />\n'
        )
        yield "protected product", trick, "utf-8", ".aspx", text.encode()
    text = '<%@ Page Language="C#" %>\n<h1><%= DateTime.Now.Year %></h1>\n'
    for kind in ("fake-not-found", "fake-logon"):
        yield "ordinary page of this look", kind, "utf-8", ".aspx", around(text, kind).encode()
