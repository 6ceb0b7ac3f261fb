"""What is worth reading of a server is found wherever its administrators moved it."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from time import perf_counter

import drives_making as making
import pytest
from hive_building import hive
from hypothesis import given
from hypothesis import strategies as st

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream
from extriage.pipeline.planning.plan import Planned, everything, plan
from extriage.sources.drive import MountedDrives
from extriage.sources.tree import Item

HIVES = "Windows/System32/config"


def drives(folder: Path, **named: str) -> MountedDrives:
    """Return the drives of a server that was written to a folder."""
    letters = named or {child.name: child.name for child in sorted(folder.iterdir())}
    return MountedDrives({f"{drive}:": str(folder / name) for drive, name in letters.items()})


def below(planned: Planned) -> set[str]:
    return {path.replace(":", "", 1) for path, _, _ in planned.files}


def reasons(planned: Planned) -> dict[str, tuple[str, str]]:
    return {entry.path: (entry.status, entry.reason) for entry in planned.entries}


def test_what_was_moved_is_found_by_the_servers_own_settings(tmp_path: Path) -> None:
    planned = plan(drives(making.server(tmp_path)))
    assert not making.KEEP - below(planned)
    assert not making.LEAVE & below(planned)
    bases = planned.installation.bases
    assert bases["install"] == ("E:/Mail",)
    assert bases["iis-logs"] == ("E:/back", "E:/IISLogs")
    assert "E:/web/intra" in bases["web"]
    assert bases["exchange-logs"] == ("E:/ProxyLogs",)
    assert not planned.entries


def test_a_drive_that_settings_name_and_the_evidence_lacks_is_told(tmp_path: Path) -> None:
    told = reasons(plan(drives(making.server(tmp_path, "C"))))
    assert told["E:/IISLogs"] == (
        "unreadable",
        "IIS writes its logs to E:/IISLogs; the drive E: is not in the evidence",
    )
    assert told["E:/Mail"][0] == "unreadable"
    assert "Setup installed Exchange to E:/Mail" in told["E:/Mail"][1]
    assert "event log Application" in told["E:/EventLogs"][1]
    assert "E:/Mail/FrontEnd/HttpProxy/owa" not in told, "what lies in a lost folder is told once"


def test_a_log_folder_that_is_gone_from_its_drive_is_told(tmp_path: Path) -> None:
    making.server(tmp_path)
    for name in ("IISLogs", "back"):
        (tmp_path / "E" / name).rename(tmp_path / name)
    told = reasons(plan(drives(tmp_path, C="C", E="E")))
    reason = "IIS writes its logs to E:/IISLogs; that folder is not in the evidence"
    assert told["E:/IISLogs"] == ("unreadable", reason)


def test_log_folders_inside_the_installation_are_none_of_their_own(tmp_path: Path) -> None:
    making.server(tmp_path)
    config = tmp_path / "E/Mail/FrontEnd/HttpProxy/owa/web.config"
    config.write_text(making.OWA.replace("E:\\ProxyLogs", "E:\\Mail\\logging\\CasSyncLogs\\"))
    planned = plan(drives(tmp_path))
    assert "exchange-logs" not in planned.installation.bases
    assert not planned.entries


def test_a_database_has_logs_of_its_own_kind(tmp_path: Path) -> None:
    making.server(tmp_path)
    config = tmp_path / "E/Mail/FrontEnd/HttpProxy/owa/web.config"
    config.write_text(making.OWA.replace("HttpProxy.LogFolderPath", "QueueDatabaseLoggingPath"))
    assert "E/ProxyLogs/HttpProxy_1.LOG" not in below(plan(drives(tmp_path)))


def test_logs_on_another_computer_are_told(tmp_path: Path) -> None:
    making.server(tmp_path)
    config = tmp_path / "C/Windows/System32/inetsrv/config/applicationHost.config"
    config.write_text(making.IIS.replace("E:\\IISLogs", "\\\\nas\\iis"))
    told = reasons(plan(drives(tmp_path)))
    assert told["//nas/iis"] == (
        "unreadable",
        "IIS writes its logs to //nas/iis, on another computer; that is not in the evidence",
    )


def test_a_volume_without_its_letter_is_the_drive_that_its_windows_names(tmp_path: Path) -> None:
    folder = making.server(tmp_path)
    tree = MountedDrives({"volume2:": str(folder / "C"), "E:": str(folder / "E")})
    planned = plan(tree)
    found = {path for path, _, _ in planned.files}
    assert "volume2:/inetpub/wwwroot" in planned.installation.bases["web"]
    assert not planned.entries, "no drive is missed"
    assert "volume2:/inetpub/wwwroot/iisstart.htm" in found
    assert "E:/IISLogs/W3SVC1/u_ex230101.log" in found


def test_without_a_registry_the_usual_and_the_telling_folders_are_found(tmp_path: Path) -> None:
    names = {
        "D/Apps/Exchange Server/V15/FrontEnd/HttpProxy/ecp/x.aspx",
        "D/Apps/Exchange Server/V15/Logging/HttpProxy/Ecp/a.LOG",
        "D/old/ExLogs/HttpProxy/Owa/b.LOG",
        "D/old/ExLogs/Ews/c.LOG",
        "D/keep/weblogs/W3SVC12/u_ex1.log",
    }
    making.write(tmp_path, dict.fromkeys(names, b"x") | {"D/keep/other/x.log": b""})
    planned = plan(drives(tmp_path))
    assert below(planned) == names


def test_a_junction_in_place_of_a_log_folder_is_followed_once(tmp_path: Path) -> None:
    making.server(tmp_path)
    moved = tmp_path / "E/Moved/Ews"
    moved.parent.mkdir()
    (tmp_path / "E/Mail/Logging/Ews").rename(moved)
    (tmp_path / "E/Mail/Logging/Ews").symlink_to(moved, target_is_directory=True)
    loop = tmp_path / "E/Mail/Logging/Ews/again"
    loop.symlink_to(tmp_path / "E/Moved", target_is_directory=True)
    found = [path for path, _, _ in plan(drives(tmp_path)).files if path.endswith("2023-1.LOG")]
    assert found == ["E:/Moved/Ews/Ews_2023-1.LOG"]


def test_a_junction_inside_a_log_folder_is_followed_but_never_into_windows(
    tmp_path: Path,
) -> None:
    making.server(tmp_path)
    making.write(tmp_path, {"E/Moved/Owa/a.LOG": b"x", "C/Windows/Logs/cbs.log": b"x"})
    logs = tmp_path / "E/Mail/Logging/Ews"
    (logs / "Owa").symlink_to(tmp_path / "E/Moved/Owa", target_is_directory=True)
    (logs / "all").symlink_to(tmp_path / "C/Windows", target_is_directory=True)
    (logs / "up").symlink_to(tmp_path / "E/Mail", target_is_directory=True)
    planned = plan(drives(tmp_path))
    assert "E/Moved/Owa/a.LOG" in below(planned)
    assert "C/Windows/Logs/cbs.log" not in below(planned)
    told = reasons(planned)
    for name, target in (("all", "C:/Windows"), ("up", "E:/Mail")):
        reason = f"link or junction to {target}: not followed"
        assert told[f"E:/Mail/Logging/Ews/{name}"] == ("skipped", reason)


def test_a_link_that_leads_nowhere_known_is_told(tmp_path: Path) -> None:
    making.server(tmp_path)
    (tmp_path / "E/web/intra/out").symlink_to("/proc", target_is_directory=True)
    told = reasons(plan(drives(tmp_path)))
    assert told["E:/web/intra/out"] == ("skipped", "link or junction: not followed")


def test_a_site_on_a_whole_drive_does_not_make_all_of_it_evidence(tmp_path: Path) -> None:
    making.server(tmp_path)
    config = tmp_path / "C/Windows/System32/inetsrv/config/applicationHost.config"
    config.write_text(making.IIS.replace("e:\\web\\intra", "E:\\"))
    (tmp_path / "E/top.aspx").write_text("x")
    planned = plan(drives(tmp_path))
    assert "E/top.aspx" in below(planned)
    assert "E/other/report.aspx" not in below(planned)
    assert reasons(planned)["E:"][0] == "unreadable"


def test_damaged_hives_and_configurations_stop_nothing(tmp_path: Path) -> None:
    making.server(tmp_path)
    config = tmp_path / "C" / HIVES
    (config / "SOFTWARE").write_bytes(hive(making.software())[:5000])
    (config / "SYSTEM").write_bytes(b"regf" + bytes(9000))
    host = tmp_path / "C/Windows/System32/inetsrv/config/applicationHost.config"
    host.write_text(making.IIS[: making.IIS.index("</sites>")])
    found = below(plan(drives(tmp_path)))
    assert "E/IISLogs/W3SVC1/u_ex230101.log" in found
    assert "E/Mail/Logging/Ews/Ews_2023-1.LOG" in found


def test_everything_is_all_files_of_all_drives(tmp_path: Path) -> None:
    folder = making.server(tmp_path)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert below(everything(drives(folder))) == files


class Refusing:
    """A tree whose folders cannot be read, and whose names are what a test likes."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def drives(self) -> list[str]:
        return ["C:"]

    def listed(self, folder: str) -> list[Item]:
        if folder.count("/") > 4:
            raise SourceError("damaged")
        return [Item(name, at % 2 == 0, 1, 1) for at, name in enumerate(self.names)]

    @contextmanager
    def open(self, path: str) -> Iterator[ByteStream]:
        yield BytesIO(path.encode())


