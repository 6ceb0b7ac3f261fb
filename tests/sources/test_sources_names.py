"""Names of entries in zip archives: none hides a file, and no two files are shown alike."""

import struct
from pathlib import Path

import pytest
from evidence_making import account, kept, patched, zipped

SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c" + bytes(100)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("../../etc/cron.d/x", "path that leads out of the archive as its name"),
        ("a/../../x", "path that leads out of the archive as its name"),
        ("..\\x.aspx", "path that leads out of the archive as its name"),
        ("a/.. /x", "path that leads out of the archive as its name"),
        ("/etc/passwd", "absolute path as its name"),
        ("\\\\server\\share\\x", "absolute path as its name"),
        ("C:\\inetpub\\x.aspx", "drive letter in its name"),
        ("c:x", "drive letter in its name"),
        ("a\0.aspx", "zero byte in its name"),
        ("", "entry without a name"),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_files_with_hostile_names_are_read_and_noted(
    tmp_path: Path, name: str, note: str, nested: bool
) -> None:
    stand_in = "n" * len(name)
    made = zipped([(stand_in, b"evil"), ("good", b"good")])
    made = patched(made, stand_in.encode(), name.encode()) if name else made
    prefix = "x.zip!/"
    if nested:
        made, prefix = zipped([("in.zip", made)]), "x.zip!/in.zip!/"
    path = kept(tmp_path, "x.zip", made)
    before = sorted(tmp_path.parent.rglob("*"))
    result = account(path)
    shown = prefix + name.replace("\\", "/")
    assert result.files == {shown: b"evil", f"{prefix}good": b"good"}
    assert result.notes == {shown: note}
    assert (result.entries, result.broken) == ([], {})
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_two_oddities_of_one_entry_are_both_noted(tmp_path: Path) -> None:
    result = account(kept(tmp_path, "x.zip", zipped([("../a", b"1"), ("../a", b"2")])))
    assert result.files == {"x.zip!/../a": b"1", "x.zip!/../a [entry 2]": b"2"}
    assert result.notes["x.zip!/../a [entry 2]"] == (
        "path that leads out of the archive as its name; "
        "another entry of the archive has the same name"
    )


def test_an_archive_with_a_hostile_name_is_opened_and_noted(tmp_path: Path) -> None:
    inner = zipped([("a", b"a")])
    result = account(kept(tmp_path, "x.zip", zipped([("/in.zip", inner), ("/7z", SEVEN_ZIP)])))
    assert result.files == {"x.zip!//in.zip!/a": b"a"}
    assert result.reason("x.zip!//in.zip") == "read: absolute path as its name"
    assert result.reason("x.zip!//7z") == (
        "unreadable: absolute path as its name; "
        "7z archive inside another archive: unpack the outer one"
    )


@pytest.mark.parametrize("nested", [False, True])
def test_names_that_imitate_other_paths_stay_apart(tmp_path: Path, nested: bool) -> None:
    inner = zipped([("x", b"1"), ("x", b"2")])
    names = ["in.zip!/x", "in.zip!/x [entry 2]", "a", "a [entry 5]", "a", "[entry 2] in.zip!/x"]
    files = [(name, b"%d" % number) for number, name in enumerate(names)]
    made = zipped([*files, ("in.zip", inner)])
    prefix = "x.zip!/"
    if nested:  # then the innermost archive is one too many
        made, prefix = zipped([("o.zip", made)]), "x.zip!/o.zip!/"
    innermost = {f"{prefix}in.zip!/x": b"1", f"{prefix}in.zip!/x [entry 2]": b"2"}
    found = account(kept(tmp_path, "x.zip", made)).files
    assert found == ({} if nested else innermost) | {
        f"{prefix}[entry 1] in.zip!/x": b"0",
        f"{prefix}[entry 2] in.zip!/x [entry 2]": b"1",
        f"{prefix}a": b"2",
        f"{prefix}[entry 4] a [entry 5]": b"3",
        f"{prefix}a [entry 5]": b"4",
        f"{prefix}[entry 6] [entry 2] in.zip!/x": b"5",
    }


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_a_file_with_the_name_of_a_folder_is_read(
    tmp_path: Path, nested: bool, stream: bool
) -> None:
    files = [("shell.aspx/", b"evil"), ("folder/", b""), ("./", b""), ("folder/a", b"a")]
    made, prefix = zipped(files, stream=stream), "x.zip!/"
    if nested:
        made, prefix = zipped([("in.zip", made)]), "x.zip!/in.zip!/"
    result = account(kept(tmp_path, "x.zip", made))
    assert result.files == {f"{prefix}shell.aspx/": b"evil", f"{prefix}folder/a": b"a"}
    assert (result.entries, result.broken) == ([], {})


def test_a_folder_that_states_no_size_hides_no_file(tmp_path: Path) -> None:
    raw = bytearray(zipped([("shell.aspx/", b"evil")]))
    struct.pack_into("<I", raw, raw.find(b"PK\x01\x02") + 24, 0)
    result = account(kept(tmp_path, "x.zip", bytes(raw)))
    assert result.files == {"x.zip!/shell.aspx/": b"evil"}
    assert "holds 4 bytes, not the 0" in result.broken["x.zip!/shell.aspx/"]


def test_windows_separators_and_foreign_names(tmp_path: Path) -> None:
    made = zipped([("C_inetpub_x.log", b"1"), ("Prüfung/ä.log", b"2"), ("C%3A/x", b"3")])
    made = patched(made, b"C_inetpub_x.log", b"C\\inetpub\\x.log")
    made += b""
    result = account(kept(tmp_path, "x.zip", made))
    assert list(result.files) == ["x.zip!/C/inetpub/x.log", "x.zip!/Prüfung/ä.log", "x.zip!/C%3A/x"]


@pytest.mark.parametrize(
    ("raw", "name"), [(b"\x81.log", "ü.log"), ("ü.log".encode(), "ü.log"), (b"\x9b2J", "¢2J")]
)
def test_names_without_a_declared_encoding(tmp_path: Path, raw: bytes, name: str) -> None:
    made = patched(zipped([("n" * len(raw), b"x")]), b"n" * len(raw), raw)
    assert list(account(kept(tmp_path, "x.zip", made)).files) == [f"x.zip!/{name}"]


def test_duplicates_are_both_read_and_named(tmp_path: Path) -> None:
    made = zipped([("a", b"1"), ("b", b"2"), ("a", b"3")])
    result = account(kept(tmp_path, "x.zip", made))
    assert result.files == {"x.zip!/a": b"1", "x.zip!/b": b"2", "x.zip!/a [entry 3]": b"3"}
    assert result.notes == {"x.zip!/a [entry 3]": "another entry of the archive has the same name"}


def test_damage_does_not_make_a_folder_of_a_file(tmp_path: Path) -> None:
    name = "shell.aspx/"
    raw = bytearray(zipped([(name, b"evil" * 99), ("a", b"a")]))
    raw[30 + len(name)] = 0x07
    result = account(kept(tmp_path, "x.zip", bytes(raw)))
    assert result.files == {"x.zip!/shell.aspx/": b"", "x.zip!/a": b"a"}
    assert result.broken == {
        "x.zip!/shell.aspx/": "compressed data is damaged (invalid block type)"
    }
