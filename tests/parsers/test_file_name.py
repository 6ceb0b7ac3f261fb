"""Names of files: the server's own path is found, and no name stops the reader."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extriage.parsers import file_name_record
from extriage.parsers.file_name import server_path


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("EX01/C/root/lsass.dmp", r"C:\root\lsass.dmp"),
        ("EX01/C:/root/lsass.dmp", r"C:\root\lsass.dmp"),
        ("EX01/C$/root/lsass.dmp", r"C:\root\lsass.dmp"),
        ("EX01/D_drive/root/lsass.dmp", r"D:\root\lsass.dmp"),
        ("EX01/c/Windows/Temp/x", r"C:\Windows\Temp\x"),
        ("coll.zip!/uploads/auto/C%3A/Users/a%25b.txt", r"C:\Users\a%b.txt"),
        ("coll.zip!/uploads/ntfs/%5C%5C.%5CC%3A/Windows/x.dll", r"C:\Windows\x.dll"),
        ("fs/sysvol/Windows/x.dll", r"C:\Windows\x.dll"),
        ("E/C/Windows/x.dll", r"C:\Windows\x.dll"),
        ("EX01/C/root/X/y.dmp", r"C:\root\X\y.dmp"),
        ("EX01/C/Windows/D/y.dmp", r"C:\Windows\D\y.dmp"),
        ("EX01/C/ProgramData/it.zip!/loot/a.txt", r"C:\ProgramData\it.zip!\loot\a.txt"),
        ("C/coll.zip!/D/inetpub/a.txt", r"D:\inetpub\a.txt"),
        ("coll.zip!/C/it.zip [entry 4]", r"C:\it.zip"),
        ("C/odd [entry 4]", r"C:\odd [entry 4]"),
        ("C/100%25.txt", r"C:\100%25.txt"),
        ("EX01/inetpub/wwwroot/a/b.aspx", r"EX01\inetpub\wwwroot\a\b.aspx"),
        ("EX01/exports/a.txt", r"EX01\exports\a.txt"),
        (
            "u/%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy3/Temp/a",
            r"\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy3\Temp\a",
        ),
        ("lsass.dmp", "lsass.dmp"),
        ("", ""),
    ],
)
def test_the_path_is_the_servers_where_it_can_be_told(path: str, place: str) -> None:
    assert server_path(path) == place


def test_a_record_tells_all_that_is_known() -> None:
    record = file_name_record("EX01/C/ProgramData/It.ZIP", 123, b"PK\x03\x04\x00\x00\x00\x00more")
    assert record.fields == {
        "Path": r"C:\ProgramData\It.ZIP",
        "EvidencePath": "EX01/C/ProgramData/It.ZIP",
        "FileName": "It.ZIP",
        "Extension": ".zip",
        "Folder": r"C:\ProgramData",
        "Size": "123",
        "FirstBytes": "504b030400000000",
        "Place": "",
        "ShippedPath": "",
        "ShippedAs": "",
        "Imitates": "",
        "ImitatesHow": "",
    }
    assert record.time is None
    page = file_name_record("C/inetpub/wwwroot/aspnet_client/OutlookEN.aspx").fields
    assert (page["Place"], page["ShippedPath"]) == ("aspnet_client", "no")
    assert (page["Imitates"], page["ImitatesHow"]) == ("outlookcn.aspx", "a letter changed")
    bare = file_name_record("C/hosts").fields
    assert (bare["Extension"], bare["Size"], bare["FirstBytes"]) == ("", "", "")


@given(st.text(st.characters(), max_size=80))
def test_no_name_stops_the_reader(name: str) -> None:
    record = file_name_record(f"EX01/C/{name}")
    for field in ("Path", "EvidencePath", "FileName", "Folder"):
        value = record.fields[field]
        assert isinstance(value, str)
        assert value in record.text, "the prefilter looks at the text only"


@pytest.mark.parametrize("piece", ["!/", "a/", "C/", "%41", "[entry 1]", "\x01", "C%3A/"])
def test_a_name_of_any_length_is_read_in_time(piece: str) -> None:
    began = time.perf_counter()
    for number in range(200):
        server_path(f"{number}{piece * (32_000 // len(piece))}x")
    assert time.perf_counter() - began < 2
