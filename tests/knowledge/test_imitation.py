"""Names that imitate Microsoft's pages are told, with how; other names are left alone."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extriage.knowledge.imitation import NOTHING, distance, imitated
from extriage.knowledge.shippedfiles import page_names


@pytest.mark.parametrize(
    ("name", "shipped", "how"),
    [
        ("errorFF.aspx", "errorfe.aspx", "a letter changed"),
        ("errorEE.aspx", "errorfe.aspx", "a letter changed"),
        ("errorEEE.aspx", "error.aspx", "something put behind"),
        ("errorPage.aspx", "error.aspx", "something put behind"),
        ("RedirSuiteServerProxy.aspx", "redirsuiteserviceproxy.aspx", "a word exchanged"),
        ("OutlookEN.aspx", "outlookcn.aspx", "a letter changed"),
        ("OutlookJP.aspx", "outlookcn.aspx", "a word exchanged"),
        ("TimeoutLogoff.aspx", "timeoutlogout.aspx", "a word exchanged"),
        ("TimeoutLogout2.aspx", "timeoutlogout.aspx", "something put behind"),
        ("expiredtoken.aspx", "expiredpassword.aspx", "a word exchanged"),
        ("logout.aspx", "logoff.aspx", "a word exchanged"),
        ("log0n.aspx", "logon.aspx", "a digit for a letter"),
        ("1ogoff.aspx", "logoff.aspx", "a digit for a letter"),
        ("l\u043egon.aspx", "logon.aspx", "letters of another alphabet"),
        ("\uff4c\uff4f\uff47\uff4f\uff4e.aspx", "logon.aspx", "letters of another alphabet"),
        ("frrowny.aspx", "frowny.aspx", "a letter doubled"),
        ("fronwy.aspx", "frowny.aspx", "two letters swapped"),
        ("SvmFeedbak.aspx", "svmfeedback.aspx", "a letter left out"),
        ("logon.ashx", "logon.aspx", "another extension"),
        ("exchagne.asmx", "exchange.asmx", "two letters swapped"),
        ("copy_of_logon.aspx", "logon.aspx", "something put in front"),
    ],
)
def test_what_published_shells_did_is_told(name: str, shipped: str, how: str) -> None:
    assert imitated(name) == (shipped, how)


@pytest.mark.parametrize(
    "name",
    ["a.aspx", "fe.aspx", "info1.aspx", "shell.aspx", "ohyeah.aspx", "healthcheck.aspx"]
    + ["web.aspx", "discover.aspx", "load.aspx", "test.aspx", "document.aspx", "", "x", ".aspx"]
    + [
        "xclkmcfldfi948398430fdjfdkj.aspx",
        "logonlogonlogon.aspx",
        "help.aspx",
        f"{'a' * 300}.aspx",
    ],
)
def test_a_short_or_different_name_imitates_nothing(name: str) -> None:
    assert imitated(name) == NOTHING


def test_only_what_a_server_executes_is_looked_at() -> None:
    assert imitated("log0n.aspx", executed=False) == NOTHING


@given(st.sampled_from(sorted(n for n in page_names() if n.endswith(".aspx"))), st.data())
def test_a_long_name_with_one_letter_changed_imitates_something(
    name: str, data: st.DataObject
) -> None:
    stem = name.removesuffix(".aspx")
    if len(stem) < 6:
        stem += "verylong"[: 6 - len(stem)]
    at = data.draw(st.integers(0, len(stem) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    changed = f"{stem[:at]}{letter}{stem[at + 1 :]}.aspx"
    shipped, how = imitated(changed)
    original = f"{stem}.aspx" in page_names()
    assert (shipped != "" and how != "") or changed == name or not original


@given(st.text(max_size=80))
def test_no_name_stops_it(name: str) -> None:
    shipped, how = imitated(name)
    assert bool(shipped) == bool(how)
    assert not shipped or shipped in page_names()


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_the_distance_is_the_same_both_ways_and_bounded(one: str, other: str) -> None:
    found = distance(one, other, 2)
    assert found == distance(other, one, 2)
    assert (found == 0) == (one == other)
    assert 0 <= found <= 3


def test_many_foreign_names_take_no_time() -> None:
    start = time.perf_counter()
    for number in range(1000):
        imitated(f"distributiongroupx{number}.aspx")
    assert time.perf_counter() - start < 3
