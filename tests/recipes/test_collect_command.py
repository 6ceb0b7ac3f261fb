"""`extriage collect`: the list is whole, choices are checked, files go where they were sent."""

import zipfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.cli import extriage
from extriage.errors import UsageError
from extriage.knowledge.places import GENERATIONS, exports, places
from extriage.reports.recipes import acquire, kape, listing, powershell, velociraptor
from extriage.reports.recipes.choice import Choice, choice, folders


def run(*words: str) -> Result:
    return CliRunner().invoke(extriage, ["collect", *words], catch_exceptions=False)


def test_the_list_names_every_place_with_its_reason_and_every_command() -> None:
    text = run("list").output
    for place in places():
        assert f"  {place.id} " in text
        assert place.why in text
    for export in exports().values():
        assert export.how in text


def test_the_list_estimates_the_days_that_were_asked_for() -> None:
    one, two = Choice(days=1, only=("httpproxy",)), Choice(days=10, only=("httpproxy",))
    assert "450 MB with 1 day of logs" in listing.render(one)
    assert "4.5 GB with 10 days of logs" in listing.render(two)


def test_the_list_says_which_files_are_taken_whatever_their_name_is() -> None:
    assert "and files of any other name up to 4 MB" in run("list", "--only", "web-pages").output
    assert "any other name" not in run("list", "--only", "ews").output


def test_the_list_says_what_stands_for_several_folders_of_a_server() -> None:
    assert "physicalPath in applicationHost.config" in run("list", "--only", "web-pages").output


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_product_gets_only_places_that_it_has(generation: str) -> None:
    taken = {one.place.id for one in folders(Choice(generation=generation))}
    for place in places():
        if generation not in place.generations:
            assert place.id not in taken
    version = "V14" if generation == "2010" else "V15"
    other = "V15" if generation == "2010" else "V14"
    text = listing.render(Choice(generation=generation))
    assert f"\\{version}\\" in text
    assert f"\\{other}\\" not in text


def test_exchange_2010_has_no_httpproxy_log_and_that_is_said() -> None:
    with pytest.raises(UsageError, match="Exchange 2010 has none of these places: httpproxy"):
        choice(None, "", "", "2010", ["httpproxy"])


@pytest.mark.parametrize(
    "folder",
    ["Exchange", r"\\nas\share", r"E:\*", "E:\\a'b", "E:\\a\nb", r"E:\..\Windows", "E:", "E:\\%x%"],
)
def test_a_folder_that_no_recipe_can_carry_is_refused(folder: str) -> None:
    with pytest.raises(UsageError, match="no folder of a Windows drive"):
        choice(None, folder, "", "", [])


@pytest.mark.parametrize(
    "sign",
    ["\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0", "\x7f", "\u202e",
     "\ufeff", "\udcff", "'", '"', "`", "$", "\u2019", "%", "*"],
)  # fmt: skip
def test_no_sign_that_ends_a_line_or_a_quote_or_hides_one_gets_into_a_recipe(sign: str) -> None:
    with pytest.raises(UsageError, match="no folder of a Windows drive"):
        choice(None, f"E:\\Exchange{sign}--output=C:/", "", "", [])


@pytest.mark.parametrize(
    "folder", ["E:/a;b", "E:/$(x)".replace("$", "&"), "E:/B\u00f6rse (1)", "E:/a,b#c"]
)
def test_what_windows_allows_in_a_name_stays_as_it_is_in_every_recipe(folder: str) -> None:
    made = choice(None, folder, folder, "", [])
    shown = folder.replace("/", "\\")
    assert f"[string]$Install = '{shown}'," in powershell.render(made)
    assert f"--path={folder}/FrontEnd/HttpProxy" in acquire.render(made).splitlines()
    (target, *_) = (text for name, text in kape.files(made).items() if "Requests" in name)
    paths = {entry["Path"] for entry in yaml.safe_load(target)["Targets"]}
    assert f"{shown}\\Logging\\HttpProxy\\" in paths
    read = yaml.safe_load(velociraptor.render(made))
    assert {one["name"]: one["default"] for one in read["parameters"]}["MoreInstall"] == folder


