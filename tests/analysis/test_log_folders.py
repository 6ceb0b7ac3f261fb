"""A log folder that IIS's configuration names and the evidence lacks is told as a gap."""

import pytest

from extriage.analysis.logfolders import missing_log_folders
from extriage.model.evidence import Entry
from extriage.model.state import Fact
from extriage.parsers.base import Document
from extriage.parsers.iisconfig import read

SITE = """<site name="{name}" id="1"><application path="/">
<virtualDirectory path="/" physicalPath="C:\\web" /></application>{own}</site>"""
CONFIG = """<configuration><system.applicationHost><sites>{sites}
<siteDefaults><logFile directory="{default}" /></siteDefaults>
</sites></system.applicationHost></configuration>"""
OWN = '<logFile directory="{}" />'
USUAL = "%SystemDrive%\\inetpub\\logs\\LogFiles"
ARCHIVED = "E/inetpub/history/CFGHISTORY_1/applicationHost.config"
HOST = "C/Windows/System32/inetsrv/config/applicationHost.config"


def facts(default: str, *own: str, path: str = HOST) -> list[Fact]:
    sites = "".join(
        SITE.format(name=f"Site {at}", own=OWN.format(one) if one else "")
        for at, one in enumerate(own or ("",))
    )
    text = CONFIG.format(sites=sites, default=default)
    return list(read(Document(path, text.encode())))


def log(path: str) -> Entry:
    return Entry(path, 10, "iis", "read", lines=3, parsed=3)


GAP = ("IIS writes its logs to E:/IISLogs; that folder is not in the evidence",)


@pytest.mark.parametrize(
    ("logs", "gap"),
    [
        ((), GAP),
        (("C/inetpub/logs/LogFiles/W3SVC1/u_ex1.log",), GAP),
        (("E/IISLogs/W3SVC1/u_ex1.log",), ()),
        (("C/inetpub/logs/LogFiles/W3SVC1/u_ex1.log", "e%3A/iislogs/W3SVC1/u_ex1.log"), ()),
        (("collected/u_ex1.log",), ()),  # nobody can tell where it lay
    ],
)
def test_a_moved_log_folder_without_logs_is_told(logs: tuple[str, ...], gap: object) -> None:
    assert missing_log_folders(facts("E:\\IISLogs\\"), map(log, logs)) == gap


def test_of_the_usual_folder_coverage_speaks() -> None:
    assert missing_log_folders(facts(USUAL), ()) == ()


def test_a_default_that_no_site_uses_is_not_missed() -> None:
    assert missing_log_folders(facts("E:\\Unused", "F:\\Own"), [log("F/Own/W3SVC1/a.log")]) == ()


def test_a_folder_of_one_site_is_told_with_its_site() -> None:
    found = missing_log_folders(facts(USUAL, "F:\\Own"), ())
    assert found == ("IIS writes the logs of Site 0 to F:/Own; that folder is not in the evidence",)


def test_a_share_of_another_computer_is_told() -> None:
    assert missing_log_folders(facts("\\\\nas\\iis"), [log("C/x/a.log")]) == (
        "IIS writes its logs to //nas/iis; that folder is not in the evidence",
    )


def test_configurations_of_the_past_and_unknown_variables_say_nothing() -> None:
    assert missing_log_folders(facts("E:\\Old", path=ARCHIVED), ()) == ()
    assert missing_log_folders(facts("%LogHome%\\iis"), ()) == ()


def test_what_the_walk_of_the_drives_told_is_not_told_again() -> None:
    told = Entry("E:/IISLogs", 0, "", "unreadable", "IIS writes its logs to E:/IISLogs; gone")
    assert missing_log_folders(facts("E:\\IISLogs"), [told]) == ()
