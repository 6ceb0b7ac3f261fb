"""The steps to a safe server are the right ones, in the right order, for exactly this build."""

import re
from datetime import date

import pytest

from extriage.analysis.advisories import assess, checks_of
from extriage.analysis.wayout import way_out
from extriage.knowledge.advisories import advisories
from extriage.knowledge.builds import build_table, number
from extriage.knowledge.checks import config_checks
from extriage.knowledge.wayout import Role, role_of, way_out_texts
from extriage.model.host import Action
from extriage.model.state import Answer, CheckAnswer

PAID_DAY, TODAY = date(2026, 10, 10), date(2026, 11, 22)
SETTINGS = [name for name, one in way_out_texts().settings.items() if one.role is Role.DECIDES]


def steps(
    build: str, *checks: CheckAnswer, day: date = PAID_DAY, precision: str = "su"
) -> dict[str, Action]:
    found = number(build)
    assert found is not None
    product = build_table().product(found)
    states = assess(found, product, checks, day, precision=precision)
    actions = way_out(found, product, states, checks, day, precision=precision)
    assert len({action.id for action in actions}) == len(actions)
    return {action.id: action for action in actions}


def installs(build: str, day: date = PAID_DAY) -> list[str]:
    """Return what is to be installed, without the checks of settings, in order."""
    return [name for name in steps(build, day=day) if not name.startswith("setting-")]


def every_check(word: Answer) -> list[CheckAnswer]:
    known = config_checks()
    named = {
        check: {cve for cve in advisories() if check in checks_of(cve)} | set(known[check].cves)
        for check in SETTINGS
    }
    return [
        CheckAnswer(check, check, tuple(sorted(cves)), word, f"note of {check}")
        for check, cves in named.items()
    ]


def test_a_server_on_the_newest_build_with_all_settings_right_has_nothing_to_do() -> None:
    only = list(steps("15.2.2562.53", *every_check(Answer.PASSED)).values())
    assert [action.id for action in only] == ["nothing"]
    assert only[0].title.startswith("Nothing to install as of 2026-10-10: 15.2.2562.53")


def test_an_old_cu_of_2016_gets_its_stopgap_its_cu_and_its_update_in_this_order() -> None:
    found = steps("15.1.2375.7")
    assert list(found)[:5] == ["save", "stopgap", "cu", "free", "paid"]
    assert "Nov22SU for CU22 (KB5019758, build 15.1.2375.37, 2022-11-08)" in found["stopgap"].title
    assert (
        found["cu"].title
        == "Install CU23 of Exchange 2016 (KB5011155, build 15.1.2507.6, 2022-04-20)"
    )
    assert "Oct25SU for CU23 (KB5066369, build 15.1.2507.61, 2025-10-14)" in found["free"].title
    assert "Sep26SUv2 for CU23 (KB5129958, build 15.1.2507.75" in found["paid"].title
    assert "15.1.2507.61 or 15.1.2507.75" in found["verify"].text
    assert found["leave-2016"].title.startswith("Move to Exchange SE on a new server")


def test_on_a_cu_that_gets_updates_no_other_cu_is_asked_for() -> None:
    assert "cu" not in steps("15.2.1544.9")
    assert "Oct25SU for CU14" in steps("15.2.1544.9")["free"].title
    assert "cu" in steps("15.2.1258.12")


def test_subscription_edition_only_needs_its_newest_update() -> None:
    found = installs("15.2.2562.17")
    assert found == ["save", "su", "verify", "hunt"]
    assert "Sep26SUv2 for RTM (KB5129955" in steps("15.2.2562.17")["su"].title


def test_2019_is_upgraded_in_place() -> None:
    move = steps("15.2.1748.39")["leave-2019"]
    assert move.title.startswith("Upgrade in place to Exchange SE (RTM Sep26SUv2, KB5129955")
    assert "2019 CU14 or CU15" in move.text


def test_2013_with_its_last_update_has_to_be_left_and_hidden_until_then() -> None:
    found = installs("15.0.1497.48", TODAY)
    assert found == ["isolate", "leave-2013"]
    move = steps("15.0.1497.48", day=TODAY)["leave-2013"]
    assert "cannot be upgraded in place" in move.title
    assert "2019 CU14" in move.text


def test_2010_gets_its_service_pack_and_its_last_rollup() -> None:
    found = steps("14.2.247.5", day=TODAY)
    assert "SP3 of Exchange 2010" in found["sp"].title
    assert "RU32 for SP3 (KB5000978, build 14.3.513.0" in found["rollup"].title
    assert "HealthChecker" not in found["verify"].text
    assert installs("14.3.513.0", TODAY) == ["isolate", "leave-2010"]


def test_2007_has_a_way_too() -> None:
    assert installs("8.3.517.0", TODAY) == ["isolate", "leave-2007"]