NAMES = (
    *("Windows", "System32", "config", "SOFTWARE", "inetpub", "logs", "W3SVC1", "Logging"),
    *("inetsrv", "applicationHost.config", "FrontEnd", "Bin", "HttpProxy", "*", "[a]", "?"),
)


@given(st.lists(st.sampled_from(NAMES) | st.text(min_size=1, max_size=9), max_size=6))
def test_no_names_of_files_stop_the_planning(names: list[str]) -> None:
    planned = plan(Refusing(names))
    assert all(entry.status in ("unreadable", "skipped") for entry in planned.entries)


def test_the_plan_does_not_depend_on_the_order_in_which_folders_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = drives(making.server(tmp_path))
    first = plan(tree)
    ordered = MountedDrives.listed
    monkeypatch.setattr(MountedDrives, "listed", lambda self, folder: ordered(self, folder)[::-1])
    assert plan(tree).files == first.files


def served(tmp_path: Path, folder: str, text: str = making.IIS) -> Planned:
    """Write a server with a page in a folder of drive E that IIS serves by another spelling."""
    making.server(tmp_path)
    making.write(tmp_path, {"E/other/hidden place/shell.aspx": b"x"})
    config = tmp_path / "C/Windows/System32/inetsrv/config/applicationHost.config"
    config.write_text(text.replace("e:\\web\\intra", folder))
    return plan(drives(tmp_path))


