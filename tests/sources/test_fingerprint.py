"""The one network command: what it may send, what it understands, and what it survives."""

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from loopback import VERSIONS, Loopback, only, page

from extriage.errors import UsageError
from extriage.model.fingerprint import Fingerprint, Precision, Target, Trouble
from extriage.sources.fingerprint import (
    ANSWER_LIMIT,
    LOGON,
    MANIFEST,
    OWA,
    PATHS,
    Manners,
    Proxy,
    environment_proxy,
    fingerprints,
    read_proxy,
)

LOGON_PAGE = (
    '<html><link rel="shortcut icon" href="/owa/auth/15.1.2507/themes/resources/favicon.ico">'
    '<form action="/owa/auth.owa" method="POST">'
)
MANIFEST_PAGE = (
    '<?xml version="1.0" encoding="utf-8"?><asmv1:assembly manifestVersion="1.0">'
    '<assemblyIdentity name="microsoft.exchange.ediscovery.exporttool.application" '
    'version="15.1.2507.44" publicKeyToken="b3f029d4c9c2ec30" type="win32" />'
    '<dependentAssembly><assemblyIdentity name="Microsoft.Windows.CommonLanguageRuntime" '
    'version="4.0.30319.0" /></dependentAssembly>'
)
FULL = (15, 1, 2507, 44)
CU = (15, 1, 2507, 0)


@pytest.fixture(autouse=True)
def no_proxies_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def ask(*servers: Loopback | Target, timeout: float = 5, **manners: Any) -> list[Fingerprint]:
    """Ask servers, without the pause that strangers get."""
    targets = [
        server if isinstance(server, Target) else Target("127.0.0.1", server.port)
        for server in servers
    ]
    settings = Manners(timeout=timeout, **{"delay": 0.0, **manners})
    return list(fingerprints(targets, settings))


def one(pages: dict[str, bytes], **manners: Any) -> tuple[Fingerprint, Loopback]:
    with Loopback(pages) as server:
        (found,) = ask(server, **manners)
    return found, server


# What is sent


def test_a_server_gets_exactly_this_and_nothing_else() -> None:
    found, server = one({LOGON: page(LOGON_PAGE)})
    assert found.precision is Precision.CU
    assert server.paths == list(PATHS)
    for request, path in zip(server.requests, PATHS, strict=True):
        assert request == (
            f"GET {path} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{server.port}\r\n"
            "User-Agent: extriage/0.1.0 (Exchange version check; reads public pages only)\r\n"
            "Accept: */*\r\n"
            "Accept-Encoding: identity\r\n"
            "Connection: close\r\n\r\n"
        )


def test_cookies_and_challenges_of_a_server_are_never_answered() -> None:
    denied = page(
        status="401 Unauthorized",
        Set_Cookie="OutlookSession=1; path=/",
        WWW_Authenticate='Basic realm="x"',
    )
    _, server = one(dict.fromkeys(PATHS, denied))
    assert len(server.requests) == 3
    for request in server.requests:
        assert not re.search(
            "(?i)cookie|authorization|referer|content-length|transfer-encoding", request
        )


def test_a_default_port_is_not_named_and_an_ipv6_address_is_bracketed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Loopback({LOGON: page(X_OWA_Version="15.1.2507.44")}) as server:
        named = only_lookups(monkeypatch, server.port)
        found = ask(Target("mail.example.org"), Target("2001:db8::1"), Target("2001:db8::1", 8443))
    assert [host.build for host in found] == [FULL] * 3
    assert sorted(named) == [("2001:db8::1", 443), ("2001:db8::1", 8443), ("mail.example.org", 443)]
    hosts = sorted(re.findall("Host: (.*)\r", "".join(server.requests)))
    assert hosts == ["[2001:db8::1]", "[2001:db8::1]:8443", "mail.example.org"]


def only_lookups(monkeypatch: pytest.MonkeyPatch, port: int) -> list[tuple[str, int]]:
    """Let every name lead to the loopback, and keep the names."""
    names: list[tuple[str, int]] = []

    def lookup(name: str, wanted: int, **_: object) -> list[tuple[object, ...]]:
        names.append((name, wanted))
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return names


