"""Whatever the evidence calls its objects: commands hold it as values, and nothing else of it."""

import re
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from payloads import PAYLOADS
from plans import TIME, campaign, exposure, finding, host, way
from powershell import QUOTES, one_list, read

from extriage.analysis.plan import plan
from extriage.analysis.plan.powershell import fill
from extriage.analysis.plan.removal import EACH
from extriage.knowledge.persistence import persistence_kinds
from extriage.knowledge.plan import PLACE, Order, plan_table
from extriage.model.detection import Evidence, Stage
from extriage.model.exposure import Exposed
from extriage.model.host import Host
from extriage.parsers.file_name import server_path

KINDS = sorted(persistence_kinds())
_SIGNS = [*QUOTES, '"', "`", "$", ";", "|", "{", "}", "(", ")", "&", "\n", "\x00", "\u202e", "*"]
HOSTILE = st.one_of(
    st.text(max_size=80),
    st.text(st.sampled_from([*_SIGNS, "a", "\\", "/", ".", " ", "é", "Б"]), max_size=40),
    st.sampled_from(PAYLOADS),
)
PATHS = st.builds(lambda name: "C:\\inetpub\\" + name, HOSTILE)
_LOOP = "foreach ($one in @(\n"
_ROW = re.compile(r"  @\{ (?:[a-z]+ = (?:\0|\(Join-Path \$Keep \0\))(?:; |(?= \})))+ \},?")
_TRICK = "'; Stop-Computer -Force; '"


def orders() -> list[Order]:
    """Return every template of the table."""
    table = plan_table()
    found = [order for step in table.steps for order in step.commands]
    found += [order for one in table.removals.values() for order in one.commands]
    found += [order for one in table.gaps.values() for order in one.commands]
    return found + [order for several in table.patching.commands.values() for order in several]


def filled(order: Order) -> str:
    lists = {"accounts": "@('x')", "mailboxes": "@('x')", "kept": "(Join-Path $Keep 'x')"}
    return fill(order.text, {place: lists.get(place, "'x'") for place in order.places})


def _is_loop(code: str) -> bool:
    """Tell a list of tables of values, gone through with the lines of a template."""
    rows, _, body = code.removeprefix(_LOOP).partition("\n)) {\n")
    lines = [line[2:] for line in body.removesuffix("\n}").split("\n")]
    return all(map(_ROW.fullmatch, rows.split("\n"))) and "\n".join(lines) in BODIES


SHAPES = {one_list(read(filled(order))[0]) for order in orders()}
BODIES = {
    read(fill(order.text, {place: f"$one.{place}" for place in order.places}))[0]
    for order in orders()
}
OWN = {value for order in orders() for value in read(PLACE.sub("", order.text))[1]}


def check(one: Host, *texts: str, account: str = "") -> None:
    """All commands have the shape of a template, and their values are of ours or of these texts.

    Of an account's name a domain is left out, wherever the name holds one.
    """
    known = {*texts, *map(server_path, texts)}
    for action in plan(one):
        for command in action.commands:
            code, values = read(command.text)
            looped = code.startswith(_LOOP)
            assert _is_loop(code) if looped else one_list(code) in SHAPES, command.text
            for value in values:
                shown = value in OWN or any(value in text for text in known)
                assert shown or _is_left_of(account, value), (value, command.text)


def _is_left_of(text: str, value: str) -> bool:
    """Tell whether a value is what remains of a text from which pieces were taken."""
    rest = iter(text)
    return all(letter in rest for letter in value)


@pytest.mark.parametrize("order", orders(), ids=lambda order: order.purpose[:40])
def test_every_template_is_code_that_the_reader_understands(order: Order) -> None:
    code, _ = read(filled(order))
    for opened, closed in ("()", "{}", "[]"):
        assert code.count(opened) == code.count(closed), order.text


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), HOSTILE, PATHS | HOSTILE, HOSTILE)
@example("service", _TRICK, _TRICK, _TRICK)
@example("inbox-rule", f"{_TRICK} of {_TRICK}", "", "p-1")
@example("web-shell", "C:\\a\u2019; calc \u2018.aspx", "C:\\inetpub\\$(calc)`.aspx", "p-1")
def test_the_name_of_a_way_back_stays_a_value(kind: str, name: str, path: str, id: str) -> None:
    one = way(kind, name, paths=(path,), id=id, removal=(name,))
    check(host(name=name, persistence=(one,)), name, path, id, *_told(name, path))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(KINDS), st.lists(HOSTILE, min_size=EACH + 1, max_size=EACH + 1))
def test_so_do_the_names_of_many(kind: str, names: list[str]) -> None:
    ways = tuple(way(kind, one, id=f"p-{at}") for at, one in enumerate(names))
    ids = tuple(one.id for one in ways)
    check(host(persistence=ways), *names, *ids, *(t for one in names for t in _told(one, one)))


@settings(max_examples=150, deadline=None)
@given(HOSTILE, HOSTILE)
@example(_TRICK, _TRICK)
@example("0@1;", "")
@example("CORP\\j@b' \u2019d@c; e", "")
def test_so_do_accounts_and_mailboxes(account: str, mailbox: str) -> None:
    keys = (("account", account),)
    line = Evidence("a.log", 1, 0, "x", "0", TIME, keys=keys)
    one = host(
        findings=(finding("proof", evidence=(line,), title=account),),
        campaigns=(campaign("owassrf", Stage.PLANTED, ["f-proof"]),),
        exposures=(exposure("forwarding", mailbox, Exposed.LEAKING, by=(account,), text=mailbox),),
    )
    small = " ".join(account.casefold().split())
    folded = (account.casefold(), " ".join(account.split()), small)
    check(one, account, mailbox, " ".join(mailbox.split()), *folded, account=small)


@pytest.mark.parametrize("payload", PAYLOADS[::3], ids=range(len(PAYLOADS[::3])))
def test_a_payload_in_every_text_of_a_way_back_stays_a_value(payload: str) -> None:
    for kind in KINDS:
        one = way(kind, payload, id=payload, paths=(payload,), removal=(payload,))
        one = replace(one, state_note=payload, by=(payload,), reasons=(payload,))
        check(host(name=payload, persistence=(one,)), payload, *_told(payload, payload))


def _told(name: str, path: str) -> tuple[str, ...]:
    """Return what may be made of a name: its parts, without share and in small letters."""
    local = [text.replace("/", "\\") for text in (name, path)]
    shared = [f"C:\\{text[15:]}" for text in map(server_path, local) if "\\C$\\" in text.upper()]
    return (*local, *shared, name.replace("\\", "/"), name.lower())
