"""Microsoft's own web files: the tables hold together, and a path is told whatever is around it."""

import csv
import gzip
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extriage.cli import main
from extriage.errors import ContentError
from extriage.knowledge import shippedtables
from extriage.knowledge.shipped import (
    hashes_of,
    is_shipped_url,
    newest_known,
    shipped_builds,
    shipped_fields,
)
from extriage.knowledge.shippedfiles import known_builds, page_names, table_for
from extriage.knowledge.shippedpaths import PLACES, lying
from extriage.model.evidence import Fields

FRONT = "C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/"
BACK = "C/Program Files/Microsoft/Exchange Server/V15/ClientAccess/"
LOGON = "frontend/httpproxy/owa/auth/logon.aspx"
LOGON_2016 = "49194ca2dc5ff65a4e4438b3b68d11d63ed72e12cf72b76949733f4b5196a9b2"
LOGON_2013 = "5364b7bcbbaef47cc3fea2c2e7206b33b4514c461773ef2bf38addcd9c8376d3"
FLOGON = "frontend/httpproxy/owa/auth/version/scripts/premium/flogon.js"
FLOGON_HASH = "875b6f9260784af34b387b2270ee3d6d8890dff15eb16796819a2a18f5c40089"
STRANGE = "ab" * 32


def told(path: str, sha256: str = "") -> Fields:
    return shipped_fields(path, sha256)


def test_every_row_of_the_tables_is_whole() -> None:
    rows = 0
    for path in ("x.aspx", "x.dll"):
        table = table_for(path)
        for relative, hashes in table.hashes.items():
            assert relative == shippedtables.plain_path(relative)
            assert relative.startswith(("frontend/", "clientaccess/"))
            for sha256 in hashes:
                assert re.fullmatch(r"[0-9a-f]{64}", sha256)
                assert shipped_builds(relative, sha256)
                assert relative in table.places[sha256]
                rows += 1
    assert rows == 3437 + 10486


def test_the_tables_know_131_builds_and_of_nine_the_back_end_only() -> None:
    assert len(known_builds("clientaccess")) == 131
    assert len(known_builds("frontend")) == 122
    assert set(known_builds("frontend")) < set(known_builds("clientaccess"))
    assert newest_known() == (15, 2, 858, 5)


def test_the_front_end_has_ten_pages_and_aspnet_client_none() -> None:
    pages = table_for("x.aspx").hashes
    front = {one for one in pages if one.startswith("frontend/") and one.endswith(".aspx")}
    assert {one.removeprefix("frontend/httpproxy/") for one in front} == {
        "ecp/auth/timeoutlogout.aspx",
        "owa/auth/errorfe.aspx",
        "owa/auth/expiredpassword.aspx",
        "owa/auth/frowny.aspx",
        "owa/auth/logoff.aspx",
        "owa/auth/logon.aspx",
        "owa/auth/outlookcn.aspx",
        "owa/auth/redirsuiteserviceproxy.aspx",
        "owa/auth/signout.aspx",
        "owa/auth/svmfeedback.aspx",
    }
    assert not [one for one in pages if "aspnet_client" in one]


def test_the_logon_page_and_its_script_are_known_by_build() -> None:
    assert hashes_of(LOGON, (15, 1, 2106, 2)) == {LOGON_2016}
    assert hashes_of(LOGON, (15, 0, 1497, 12)) == {LOGON_2013}
    assert len(shipped_builds(FLOGON, FLOGON_HASH)) == 116
    assert hashes_of(LOGON, (15, 2, 1544, 4)) == frozenset()
    assert hashes_of(LOGON, (15, 1, 2044, 4)) == frozenset()
    assert shipped_builds(r"\FrontEnd\HttpProxy\owa\auth\logon.aspx", LOGON_2016.upper())
    assert shipped_builds(LOGON, STRANGE) == ()


def test_builds_are_numbers_whatever_their_spelling_in_the_list_was() -> None:
    found = shipped_builds("clientaccess/owa/auth/logoff.aspx", _one("owa/auth/logoff.aspx"))
    assert (15, 1, 1034, 26) in found
    assert list(found) == sorted(set(found))


def _one(relative: str) -> str:
    hashes = table_for("x.aspx").hashes[f"clientaccess/{relative}"]
    return max(hashes, key=lambda one: len(shipped_builds(f"clientaccess/{relative}", one)))


