"""Five servers of one build, newer than the tables: one logon page and one page stand out."""

from pathlib import Path
from typing import Any

from scenario import rescanned

HOME = "C/Program Files/Microsoft/Exchange Server/V15"
AUTH = f"{HOME}/FrontEnd/HttpProxy/owa/auth"
PAGE = '<%@ Page language="c#" Inherits="Microsoft.Exchange.HttpProxy.Logon" %>\n<html></html>\n'
LOG = """#Software: Microsoft Exchange Server
#Version: VERSION
#Log-type: HttpProxy Logs
#Date: 2026-01-06T11:00:05.327Z
#Fields: DateTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,UrlHost,\
ServerHostName,Protocol,HttpStatus
2026-01-06T11:00:05.327Z,29d1a846-41f6-4da6-9dbf-dd8a9151ce59,BUILD,mail.contoso.example,NAME,Owa,200
"""


def put(folder: Path, name: str, build: str, **pages: str) -> None:
    logs = folder / "EVIDENCE" / name / HOME / "Logging/HttpProxy/Owa"
    logs.mkdir(parents=True)
    text = LOG.replace("\\\n", "").replace("VERSION", build)
    text = text.replace("BUILD", build.replace(".", ",")).replace("NAME", name)
    (logs / "HttpProxy_2026010611-1.LOG").write_text(text)
    auth = folder / "EVIDENCE" / name / AUTH
    auth.mkdir(parents=True)
    for page, content in pages.items():
        (auth / f"{page}.aspx").write_text(content)


def rules(case: dict[str, Any]) -> dict[str, set[str]]:
    return {host["name"]: {one["rule"] for one in host["findings"]} for host in case["hosts"]}


def test_what_most_servers_have_is_learnt_and_said_so(tmp_path: Path) -> None:
    for at in range(1, 5):
        put(tmp_path, f"EX0{at}", "15.2.1544.4", logon=PAGE)
    put(tmp_path, "EX05", "15.2.1544.4", logon=f"{PAGE}<!-- -->", errorEEE="<%@ Page %>\n")
    _, case = rescanned(tmp_path)
    found = rules(case)
    assert found["EX05"] == {
        "page_comparison_stands_out",
        "file_name_page_imitates_shipped",
        "web_file_foreign_page_in_exchange_folder",
    }
    assert found["EX01"] == found["EX04"] == set()
    notes = [note for host in case["hosts"][:4] for note in host["notes"]]
    assert [("so this was learnt" in note) for note in notes] == [True] * 4


def test_a_logon_page_that_its_build_does_not_have_is_told(tmp_path: Path) -> None:
    put(tmp_path, "EX01", "15.1.2106.2", logon=PAGE)
    _, case = rescanned(tmp_path)
    assert rules(case) == {"EX01": {"page_comparison_logon_page_changed"}}


def test_one_server_of_a_newer_build_gets_a_note_and_no_finding(tmp_path: Path) -> None:
    put(tmp_path, "EX01", "15.2.1544.4", logon=PAGE)
    _, case = rescanned(tmp_path)
    assert rules(case) == {"EX01": set()}
    (note,) = case["hosts"][0]["notes"]
    assert "newer than the known files (until 15.2.858.5)" in note
