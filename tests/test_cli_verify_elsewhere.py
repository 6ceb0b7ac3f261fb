"""Evidence that lies elsewhere now, or has become something else: what `verify` says of it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, cast

import pytest

from extriage.casefile import runlog
from extriage.model.custody import Root
from extriage.pipeline import verifying
from extriage.pipeline.planning.drives import Given
from extriage.pipeline.whereabouts import is_elsewhere, is_here
from extriage.sources import Survey
from extriage.sources.directory import _label
from keyboard import Keyboard, Outcome

IIS = Path(__file__).parent / "evidence" / "iis"


def put(*names: str) -> None:
    """Write a log under each of these names; no two are alike."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes((IIS / "iis10.log").read_bytes() + f"# {name}\n".encode())


def scan(run: Keyboard, *paths: str) -> None:
    assert run("scan", *paths, "--case", "c", "-q", "--jobs", "1").code in (0, 1, 3)


def verify(run: Keyboard, *words: str) -> tuple[int, dict[str, Any]]:
    """Verify, in both forms; return the exit code and the document."""
    outcome, screen = run("verify", "c", *words, "--json"), run("verify", "c", *words)
    document = json.loads(outcome.out)
    words_of = {"unchanged": 0, "changed": 1, "cannot-tell": 3}
    assert words_of[document["verdict"]] == outcome.code == screen.code
    assert screen.out.startswith(document["verdict"].upper().replace("-", " "))
    return outcome.code, document


def states(document: dict[str, Any]) -> dict[str, str]:
    return {check["path"]: check["state"] for check in document["evidence"]["files"]}


def test_a_file_that_lies_among_others_now_is_found_and_the_others_are_no_part_of_the_case(
    run: Keyboard,
) -> None:
    put("ex.log", "copies/day2/notes.txt", "copies/other.log")
    scan(run, "ex.log")
    Path("ex.log").rename("copies/day2/ex.log")
    code, document = verify(run, "copies")
    assert (code, states(document)) == (0, {"ex.log": "same"})
    here = Path.cwd()
    assert document["evidence"]["not_part_of_the_case"] == [
        str(here / "copies/day2/notes.txt"), str(here / "copies/other.log"),
    ]  # fmt: skip
    assert "not part of the case, and not compared: " in document["remarks"][0]
    with Path("copies/day2/ex.log").open("ab") as log:
        log.write(b"#")
    code, document = verify(run, "copies")
    assert (code, states(document)) == (1, {"ex.log": "changed"})


def test_of_files_of_one_name_the_one_that_was_read_counts_and_another_name_is_no_loss(
    run: Keyboard,
) -> None:
    put("ex.log", "copies/1/ex.log", "copies/3/ex.log")
    scan(run, "ex.log")
    Path("copies/2").mkdir()
    Path("ex.log").rename("copies/2/ex.log")
    code, document = verify(run, "copies")
    assert (code, states(document)) == (0, {"ex.log": "same"})
    for name in ("1", "3"):
        Path("copies", name, "ex.log").unlink()
    Path("copies/2/ex.log").rename("copies/2/exhibit 7.log")
    assert states(verify(run, "copies")[1]) == {"ex.log": "same"}
    Path("copies/2/exhibit 7.log").unlink()
    code, document = verify(run, "copies")
    assert code == 3
    assert "ex.log was not compared: it lies in none of the places" in document["cannot_tell"][0]


def test_several_paths_that_lie_in_one_folder_now_are_all_found(run: Keyboard) -> None:
    put("a/ex.log", "b/ex.log", "coll/logs/1.log", "coll/logs/2.log")
    scan(run, "a/ex.log", "b/ex.log", "coll")
    Path("all/x").mkdir(parents=True)
    for name in ("a", "b"):
        shutil.move(name, "all/x")
    shutil.move("coll", "all/x")
    put("all/x/coll/late.log", "all/readme.log")
    code, document = verify(run, "all")
    assert code == 1
    assert states(document) == {
        "a/ex.log": "same", "b/ex.log": "same", "coll/logs/1.log": "same",
        "coll/logs/2.log": "same", "coll/late.log": "new",
    }  # fmt: skip
    (left,) = document["evidence"]["not_part_of_the_case"]
    assert left.endswith("readme.log")


def test_the_folder_above_may_be_named_and_folders_in_another_order(run: Keyboard) -> None:
    put("one/logs/1.log", "two/web/2.log")
    scan(run, "one", "two")
    Path("disk").mkdir()
    Path("one").rename("disk/first")
    Path("two").rename("disk/second")
    assert verify(run, "disk/second", "disk/first")[0] == 0
    scan(run, "disk/first", "--force")
    assert verify(run, "disk")[0] == 0
    shutil.rmtree("disk/first/logs")
    code, document = verify(run, "disk/first")
    assert (code, states(document)) == (1, {"first/logs/1.log": "missing"})


