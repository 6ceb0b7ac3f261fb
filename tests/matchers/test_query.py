"""The query language: what is written is what is asked, and nothing that is written crashes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extriage.errors import UsageError
from extriage.matchers.query import (
    Either,
    Every,
    Field,
    Found,
    No,
    Query,
    Said,
    parse,
    show,
)
from extriage.matchers.querytarget import query_watch
from extriage.matchers.querytime import period
from extriage.model.evidence import Fields, Origin, Record

KINDS = frozenset({"iis", "httpproxy", "events", "ews"})
TIME = datetime(2021, 3, 2, 4, 30, tzinfo=UTC)


def met(query: str, fields: Fields, kind: str = "iis", text: str = "") -> bool:
    record = Record(kind, TIME, Origin("x", 1), fields, text, "EX01.contoso.example")
    watch = query_watch(parse(query), kind, KINDS)
    return watch is not None and watch.target.matches(record)


def test_terms_are_joined_by_and_unless_something_else_is_written() -> None:
    assert parse("a=1 b=2 or not c=3") == Either(
        (Every((Field("a", "=", "1"), Field("b", "=", "2"))), No(Field("c", "=", "3")))
    )
    assert parse("a=1 (b=2 or c=3)") == Every(
        (Field("a", "=", "1"), Either((Field("b", "=", "2"), Field("c", "=", "3"))))
    )


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("whoami", Said("whoami")),
        ('"two words"', Said("two words")),
        ('"say ""hi"""', Said('say "hi"')),
        ("/cmd\\.exe|powershell/", Found("cmd\\.exe|powershell")),
        ("/owa/auth/x.aspx", Said("/owa/auth/x.aspx")),
        ("cs(User-Agent)=*curl*", Field("cs(User-Agent)", "=", "*curl*")),
        ('agent="Mozilla/5.0 (x"', Field("agent", "=", "Mozilla/5.0 (x")),
        (r"path=C:\inetpub\x", Field("path", "=", r"C:\inetpub\x")),
        ("url=/x?a=b", Field("url", "=", "/x?a=b")),
        ("url!~(a|b)", Field("url", "!~", "(a|b)")),
        ("status>=500", Field("status", ">=", "500")),
        ('"odd name"=1', Field("odd name", "=", "1")),
        ("NOT x", No(Said("x"))),
        ('"not"', Said("not")),
    ],
)
def test_what_is_written_is_what_is_asked(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    "text",
    [
        *("", "   ", "(", ")", "a=1)", "(a=1", "or", "a or", "not", '"open', '""', "*", "=x"),
        *("a~(", "/(/", "status>=many", "time>=yesterday", "time~x", "kind>1"),
        *("(" * 99 + "a" + ")" * 99, "x" * 30_000, "a " * 600),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


NAMES = st.text(st.sampled_from('abc-X(). "=é'), min_size=1).filter(lambda one: one.strip() == one)
VALUES = st.text(st.sampled_from('ab*/\\" ()=~<>!ä.'))
TERMS: st.SearchStrategy[Query] = st.one_of(
    st.builds(Field, NAMES, st.sampled_from(["=", "!="]), VALUES),
    st.builds(Field, NAMES, st.sampled_from([">=", "<"]), st.integers().map(str)),
    st.builds(Said, st.text(min_size=1).filter(lambda one: one.strip("*"))),
    st.builds(Found, st.sampled_from(["a|b", "x\\/y", "[0-9]+ z"])),
)
QUERIES = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.builds(No, inner),
        st.builds(Every, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Either, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@given(QUERIES)
def test_a_query_that_is_written_down_is_read_as_the_same_query(query: Query) -> None:
    assert parse(show(query)) == query


@given(st.text(st.sampled_from('ab=!~<>()/\\"* \t\nornotkidme-:.019é[+?{|')))
def test_garbage_is_a_query_or_is_refused(text: str) -> None:
    try:
        query = parse(text)
    except UsageError:
        return
    assert parse(show(query)) == query


IIS: Fields = {
    "c-ip": "203.0.113.7",
    "cs-method": "POST",
    "cs-uri-stem": "/owa/auth/x.aspx",
    "cs-uri-query": "a=1",
    "cs(User-Agent)": "python-requests/2.25+(x)",
    "cs-username": "CONTOSO\\Administrator",
    "sc-status": "500",
    "time-taken": "31",
}


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("c-ip=203.0.113.7", True),
        ("C-IP=203.0.113.*", True),
        ("c-ip=203.0.113.0/24", True),
        ("address=203.0.112.0/20", True),
        ("address=203.0.113.64/26", False),
        ("address=2001:db8::/32", False),
        ("account=administrator", True),
        (r"account=contoso\*", True),
        ("account=admin", False),
        ('agent="python-requests/2.25 (x)"', True),
        ("agent=*python*", True),
        ("url=/owa/auth/x.aspx", True),
        ("url=/owa/auth/x.aspx?a=1", True),
        ("url=x.aspx", False),
        ("url~X[.]ASPX$", True),
        ("method=post status>=500 status<501", True),
        ("status>500", False),
        ("method!=GET", True),
        ("method!=POST", False),
        ("nothing!=here", False),
        ("not nothing=here", True),
        ("nothing=", True),
        ("cs-method=*", True),
        ("host=ex01", True),
        ("host=ex01.contoso.*", True),
        ("host=ex02", False),
        ("kind=iis,ews", True),
        ("kind=ews or method=GET", False),
        ("not kind=ews", True),
        ("time=2021-03-02", True),
        ("time>=2021-03-02T04:30 time<2021-03-02T04:31", True),
        ("time>2021-03-02T04", False),
        ("time<=2021-03-02", True),
        ("time!=2021-03-02", False),
    ],
)
def test_a_record_meets_a_query(query: str, *, answer: bool) -> None:
    assert met(query, IIS) is answer


def test_an_address_is_read_as_logs_write_it() -> None:
    assert met("address=203.0.113.0/24", {"remote-endpoint": "203.0.113.9:4711"}, "smtp")
    assert met("address=2001:db8::1", {"ClientIP": "[2001:0db8:0:0::0001]:80"}, "ews")


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="no kind of evidence 'iss'"):
        query_watch(parse("kind=iss"), "iis", KINDS)