def test_requests_keep_their_distance_whichever_server_they_go_to() -> None:
    with Loopback() as first, Loopback() as second, Loopback() as third:
        start = time.monotonic()
        ask(first, second, third, delay=0.05, at_once=3)
        assert time.monotonic() - start >= 8 * 0.05
        assert [len(server.requests) for server in (first, second, third)] == [3, 3, 3]


def test_nothing_is_sent_any_more_when_nobody_listens() -> None:
    with Loopback({LOGON: page(X_OWA_Version="15.1.2507.44")}) as first, Loopback() as second:
        targets = [Target("127.0.0.1", server.port) for server in (first, second)]
        answers = fingerprints(targets * 9, Manners(delay=0.4, at_once=2))
        next(answers)
        start = time.monotonic()
        assert isinstance(answers, Generator)
        answers.close()
        assert time.monotonic() - start < 0.35
        assert len(first.requests) + len(second.requests) <= 2


# What is understood


def test_one_request_is_enough_when_the_logon_page_has_the_full_build() -> None:
    headers = {"X_OWA_Version": "15.1.2507.44", "X_FEServer": "EX01"}
    found, server = one({LOGON: page(LOGON_PAGE, **headers)})
    assert (found.build, found.precision, found.servers) == (FULL, Precision.SU, ("EX01",))
    assert server.paths == [LOGON]
    assert [(sign.place, sign.text) for sign in found.signs] == [
        ("X-OWA-Version", "15.1.2507.44"),
        ("link in the page", "/owa/auth/15.1.2507/"),
    ]
    assert (found.trouble, found.reason, found.notes) == (None, "", ())


def test_the_manifest_has_the_full_build_where_the_page_has_not() -> None:
    found, server = one({LOGON: page(LOGON_PAGE), MANIFEST: page(MANIFEST_PAGE)})
    assert (found.build, found.precision) == (FULL, Precision.SU)
    assert server.paths == [LOGON, MANIFEST]
    assert found.signs[-1].text == 'version="15.1.2507.44"'


def test_owa_is_asked_when_nothing_else_told() -> None:
    found, server = one({OWA: page(status="401 Unauthorized", X_OWA_Version="15.02.1544.009")})
    assert (found.build, server.paths) == ((15, 2, 1544, 9), list(PATHS))


@pytest.mark.parametrize(
    ("body", "build", "precision"),
    [
        ("/owa/auth/15.2.1544/themes/a.css", (15, 2, 1544, 0), Precision.CU),
        ("/owa/auth/15.2.1544.9/themes/a.css", (15, 2, 1544, 0), Precision.CU),
        ("/owa/prem/15.2.1544.9/resources/a.css", (15, 2, 1544, 0), Precision.CU),
        ("/OWA/AUTH/15.0.1497/x", (15, 0, 1497, 0), Precision.CU),
        ("/owa/14.3.513.0/themes/resources/favicon.ico", (14, 3, 513, 0), Precision.SU),
        ("/owa/8.3.485.1/themes/base/logon.css", (8, 3, 485, 1), Precision.SU),
    ],
)
def test_links_of_the_logon_page_tell_the_build(
    body: str, build: tuple[int, ...], precision: Precision
) -> None:
    found, _ = one({LOGON: page(f'<link href="{body}"><link href="{body}">')})
    assert len(found.signs) == 1
    assert (found.build, found.precision) == (build, precision)