def test_of_one_folder_of_two_the_other_cannot_be_told(run: Keyboard) -> None:
    put("one/logs/1.log", "two/web/2.log")
    scan(run, "one", "two")
    code, document = verify(run, "one")
    assert (code, states(document)) == (3, {"one/logs/1.log": "same"})
    assert "two was not compared" in document["cannot_tell"][0]
    put("one/logs/3.log")
    assert verify(run, "one")[0] == 1


def made_on_windows(*paths: str) -> None:
    """Write the run log as if the scan had been given these paths."""
    log, previous, out = Path("c/run.jsonl"), "", b""
    for line in log.read_bytes().splitlines():
        facts = json.loads(line) | {"previous": previous}
        for one, path in zip(facts.get("evidence", ()), paths, strict=False):
            one["path"] = path
        raw = json.dumps(facts).encode()
        previous, out = hashlib.sha256(raw).hexdigest(), out + raw + b"\n"
    log.write_bytes(out)


@pytest.mark.skipif(os.name == "nt", reason="no folder is called E: on Windows")
@pytest.mark.parametrize(
    ("name", "path"),
    [("coll", r"E:\Evidence\coll"), ("E:", "E:\\"), ("server/share", "\\\\server\\share\\")],
)
def test_a_case_from_windows_is_checked_where_the_evidence_lies_now(
    run: Keyboard, name: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(f"{name}/logs/1.log", "x/share/logs/3.log", f"{name}/web/2.log")
    # NOTE: a second path of that name makes two parts of the first one's name count.
    paths = [name, "x/share"] if "/" in name else [name]
    scan(run, *paths)
    made_on_windows(path, *([r"F:\x\share"] if paths[1:] else []))
    code, document = verify(run)
    assert (code, document["evidence"]) == (3, None)
    assert path in document["cannot_tell"][0]
    Path(name).rename("copy")
    now = ["copy", *paths[1:]]
    code, document = verify(run, *now)
    assert (code, set(states(document).values())) == (0, {"same"})
    assert f"{name}/logs/1.log" in states(document)
    Path("mnt").mkdir()
    Path("copy").rename("mnt/" + name.rpartition("/")[2])
    assert verify(run, "mnt", *paths[1:])[0] == 0


@pytest.mark.parametrize(
    ("path", "shown"),
    [(r"D:\copies\coll", "coll"), ("E:\\", "E:"), ("\\\\server\\share\\", "server/share")],
)
def test_names_in_a_case_are_the_same_whatever_the_system(path: str, shown: str) -> None:
    assert _label(cast("Path", PureWindowsPath(path)), set()) == shown
    assert _label(cast("Path", PurePosixPath("/mnt/copies/coll")), set()) == "coll"


def test_a_path_of_another_system_is_not_looked_up_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("coll").mkdir()
    assert not is_here("coll")
    assert is_here(str(tmp_path / "coll"))
    for path in (r"\\server\share", "//server/share", r"\/server/share", r"\\?\UNC\server\share"):
        assert is_elsewhere(path)
    assert not is_elsewhere("/mnt/share")


def test_without_a_log_the_names_in_the_case_decide(run: Keyboard) -> None:
    put("coll/logs/1.log")
    scan(run, "coll")
    Path("c/run.jsonl").unlink()
    Path("coll").rename("copy")
    code, document = verify(run, "copy")
    assert (code, states(document)) == (3, {"coll/logs/1.log": "same"})


def test_a_path_for_a_case_of_drives_only_is_wrong_usage(run: Keyboard) -> None:
    put("mnt/inetpub/logs/LogFiles/W3SVC1/u_ex210305.log")
    Path("mnt/Windows/System32").mkdir(parents=True)
    run("scan", "--drive", "C=mnt", "--case", "c", "-q", "--jobs", "1")
    outcome = run("verify", "c", "mnt")
    assert (outcome.code, "with --drive C=FOLDER" in outcome.err) == (2, True)


def test_all_paths_are_listed_at_once_for_disks_of_one_server_tell_of_one_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def listing(paths: list[Path], *, whole: bool) -> Survey:
        asked.append([path.name for path in paths])
        return Survey((), ())

    monkeypatch.setattr(verifying, "evidence", listing)
    for name in ("c.img", "d.img"):
        (tmp_path / name).touch()
    roots = [Root(str(tmp_path / name), name) for name in ("c.img", "d.img")]
    assert list(verifying.listed(roots, Given(), tmp_path / "c")) == [Survey((), ())]
    assert asked == [["c.img", "d.img"]]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
@pytest.mark.parametrize("name", ["coll/notes.log", "coll/more.zip"])
@pytest.mark.parametrize("what", ["pipe", "link", "folder", "full folder"])
def test_what_took_the_place_of_a_file_is_a_change(run: Keyboard, name: str, what: str) -> None:
    put("coll/notes.log", "coll/logs/1.log")
    with zipfile.ZipFile("coll/more.zip", "w") as archive:
        archive.writestr("2.log", (IIS / "iis6.log").read_bytes())
    scan(run, "coll")
    Path(name).rename("kept")
    if what == "pipe":
        os.mkfifo(name)
    elif what == "link":
        Path(name).symlink_to(Path("kept").resolve())
    else:
        Path(name).mkdir()
        put(*([f"{name}/x.log"] if what == "full folder" else []))
    code, document = verify(run)
    found = states(document)
    assert (code, found[name]) == (1, "missing" if "folder" in what else "changed")
    (reason,) = (one["reason"] for one in document["evidence"]["files"] if one["path"] == name)
    told = {"pipe": "named pipe: not read", "full folder": "a folder lies there now"}
    assert told.get(what, "") in reason
    assert not [path for path in found if path.startswith(f"{name}!")]


def test_a_folder_that_became_a_file_is_told(run: Keyboard) -> None:
    put("coll/logs/1.log", "coll/2.log")
    scan(run, "coll")
    shutil.rmtree("coll/logs")
    put("coll/logs")
    code, document = verify(run)
    (one,) = (one for one in document["evidence"]["files"] if one["state"] == "new")
    assert (code, one["path"], one["reason"]) == (1, "coll/logs", "there was a folder")


@pytest.mark.skipif(os.name == "nt", reason="listing a folder on Windows tells no file number")
def test_a_file_under_two_names_is_compared_under_both(run: Keyboard) -> None:
    put("coll/1.log")
    Path("coll/2.log").hardlink_to("coll/1.log")
    scan(run, "coll")
    assert states(verify(run)[1]) == {"coll/1.log": "same", "coll/2.log": "same"}
    shutil.copytree("coll", "copy")
    assert states(verify(run, "copy")[1]) == {"coll/1.log": "same", "coll/2.log": "same"}
    data = bytearray(Path("copy/2.log").read_bytes())
    data[-3] ^= 1
    Path("copy/2.log").write_bytes(data)
    code, document = verify(run, "copy")
    assert (code, states(document)["coll/2.log"]) == (1, "changed")
    Path("copy/1.log").unlink()
    Path("copy/1.log").hardlink_to("copy/2.log")
    assert set(states(verify(run, "copy")[1]).values()) == {"changed"}


def as_nobody(*words: str) -> Outcome:
    """Run the command as an account that may read little."""
    done = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
         sys.executable, "-m", "extriage", *words],
        capture_output=True, text=True, check=False, timeout=60,
        env=os.environ | {"EXTRIAGE_KNOWLEDGE": str(Path.cwd())},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def shared(run: Keyboard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyboard]:
    """Work in a folder that other accounts can reach; some evidence is there, and its case."""
    if shutil.which("setpriv") is None or os.geteuid() != 0:
        pytest.skip("only root on Linux can run something as another account")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        monkeypatch.chdir(folder)
        put("coll/logs/1.log", "coll/2.log")
        scan(run, "coll")
        if as_nobody("--version").code:
            pytest.skip("another account cannot run this Python")
        yield run
        monkeypatch.undo()