@pytest.mark.parametrize(
    "folder",
    [
        "E:\\web\\..\\other\\hidden place",
        "E:\\other\\.\\hidden place. ",
        "\\\\?\\E:\\other\\hidden place\\",
        "E:\\OTHER\\HIDDEN~1",
        "\\\\localhost\\e$\\other\\hidden place",
        "\\\\?\\UNC\\127.0.0.1\\E$\\other\\hidden place",
        "\\\\ex01\\E$\\other\\hidden place",
        "\\\\EX01\\stuff$\\hidden place",
    ],
)
def test_a_folder_of_the_server_is_found_however_a_setting_spells_it(
    tmp_path: Path, folder: str
) -> None:
    planned = served(tmp_path, folder)
    assert "E/other/hidden place/shell.aspx" in below(planned)
    assert not planned.entries


@pytest.mark.parametrize("folder", ["%WEBHOME%\\x", "..\\x", "\\\\nas\\web"])
def test_a_web_folder_that_nobody_can_find_lowers_the_answer(tmp_path: Path, folder: str) -> None:
    told = reasons(served(tmp_path, folder))
    assert [status for status, _ in told.values()] == ["unreadable"]


def test_a_wildcard_in_a_setting_is_no_wildcard(tmp_path: Path) -> None:
    planned = served(tmp_path, "E:\\*\\*")
    assert "E/other/hidden place/shell.aspx" not in below(planned)
    assert reasons(planned)["E:/*/*"][1].endswith("that folder is not in the evidence")


def test_more_folders_than_are_kept_are_told(tmp_path: Path) -> None:
    many = "".join(
        f'<application path="/a{at}"><virtualDirectory path="/" physicalPath="E:\\none\\{at}" />'
        "</application>"
        for at in range(2_100)
    )
    text = making.IIS.replace('<application path="/">', many + '<application path="/">')
    planned = served(tmp_path, "E:\\other\\hidden place", text)
    assert "E/other/hidden place/shell.aspx" not in below(planned)
    assert any("settings name more than" in reason for _, reason in reasons(planned).values())


def test_a_folder_of_windows_without_its_hives_is_still_windows(tmp_path: Path) -> None:
    making.server(tmp_path)
    for name in ("SOFTWARE", "SYSTEM"):
        (tmp_path / "C" / HIVES / name).unlink()
    (tmp_path / "C" / HIVES).rmdir()
    found = below(plan(drives(tmp_path)))
    assert "C/Windows/System32/winevt/Logs/Security.evtx" in found
    assert "E/IISLogs/W3SVC1/u_ex230101.log" in found


def test_logs_that_are_gone_are_lost_even_if_the_usual_folder_is_there(tmp_path: Path) -> None:
    making.server(tmp_path)
    for name in ("IISLogs", "back"):
        (tmp_path / "E" / name).rename(tmp_path / name)
    making.write(tmp_path, {"C/inetpub/logs/LogFiles/W3SVC1/u_ex200101.log": b"old"})
    told = reasons(plan(drives(tmp_path, C="C", E="E")))
    assert told["E:/IISLogs"][0] == "unreadable"