@pytest.mark.parametrize(
    "answer",
    [
        page(X_OWA_Version="banana"),
        page(X_OWA_Version=""),
        page(X_OWA_Version="15.1.2507"),
        page(X_OWA_Version="99.1.2507.44"),
        page(X_OWA_Version="15.0.0.0"),
        page(X_FEServer="EX01"),
        page('<form action="/owa/auth.owa">'),
        page(
            '<assemblyIdentity name="a.ediscovery.exporttool.b" version="15.0.0.0"/>', X_FEServer=""
        ),
        page(status="302 Found", Location="https://127.0.0.1/owa/auth/logon.aspx?url=x&reason=0"),
    ],
)
def test_exchange_that_does_not_tell_its_version_is_still_recognised(answer: bytes) -> None:
    found, server = one(dict.fromkeys(PATHS, answer))
    assert (found.build, found.trouble) == (None, Trouble.HIDDEN)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [
        page(status="404 Not Found", Server="nginx"),
        page("The page /owa/auth/logon.aspx was not found", Server="nginx"),
        page("/owa/auth/15.1.2507/", status="404 Not Found", Server="nginx"),
        page("\x00\xff" * 100, Server="nginx"),
        page("/owa/auth/99.99.99999/ /owa/auth/1.2.3/ version 15.1.2507.44", Server="nginx"),
    ],
)
def test_what_is_not_exchange_is_not_called_exchange(answer: bytes) -> None:
    found, _ = one(dict.fromkeys(PATHS, answer))
    assert (found.build, found.trouble, found.signs) == (None, Trouble.NOT_EXCHANGE, ())
    assert "(Server: nginx)" in found.reason


def test_exchange_online_is_told_apart_and_asked_once() -> None:
    found, server = one({LOGON: page(X_OWA_Version="15.20.8466.16")})
    assert (found.build, found.trouble) == (None, Trouble.CLOUD)
    assert "15.20.8466.16" in found.reason
    assert len(server.requests) == 1


def test_several_servers_behind_one_name_are_noted() -> None:
    found, _ = one(
        {
            LOGON: page(LOGON_PAGE, X_FEServer="EX01"),
            MANIFEST: page(MANIFEST_PAGE.replace("2507.44", "2375.7"), X_FEServer="EX02"),
        }
    )
    assert found.build == (15, 1, 2375, 7)
    assert found.servers == ("EX01", "EX02")
    assert "EX01, EX02" in found.notes[0]
    assert "different cumulative updates" in found.notes[1]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_tls_is_spoken(version: str) -> None:
    # NOTE: needs an OpenSSL that can serve TLS 1.0 at security level 0; Python's own builds and
    # those of Debian can.
    with Loopback({LOGON: page(X_OWA_Version="15.1.2507.44")}, context=only(version)) as server:
        (found,) = ask(server)
    assert (found.build, found.tls) == (FULL, version)
    old = version in {"TLS 1.0", "TLS 1.1"}
    assert found.notes == ((f"it speaks nothing newer than {version}",) if old else ())


def test_the_newest_version_that_both_know_is_spoken() -> None:
    context = only("TLS 1.3")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with Loopback({LOGON: page(X_OWA_Version="15.1.2507.44")}, context=context) as server:
        (found,) = ask(server)
    assert found.tls == "TLS 1.3"


# Redirects


def test_a_redirect_to_a_page_that_may_be_asked_for_is_followed_at_once() -> None:
    with Loopback() as server:
        here = f"https://127.0.0.1:{server.port}"
        server.pages = {
            LOGON: page(status="302 Found", Location=f"{here}/OWA?replaceCurrent=1#x"),
            OWA: page(X_OWA_Version="15.1.2507.44"),
        }
        (found,) = ask(server)
    assert (found.build, server.paths) == (FULL, [LOGON, OWA])
    assert found.asked[0].note == f"{here}/OWA?replaceCurrent=1#x"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 X", "308 X"])
def test_a_redirect_loop_ends_after_three_requests(status: str) -> None:
    with Loopback() as server:
        server.pages = {
            LOGON: page(status=status, Location=OWA),
            OWA: page(status=status, Location=LOGON),
            MANIFEST: page(status=status, Location=MANIFEST),
        }
        (found,) = ask(server)
    assert sorted(server.paths) == sorted(PATHS)
    assert found.trouble is Trouble.NOT_EXCHANGE


@pytest.mark.parametrize(
    "place",
    [
        "https://127.0.0.1:{other}/owa/",
        "https://localhost:{own}/owa/",
        "//127.0.0.1:{other}/owa/",
        "https://user@127.0.0.1:{own}/owa/",
        "https://127.0.0.1:{own}\\@127.0.0.1:{other}/owa/",
        "http://127.0.0.1:{own}/owa/",
        "/ecp/default.aspx",
        "/owa/auth/logon.aspx/../../../autodiscover/autodiscover.json",
        "/owa/%2e%2e/",
        "javascript:alert(1)",
        "https://[::1/owa/",
        "ftp://127.0.0.1/owa/",
        "relative",
    ],
)
def test_a_redirect_elsewhere_is_named_and_not_followed(place: str) -> None:
    with Loopback() as other, Loopback() as server:
        there = place.format(other=other.port, own=server.port)
        server.other = page(status="302 Found", Location=there)
        (found,) = ask(server)
        assert server.paths == list(PATHS)
        assert other.connections == 0
    assert found.trouble is Trouble.ELSEWHERE
    assert there[:9] in found.reason


