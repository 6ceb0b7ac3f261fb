"""What Windows starts by the registry: hives, users' hives, tasks in the cache, exports."""

import struct
from collections.abc import Iterable
from contextlib import suppress

import pytest
from config_reading import facts_of
from hive_building import WRITTEN, Node, hive, tree
from hypothesis import given
from hypothesis import strategies as st

from extriage.model.state import Fact, Subject
from extriage.parsers.base import Document, DocumentError
from extriage.parsers.regexport import accepts, read, read_export
from extriage.parsers.taskcache import actions

RUN = r"Microsoft\Windows\CurrentVersion\Run"
NT = r"Microsoft\Windows NT\CurrentVersion"
CACHE = rf"{NT}\Schedule\TaskCache"
ID = "{0F87369F-A4E5-4CFC-BD3E-73E6154572DD}"
EXPORT = "\r\n".join(
    [
        "Windows Registry Editor Version 5.00",
        "",
        r"[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Run]",
        r'"upd"="C:\\ProgramData\\a \"b\".exe"',
        '"wide"=hex(2):25,00,77,\\',
        "  00,25,00,00,00",
        "",
        r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Evil]",
        r'"ImagePath"="C:\\e.exe"',
        '"Start"=dword:00000002',
        "",
        r"[HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Run]",
        '"mine"="x.exe"',
        "nonsense",
    ]
)


def started(facts: Iterable[Fact]) -> set[tuple[str, str, str]]:
    return {
        (str(dict(fact.properties)["Place"]), fact.name, fact.value)
        for fact in facts
        if fact.subject is Subject.AUTOSTART
    }


def of_hive(root: Node, name: str, path: str = "") -> list[Fact]:
    kind, facts, trouble = facts_of(hive(root, name), path or f"C/Windows/System32/config/{name}")
    assert (kind, trouble) == ("registry-hive", "")
    return facts


def test_software_tells_what_starts() -> None:
    ifeo = rf"{NT}\Image File Execution Options"
    facts = of_hive(
        tree(
            {
                RUN: {"upd": r"C:\a.exe", "empty": ""},
                rf"WOW6432Node\{RUN}": {"old": "b.exe"},
                rf"{NT}\Winlogon": {"Userinit": "userinit.exe,", "Other": "x"},
                rf"{ifeo}\sethc.exe": {"Debugger": "cmd.exe"},
                rf"{ifeo}\other.exe": {"MitigationOptions": 1},
                rf"{NT}\Windows": {"AppInit_DLLs": "h.dll"},
            }
        ),
        "SOFTWARE",
    )
    assert started(facts) == {
        ("run", rf"{RUN}\upd", r"C:\a.exe"),
        ("run", rf"WOW6432Node\{RUN}\old", "b.exe"),
        ("winlogon", rf"{NT}\Winlogon\Userinit", "userinit.exe,"),
        ("debugger", rf"{ifeo}\sethc.exe\Debugger", "cmd.exe"),
        ("app-init", rf"{NT}\Windows\AppInit_DLLs", "h.dll"),
    }
    assert {fact.time for fact in facts if fact.subject is Subject.AUTOSTART} == {WRITTEN}


def test_system_tells_each_package_of_a_list_and_the_providers_in_force() -> None:
    facts = of_hive(
        tree(
            {
                "Select": {"Current": 1},
                r"ControlSet001\Control\Lsa": {"Notification Packages": ["scecli", "flt"]},
                r"ControlSet001\Control\SecurityProviders": {"SecurityProviders": "a.dll, b.dll"},
                r"ControlSet001\Control\Print\Monitors\Own": {"Driver": "own.dll"},
                r"ControlSet001\Control\NetworkProvider\Order": {"ProviderOrder": "RDPNP,Own,"},
                r"ControlSet001\Services\Own\NetworkProvider": {"ProviderPath": "np.dll"},
                r"ControlSet001\Services\Idle\NetworkProvider": {"ProviderPath": "no.dll"},
            }
        ),
        "SYSTEM",
    )
    assert {(place, value) for place, _, value in started(facts)} == {
        ("lsa", "scecli"),
        ("lsa", "flt"),
        ("security-provider", "a.dll"),
        ("security-provider", "b.dll"),
        ("print-monitor", "own.dll"),
        ("network-provider", "np.dll"),
    }


