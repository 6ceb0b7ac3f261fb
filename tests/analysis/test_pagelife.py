"""Whether a page was there, and who its visitors are, follows from answers, bounds and lists."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from extriage.analysis.pagelife import VISITORS, around, page_lives
from extriage.analysis.visits import (
    BUSY,
    OTHERS,
    QUIET,
    STRETCHES,
    WALKERS,
    Counter,
    Told,
    Visits,
    has_parameters,
    request_of,
    told,
)
from extriage.model.persistence import PageLife, Role, Visitor
from extriage.model.state import Proof

PAGE = "/owa/auth/qx7tr.aspx"
START = datetime(2021, 3, 2, tzinfo=UTC)
NAMES = frozenset({"qx7tr.aspx"})
Row = dict[str, str]


def row(address: str = "203.0.113.9", **more: str) -> Row:
    plain = {
        "cs-uri-stem": PAGE,
        "cs-method": "GET",
        "cs-uri-query": "&CorrelationID=<empty>;",
        "s-port": "443",
        "cs-username": "",
        "c-ip": address,
        "cs(User-Agent)": "Mozilla/5.0+(X11)",
        "sc-status": "200",
        "sc-substatus": "0",
    }
    return plain | {name.replace("_", "-"): value for name, value in more.items()}


def walk(address: str, status: str = "302", names: int = 6, **more: str) -> list[Row]:
    return [
        row(address, cs_uri_stem=f"/owa/auth/n{n}.aspx", sc_status=status, **more)
        for n in range(names)
    ]


def counted(rows: Iterable[Row], kind: str = "iis") -> Visits:
    """Count rows, one each minute."""
    counter = Counter(frozenset({PAGE}), NAMES)
    for number, fields in enumerate(rows):
        time = START + timedelta(minutes=number)
        request = request_of(kind, fields, time, Proof(kind, number + 1, "text"))
        if request is not None:
            counter.add(request, [0] if fields.get("own") else [])
    return counter.visits()


def life(*files: Visits, own: bool = True) -> PageLife:
    known = around([walk for one in files for walk in one.walks], lambda _: own)
    (found,) = page_lives([page for one in files for page in one.pages], known)
    return found


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def only(found: PageLife) -> Visitor:
    (visitor,) = found.visitors
    return visitor


@pytest.mark.parametrize(
    ("page", "status", "substatus", "logged_on", "says"),
    [
        (PAGE, "200", "0", False, Told.ANSWERED),
        (PAGE, "304", "0", False, Told.ANSWERED),
        (PAGE, "302", "0", False, Told.MISSING),
        (PAGE, "302", "0", True, Told.NOTHING),
        (PAGE, "404", "0", True, Told.MISSING),
        (PAGE, "404", "", False, Told.MISSING),
        (PAGE, "404", "11", False, Told.NOTHING),
        ("/aspnet_client/x.aspx", "302", "0", False, Told.NOTHING),
        ("/aspnet_client/x.aspx", "404", "0", False, Told.MISSING),
        *((PAGE, status, "0", False, Told.NOTHING) for status in ("401", "403", "440", "444")),
        (PAGE, "500", "0", False, Told.FAILED),
    ],
)
def test_what_a_status_tells_depends_on_place_and_logon(
    page: str, status: str, substatus: str, logged_on: bool, says: Told
) -> None:
    assert told(page, status, substatus, logged_on=logged_on) is says


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("", False),
        ("&CorrelationID=<empty>;&cafeReqId=1;", False),
        ("CorrelationID=<empty>;", False),
        ("?&ActID=7", False),
        ("cmd=1&CorrelationID=<empty>;", True),
        ("?a", True),
    ],
)
def test_what_exchange_appends_is_no_parameter(query: str, there: bool) -> None:
    assert has_parameters(query) is there


def test_other_requests_are_not_counted() -> None:
    rows = [row(cs_uri_stem="/owa/auth/logon.aspx"), row(cs_uri_stem="/owa/"), {}]
    assert counted(rows) == Visits()


def test_an_error_counts_only_beside_an_answer() -> None:
    statuses = ("500", "302", "500", "200", "500", "302", "500")
    found = life(counted(row(sc_status=status) for status in statuses))
    assert (found.first_answered, found.last_answered) == (minute(2), minute(4))
    assert (found.missing_until, found.gone_before) == (minute(1), minute(5))
    assert found.answered == 1
    assert found.gone_after == minute(4)
    assert life(counted([row(sc_status="500"), row(), row(sc_status="500")])).answered == 3
    never = life(counted(row(sc_status=status) for status in ("500", "302", "500")))
    assert (never.answered, never.first_answered, never.gone_before) == (0, None, None)
    assert only(never).answered == 0


def test_a_page_that_comes_and_goes_all_the_time_is_not_told_to_be_gone() -> None:
    for turns in (8, 2 * STRETCHES):
        found = life(counted(row(sc_status="200" if n % 2 else "302") for n in range(turns + 1)))
        assert found.requests == turns + 1
        assert (found.gone_after, found.missing_until) == (None, None)
        assert found.first_answered == minute(1)


def test_logs_that_contradict_each_other_tell_of_no_removal() -> None:
    one = counted([row(), *(row(sc_status="401") for _ in range(20)), row(), row(sc_status="302")])
    other = counted(row(sc_status="302") for _ in range(23))
    found = life(one, other)
    assert (found.gone_after, found.gone_before, found.missing_until) == (None, None, None)


@pytest.mark.parametrize(
    ("rows", "role"),
    [
        ([row(cs_method="POST")], Role.OWNER),
        ([row(cs_uri_query="cmd=1")], Role.OWNER),
        ([row()] * 5, Role.INFORMED),
        ([row(sc_bytes=str(n)) for n in (400, 900)], Role.INFORMED),
        ([row(sc_bytes=str(n)) for n in (400, 900, 5000)], Role.OWNER),
        ([row(sc_bytes=str(n), cs_method="HEAD") for n in (400, 900, 5000)], Role.INFORMED),
        ([row(cs_method="POST", sc_status="401"), row()], Role.INFORMED),
        ([row(cs_method="POST"), *walk("203.0.113.9")], Role.STRANGER),
        ([*[row(cs_method="POST")] * 3, *walk("203.0.113.9")], Role.OWNER),
        ([row(cs_method="POST", own="y")], Role.ORGANISATION),
        ([row(cs_method="POST", own="y")] * 3, Role.OWNER),
    ],
)
def test_a_role_follows_from_what_was_asked(rows: list[Row], role: Role) -> None:
    assert only(life(counted(rows))).role is role


def test_who_came_when_it_was_gone_is_a_stranger() -> None:
    found = life(counted([row(cs_method="POST"), row("192.0.2.1", sc_status="302")]))
    assert [one.role for one in found.visitors] == [Role.OWNER, Role.STRANGER]
    nobody = life(counted([row("192.0.2.1", sc_status="401")]))
    assert only(nobody).role is Role.INFORMED
    assert nobody.proofs == ()


def test_an_entry_for_another_server_makes_nobody_a_scanner() -> None:
    assert only(life(counted([row(own="y")]), own=False)).role is Role.INFORMED


def test_a_site_that_answers_every_name_tells_nothing() -> None:
    everything = walk("192.0.2.9", "200", sc_bytes="1500")
    found = life(counted([row(cs_method="POST", sc_bytes="1500"), *everything]))
    assert (found.answered, found.first_answered) == (0, None)
    assert only(found).role is Role.INFORMED
    varied = life(counted([row(sc_bytes="1500"), row(sc_bytes="90"), *everything]))
    assert varied.answered == 2
    refused = [*everything, *walk("192.0.2.9", "302", 1)]
    refused[-1]["cs-uri-stem"] = "/owa/auth/other.aspx"
    assert life(counted([row(sc_bytes="1500"), *refused])).answered == 1


def test_the_log_with_more_requests_counts_and_the_other_tells_sizes() -> None:
    proxy = [
        {
            "UrlStem": PAGE,
            "Method": "POST",
            "HttpStatus": "200",
            "ClientIpAddress": "203.0.113.9",
            "UserAgent": "Mozilla/5.0 (X11)",
            "RequestBytes": "10",
            "ResponseBytes": str(size),
        }
        for size in (100, 200)
    ]
    front = counted([row(cs_method="POST")] * 3)
    back = counted([row("::1", cs_method="POST", s_port="444")] * 9)
    both = life(front, counted(proxy, "httpproxy"), back)
    assert (both.requests, both.sizes, both.bytes_in, both.bytes_out) == (3, 2, 20, 300)
    assert [(one.address, one.requests, one.bytes_out) for one in both.visitors] == [
        ("203.0.113.9", 3, 300)
    ]
    assert {proof.path for proof in both.proofs} == {"iis", "httpproxy"}
    assert life(counted(proxy, "httpproxy"), back).requests == 2
    assert life(back).requests == 9


def test_a_crowd_takes_no_more_than_its_bounds_and_does_not_hide_the_owner() -> None:
    crowd = [row(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}") for n in range(QUIET + OTHERS + 50)]
    visits = counted([*crowd, *(row("203.0.113.9", cs_method="POST") for _ in range(2))])
    (tally,) = visits.pages
    assert len(tally.visitors) <= QUIET + BUSY
    found = life(visits)
    assert found.requests == len(crowd) + 2
    assert found.visitors_total == QUIET + OTHERS + 1
    assert len(found.visitors) == VISITORS
    assert found.visitors[0].address == "203.0.113.9"


def test_lists_of_names_are_bounded_too() -> None:
    rows = [walk(f"10.0.{n >> 8}.{n & 255}", names=1)[0] for n in range(WALKERS + 5)]
    assert len(counted(rows).walks) == WALKERS
    visits = counted(walk("192.0.2.9", names=50))
    assert len(visits.walks[0].missing) == 5


def test_accounts_and_agents_of_a_visitor_are_kept_apart() -> None:
    rows = [
        row(cs_username=r"CONTOSO\ann"),
        row(cs_username=r"contoso\ANN", **{"cs(User-Agent)": "curl/7"}),
        row(c_ip="203.0.113.9:5555", **{"cs(User-Agent)": "curl/7"}),
    ]
    found = life(counted(rows))
    assert [(one.account, one.requests) for one in found.visitors] == [
        (r"CONTOSO\ann", 2),
        ("", 1),
    ]
    assert found.visitors[0].agents == ("Mozilla/5.0 (X11)", "curl/7")


def test_files_of_one_log_add_up() -> None:
    one, other = counted([row(cs_bytes="5")] * 2), counted([row(cs_bytes="7")])
    found = life(one, other)
    assert (found.requests, found.bytes_in, found.visitors_total) == (3, 17, 1)
