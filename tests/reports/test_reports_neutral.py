"""Evidence is made harmless in one place, and that place can be trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from extriage.reports.neutral import CELL_LIMIT, cell, cut, visible

ANYTHING = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /owa/ \u00e9\u65e5", "GET /owa/ \u00e9\u65e5"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\tb\r\nc\0", "a\\tb\\r\\nc\\x00"),
        ("\x9b\x7f\xad", "\\x9b\\x7f\\xad"),
        ("evil\u202excod.aspx", "evil\\u202excod.aspx"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("\udc80", "\\udc80"),
        ("C:\\inetpub\\x.aspx", "C:\\inetpub\\x.aspx"),
        ("e\u0301", "e\u0301"),
        ("\u0301e", "\\u0301e"),
        ("e" + "\u0301" * 4, "e" + "\u0301" * 3 + "\\u0301"),
    ],
)
def test_what_a_screen_would_obey_or_hide_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_screen_without_unicode_gets_escapes_for_it() -> None:
    assert visible("\u00e9\u2013\U0001f600~", ascii_only=True) == "\\xe9\\u2013\\U0001f600~"


@given(ANYTHING)
def test_harmless_text_is_printable_and_stays_as_it_is(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert visible(shown) == shown
    assert visible(text, ascii_only=True).isascii()


@given(ANYTHING, st.integers(0, 60), st.sampled_from([0.0, 0.25, 0.5, 0.8, 1.0]))
def test_cut_text_fits_its_room(text: str, cells: int, head: float) -> None:
    assert cell_len(cut(text, cells, head=head)) <= cells
    assert len(cut(text, cells, head=head, ascii_only=True)) <= cells


def test_long_text_loses_its_middle() -> None:
    assert cut("abcdefghijklmnopqrstuvwxyz", 11) == "abcde\u2026vwxyz"
    assert cut("abcdefghijklmnopqrstuvwxyz", 13, ascii_only=True) == "abcde...vwxyz"
    assert cut("abcdefghijklmnopqrstuvwxyz", 26) == "abcdefghijklmnopqrstuvwxyz"
    assert cut("a" * 5 + "\n" * 10**6 + "z" * 5, 21) == "aaaaa\\n\\n\\\u2026n\\n\\nzzzzz"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("-", "'-"),
        ("@SUM(1)", "'@SUM(1)"),
        ("|cmd", "'|cmd"),
        ("\t=1", "\\t=1"),
        (" =1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=1", "a;'=1"),
        ('a; "=1"', 'a;\' "=1"'),
        ("Mozilla/5.0 (Windows NT 10.0; Win64)", "Mozilla/5.0 (Windows NT 10.0; Win64)"),
        ("GET /a=1;b=2", "GET /a=1;b=2"),
    ],
)
def test_a_cell_starts_no_formula(text: str, shown: str) -> None:
    assert cell(text) == shown


def test_a_cell_stays_within_what_a_spreadsheet_holds() -> None:
    shown = cell("=" * 100_000)
    assert len(shown) < CELL_LIMIT + 100
    assert "[68000 characters left out]" in shown