def test_what_is_kept_of_an_answer_is_bounded() -> None:
    long = "/" + "x" * 9000
    links = "".join(f"/owa/auth/15.1.{number}/" for number in range(1000, 3000))
    found, _ = one({LOGON: page(links), OWA: page(status="302 X", Location=long, X_FEServer=long)})
    assert max(len(asked.note) for asked in found.asked) <= 320
    assert len(found.servers[0]) <= 64
    assert len(found.signs) == 8


# What it survives


def drip(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
    while True:
        line.sendall(b"a")
        time.sleep(0.02)


def drip_body(line: socket.socket) -> None:
    line.sendall(page(X_FEServer="EX01").replace(b"Length: 0", b"Length: 90000"))
    line.sendall(LOGON_PAGE.encode())
    while True:
        line.sendall(b"a")
        time.sleep(0.02)


def flood(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX-FEServer: EX01\r\n\r\n")
    for _ in range(400):
        line.sendall(b"a" * 65536)


def flood_chunks(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX-FEServer: EX01\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(40_000):
        line.sendall(b"3\r\nabc\r\n" * 100)


def endless_headers(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(1_000_000):
        line.sendall(b"X-%d: y\r\n" % number * 100)


def endless_header(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(1_000_000):
        line.sendall(b"y" * 1000)


def endless_interim(line: socket.socket) -> None:
    for _ in range(1_000_000):
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def silence(line: socket.socket) -> None:
    time.sleep(1)


def hang_up(line: socket.socket) -> None:
    line.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        pytest.param(drip, Trouble.TIMEOUT, id="drip"),
        pytest.param(silence, Trouble.TIMEOUT, id="silence"),
        pytest.param(endless_headers, Trouble.NONSENSE, id="endless-headers"),
        pytest.param(endless_header, Trouble.NONSENSE, id="endless-header"),
        pytest.param(endless_interim, Trouble.NONSENSE, id="endless-interim"),
        pytest.param(hang_up, Trouble.NONSENSE, id="hang-up"),
        pytest.param(b"", Trouble.NONSENSE, id="nothing"),
        pytest.param(b"220 mail ESMTP\r\n", Trouble.NONSENSE, id="smtp"),
        pytest.param(b"\x00\xff" * 5000, Trouble.NONSENSE, id="garbage"),
        pytest.param(b"HTTP/1.1 banana\r\n\r\n", Trouble.NONSENSE, id="status"),
        pytest.param(b"<html>old</html>", Trouble.NONSENSE, id="http-0.9"),
        pytest.param(flood, Trouble.HIDDEN, id="flood"),
        pytest.param(flood_chunks, Trouble.HIDDEN, id="flood-chunks"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", Trouble.NOT_EXCHANGE, id="empty"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            Trouble.NOT_EXCHANGE,
            id="bad-chunk",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc", Trouble.NOT_EXCHANGE, id="length"
        ),
    ],
)
def test_no_server_stops_it_or_holds_it_up(reply: Any, trouble: Trouble) -> None:
    with Loopback(other=reply) as server:
        start = time.monotonic()
        (found,) = ask(server, timeout=0.4)
        assert time.monotonic() - start < 5
        assert server.connections <= 3
    assert (found.build, found.trouble) == (None, trouble)
    assert found.reason


def test_no_more_is_read_of_an_answer_than_the_limit() -> None:
    late = page("a" * ANSWER_LIMIT + LOGON_PAGE)
    found, _ = one({LOGON: late})
    assert found.build is None
    early = page(LOGON_PAGE + "a" * 10 * ANSWER_LIMIT)
    found, _ = one({LOGON: early})
    assert found.build == CU


def test_what_a_page_told_before_it_broke_off_counts() -> None:
    with Loopback({LOGON: drip_body}) as server:
        (found,) = ask(server, timeout=0.4)
    assert (found.build, found.servers) == (CU, ("EX01",))


def test_a_failure_after_the_first_answer_is_noted_and_ends_the_asking() -> None:
    with Loopback({LOGON: page(LOGON_PAGE), MANIFEST: b"nonsense\r\n\r\n"}) as server:
        (found,) = ask(server)
    assert (found.build, found.trouble) == (CU, None)
    assert found.notes == ("the security update stayed unknown: its answer is no HTTP",)
    assert server.paths == [LOGON, MANIFEST]


@contextlib.contextmanager
def a_closed_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    yield port


def test_a_closed_port_refuses() -> None:
    with a_closed_port() as port:
        (found,) = ask(Target("127.0.0.1", port))
    assert (found.trouble, found.reason) == (Trouble.REFUSED, "it refuses connections to this port")
    assert [asked.status for asked in found.asked] == [0]


def test_a_server_that_takes_the_connection_and_says_nothing_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        (found,) = ask(Target("127.0.0.1", door.getsockname()[1]), timeout=0.2)
    assert found.trouble is Trouble.TIMEOUT


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (socket.EAI_NONAME, "its name has no address"),
        (socket.EAI_AGAIN, "no name server answers for its name"),
    ],
)
def test_an_unknown_name_is_said_so(monkeypatch: pytest.MonkeyPatch, code: int, said: str) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "x")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    (found,) = ask(Target("mail.example.org"))
    assert (found.trouble, found.reason) == (Trouble.NO_NAME, said)