def test_a_query_that_a_kind_cannot_meet_watches_nothing() -> None:
    assert query_watch(parse("kind=ews x"), "iis", KINDS) is None


@pytest.mark.parametrize(
    ("text", "start", "lasts"),
    [
        ("2021-03-02", datetime(2021, 3, 2, tzinfo=UTC), timedelta(days=1)),
        ("2021-02", datetime(2021, 2, 1, tzinfo=UTC), timedelta(days=28)),
        ("2020", datetime(2020, 1, 1, tzinfo=UTC), timedelta(days=366)),
        ("2021-03-02T04", datetime(2021, 3, 2, 4, tzinfo=UTC), timedelta(hours=1)),
        ("2021-03-02 04:05Z", datetime(2021, 3, 2, 4, 5, tzinfo=UTC), timedelta(minutes=1)),
        ("2021-03-02T04:05:06", datetime(2021, 3, 2, 4, 5, 6, tzinfo=UTC), timedelta(seconds=1)),
        (
            "2021-03-02T04:05:06.7+02:00",
            datetime(2021, 3, 2, 2, 5, 6, 700_000, tzinfo=UTC),
            timedelta(seconds=0.1),
        ),
    ],
)
def test_a_time_is_a_stretch_of_time(text: str, start: datetime, lasts: timedelta) -> None:
    assert period(text) == (start, start + lasts)


@given(st.text(st.sampled_from("0123456789-T: Z+."), max_size=30))
def test_what_is_no_time_is_refused(text: str) -> None:
    try:
        start, end = period(text)
    except UsageError:
        return
    assert start < end