@pytest.mark.parametrize(
    ("path", "place", "shipped"),
    [
        (f"{FRONT}owa/auth/logon.aspx", "front-end", "yes"),
        (r"D:\Mail\FrontEnd\HttpProxy\OWA\Auth\LOGON.ASPX", "front-end", "yes"),
        ("a.zip!/u/C%3A/Exchange/FrontEnd/HttpProxy/owa/auth/errorFE.aspx", "front-end", "yes"),
        ("copied/owa/auth/logon.aspx", "front-end", "yes"),
        ("copied/owa/auth/error2.aspx", "front-end", "yes"),
        ("copied/owa/auth/x.aspx", "front-end", "no"),
        (f"{FRONT}owa/auth/logon.aspx.", "front-end", "yes"),
        (f"{FRONT}owa/auth/15.1.2106/scripts/premium/flogon.js", "front-end", "yes"),
        (f"{FRONT}owa/auth/Current/scripts/premium/flogon.js", "front-end", "yes"),
        (f"{FRONT}owa/auth/15.1.2106/x.aspx", "front-end", "no"),
        (f"{FRONT}owa/auth/c/inetpub/x.aspx", "front-end", "no"),
        (f"{FRONT}owa/auth/ClientAccess/ecp/about.aspx", "front-end", "no"),
        (f"{FRONT}OAB/web.config", "oab", "yes"),
        (f"{FRONT}OAB/x.aspx", "oab", "no"),
        (f"{BACK}ecp/about.aspx", "back-end", "yes"),
        (f"{BACK}ecp/x.aspx", "back-end", "no"),
        (f"{BACK}ecp/themes/x.css", "back-end", ""),
        (f"{BACK}ecp/bin/x.dll", "back-end", "no"),
        (f"cases/ClientAccess/{FRONT}owa/auth/logon.aspx", "front-end", "yes"),
        ("C/Exchange Server/V14/ClientAccess/owa/auth/logon.aspx", "back-end", ""),
        ("C/inetpub/wwwroot/aspnet_client/system_web/error.aspx", "aspnet_client", "no"),
        ("C/inetpub/wwwroot/aspnet_client/system_web/a.js", "aspnet_client", ""),
        ("C/inetpub/wwwroot/x.aspx", "web-root", ""),
        ("C/ProgramData/COM/x.aspx", "virtual-directory", ""),
        ("C/Windows/Help/x.aspx", "virtual-directory", ""),
        ("C/Windows/System32/spool/drivers/color/x.aspx", "virtual-directory", ""),
        ("C/Windows/System32/certsrv/en-US/certrqxt.asp", "elsewhere", ""),
        ("C/Windows/Web/RDWeb/Pages/en-US/login.aspx", "elsewhere", ""),
        ("Logging/HttpProxy/Owa/x.aspx", "elsewhere", ""),
        ("x.aspx", "elsewhere", ""),
        ("", "elsewhere", ""),
    ],
)
def test_a_place_is_told_whatever_is_around_it(path: str, place: str, shipped: str) -> None:
    fields = told(path, STRANGE)
    assert (fields["Place"], fields["ShippedPath"]) == (place, shipped)


def test_what_is_known_of_a_content_is_said_and_no_more() -> None:
    assert told(f"{FRONT}owa/auth/logon.aspx", LOGON_2016)["ShippedHash"] == "yes"
    assert told(f"{FRONT}owa/auth/logon.aspx", STRANGE)["ShippedHash"] == "no"
    assert told(f"{FRONT}owa/auth/logon.aspx", "")["ShippedHash"] == ""
    copy = told(f"{FRONT}owa/auth/logon_old.aspx", LOGON_2016)
    assert (copy["ShippedHash"], copy["ShippedAs"]) == ("other-place", (LOGON,))
    assert told("D/site/x.aspx", LOGON_2016)["ShippedHash"] == "other-place"
    assert told("D/site/x.aspx", STRANGE)["ShippedHash"] == ""


def test_a_shipped_name_elsewhere_says_where_it_belongs() -> None:
    assert told("C/inetpub/wwwroot/aspnet_client/OutlookCN.aspx")["ShippedAs"] == (
        "frontend/httpproxy/owa/auth/outlookcn.aspx",
    )
    assert told(f"{FRONT}owa/auth/OutlookCN.aspx", STRANGE)["ShippedAs"] == ()
    assert told("D/site/OutlookCN.aspx")["ShippedAs"] == ()


@pytest.mark.parametrize(
    ("url", "shipped"),
    [
        ("/owa/auth/logon.aspx?url=x", True),
        ("/OWA/auth/LOGON.aspx", True),
        ("/%6fwa/auth/logon.aspx", True),
        ("/owa/(S(abcd))/auth/logon.aspx", True),
        ("/owa/anna@contoso.example/default.aspx", True),
        ("/owa/integrated/default.aspx", True),
        ("/ecp/default.aspx", True),
        ("/ecp/DDI/DDIService.svc/GetObject", True),
        ("/ecp/any/ImportContactList.aspx", True),
        ("/ews/exchange.asmx", True),
        ("/autodiscover/autodiscover.svc", True),
        ("/owa/userspecificresourceinjector.ashx", True),
        ("/owa/auth/x.aspx", False),
        ("/owa/auth/15.1.2106/x.aspx", False),
        ("/owa/auth/Current/x.aspx", False),
        ("/ecp/x.aspx/y", False),
        ("/aspnet_client/system_web/x.aspx", False),
        ("/oab/x.aspx", False),
        ("/default.aspx", None),
        ("/shop/x.aspx", None),
        ("/ecp/y.js", None),
        ("/owa/", None),
        ("", None),
    ],
)
def test_a_url_is_looked_for_in_both_trees(url: str, shipped: bool | None) -> None:
    assert is_shipped_url(url) is shipped