def test_a_dead_address_leaves_time_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Loopback({LOGON: page(X_OWA_Version="15.1.2507.44")}) as server,
        a_closed_port() as port,
    ):
        places = [("127.0.0.1", port), ("127.0.0.1", server.port)]
        found_places = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found_places)
        (found,) = ask(Target("mail.example.org"))
    assert found.build == FULL


def test_many_dead_addresses_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    def dead(line: socket.socket, _: object) -> None:
        waited.append(line.gettimeout() or 0)
        raise TimeoutError

    places = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.1", 443))] * 30
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
    monkeypatch.setattr(socket.socket, "connect", dead)
    (found,) = ask(Target("mail.example.org"), timeout=8)
    assert found.trouble is Trouble.TIMEOUT
    assert len(waited) == 4
    assert 1 < waited[0] <= 2


def test_no_address_at_all_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    (found,) = ask(Target("mail.example.org"))
    assert found.trouble is Trouble.UNREACHABLE


def speak_plainly(line: socket.socket) -> None:
    line.recv(100)
    line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def slam(line: socket.socket) -> None:
    line.recv(100)
    line.shutdown(socket.SHUT_RDWR)


def answer_like_a_server_of_2009(line: socket.socket) -> None:
    line.recv(4096)
    hello = b"\x03\x01" + bytes(32) + b"\x00" + b"\x00\x2f" + b"\x00"
    message = b"\x02" + len(hello).to_bytes(3) + hello
    line.sendall(b"\x16\x03\x01" + len(message).to_bytes(2) + message)


def test_servers_that_know_no_safe_renegotiation_are_not_turned_away() -> None:
    reply = answer_like_a_server_of_2009
    with Loopback(context=None, reads=False, other=reply) as server:
        (found,) = ask(server)
    assert found.reason == "it hung up while TLS was agreed on"


@pytest.mark.parametrize("manner", [speak_plainly, slam])
def test_what_breaks_the_handshake_is_a_tls_failure(manner: Any) -> None:
    with Loopback(context=None, reads=False, other=manner) as server:
        (found,) = ask(server)
    assert found.trouble is Trouble.TLS


def test_a_server_that_wants_a_certificate_of_the_caller_is_a_tls_failure() -> None:
    context = only("TLS 1.2")
    context.verify_mode = ssl.CERT_REQUIRED
    with Loopback(context=context) as server:
        (found,) = ask(server)
    assert found.trouble is Trouble.TLS
    assert "handshake failure" in found.reason