def test_hives_of_users_tell_whose_they_are() -> None:
    path = "EX01/C/Users/novak/NTUSER.DAT"
    facts = of_hive(tree({rf"Software\{RUN}": {"a": "b.exe"}}), "NTUSER.DAT", path)
    assert started(facts) == {("run", rf"Software\{RUN}\a", "b.exe")}
    assert [dict(fact.properties)["User"] for fact in facts] == ["novak"]
    path = "EX01/C/Users/novak/AppData/Local/Microsoft/Windows/UsrClass.dat"
    facts = of_hive(tree({rf"CLSID\{ID}\InprocServer32": {"": "c.dll"}}), "UsrClass.dat", path)
    assert started(facts) == {("com-class", rf"CLSID\{ID}\InprocServer32", "c.dll")}


def blob(*texts: str, version: int = 3) -> bytes:
    def text(one: str) -> bytes:
        raw = one.encode("utf-16-le")
        return struct.pack("<I", len(raw)) + raw

    head = struct.pack("<H", version) + (text("Author") if version > 1 else b"")
    tail = struct.pack("<H", 0) if version > 2 else b""
    return head + struct.pack("<H", 0x6666) + text("") + b"".join(map(text, texts)) + tail


def test_tasks_are_read_without_their_files_and_a_hidden_one_is_told() -> None:
    other = "{11111111-2222-3333-4444-555555555555}"
    facts = of_hive(
        tree(
            {
                rf"{CACHE}\Tree\Good\Defrag": {"Id": other, "SD": b"\1\0\4\x80xxxx"},
                rf"{CACHE}\Tree\WinUpd": {"Id": ID},
                rf"{CACHE}\Tasks\{ID}": {"Actions": blob("a.exe", "-x", "C:\\t")},
                rf"{CACHE}\Tasks\{other}": {"Actions": blob("d.exe", "", ""), "Author": "Own"},
            }
        ),
        "SOFTWARE",
    )
    told = {fact.name: dict(fact.properties) for fact in facts}
    assert told["\\WinUpd"] == {
        "Uri": "\\WinUpd",
        "Command": "a.exe",
        "Arguments": "-x",
        "WorkingDirectory": "C:\\t",
        "Descriptor": "missing",
    }
    assert told[r"\Good\Defrag"] == {"Uri": r"\Good\Defrag", "Author": "Own", "Command": "d.exe"}


def test_where_no_task_has_a_descriptor_none_is_hidden() -> None:
    keys = {rf"{CACHE}\Tree\A": {"Id": ID}, rf"{CACHE}\Tasks\{ID}": {"Path": "\\A"}}
    (fact,) = of_hive(tree(keys), "SOFTWARE")
    assert dict(fact.properties) == {"Uri": "\\A"}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_actions_of_every_version_are_read(version: int) -> None:
    one = blob("a", "b", "c", version=version)
    assert actions(one) == [("a", "b", "c", "")]
    com = one + struct.pack("<HI", 0x7777, 0) + bytes(range(16)) + struct.pack("<I", 0)
    assert actions(com)[1] == ("", "", "", "{03020100-0504-0706-0809-0a0b0c0d0e0f}")
    assert actions(one[:-1]) in ([], [("a", "b", "c", "")])


@given(st.binary(max_size=80))
def test_no_actions_break_the_reader(data: bytes) -> None:
    assert len(actions(data)) <= 32
    assert len(actions(blob("a", "b", "c") + data)) <= 32


