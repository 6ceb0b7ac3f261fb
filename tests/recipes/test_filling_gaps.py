"""Reports say which place, and which line of a recipe, would fill a gap."""

import shlex
from dataclasses import replace

import pytest
from cases import CASES
from click.testing import CliRunner

from extriage.cli import extriage
from extriage.knowledge.exposures import exposure_groups
from extriage.model.case import Case
from extriage.model.exposure import ExposureAnswer, Shown
from extriage.model.host import Absence, CveVerdict, Host
from extriage.reports import REPORTS, RenderOptions
from extriage.reports.filling import places_to_fill, recipe


def lacking(case: Case, kind: str, *, covered: bool = False) -> Case:
    """Return a case in which one kind of log decides all that nobody can tell."""

    def short(one: CveVerdict) -> CveVerdict:
        logs = tuple(replace(log, kind=kind, covered=covered) for log in one.logs[:1])
        return replace(one, logs=logs)

    host = case.hosts[0]
    campaigns = tuple(
        replace(one, coverage=tuple(map(short, one.coverage))) for one in host.campaigns
    )
    return replace(case, hosts=(replace(host, campaigns=campaigns),))


def ids(host: Host) -> list[str]:
    return [place.id for place in places_to_fill(host)]


UNSURE = CASES["cannot-tell"]


def test_there_is_something_that_nobody_can_tell() -> None:
    answers = {cve.answer for one in UNSURE.hosts[0].campaigns for cve in one.coverage}
    assert Absence.CANNOT_TELL in answers


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("httpproxy:Ecp", ["httpproxy"]),
        ("events:Application", ["events"]),
        ("httpproxy+ews", ["httpproxy", "ews"]),
        ("iis", ["iis"]),
        ("page-life", []),
    ],
)
def test_a_log_that_falls_short_leads_to_its_place(kind: str, place: list[str]) -> None:
    assert ids(lacking(UNSURE, kind).hosts[0]) == place


def test_a_log_that_covers_the_time_is_not_asked_for_again() -> None:
    assert ids(lacking(UNSURE, "iis", covered=True).hosts[0]) == []


def test_a_server_whose_build_nobody_knows_leads_to_what_names_it() -> None:
    host = lacking(UNSURE, "iis", covered=True).hosts[0]
    unknown = replace(host, patch=replace(host.patch, build=""))
    assert ids(unknown) == ["exchange-programs", "registry", "setup-logs"]


def test_a_place_that_the_product_does_not_have_is_not_asked_for() -> None:
    host = lacking(UNSURE, "httpproxy").hosts[0]
    assert ids(replace(host, patch=replace(host.patch, product="2010"))) == []


def test_data_of_which_nobody_can_tell_leads_to_the_logs_that_would() -> None:
    host = lacking(UNSURE, "iis", covered=True).hosts[0]
    kind, group = next(
        (name, group) for name, group in exposure_groups().items() if "rps-cmdlet" in group.needs
    )
    answer = ExposureAnswer(kind, group.title, Shown.CANNOT_TELL, "", (), (), None, ())
    assert "cmdlets" in ids(replace(host, exposure_answers=(answer,)))


def test_the_command_that_is_named_runs_as_it_stands() -> None:
    host = lacking(UNSURE, "httpproxy+ews").hosts[0]
    words = shlex.split(recipe(places_to_fill(host)))
    assert words[:2] == ["extriage", "collect"]
    done = CliRunner().invoke(extriage, words[1:])
    assert done.exit_code == 0
    assert "'httpproxy|install|" in done.output
    assert "'iis|" not in done.output


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_reports_name_the_place_and_the_recipe(form: str) -> None:
    case = lacking(UNSURE, "httpproxy")
    shown = REPORTS[form].render(case, RenderOptions(width=120))
    assert "Exchange" in shown
    assert r"\Logging\HttpProxy" in shown
    assert "extriage collect powershell --only httpproxy" in shown
    full = REPORTS[form].render(lacking(UNSURE, "iis", covered=True), RenderOptions(width=120))
    assert "collect powershell" not in full
