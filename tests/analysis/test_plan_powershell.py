"""A value of the evidence in a command is that value and nothing else, whatever it holds."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from payloads import PAYLOADS
from powershell import QUOTES, VALUE, read

from extriage.analysis.plan.powershell import LIMIT, array, fill, literal, name_literal

TEXTS = st.text(st.characters(), max_size=60) | st.text(
    st.sampled_from([*QUOTES, "'", '"', "`", "$", ";", "|", "{", "}", "(", ")", "x", "\n", "\r"]),
    max_size=30,
)


@given(TEXTS)
@example("O'Brien")
@example("'; Remove-Item C:\\ -Recurse #")
@example("\u2019; Stop-Computer; \u2018")
@example("\u0411\U0001f600'")
@example("$(whoami) `n")
def test_a_literal_reads_as_exactly_the_text(text: str) -> None:
    made = literal(text)
    if made is None:
        hidden = {unicodedata.category(char)[0] for char in text} & {"C", "Z"}
        assert not text or hidden
    else:
        assert made.isascii()
        assert read(made) == (VALUE, [text])


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_payloads_are_quoted_or_refused(payload: str) -> None:
    made = literal(payload)
    if made is not None:
        assert read(made) == (VALUE, [payload])


@pytest.mark.parametrize(
    "text",
    ["", "a\nb", "a\rb", "a\x00b", "a\tb", "\x1b[2J", "a\u202eb", "a\u200bb", "\ud800", "\u2028"]
    + ["x" * (LIMIT + 1)],
)
def test_what_could_hide_or_end_a_line_has_no_literal(text: str) -> None:
    assert literal(text) is None


@pytest.mark.parametrize("text", ["*", "a?", "[ab]", "a`b"])
def test_a_name_with_wildcards_is_no_name(text: str) -> None:
    assert name_literal(text) is None
    assert literal(text) is not None


def test_letters_beyond_ascii_are_numbers() -> None:
    assert literal("Müller") == "('M' + [char]0x00fc + 'ller')"
    assert literal("\u0411") == "('' + [char]0x0411)"


def test_a_list_counts_what_it_leaves_out() -> None:
    assert array(["a", "o'b", "a", "c\n"]) == ("@('a', 'o''b')", 1)
    assert array([]) == ("", 0)


def test_a_value_that_looks_like_a_place_is_not_filled() -> None:
    values = {"name": "'{file}'", "file": "'x'"}
    assert fill("Get {name} {file} $_.{other}", values) == "Get '{file}' 'x' $_.{other}"
