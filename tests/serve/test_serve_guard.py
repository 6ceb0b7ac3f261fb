"""Nobody reaches the case by a strange name, by another method, or on a strange path."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import CASES
from starlette.types import ASGIApp, Message

from asking import HERE, Reply, ask
from extriage.reports import RenderOptions
from extriage.serve.app import Served, application, open_case
from extriage.serve.guard import HEADERS, is_loopback, is_name, known_as
from serving import case_folder, record

STRANGE_HOSTS = [
    *("evil.test", "evil.test:8765", "localhost.evil.test:8765", "127.0.0.1.evil.test:8765"),
    *("127.0.0.1", "127.0.0.1:80", "127.0.0.1:8766", "127.0.0.1:99999", "localhost", "[::1]"),
    *("127.0.0.1:8765@evil.test", "evil.test#127.0.0.1:8765", "127.0.0.1:8765/", "127.0.0.1:"),
    *("", " ", "0.0.0.0:8765", "127.1:8765", "2130706433:8765", "0x7f000001:8765", "[::]:8765"),
    *("127.0.0.1:8765\n", "127.0.0.1 :8765", "localhost.:8765", "localhost\x00:8765", "*:8765"),
    *("[::1:8765", "[::ffff:127.0.0.1]:8765", "127.0.0.1:8765, evil.test", "x" * 10_000),
    *("\u2488.0.0.1:8765", "127\uff0e0.0.1:8765", "127.0.0.1:\u0668\u0667\u0666\u0665"),
]
OWN_HOSTS = ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765", "[::1]:8765"]
METHODS = [
    *("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 99)
]
CLIMBING = [
    *(
        "/../case.json",
        "/..",
        "/../../etc/passwd",
        "//etc/passwd",
        "/./case.json",
        "/.",
        "/rows/..",
    ),
    *("/%2e%2e/case.json", "/%2e%2e%2fcase.json", "/..%2fcase.json", "/..%5ccase.json"),
    *(
        "/..\\case.json",
        "\\case.json",
        "/rows/h0-findings/../../case.json",
        "/%252e%252e/case.json",
    ),
    *(
        "/case.json%00",
        "/%00",
        "/rows/h0-findings%00.json",
        "/report.json%00.html",
        "/C:/case.json",
    ),
    *(
        "/file:///etc/passwd",
        "/%c0%ae%c0%ae/",
        "/\uff0e\uff0e/",
        "/ ",
        "/%20",
        "/%0d%0aX:y",
        "/~root",
    ),
    *(
        "/case.json",
        "/case.db",
        "/run.json",
        "/report.",
        "/report.exe",
        "/report.html/..",
        "/rows/",
    ),
    *("/rows/h9-findings", "/rows/H0-findings", "/rows/h0-findings/", "//", "/trail/", "/nothing"),
    *("http://evil.test/", "*", "", "/" + "a" * 100_000),
]
PAGES = ["/", "/trail", "/more", "/record?row=1", "/rows/h0-findings", "/report.json", "/nothing"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("guard") / "case"
    case_folder(folder, CASES["robbed"], [record(1), record(2)])
    opened = open_case(folder, RenderOptions())
    yield opened
    assert opened.trail
    opened.trail.close()


@pytest.fixture(scope="module")
def app(served: Served) -> ASGIApp:
    return application(served, "127.0.0.1")


def harmless(reply: Reply) -> None:
    """Check what every answer must have, whatever it is."""
    for name, value in HEADERS.items():
        assert reply.header(name.lower()) == value
    policy = reply.header("content-security-policy")
    assert policy
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not [name for name, _ in reply.headers if name.startswith("access-control")]
    assert reply.header("content-type") is not None or not reply.body


@pytest.mark.parametrize("name", STRANGE_HOSTS, ids=range(len(STRANGE_HOSTS)))
def test_a_strange_name_is_turned_away(app: ASGIApp, name: str) -> None:
    for target in ("/", "/rows/h0-findings", "/nothing"):
        reply = ask(app, target, host=[("host", name)])
        assert reply.status == 421
        assert "EXCH01" not in reply.text
        harmless(reply)


@pytest.mark.parametrize("name", OWN_HOSTS)
def test_the_names_of_this_machine_are_let_in(app: ASGIApp, name: str) -> None:
    assert ask(app, "/", host=[("host", name)]).status == 200


def test_a_request_without_a_name_or_with_two_is_turned_away(app: ASGIApp) -> None:
    assert ask(app, "/", host=[]).status == 421
    assert ask(app, "/", host=[HERE, ("host", "evil.test")]).status == 421
    assert ask(app, "/", host=[HERE, HERE]).status == 421


def test_headers_of_proxies_change_nothing(app: ASGIApp) -> None:
    lies = [("x-forwarded-host", "127.0.0.1:8765"), ("forwarded", "host=127.0.0.1:8765")]
    assert ask(app, "/", host=[("host", "evil.test")], headers=lies).status == 421


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
@pytest.mark.parametrize(
    ("mode", "dest"),
    [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("no-cors", "script")],
)
def test_a_page_of_another_site_makes_the_server_do_nothing(
    app: ASGIApp, site: str, mode: str, dest: str
) -> None:
    sent = [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)]
    for target in ("/", "/rows/trail?q=a", "/report.json"):
        reply = ask(app, target, headers=sent)
        assert reply.status == 403
        assert "EXCH01" not in reply.text
        harmless(reply)


@pytest.mark.parametrize("site", ["none", "same-origin", "cross-site"])
def test_a_link_may_be_followed(app: ASGIApp, site: str) -> None:
    mode = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")]
    assert ask(app, "/", headers=[("sec-fetch-site", site), *mode]).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("content-length", "5")],
        [("transfer-encoding", "chunked")],
        [("content-length", "0"), ("transfer-encoding", "chunked")],
    ],
)
def test_a_question_with_a_body_ends_the_connection(
    app: ASGIApp, headers: list[tuple[str, str]]
) -> None:
    reply = ask(app, "/", headers=headers)
    assert reply.status == 400
    assert reply.header("connection") == "close"
    harmless(reply)


def test_an_empty_body_is_none(app: ASGIApp) -> None:
    assert ask(app, "/", headers=[("content-length", "0")]).status == 200


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
def test_nobody_calls_a_server_by_the_address_that_means_all(
    served: Served, everywhere: str
) -> None:
    app = application(served, everywhere)
    name = f"[{everywhere}]" if ":" in everywhere else everywhere
    for here in (("127.0.0.1", 8765), ("192.0.2.7", 8765)):
        assert ask(app, "/", host=[("host", f"{name}:8765")], server=here).status == 421


def test_who_listens_everywhere_is_called_by_its_own_names_on_the_machine_itself(
    served: Served,
) -> None:
    app = application(served, "0.0.0.0")
    for name in OWN_HOSTS:
        assert ask(app, "/", host=[("host", name)], server=("127.0.0.1", 8765)).status == 200
        assert ask(app, "/", host=[("host", name)], server=("192.0.2.7", 8765)).status == 421


def test_a_wrong_name_is_told_what_to_do(app: ASGIApp) -> None:
    said = ask(app, "/", host=[("host", "localhost:9000")]).text
    assert "through a tunnel, at the same port" in said
    assert "--name" in said


@pytest.mark.parametrize(
    "host", ["localhost", "ir-desk", "IR-Desk.contoso.test", "a_b.test", "192.0.2.7", "::1", "1a"]
)
def test_a_machine_may_be_called_so(host: str) -> None:
    assert is_name(host)


@pytest.mark.parametrize(
    "host",
    ["", " ", "0", "127.1", "2130706433", "0x7f000001", "256.1.1.1", "http://x", "x:80", "[::1]"]
    + ["*", "a b", "x/", "u@x", "x.", ".x", "-" * 254, "a\n", "\u24d0"],
)
def test_no_machine_is_called_so(host: str) -> None:
    assert not is_name(host)


def test_who_listens_everywhere_is_called_by_the_address_that_was_reached(served: Served) -> None:
    app = application(served, "0.0.0.0", ["ir-desk.contoso.test"])
    here = ("192.0.2.7", 8765)
    for name in ("192.0.2.7:8765", "ir-desk.contoso.test:8765", "IR-Desk.contoso.test:8765"):
        assert ask(app, "/", host=[("host", name)], server=here).status == 200
    for name in ("192.0.2.8:8765", "localhost:8765", "contoso.test:8765", "ir-desk:8765"):
        assert ask(app, "/", host=[("host", name)], server=here).status == 421


@pytest.mark.parametrize(
    ("host", "is_so"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)]
    + [(host, False) for host in ("0.0.0.0", "::", "192.0.2.7", "localhost.evil.test", "", "127")],
)
def test_an_address_is_this_machine_s_own_or_not(host: str, is_so: bool) -> None:
    assert is_loopback(host) is is_so
    assert ("localhost" in known_as(host, ())) is is_so


@pytest.mark.parametrize("method", METHODS)
def test_nothing_can_be_changed(app: ASGIApp, method: str) -> None:
    for target in ("/", "/rows/h0-findings", "/nothing"):
        reply = ask(app, target, method=method)
        assert reply.status == 405
        assert reply.header("allow") == "GET, HEAD"
        harmless(reply)


@pytest.mark.parametrize("path", CLIMBING, ids=range(len(CLIMBING)))
def test_nobody_climbs_out(app: ASGIApp, path: str) -> None:
    reply = ask(app, path)
    assert reply.status == 404
    assert "To the report" in reply.text
    assert "root:x" not in reply.text
    assert "extriage.case/1" not in reply.text
    harmless(reply)


def test_an_address_that_is_too_long_is_refused(app: ASGIApp) -> None:
    assert ask(app, "/rows/h0-findings?q=" + "a" * 1_000_000).status == 400


@pytest.mark.parametrize("target", PAGES)
def test_every_answer_is_locked(app: ASGIApp, target: str) -> None:
    reply = ask(app, target, headers=[("origin", "https://evil.test")])
    assert reply.status == (404 if target == "/nothing" else 200)
    harmless(reply)


@pytest.mark.parametrize("target", PAGES)
def test_a_head_request_has_the_headers_alone(app: ASGIApp, target: str) -> None:
    head, get = ask(app, target, method="HEAD"), ask(app, target)
    assert (head.status, head.header("content-type")) == (get.status, get.header("content-type"))
    harmless(head)


@pytest.mark.parametrize("target", ["/", "/trail"])
def test_a_page_runs_its_own_script_only(app: ASGIApp, target: str) -> None:
    policy = ask(app, target).header("content-security-policy") or ""
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["script-src"].startswith("'sha256-")
    assert parts["connect-src"] == "'self'"
    assert parts["form-action"] == parts["base-uri"] == "'none'"


def test_a_socket_is_closed(app: ASGIApp) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def knock() -> None:
        await app({"type": "websocket", "path": "/", "headers": []}, receive, send)

    asyncio.run(knock())
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_the_folder_is_left_as_it_was(tmp_path: Path) -> None:
    folder = case_folder(tmp_path / "case", CASES["robbed"], [record(n) for n in range(30)])
    before = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir()}
    opened = open_case(folder, RenderOptions())
    served = application(opened, "127.0.0.1")
    for target in (*PAGES, "/rows/trail?q=post&sort=-time", "/rows/h0-evidence?sort=time"):
        assert ask(served, target).status in (200, 404)
    after = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir()}
    assert opened.trail
    opened.trail.close()
    assert after == before