def test_exports_are_read_as_the_hives_they_were_taken_from() -> None:
    kind, facts, trouble = facts_of(EXPORT.encode("utf-16"), "run.reg")
    assert (kind, trouble) == ("registry-export", "")
    assert started(facts) == {
        ("run", rf"{RUN}\upd", r'C:\ProgramData\a "b".exe'),
        ("run", rf"{RUN}\wide", "%w%"),
        ("run", rf"Software\{RUN}\mine", "x.exe"),
    }
    services = [fact for fact in facts if fact.subject is Subject.SERVICE]
    assert [(one.name, one.value) for one in services] == [("Evil", r"C:\e.exe")]


@given(st.text(max_size=200) | st.sampled_from(EXPORT.split("\r\n")), st.integers(0, len(EXPORT)))
def test_no_export_breaks_the_reader(garbage: str, at: int) -> None:
    data = (EXPORT[:at] + garbage + EXPORT[at:]).encode("utf-8", "replace")
    with suppress(DocumentError):
        list(read(Document("a.reg", data)))
    assert read_export(garbage.encode("utf-8", "replace")).names is not None


def test_other_texts_are_no_exports() -> None:
    assert not accepts(b"[HKEY_LOCAL_MACHINE]", "a.reg")


def test_a_service_loads_more_than_its_program() -> None:
    svchost = r"%SystemRoot%\system32\svchost.exe -k netsvcs"
    facts = of_hive(
        tree(
            {
                r"Select": {"Current": 1},
                r"ControlSet001\Services\Decoy": {"ImagePath": svchost, "ServiceDll": "a.dll"},
                r"ControlSet001\Services\Decoy\Parameters": {"ServiceDll": r"C:\ProgramData\u.dll"},
                r"ControlSet001\Services\Spooler": {
                    "ImagePath": "spoolsv.exe",
                    "FailureCommand": r"C:\Windows\Temp\x.exe",
                },
                r"ControlSet001\Services\W3SVC": {"Environment": "COR_PROFILER={x};A=b"},
                r"ControlSet001\Services\NTDS": {"LsaDbExtPt": "evil"},
            }
        ),
        "SYSTEM",
    )
    told = [dict(one.properties) for one in facts if one.subject is Subject.SERVICE]
    assert {one["ServiceDll"] for one in told if "ServiceDll" in one} == {r"C:\ProgramData\u.dll"}
    assert r"C:\Windows\Temp\x.exe" in {one.get("FailureCommand") for one in told}
    services = r"ControlSet001\Services"
    assert started(facts) == {
        ("environment", rf"{services}\W3SVC\Environment", "COR_PROFILER={x}"),
        ("environment", rf"{services}\W3SVC\Environment", "A=b"),
        ("lsa", rf"{services}\NTDS\LsaDbExtPt", "evil"),
    }


def test_software_tells_whom_it_hides_and_where_nobody_looks() -> None:
    defender = r"Microsoft\Windows Defender\Exclusions\Paths"
    users = rf"{NT}\Winlogon\SpecialAccounts\UserList"
    verified = rf"{NT}\Image File Execution Options\w3wp.exe"
    once = r"Microsoft\Windows\CurrentVersion\RunOnceEx\0001\Depend"
    facts = of_hive(
        tree(
            {
                defender: {r"C:\inetpub\wwwroot": 0},
                users: {"svc1": 0},
                verified: {"VerifierDlls": "u.dll"},
                once: {"a": r"C:\Users\Public\c.dll"},
            }
        ),
        "SOFTWARE",
    )
    assert started(facts) == {
        ("exclusion", rf"{defender}\c:\inetpub\wwwroot", "0"),
        ("hidden-user", rf"{users}\svc1", "0"),
        ("debugger", rf"{verified}\VerifierDlls", "u.dll"),
        ("run-once", rf"{once}\a", r"C:\Users\Public\c.dll"),
    }
