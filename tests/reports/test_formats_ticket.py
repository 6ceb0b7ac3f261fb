"""A ticket is short, tells what matters, and no word of the evidence is more than a word in it.

It is read here by markdown-it, which GitLab's and MISP's editors are kin of, with tables and all
else switched on; what remains as plain text is held against what ticket systems make links of.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cases import CASES, case, flooded, host, of_hosts
from markdown_it import MarkdownIt
from markdown_it.token import Token
from payloads import INVISIBLE, MARKUP, PAYLOADS, REORDERING

from extriage.model.case import Case
from extriage.model.host import Status
from extriage.reports import REPORTS, RenderOptions
from extriage.reports.prose import code, fenced, prose
from extriage.reports.ticket import ROOM

READER = MarkdownIt("js-default", {"html": True})
ALLOWED = {
    *("heading", "paragraph", "bullet_list", "list_item", "strong"),
    *("inline", "text", "code_inline", "fence", "softbreak"),
}
LINKED = re.compile(
    r"""
      :// | www\. | (?<![\w`])@\w | \w@\w | (?<!\w)[#!~$&%]\w | \bGH-\d | \[\[ | \]\(
    | :[a-z_+-][\w+-]*: | \b[0-9a-f]{7,40}\b | <[a-z/!] | \[~
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What GitHub, GitLab, Jira and their kin make links, mentions, pictures or references of."""

MORE = [
    *("@everyone", "/close", "#1 !2 ~3 $4 %5 &6", "GH-12 PROJ-77", "user@evil.test"),
    *("``` \n# no sign\n```", "`", "``", "a`b``c", "~~~", "![x](http://evil.test/x.png)"),
    *("<!-- -->", "<img src=x onerror=alert(1)>", "| a | b |\n|---|---|", "---", "===", "1. x"),
    *(
        "[x]: http://evil.test",
        "[[wiki]]",
        "{{template}}",
        "{code}",
        "[~admin]",
        "!http://e/x.png!",
    ),
    *(":x:", "deadbeefcafe", "https://evil.test", "www.evil.test", "mailto:a@b.c", "\\", "x\\"),
]


def ticket_of(case: Case, tlp: str = "") -> str:
    return REPORTS["markdown"].render(case, RenderOptions(tlp=tlp))


def tokens(text: str) -> Iterator[Token]:
    for token in READER.parse(text):
        yield token
        yield from token.children or ()


def check(text: str) -> None:
    """Nothing but our own headings, lists and bold words; no plain text that could be linked."""
    for token in tokens(text):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        assert kind in ALLOWED, (kind, token.content)
        assert not token.attrs or token.type == "fence"
        if token.type == "text":
            assert not LINKED.search(token.content), token.content
        if token.type in ("code_inline", "fence"):
            assert "://" not in token.content
    hidden = {*REORDERING, *INVISIBLE} & set(text)
    assert not hidden
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("name", CASES)
def test_a_ticket_is_plain_and_short(name: str) -> None:
    text = ticket_of(CASES[name], "amber")
    check(text)
    assert text.startswith("**TLP:AMBER**\n")
    assert len(text) < 10_000


@pytest.mark.parametrize("payload", [*PAYLOADS, *MORE])
def test_a_payload_in_every_field_is_neither_markup_nor_link(payload: str) -> None:
    text = ticket_of(flooded(CASES["robbed"], payload))
    check(text)
    assert len(text) < 32_767
    outline = [token.tag for token in READER.parse(text) if token.type == "heading_open"]
    assert outline == ["h1", "h2"]


@pytest.mark.parametrize("payload", [*MARKUP, *MORE])
def test_a_payload_among_words_is_neither_markup_nor_link(payload: str) -> None:
    check(f"- Said: {prose(f'it asked for {payload}, twice')}\n")
    check(f"- Name: {code(payload)}\n")
    check("\n".join(["Lines", "", *fenced([payload, f"x {payload}"]), "", "End"]) + "\n")


@pytest.mark.parametrize("text", [*MORE, "a`b", "C:\\Program Files\\x", "cmd /c whoami"])
def test_code_shows_the_text_itself(text: str) -> None:
    (inline,) = [one for one in READER.parse(f"x {code(text)} y") if one.type == "inline"]
    (shown,) = [one.content for one in inline.children or () if one.type == "code_inline"]
    wanted = text.replace("\n", "\\n").replace("://", "[:]//").replace("www.", "www[.]")
    assert shown.strip() == wanted.replace("[~", "[ ~").strip()


def test_plain_words_stay_words_and_telling_ones_become_code() -> None:
    said = "From 203.0.113.66, 2021-03-02 02:11:09 UTC: left /owa/auth/a.aspx, CVE-2021-26855."
    assert prose(said) == (
        "From 203.0.113.66, 2021-03-02 02:11:09 UTC: left `/owa/auth/a.aspx`, CVE-2021-26855."
    )
    assert prose("of alba@contoso.test.") == "of `alba@contoso.test`."
    assert prose("ran C:\\Program Files\\x.exe -a") == "ran `C:\\Program Files\\x.exe` -a"
    assert prose("see http://evil.test/a") == "see `http[:]//evil.test/a`"
    assert prose("") == "-"


def test_the_verdict_comes_first_then_what_to_do() -> None:
    text = ticket_of(CASES["robbed"], "red")
    order = ["**TLP:RED**", "# Exchange", "**Verdict: compromised**", "**What happened**"]
    order += [
        "**Ways back in**",
        "**Data**",
        "**Do now**",
        "**Patch**",
        "**What could not be seen**",
    ]
    order += ["**Proof:", "Made by extriage 0.1.0"]
    places = [text.index(one) for one in order]
    assert places == sorted(places)
    assert "- taken (likely), " in text
    assert "- cannot tell: CVE-2021-26857: " in text


def test_absence_and_ignorance_are_never_one() -> None:
    text = ticket_of(CASES["robbed"])
    assert "- cannot tell: credentials" in text
    assert "- not shown while covered: address books" in text
    assert "no data" not in text.lower()
    clean = ticket_of(case(Status.NO_SIGN))
    assert "**Verdict: no-sign**" in clean
    assert "**Proof" not in clean


def test_many_servers_have_a_line_each_and_the_ticket_stays_short() -> None:
    servers = [host(Status.COMPROMISED, f"EX{n:03}") for n in range(200)]
    servers.append(host(Status.NO_SIGN, "EX999"))
    text = ticket_of(of_hosts(*servers))
    check(text)
    assert len(text) < ROOM + 8_000 < 32_767
    assert "## More servers" in text
    told = len(re.findall(r"^## `EX", text, re.MULTILINE))
    listed = len(re.findall(r"^- `EX", text, re.MULTILINE))
    (left,) = re.findall(r"and (\d+) more in case\.json$", text, re.MULTILINE)
    assert told + listed + int(left) == 201


def test_long_lists_say_how_much_is_left_out() -> None:
    server = CASES["robbed"].hosts[0]
    many = tuple(replace(server.exposures[0], id=f"e-{n}") for n in range(30))
    text = ticket_of(replace(CASES["robbed"], hosts=(replace(server, exposures=many),)))
    assert "- and 22 more in case.json (exposures)" in text