def test_after_the_last_paid_day_the_product_is_to_be_left_though_nothing_is_open() -> None:
    assert installs("15.1.2507.75", TODAY) == ["isolate", "leave-2016"]
    assert "none has been made since 2026-10-31" in steps("15.1.2507.6", day=TODAY)["paid"].text


def test_on_a_day_of_march_2021_the_packages_of_that_day_are_named() -> None:
    day = date(2021, 3, 12)
    found = steps("15.1.1979.3", day=day)
    assert "Mar21SU for CU16 (KB5000871, build 15.1.1979.8, 2021-03-08)" in found["stopgap"].title
    assert found["stopgap"].text.startswith("Closes 4 of the ")
    assert "CU19" in found["cu"].title
    assert "Mar21SU for CU19" in found["su"].title
    assert "Sep20SU for CU16" in steps("15.1.1979.3", day=date(2021, 3, 5))["stopgap"].title


def test_before_exchange_se_the_way_leads_to_what_was_supported_then() -> None:
    move = steps("15.0.1497.48", day=date(2023, 6, 1))["leave"]
    assert "Exchange 2016, Exchange 2019" in move.text


def test_what_is_not_used_by_attackers_calls_for_no_search() -> None:
    assert "hunt" not in steps("15.2.2562.46")
    assert "hunt" in steps("15.2.2562.41")
    assert "CVE-2026-42897" in steps("15.2.2562.41")["hunt"].text


def test_a_makeshift_is_offered_where_the_update_has_to_be_paid_for() -> None:
    free = steps("15.1.2507.61")
    assert "CVE-2026-42897" in free["interim"].text
    assert "interim" not in steps("15.2.2562.41")
    done = CheckAnswer("EEMS", "", ("CVE-2026-42897",), Answer.PASSED, "")
    assert "CVE-2026-42897" not in steps("15.1.2507.61", done)["interim"].text


def test_every_setting_that_decides_is_asked_for_once() -> None:
    asked = [name for name in steps("15.2.1748.53") if name.startswith("setting-")]
    decided = {f"setting-{check.lower()}" for check in SETTINGS}
    assert set(asked) == decided - {"setting-fipfs"}


def test_failed_settings_come_first_with_what_was_found() -> None:
    failed = CheckAnswer("SERIAL", "", ("CVE-2023-36050",), Answer.FAILED, "An override is there.")
    found = [step for name, step in steps("15.2.1748.53", failed).items() if "setting" in name]
    assert found[0].id == "setting-serial"
    assert found[0].title == "Switch on the signing of PowerShell payloads"
    assert found[0].text.startswith("An override is there. It is on since")


def test_a_setting_that_failed_is_named_even_without_a_vulnerability_in_the_table() -> None:
    failed = CheckAnswer("FIPFS", "", ("ADV24199947",), Answer.FAILED, "an entry ends in |NO")
    assert "setting-fipfs" in steps("15.2.1748.53", failed)


def test_hardening_is_a_step_only_when_it_failed() -> None:
    assert "setting-dotnet" not in steps("15.2.1748.53")
    old = CheckAnswer("DOTNET", "", ("CVE-2020-1147",), Answer.FAILED, "System.Data.dll is old")
    assert (
        "System.Data.dll is old. Install the .NET"
        in steps("15.2.1748.53", old)["setting-dotnet"].text
    )


def test_all_settings_wrong_means_a_step_for_each() -> None:
    found = steps("15.2.1748.53", *every_check(Answer.FAILED))
    assert all(f"note of {check}" in found[f"setting-{check.lower()}"].text for check in SETTINGS)


def test_a_vague_build_is_to_be_made_exact_first() -> None:
    assert next(iter(steps("15.1.2375.7", precision="cu"))) == "learn"
    assert [step.id for step in way_out(None, "2016", (), (), TODAY)] == ["learn"]
    unknown = assess((16, 0, 1, 1), "", (), TODAY)
    assert [step.id for step in way_out((16, 0, 1, 1), "", unknown, (), TODAY)] == ["learn"]


@pytest.mark.parametrize("build", ["15.2.2562.99", "15.2.9999.1"])
def test_nothing_is_known_to_be_installed_above_the_table(build: str) -> None:
    assert installs(build) == ["nothing"]


@pytest.mark.parametrize("build", [one.number for one in build_table().builds])
def test_every_known_build_has_a_way_out_without_holes_in_its_words(
    build: tuple[int, int, int, int],
) -> None:
    product = build_table().product(build)
    states = assess(build, product, (), TODAY)
    actions = way_out(build, product, states, (), TODAY)
    assert actions
    for action in actions:
        assert action.title
        assert not re.search(r"[{}]|None|  |\(,|, \)", action.title + action.text)


def test_every_check_that_the_texts_explain_is_known() -> None:
    assert set(way_out_texts().settings) <= set(config_checks())
    assert role_of("OVERRIDE:AppIdBasedAudienceValidation") is Role.DECIDES
    assert role_of("HUNT") is None
