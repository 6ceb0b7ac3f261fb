"""Who gave orders to a page is one record each, at the line of his first order."""

from datetime import UTC, datetime, timedelta

from extriage.analysis.orders import FIELDS, HINT, Order, order_record, orders, record_of
from extriage.analysis.pagelife import around, page_lives
from extriage.analysis.visits import Counter, PageTally, request_of
from extriage.model.state import Proof

PAGE = "/owa/auth/qx7tr.aspx"
START = datetime(2021, 3, 2, tzinfo=UTC)


def tallies(*visits: tuple[str, str, str], file: str = "a") -> list[PageTally]:
    """Count requests, given as address, method and status, one each minute."""
    counter = Counter(frozenset({PAGE}), frozenset())
    for number, (address, method, status) in enumerate(visits):
        fields = {"cs-uri-stem": PAGE, "c-ip": address, "cs-method": method, "sc-status": status}
        proof = Proof(file, number + 1, f"line {number + 1}")
        request = request_of("iis", fields, START + timedelta(minutes=number), proof)
        assert request is not None
        counter.add(request, [])
    return counter.visits().pages


def given(found: list[PageTally], grounds: dict[str, str]) -> list[Order]:
    return list(orders(found, page_lives(found, around([], bool)), grounds))


def test_every_owner_has_one_record_at_his_first_order() -> None:
    found = tallies(
        ("192.0.2.1", "GET", "200"),
        ("203.0.113.9", "GET", "200"),
        ("203.0.113.9", "POST", "200"),
        ("203.0.113.9", "POST", "200"),
        ("192.0.2.7", "POST", "302"),
    )
    (order,) = given(found, {PAGE: "likely"})
    assert set(order.fields) == set(FIELDS)
    assert [order.fields[name] for name in ("Grounds", "Orders", "c-ip", "Gone")] == [
        *("likely", "2", "203.0.113.9", "yes")
    ]
    record = order_record(order)
    assert (record.origin.path, record.origin.line, record.text) == ("a", 3, "line 3")
    assert record.time == START + timedelta(minutes=2)


def test_orders_of_several_files_add_up() -> None:
    post = ("203.0.113.9", "POST", "200")
    found = [*tallies(post, post, file="b"), *tallies(post, file="c")]
    (order,) = given(found, {})
    assert (order.fields["Orders"], order.fields["Grounds"]) == ("3", HINT)
    assert order.line.proof.path == "b"


def test_grounds_may_be_known_by_name_only() -> None:
    (order,) = given(tallies(("203.0.113.9", "POST", "200")), {"qx7tr.aspx": "confirmed"})
    assert order.fields["Grounds"] == "confirmed"


def test_an_owner_without_orders_has_none() -> None:
    counter = Counter(frozenset({PAGE}), frozenset())
    for size in ("100", "200", "300"):
        fields = {"cs-uri-stem": PAGE, "c-ip": "192.0.2.1", "cs-method": "GET"}
        fields |= {"sc-status": "200", "sc-bytes": size}
        request = request_of("iis", fields, START, Proof("a", 1, ""))
        assert request is not None
        counter.add(request, [])
    found = counter.visits().pages
    assert page_lives(found, around([], bool))[0].visitors[0].role == "owner"
    assert given(found, {PAGE: "likely"}) == []


def test_the_text_of_a_record_holds_its_fields() -> None:
    assert record_of({"Grounds": "likely", "Gone": ""}).text == "Grounds=likely"