def test_one_log_for_all_sites_is_found(tmp_path: Path) -> None:
    making.write(tmp_path, {"E/central/u_ex230101.log": b"x"})
    central = '<log centralLogFileMode="CentralW3C">' \
        '<centralW3CLogFile enabled="true" directory="E:\\central" /></log><sites>'  # fmt: skip
    planned = served(tmp_path, "E:\\other\\hidden place", making.IIS.replace("<sites>", central))
    assert "E/central/u_ex230101.log" in below(planned)


def test_a_page_may_have_any_name_in_a_web_folder_and_large_files_are_told(tmp_path: Path) -> None:
    making.server(tmp_path)
    names = ("x.foo", "x", "x.dat", "a.LOG", "deep/" * 70 + "x.aspx")
    making.write(tmp_path, {f"E/web/intra/{name}": b"<%" for name in names})
    (tmp_path / "E/web/intra/film.mp4").write_bytes(bytes(5 << 20))
    planned = plan(drives(tmp_path))
    assert {f"E/web/intra/{name}" for name in names} <= below(planned)
    assert reasons(planned)["E:/web/intra/"] == (
        "skipped",
        "files of other names, over 4 MiB each, not read: 1",
    )


def test_names_that_differ_in_case_only_are_two_files(tmp_path: Path) -> None:
    making.server(tmp_path)
    names = {"E/web/intra/Auth/x.aspx", "E/web/intra/auth/x.aspx", "E/web/intra/X.aspx"}
    making.write(tmp_path, dict.fromkeys(names, b"x"))
    if len({one.name for one in (tmp_path / "E/web/intra").iterdir()}) < 4:
        pytest.skip("this disk does not tell upper from lower case")
    assert names <= below(plan(drives(tmp_path)))


def test_a_link_to_a_page_is_followed_to_the_page(tmp_path: Path) -> None:
    making.server(tmp_path)
    making.write(tmp_path, {"E/other/page.txt": b"x"})
    (tmp_path / "E/web/intra/link.aspx").symlink_to(tmp_path / "E/other/page.txt")
    planned = plan(drives(tmp_path))
    assert "E/other/page.txt" in below(planned)
    assert reasons(planned)["E:/web/intra/link.aspx"][0] == "skipped"


def test_links_that_lead_to_each_other_cost_little(tmp_path: Path) -> None:
    making.server(tmp_path)
    for at in range(40):
        after = "/".join([f"link{at + 1}"] * 60)
        (tmp_path / f"E/web/intra/link{at}").symlink_to(tmp_path / "E/web/intra" / after)
        (tmp_path / f"E/web/intra/star{at}").symlink_to(tmp_path / "E/web/intra/*")
    (tmp_path / "E/web/intra/link40").symlink_to(tmp_path / "E/web/intra")
    started = perf_counter()
    assert "E/web/intra/x.aspx" in below(plan(drives(tmp_path)))
    assert perf_counter() - started < 20


def test_deleted_and_prepared_pages_are_found(tmp_path: Path) -> None:
    making.server(tmp_path)
    names = {"E/$RECYCLE.BIN/S-1-5-21-1/$RAB12CD.aspx", "C/inetpub/old/deep/x.ashx"}
    making.write(tmp_path, dict.fromkeys(names, b"x"))
    assert names <= below(plan(drives(tmp_path)))


def shared(tmp_path: Path, folder: str) -> Planned:
    """Write a server whose IIS has its configuration in another folder."""
    making.server(tmp_path)
    config = tmp_path / "C/Windows/System32/inetsrv/config"
    told = f'<configuration><configurationRedirection enabled="true" path="{folder}" />'
    (config / "redirection.config").write_text(f"{told}</configuration>")
    (tmp_path / "E/farm").mkdir()
    (config / "applicationHost.config").rename(tmp_path / "E/farm/applicationHost.config")
    return plan(drives(tmp_path))


def test_a_configuration_that_is_shared_is_read_where_it_is(tmp_path: Path) -> None:
    planned = shared(tmp_path, "E:\\farm")
    assert {"E/farm/applicationHost.config", "E/web/intra/x.aspx"} <= below(planned)
    assert not planned.entries


def test_a_configuration_on_another_computer_is_told(tmp_path: Path) -> None:
    told = reasons(shared(tmp_path, "\\\\nas\\iis"))
    assert told["//nas/iis"][0] == "unreadable"
    assert told["//nas/iis"][1].startswith("IIS has its configuration in //nas/iis, on another")