@pytest.mark.usefixtures("shared")
def test_a_folder_that_lost_its_permission_cannot_be_told() -> None:
    Path("coll/logs").chmod(0)
    outcome = as_nobody("verify", "c")
    assert outcome.code == 3
    assert "1 same, 0 changed, 0 missing, 0 new, 1 unread" in outcome.out
    why = "folder: permission denied (EACCES); 1 of its files are in the case"
    assert f"unread    coll/logs ({why})" in outcome.out
    Path("coll").chmod(0)
    for outcome in (as_nobody("verify", "c"), as_nobody("verify", "c", "coll")):
        assert outcome.code == 3
        assert "unread    coll (folder: permission denied" in outcome.out
    outcome = as_nobody("doctor", "coll")
    assert outcome.code == 3
    assert "unreadable   coll: folder: permission denied (EACCES)" in outcome.out
    Path("coll").chmod(0o755)


def test_what_the_scan_could_not_list_is_not_new_now(shared: Keyboard) -> None:
    Path("coll/logs").chmod(0)
    Path("nobody").mkdir()
    Path("nobody").chmod(0o777)
    assert as_nobody("scan", "coll", "--case", "nobody/c", "-q", "--jobs", "1").code == 3
    Path("coll/logs").chmod(0o755)
    shutil.rmtree("c")
    shutil.move("nobody/c", "c")
    code, document = verify(shared)
    assert (code, states(document)) == (
        0, {"coll/2.log": "same", "coll/logs": "not-hashed", "coll/logs/1.log": "not-hashed"},
    )  # fmt: skip


def test_a_scan_that_was_killed_is_told(run: Keyboard) -> None:
    put("coll/1.log")
    scan(run, "coll")
    runlog.append(Path("c"), "scan-started", "2021-03-05T00:00:00Z", {"evidence": []})
    Path("c/case.db").write_bytes(b"begun")
    code, document = verify(run)
    assert code == 1
    assert "did not come to its end" in document["remarks"][0]
    assert states(document) == {"coll/1.log": "same"}


def test_a_case_document_that_is_gone_is_no_evidence_to_be_scanned(run: Keyboard) -> None:
    put("coll/1.log")
    scan(run, "coll")
    Path("c/case.json").unlink()
    code, document = verify(run)
    assert code == 1
    assert document["cannot_tell"] == [
        "the evidence was not compared: case.json is missing, which says what it was"
    ]
