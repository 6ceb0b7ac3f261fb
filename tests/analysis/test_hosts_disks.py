"""Disks of one server that were imaged one by one: those that name no computer go with the rest."""

from extriage.analysis.hosts import assign

NAMED = {
    "given/a.dd!/C:/Windows/System32/winevt/Logs/Security.evtx": ["EX01"],
    "given/b.dd!/C:/Windows/System32/winevt/Logs/Security.evtx": ["EX02"],
    "given/a-data.dd!/E:/IISLogs/u_ex.log": [],
    "given/b-data.dd!/E:/IISLogs/u_ex.log": [""],
    "given/stray.dd!/volume1:/IISLogs/u_ex.log": [],
}
TOGETHER = [("given/a-data.dd", "given/a.dd"), ("given/b-data.dd", "given/b.dd")]


def test_a_disk_without_names_belongs_to_the_server_whose_drives_it_holds() -> None:
    alone, hosts = assign(NAMED), assign(NAMED, TOGETHER)
    data = "given/{}-data.dd!/E:/IISLogs/u_ex.log"
    for disk, host in (("a", "EX01"), ("b", "EX02")):
        assert hosts.of(data.format(disk)) == host
        assert hosts.of(f"given/{disk}-data.dd!/E:/IISLogs/not-read.log") == host
        assert hosts.of(f"given/{disk}-data.dd!/E:") == host, "what is told of the volume too"
        assert alone.of(data.format(disk)) not in ("EX01", "EX02")
    assert hosts.of("given/stray.dd!/volume1:/IISLogs/u_ex.log") not in ("EX01", "EX02")


def test_a_disk_whose_logs_name_a_computer_is_believed() -> None:
    named = {
        **NAMED,
        "given/a.dd!/C:/Windows/x.evtx": ["EX01"],
        "given/a-data.dd!/E:/Exchange/HttpProxy.LOG": ["EX09"],
    }
    hosts = assign(named, TOGETHER)
    for drive in "DE":
        assert hosts.of(f"given/a-data.dd!/{drive}:/IISLogs/u_ex.log") == "EX09"


def test_of_several_names_that_of_most_logs_speaks_for_the_silent_disk() -> None:
    named = {
        **NAMED,
        "given/a.dd!/C:/Windows/x.evtx": ["EX01"],
        "given/a.dd!/C:/Windows/forwarded.evtx": ["DC01"],
    }
    assert assign(named, TOGETHER).of("given/a-data.dd!/E:/IISLogs/u_ex.log") == "EX01"


def test_disks_that_all_are_silent_are_no_servers_of_others() -> None:
    silent = {path: list[str]() for path in NAMED}
    assert assign(silent, TOGETHER).by_path == assign(silent).by_path
