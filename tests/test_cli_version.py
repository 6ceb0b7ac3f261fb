"""`extriage version` as a worried administrator meets it: spellings, paths, exit codes, screens."""

import json
import shutil
from pathlib import Path

import pytest

from keyboard import Keyboard

EVIDENCE = Path(__file__).parent / "evidence"
BENIGN = EVIDENCE / "exchange-2016-cu22-benign"
DAY = ("--as-of", "2026-10-10")


@pytest.fixture
def ask(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Keyboard:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return Keyboard(capfd, "version")


def test_an_open_build_says_so_first_and_what_to_do_last(ask: Keyboard) -> None:
    outcome = ask("15.1.2375.7", *DAY)
    lines = outcome.out.splitlines()
    assert outcome.code == 1
    assert lines[0] == "OPEN  Exchange 2016 CU22  15.1.2375.7"
    assert lines[1].startswith("  94 known holes are open on 2026-10-10; attackers use 7 of them")
    assert "── Open and used by attackers: 7 " in outcome.out
    assert (
        "CVE-2022-41040   Critical 8.8   2022-08     1,532  yes  SU   ProxyNotShell SSRF"
        in outcome.out
    )
    assert "  4. Install Oct25SU for CU23" in outcome.out
    assert "  - Check that Extended Protection is on" in outcome.out
    assert "ExchangeExtendedProtectionManagement" not in outcome.out
    assert "judged for 2026-10-10" in lines[-2]
    assert outcome.err == ""


def test_nothing_open_is_a_short_answer(ask: Keyboard) -> None:
    outcome = ask("15.2.2562.53", *DAY)
    assert outcome.code == 0
    assert outcome.out.startswith("NOTHING OPEN  Exchange SE RTM Sep26SUv2  15.2.2562.53")
    assert "Nothing to install as of 2026-10-10" in outcome.out


def test_out_of_support_is_never_called_patched(ask: Keyboard) -> None:
    outcome = ask("15.0.1497.48", *DAY)
    assert outcome.code == 1
    assert outcome.out.startswith("UNSUPPORTED  Exchange 2013 CU23 Mar23SU")
    assert "── Never assessed, because out of support: 60 " in outcome.out


def test_words_need_no_quotes(ask: Keyboard) -> None:
    unquoted = ask("Exchange", "2016", "CU22", *DAY)
    assert unquoted == ask("Exchange 2016 CU22", *DAY)
    assert unquoted.out.startswith("OPEN  Exchange 2016 CU22  15.1.2375.7 or an update on it")
    assert "  1. Find out the exact build" in unquoted.out


def test_all_lists_what_is_fixed_and_every_reason(ask: Keyboard) -> None:
    outcome = ask("15.1.2375.7", "--all", *DAY)
    assert "CVE-2023-21529  open-no-package: no update for CU22" in outcome.out
    assert "  fixed 66       ADV170023, ADV190004" in outcome.out
    assert "ExchangeExtendedProtectionManagement" in outcome.out


def test_the_machine_form(ask: Keyboard) -> None:
    outcome = ask("15.01.2375.007", "--json", *DAY)
    document = json.loads(outcome.out)
    assert outcome.code == 1
    assert document["schema"] == "extriage.version/1"
    assert (document["build"], document["as_of"]) == ("15.1.2375.7", "2026-10-10")
    assert document["counts"]["open"] == 26


def test_today_is_the_day_when_none_is_named(ask: Keyboard) -> None:
    document = json.loads(ask("15.1.2375.7", "--json").out)
    assert document["as_of"] >= document["knowledge_as_of"]


@pytest.mark.parametrize(
    "words", [("foo",), ("",), ("2016 CU99",), ("15.1.2375.7", "--as-of", "x")]
)
def test_what_makes_no_sense_gets_one_sentence(ask: Keyboard, words: tuple[str, ...]) -> None:
    outcome = ask(*words)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("extriage: ")
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    "path", ["/nonexistent/ExSetup.exe", "ExSetup.exe", "C:\\logs", "logs/x", "coll.zip", "a b/c"]
)
def test_a_path_that_is_not_there_is_called_so(ask: Keyboard, path: str) -> None:
    outcome = ask(path)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"extriage: {path}: no such file or folder\n"


