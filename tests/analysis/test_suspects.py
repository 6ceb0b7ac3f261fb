"""Which pages are followed: those that findings of something left behind name, in any evidence."""

import json
from dataclasses import replace

import pytest

from extriage.analysis import suspects as choosing
from extriage.analysis.pageurl import Directory
from extriage.analysis.suspects import Suspect, SuspectKind, is_shipped, pages_in, suspects
from extriage.matchers.sigma import RuleSet
from extriage.model.detection import Evidence
from extriage.model.reading import Kept
from extriage.pipeline.pack import Content, load_pack

LINE = Evidence("EX01/x", 1, 0, "", "")
ROOT = r"C:\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy"


def found(line: Evidence) -> list[str]:
    return [one.value for one in pages_in(line)]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (replace(LINE, kind="iis", summary="cs-uri-stem=/OAB/X.aspx c-ip=1"), ["/oab/x.aspx"]),
        (
            replace(LINE, kind="httpproxy", summary="UrlStem=/owa/auth/x.aspx/y"),
            ["/owa/auth/x.aspx"],
        ),
        (replace(LINE, kind="httpproxy", object="/owa/auth/x.aspx"), ["/owa/auth/x.aspx"]),
        (replace(LINE, kind="iis", text="GET /owa/ - https://h/owa/auth/y.aspx"), []),
        (replace(LINE, kind="iis", summary="cs-uri-stem=/owa/auth/logon.aspx"), []),
        (
            replace(LINE, kind="web-file", path="EX01/C/inetpub/wwwroot/a/x.aspx", text="b.aspx"),
            ["/a/x.aspx"],
        ),
        (replace(LINE, kind="web-file", path="EX01/found/x.aspx"), ["x.aspx"]),
        (replace(LINE, kind="web-file", path="EX01/found/error.aspx"), []),
        (
            replace(LINE, kind="file-name", path="EX01/C/T/owa/1/2/pq7.aspx.a1b2c3d4.compiled"),
            ["pq7.aspx"],
        ),
        (replace(LINE, kind="file-name", path="EX01/C/Temp/lsass.dmp"), []),
        (replace(LINE, object=rf"{ROOT}\owa\auth\x.aspx"), ["/owa/auth/x.aspx"]),
        (
            replace(LINE, text=json.dumps({"TargetFilename": rf"{ROOT}\owa\auth\x.aspx"})),
            ["/owa/auth/x.aspx"],
        ),
        (
            replace(LINE, summary=r"RelativeTargetName=inetpub\wwwroot\aspnet_client\x.aspx"),
            ["/aspnet_client/x.aspx"],
        ),
        (
            replace(LINE, text=r"New-X -FilePath '\\127.0.0.1\C$\inetpub\wwwroot\x.aspx' -Y 1"),
            ["/x.aspx"],
        ),
        (
            replace(LINE, text=r"cmd /c copy C:\inetpub\wwwroot\a.txt C:\inetpub\wwwroot\b.aspx"),
            ["/b.aspx"],
        ),
        (replace(LINE, text=r"-FilePath \\EX01\D$\Web\Site\q9.aspx"), ["q9.aspx"]),
        (replace(LINE, text="VirtualPath=/owa/auth/x.aspx"), ["/owa/auth/x.aspx"]),
        (replace(LINE, text="x.aspx is no path, and .aspx no name"), []),
        (replace(LINE, text=r"C:\Temp\x.aspx.bak and C:\inetpub\wwwroot\x.aspxx"), ["x.aspx"]),
    ],
)
def test_a_line_names_pages_by_url_or_file(line: Evidence, values: list[str]) -> None:
    assert found(line) == values


def test_folders_of_the_configuration_tell_the_url() -> None:
    line = replace(LINE, object=r"C:\ProgramData\COM1\x.aspx")
    served = [Directory("programdata/com1", "/owa/themes")]
    assert pages_in(line, served) == (Suspect(SuspectKind.PAGE, "/owa/themes/x.aspx"),)


def test_a_shipped_page_is_one_by_place_and_name() -> None:
    assert is_shipped("/owa/auth/errorfe.aspx")
    assert not is_shipped("/aspnet_client/errorfe.aspx")
    assert not is_shipped("/owa/auth/errorfee.aspx")


def ruleset() -> RuleSet:
    return load_pack(Content()).ruleset


def kept(rule: str, *pages: str, raw: bool = False) -> Kept:
    one = Kept(rule, "", raw)
    for number, page in enumerate(pages):
        one.add(replace(LINE, line=number, kind="iis", summary=f"cs-uri-stem={page}"))
    return one


def test_only_findings_of_something_left_behind_name_suspects() -> None:
    planted = kept("webserver_shell_page_get", "/oab/a.aspx", "/oab/a.aspx")
    hinted = kept("webserver_shell_page_failed", "/oab/b.aspx")
    asked = kept("webserver_shell_name_asked", "/oab/c.aspx")
    damaged = kept("webserver_shell_page_get", "/oab/d.aspx", raw=True)
    chosen = suspects(ruleset(), [planted, hinted, asked, damaged])
    assert chosen.pages == {"/oab/a.aspx", "/oab/b.aspx"}
    assert chosen.names == frozenset()


def test_a_name_is_not_followed_beside_its_url() -> None:
    files = Kept("webserver_shell_page_get", "", raw=False)
    files.add(replace(LINE, kind="web-file", path="EX01/found/a.aspx"))
    files.add(replace(LINE, kind="web-file", path="EX01/found/b.aspx", line=2))
    chosen = suspects(ruleset(), [files, kept("webserver_shell_page_get", "/oab/a.aspx")])
    assert chosen.pages == {"/oab/a.aspx"}
    assert chosen.names == {"b.aspx"}


def test_those_beyond_the_bound_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "MOST", 2)
    pages = ["/oab/a.aspx", "/oab/b.aspx", "/oab/c.aspx", "/oab/c.aspx"]
    chosen = suspects(ruleset(), [kept("webserver_shell_page_get", *pages)])
    assert [one.value for one in chosen.followed] == ["/oab/a.aspx", "/oab/c.aspx"]
    assert [one.value for one in chosen.left] == ["/oab/b.aspx"]
