"""Who may look: the token opens the door once, the cookie keeps it open, and nothing else does."""

import secrets
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from cases import CASES
from starlette.types import ASGIApp

from asking import Reply, ask
from extriage.reports import RenderOptions
from extriage.serve.app import application, open_case
from extriage.serve.token import Token
from serving import case_folder

SECRET = "K3k-_" + "x" * 38


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    folder = case_folder(tmp_path_factory.mktemp("token") / "case", CASES["targeted"])
    return application(open_case(folder, RenderOptions()), "127.0.0.1", (), Token(SECRET))


def refused(reply: Reply) -> bool:
    assert "EXCH01" not in reply.text
    assert SECRET not in reply.text
    assert not [name for name, _ in reply.headers if name == "set-cookie"]
    return reply.status == 401 and reply.header("www-authenticate") == "Bearer"


@pytest.mark.parametrize("target", ["/", "/rows/h0-findings", "/report.json", "/nothing", "/trail"])
def test_without_a_token_there_is_nothing_to_see(app: ASGIApp, target: str) -> None:
    reply = ask(app, target)
    assert refused(reply)
    assert "Open the address that extriage printed" in reply.text


@pytest.mark.parametrize(
    "given",
    [
        *("", "x", SECRET[:-1], SECRET + "x", SECRET.lower(), SECRET.upper(), SECRET[::-1]),
        *("%00", f"%20{SECRET}", f"{SECRET}%20", f"{SECRET}%00", "\u00e9", "%ff", "*", "None"),
        *(f"{SECRET}&token={SECRET}", f"x&token={SECRET}", f"{SECRET}&token="),
    ],
    ids=range(18),
)
def test_a_wrong_token_opens_nothing(app: ASGIApp, given: str) -> None:
    assert refused(ask(app, f"/?token={given}"))


def test_a_wrong_token_is_not_helped_by_a_right_cookie(app: ASGIApp) -> None:
    carried = [("cookie", f"extriage-8765={SECRET}")]
    assert refused(ask(app, "/?token=wrong", headers=carried))


@pytest.mark.parametrize(
    "headers",
    [
        [("cookie", "extriage-8765=wrong")],
        [("cookie", "extriage-8765=")],
        [("cookie", f"extriage-8766={SECRET}")],
        [("cookie", f"extriage={SECRET}")],
        [("cookie", "\u00e9\u0000;;==")],
        [("authorization", f"Basic {SECRET}")],
        [("authorization", "Bearer")],
        [("authorization", SECRET)],
        [("authorization", "Bearer wrong")],
        [("x-token", SECRET)],
    ],
    ids=range(10),
)
def test_what_is_carried_must_be_right(app: ASGIApp, headers: list[tuple[str, str]]) -> None:
    assert refused(ask(app, "/", headers=headers))


def test_the_token_in_the_address_becomes_a_cookie(app: ASGIApp) -> None:
    reply = ask(app, f"/?token={SECRET}")
    assert reply.status == 303
    assert reply.header("location") == "/"
    cookie = SimpleCookie(reply.header("set-cookie"))["extriage-8765"]
    assert cookie.value == SECRET
    assert cookie["httponly"]
    assert cookie["samesite"].lower() == "strict"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert not cookie["max-age"]
    carried = [("cookie", f"other=1; extriage-8765={cookie.value}")]
    assert ask(app, "/", headers=carried).status == 200


def test_a_link_of_another_site_is_welcomed_with_a_step_of_ones_own(app: ASGIApp) -> None:
    sent = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]
    reply = ask(app, f"/?token={SECRET}", headers=[*sent, ("sec-fetch-dest", "document")])
    assert reply.status == 200
    assert 'href="./"' in reply.text
    assert "<title>Welcome" in reply.text
    assert "EXCH01" not in reply.text
    assert SECRET not in reply.text
    assert SimpleCookie(reply.header("set-cookie"))["extriage-8765"].value == SECRET


def test_other_parameters_stay_in_the_address(app: ASGIApp) -> None:
    reply = ask(app, f"/rows/h0-findings?page=0&token={SECRET}&q=a%2Fb%3D%26")
    assert reply.header("location") == "/rows/h0-findings?page=0&q=a%2Fb%3D%26"


@pytest.mark.parametrize("path", ["//evil.test/", "/%0d%0aset-cookie:x=y", "/\\evil.test"])
def test_the_way_on_never_leads_elsewhere(app: ASGIApp, path: str) -> None:
    reply = ask(app, f"{path}?token={SECRET}")
    assert reply.status == 404
    assert reply.header("location") is None


def test_a_program_may_send_the_token(app: ASGIApp) -> None:
    for scheme in ("Bearer", "bearer"):
        reply = ask(app, "/report.json", headers=[("authorization", f"{scheme} {SECRET}")])
        assert reply.status == 200


def test_a_strange_name_is_turned_away_before_the_token_is_looked_at(app: ASGIApp) -> None:
    strange = [("host", "evil.test:8765")]
    assert ask(app, f"/?token={SECRET}", host=strange).status == 421


def test_the_comparison_tells_nothing_by_its_time(
    app: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr(secrets, "compare_digest", compare)
    assert ask(app, f"/?token={SECRET}").status == 303
    assert ask(app, "/", headers=[("cookie", f"extriage-8765={SECRET}")]).status == 200
    assert compared == [SECRET.encode(), SECRET.encode()]


def test_every_start_has_a_token_of_its_own() -> None:
    made = {Token.fresh().secret for _ in range(50)}
    assert len(made) == 50
    assert min(map(len, made)) >= 43


def test_without_tokens_the_parameter_means_nothing(tmp_path: Path) -> None:
    folder = case_folder(tmp_path / "case", CASES["targeted"])
    app = application(open_case(folder, RenderOptions()), "127.0.0.1")
    assert ask(app, "/?token=anything").status == 200