def test_a_downloaded_copy_is_not_answered_for(ask: Keyboard) -> None:
    row = "C:\\Users\\adm\\Downloads\\CU22\\ExSetup.exe,15.01.2375.037,15.01.2375.037,"
    text = f"FileName,FileVersion,ProductVersion,ProductName\n{row}Microsoft Exchange\n"
    Path("versions.csv").write_text(text, "utf-8")
    outcome = ask("versions.csv")
    assert (outcome.code, outcome.out) == (4, "")
    assert "not believed: ExSetup.exe is 15.1.2375.37 (Nov22SU), but lies in" in outcome.err
    installed = text.replace("Users\\adm\\Downloads\\CU22", "Exchange\\bin")
    Path("versions.csv").write_text(installed, "utf-8")
    assert ask("versions.csv", *DAY).code == 1


def test_a_hostile_question_reaches_no_terminal(ask: Keyboard) -> None:
    outcome = ask("\x1b[31m15.1\u202e")
    assert outcome.code == 2
    assert "\x1b" not in outcome.err
    assert "\u202e" not in outcome.err


def test_evidence_tells_the_build_and_where_it_stands(ask: Keyboard) -> None:
    shutil.copy(BENIGN / "Ecp_HttpProxy_2023010611-1.LOG", "HttpProxy_1.LOG")
    outcome = ask("HttpProxy_1.LOG", "--as-of", "2023-01-12")
    assert outcome.code == 1
    assert outcome.out.startswith("OPEN  Exchange 2016 CU22  15.1.2375.7\n")
    assert "SERVER-HOSTNAME: 15.1.2375.7 (httpproxy, until 2023-01-06 11:47 UTC" in outcome.out


def test_a_hostile_file_name_reaches_no_terminal(ask: Keyboard) -> None:
    shutil.copy(BENIGN / "Ecp_HttpProxy_2023010611-1.LOG", "a\x1b[31m\u202e.LOG")
    outcome = ask(".", "--color", "never", "--as-of", "2023-01-12")
    assert outcome.code == 1
    assert "\x1b" not in outcome.out
    assert "\u202e" not in outcome.out
    assert "\\x1b[31m" in outcome.out


def test_an_update_in_the_logs_is_the_build_now(ask: Keyboard) -> None:
    Path("logs").mkdir()
    text = (BENIGN / "Ecp_HttpProxy_2023010611-1.LOG").read_text("utf-8")
    Path("logs/a.LOG").write_text(text, "utf-8")
    later = text.replace("2023-01-06T", "2023-01-09T").replace(",15,1,2375,7,", ",15,1,2375,37,")
    assert later != text
    Path("logs/b.LOG").write_text(later, "utf-8")
    document = json.loads(ask("logs", "--json", "--as-of", "2023-01-12").out)
    (server,) = document["servers"]
    assert document["schema"] == "extriage.version-path/1"
    assert server["answer"]["su"] == "Nov22SU"
    assert [one["build"] for one in server["sightings"]] == ["15.1.2375.7", "15.1.2375.37"]
    assert server["sightings"][0]["last"] == "2023-01-06T11:47:32.435000Z"


def test_servers_with_one_build_share_a_page(ask: Keyboard) -> None:
    outcome = ask(BENIGN, "--as-of", "2023-01-12")
    assert outcome.out.count("OPEN  Exchange") == 1
    assert "  Server   SERVER-HOSTNAME, " in outcome.out


def test_evidence_without_a_build_is_code_four(ask: Keyboard) -> None:
    Path("empty").mkdir()
    outcome = ask("empty")
    assert outcome.code == 4
    assert outcome.out == ""
    assert "names a build of Exchange" in outcome.err


def test_a_build_wins_over_a_folder_of_that_name(ask: Keyboard) -> None:
    Path("15.1.2375.7").mkdir()
    assert ask("15.1.2375.7", *DAY).code == 1
    assert ask("./15.1.2375.7", *DAY).code == 4


@pytest.mark.parametrize("width", ["40", "80", "160"])
@pytest.mark.parametrize("build", ["15.1.2375.7", "14.3.123.4", "SE", "16.0.1.1"])
def test_no_line_is_wider_than_the_screen(
    ask: Keyboard, monkeypatch: pytest.MonkeyPatch, build: str, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    outcome = ask(build, "--all", *DAY)
    assert max(map(len, outcome.out.splitlines())) <= int(width)


def test_plain_screens_get_plain_characters(ask: Keyboard) -> None:
    assert ask("15.1.2375.7", "--ascii", *DAY).out.isascii()
    assert "\x1b[" in ask("15.1.2375.7", "--color", "always", *DAY).out