@settings(deadline=None, max_examples=40)
@given(st.text(min_size=1, max_size=40).map(lambda text: f"E:/{text}"))
def test_no_text_breaks_out_of_a_recipe(folder: str) -> None:
    try:
        made = choice(3, folder, folder, "", [])
    except UsageError:
        return
    assert yaml.safe_load(velociraptor.render(made))["type"] == "CLIENT"
    for target in kape.files(made).values():
        assert yaml.safe_load(target)["Targets"]
    text = powershell.render(made)
    assert text.count("'") == powershell.render(Choice(days=3)).count("'")
    assert all(line.startswith("--") for line in acquire.render(made).splitlines())


def test_a_mark_of_the_template_in_a_folder_is_a_folder() -> None:
    made = choice(3, r"E:\@PLACES@", r"F:\@DAYS@", "", [])
    assert r"[string]$Install = 'E:\@PLACES@'," in powershell.render(made)
    read = yaml.safe_load(velociraptor.render(made))
    values = {one["name"]: one["default"] for one in read["parameters"]}
    assert (values["MoreInstall"], values["MoreLogs"]) == ("E:/@PLACES@", "F:/@DAYS@")


def test_powershell_2_is_told_that_letters_of_other_languages_are_utf_8() -> None:
    assert powershell.render(choice(3, "E:/B\u00f6rse", "", "", [])).startswith("\ufeff<#")
    assert powershell.render(Choice()).startswith("<#")


@pytest.mark.parametrize("folder", ["e:\\Exchange\\", "E:/Exchange", '"E:\\Exchange"'])
def test_a_folder_may_be_written_in_any_way_that_windows_takes(folder: str) -> None:
    assert choice(None, folder, "", "", []).install == "E:/Exchange"


def test_unknown_places_are_refused_and_several_may_stand_in_one_word() -> None:
    assert choice(None, "", "", "", ["ews,iis", "ews"]).only == ("ews", "iis")
    with pytest.raises(UsageError, match="no place moon"):
        choice(None, "", "", "", ["ews,moon"])


def test_targets_for_kape_go_to_a_folder_or_an_archive(tmp_path: Path) -> None:
    folder, archive = tmp_path / "targets", tmp_path / "targets.zip"
    assert run("kape", "-o", str(folder)).exit_code == 0
    assert run("kape", "-o", str(archive)).exit_code == 0
    names = sorted(file.name for file in folder.iterdir())
    assert f"{kape.COMPOUND}.tkape" in names
    with zipfile.ZipFile(archive) as opened:
        assert sorted(Path(name).name for name in opened.namelist()) == names
    with pytest.raises(UsageError, match="exists"):
        run("kape", "-o", str(folder))


def test_the_name_of_the_folder_does_nothing_to_the_screen(tmp_path: Path) -> None:
    done = run("kape", "-o", str(tmp_path / "a\x1b[2Jb"))
    assert done.exit_code == 0
    assert "\x1b" not in done.stderr


def test_targets_for_kape_do_not_go_to_the_screen() -> None:
    with pytest.raises(UsageError, match="several files"):
        run("kape")


@pytest.mark.parametrize(("recipe", "said"), [("kape", "KAPE"), ("acquire", "acquire")])
def test_who_asks_for_days_learns_that_this_collector_does_not_know_them(
    recipe: str, said: str, tmp_path: Path
) -> None:
    done = run(recipe, "--days", "7", "-o", str(tmp_path / "recipe"))
    assert f"{said} takes files of any age" in done.stderr
    assert "any age" not in run("powershell", "--days", "7").stderr


@pytest.mark.parametrize("recipe", ["list", "velociraptor", "acquire", "powershell"])
def test_the_same_choice_gives_the_same_bytes_on_screen_and_in_a_file(
    recipe: str, tmp_path: Path
) -> None:
    file = tmp_path / "recipe"
    assert run(recipe, "-o", str(file)).output == ""
    assert file.read_bytes() == run(recipe).stdout_bytes
    with pytest.raises(UsageError, match="--force"):
        run(recipe, "-o", str(file))
    assert run(recipe, "--force", "-o", str(file)).exit_code == 0