def test_answers_come_in_the_order_of_the_question() -> None:
    def slow(line: socket.socket) -> None:
        time.sleep(0.2)
        line.sendall(page(X_OWA_Version="15.1.2507.44"))

    with (
        Loopback({LOGON: slow}) as first,
        Loopback({LOGON: page(X_OWA_Version="15.2.1544.9")}) as second,
    ):
        found = ask(first, second)
    assert [host.target.port for host in found] == [first.port, second.port]
    assert [host.build for host in found] == [FULL, (15, 2, 1544, 9)]


# Proxies


def through(server: Loopback, credentials: str = "") -> Proxy:
    return Proxy("127.0.0.1", server.port, credentials)


ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "place"),
    [
        (Target("mail.example.org"), "mail.example.org:443"),
        (Target("2001:db8::1", 8443), "[2001:db8::1]:8443"),
    ],
)
def test_a_proxy_is_asked_to_connect_and_gets_its_credentials_alone(
    target: Target, place: str
) -> None:
    pages = {LOGON: page(X_OWA_Version="15.1.2507.44")}
    with Loopback(pages, proxy=ESTABLISHED) as server:
        (found,) = ask(target, proxy=through(server, "u:p"))
    assert found.build == FULL
    connect, request = server.requests
    assert connect == (
        f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nProxy-Authorization: Basic dTpw\r\n\r\n"
    )
    assert request.startswith(f"GET {LOGON} HTTP/1.1\r\nHost: {target.spelled}\r\n")
    assert "Authorization" not in request


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (page(status="407 Proxy Authentication Required"), "it refused, with status 407"),
        (page(status="503 Service Unavailable"), "it refused, with status 503"),
        (b"nonsense\r\n\r\n", "no answer that could be read"),
        (endless_headers, "no answer that could be read"),
        (silence, "no answer that could be read"),
    ],
)
def test_a_proxy_that_does_not_connect_is_a_failure_of_the_proxy(reply: Any, said: str) -> None:
    with Loopback(proxy=reply) as server:
        (found,) = ask(Target("mail.example.org"), timeout=0.4, proxy=through(server))
    assert (found.trouble, found.reason) == (Trouble.PROXY, f"proxy: {said}")


def test_a_proxy_that_is_not_there_is_a_failure_of_the_proxy() -> None:
    with a_closed_port() as port:
        (found,) = ask(Target("mail.example.org"), proxy=Proxy("127.0.0.1", port))
    assert found.trouble is Trouble.PROXY


@pytest.mark.parametrize(
    ("listed", "direct"),
    [
        ("example.org", True),
        (" .EXAMPLE.org ,x", True),
        ("*", True),
        ("mail.example.org", True),
        ("ample.org", False),
        ("", False),
        (",,.", False),
    ],
)
def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch, listed: str, direct: bool) -> None:
    monkeypatch.setenv("NO_PROXY", listed)
    pages = {LOGON: page(X_OWA_Version="15.1.2507.44")}
    with Loopback(pages) as server, Loopback(pages, proxy=ESTABLISHED) as gate:
        only_lookups(monkeypatch, server.port if direct else gate.port)
        (found,) = ask(Target("mail.example.org"), proxy=through(gate))
    assert found.build == FULL
    assert (server.connections, gate.connections) == ((1, 0) if direct else (0, 1))


def test_the_proxy_of_the_environment_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment_proxy() is None
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example.org:3128")
    assert environment_proxy() == Proxy("proxy.example.org", 3128)


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("http://proxy:3128", Proxy("proxy", 3128)),
        ("http://proxy/", Proxy("proxy", 80)),
        ("proxy:8080", Proxy("proxy", 8080)),
        ("http://u:p%40ss@[2001:db8::1]:3128", Proxy("2001:db8::1", 3128, "u:p@ss")),
    ],
)
def test_a_proxy_can_be_spelled_in_the_usual_ways(text: str, proxy: Proxy) -> None:
    assert read_proxy(text) == proxy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://",
        "https://u:secret@proxy",
        "socks5://u:secret@proxy:1080",
        "http://u:secret@p:x",
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_without_telling_its_password(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_proxy(text)
    assert "secret" not in str(refused.value)
    assert "secret" not in repr(Proxy("proxy", 1, "u:secret"))
