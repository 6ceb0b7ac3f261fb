"""What a recipe brings home tells the same of a server as the whole server does."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from collecting import COLLECTORS

from extriage.knowledge import places
from extriage.pipeline.planning import plan as planning
from extriage.reports.recipes.choice import Choice
from extriage.samples import ServerSpec, write_server
from keyboard import Keyboard

SPEC = ServerSpec(
    attack="chain",
    lines=200,
    hours_per_file=24,
    start=datetime(2021, 3, 1, tzinfo=UTC),
    end=datetime(2021, 3, 5, tzinfo=UTC),
)
SHELL = '<%@ Page Language="C#" %><script runat="server">{}</script>'.format(
    'void Page_Load(){eval(Request["x"]);}'
)
ODD = {
    "C/inetpub/wwwroot/aspnet_client/discover.help": SHELL,
    "C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth/out": SHELL,
    "C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth/m.7z": "7z",
    "C/Program Files/Microsoft/Exchange Server/V15/Mailbox/DB01/notes.txt": "nothing to be read",
    "C/Windows/System32/notepad.exe": "nothing to be read",
}
"""A handler makes a page of any file; the last two are none of our business."""
NOTE = "C/Users/Administrator/Documents/oab-before-change.txt"
"""A note of the administrator's, which tells a build: it lies nowhere that is looked at."""
STAYS = {name for name, text in ODD.items() if text == "nothing to be read"} | {NOTE}


def served(folder: Path) -> Path:
    write_server(folder, SPEC)
    (server,) = (folder, *(item for item in folder.iterdir() if (item / "C").is_dir()))[-1:]
    for name, text in ODD.items():
        place = server / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return server


def told(run: Keyboard, folder: Path) -> dict[str, Any]:
    run("scan", folder, "--case", f"{folder}.case", "-q", "--jobs", "1")
    case = json.loads((folder.parent / f"{folder.name}.case" / "case.json").read_bytes())
    host: dict[str, Any]
    (host,) = case["hosts"]
    rows = (*host.pop("manifest")["entries"], *case["unassigned"])
    return host | {
        "files": {
            row["path"]: (row["kind"], row["status"], row["sha256"], row["parsed"])
            for row in rows
            if row["path"].removeprefix("EX01/") not in STAYS
        }
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return served(tmp_path_factory.mktemp("server"))


@pytest.mark.parametrize("collector", COLLECTORS)
def test_what_is_collected_gives_the_findings_of_the_whole_server(
    collector: str, server: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    takes, left = COLLECTORS[collector](Choice(generation="2016")), set[str]()
    for name in ("whole", "part"):
        (tmp_path / name).mkdir()
        for file in sorted(item for item in server.rglob("*") if item.is_file()):
            path = file.relative_to(server).as_posix()
            on_disk = name == "part" and path.startswith("C/")
            if on_disk and not takes(path.replace("/", ":/", 1), file.stat().st_size):
                left.add(path)
                continue
            if path == NOTE:
                continue
            place = tmp_path / name / "EX01" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
    assert left == STAYS
    run = Keyboard(capfd)
    whole, part = (told(run, tmp_path / name / "EX01") for name in ("whole", "part"))
    assert len(whole["findings"]) > 40
    assert any("discover.help" in str(one) for one in whole["findings"])
    assert len(whole["persistence"]) > 3
    assert len(whole["exposures"]) > 1
    assert {key for key in whole if part[key] != whole[key]} == set()


def test_images_and_recipes_take_files_of_any_name_up_to_the_same_size() -> None:
    assert planning._PAGE == places.SMALL
    for place in places.places():
        assert place.served == (set(place.kinds) >= planning._SERVED), place.id