@given(st.sampled_from(sorted(table_for("x.aspx").hashes)), st.data())
def test_a_shipped_path_is_known_in_every_spelling(relative: str, data: st.DataObject) -> None:
    plain = "/".join("15.1.5" if one == "version" else one for one in relative.split("/"))
    path = "".join(data.draw(st.sampled_from((one.upper(), one))) for one in plain)
    if data.draw(st.booleans()):
        path = path.replace("/", "\\")
    front = data.draw(st.sampled_from(("", "C:/Exchange/", "a.zip!/C%3A/X/", "EX01/d/Mail/")))
    fields = told(front + path)
    known = relative.rpartition(".")[2] in ("js", "browser") or fields["ShippedPath"] == "yes"
    assert known
    assert fields["Imitates"] == ""


@given(st.text(max_size=200), st.text(max_size=70))
def test_no_text_stops_it(path: str, sha256: str) -> None:
    fields = told(path, sha256)
    assert fields["Place"] in PLACES
    assert fields["ShippedPath"] in ("", "yes", "no")
    assert fields["ShippedHash"] in ("", "yes", "no", "other-place")
    assert is_shipped_url(path) in (None, True, False)
    assert isinstance(shipped_builds(path, sha256), tuple)


@given(st.lists(st.sampled_from(["C", "inetpub", "wwwroot", "aspnet_client", "HttpProxy", "x"])))
def test_whatever_lies_below_the_front_end_stays_there(parts: list[str]) -> None:
    assert lying("/".join((f"{FRONT}owa", *parts, "x.aspx"))).place == "front-end"


def test_names_of_pages_are_those_that_a_server_executes() -> None:
    assert page_names()["logon.aspx"] == (LOGON,)
    assert "flogon.js" not in page_names()


def _lists(folder: Path, script_builds: int = 2) -> tuple[Path, Path]:
    web, by_build = folder / "web.csv", folder / "exec.csv.gz"
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(("relpath", "sha256", "builds"))
    writer.writerow(
        (r"\frontend\httpproxy\owa\auth\logon.aspx", "1" * 64, "15.01.2106.002 15.1.225.42")
    )
    writer.writerow((r"clientaccess\owa\15.1.225.42\x.aspx", "2" * 64, "15.1.225.42"))
    writer.writerow((r"owa\x.aspx", "3" * 64, "15.1.2044.4"))
    by_build.write_bytes(gzip.compress(written.getvalue().encode()))
    web.write_text(
        "sha256,path_lower,path_kind,first_build,last_build,n_builds\n"
        rf"{'4' * 64},frontend\httpproxy\owa\auth\version\scripts\premium\flogon.js,v15-relative,"
        f"15.1.225.42,15.1.2106.2,{script_builds}\n"
    )
    return web, by_build


def test_the_tables_are_made_of_the_lists(tmp_path: Path) -> None:
    shipped = shippedtables.read_lists(*_lists(tmp_path))
    counts = shippedtables.write_tables(shipped, tmp_path / "a")
    shippedtables.write_tables(shipped, tmp_path / "b")
    assert counts == {"shipped_builds.csv": 3, "shipped.csv.gz": 4, "shipped_programs.csv.gz": 0}
    for name in counts:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    rows = gzip.decompress((tmp_path / "a" / "shipped.csv.gz").read_bytes()).decode().splitlines()
    assert rows[1:] == [
        f"clientaccess/owa/version/x.aspx,{'2' * 64},15.1.225.42",
        f"clientaccess/owa/x.aspx,{'3' * 64},15.1.2044.4",
        f"frontend/httpproxy/owa/auth/logon.aspx,{'1' * 64},15.1.225.42..15.1.2106.2",
        f"{FLOGON},{'4' * 64},15.1.225.42..15.1.2106.2",
    ]


def test_a_list_that_does_not_add_up_is_named(tmp_path: Path) -> None:
    web, by_build = _lists(tmp_path, script_builds=3)
    with pytest.raises(ContentError, match=r"web\.csv, line 2: 2 builds are between, not 3"):
        shippedtables.read_lists(web, by_build)
    with pytest.raises(ContentError, match="has no column"):
        shippedtables.read_lists(by_build, web)
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(by_build.read_bytes()[:40])
    with pytest.raises(ContentError, match="damaged"):
        shippedtables.read_lists(web, damaged)
    with pytest.raises(ContentError, match="cannot be read"):
        shippedtables.read_lists(web, tmp_path / "none.gz")


def test_the_command_makes_the_tables_and_names_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    web, by_build = _lists(tmp_path)
    words = ["knowledge", "shipped", str(web), str(by_build), "--to", str(tmp_path / "made")]
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 0
    assert "4 rows" in capsys.readouterr().out
    web.write_text("nothing\n")
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert "has no column" in capsys.readouterr().err
