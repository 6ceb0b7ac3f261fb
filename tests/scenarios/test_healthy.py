"""A healthy but busy organisation: a tool that cries wolf here is switched off after a day."""

from pathlib import Path
from typing import Any

import healthy
import healthy_admins
import healthy_machine
import healthy_web
import pytest
from scenario import rescanned, the_host

WEB = (
    healthy_web.phones_with_an_old_password,
    healthy_web.an_office_behind_one_address,
    healthy_web.a_load_balancer_stands_for_all,
    healthy_web.a_traveller,
    healthy_web.monitoring,
    healthy_web.mail_programs,
    healthy_web.outlook_on_the_web,
    healthy_web.between_the_servers,
    healthy_web.hybrid,
    healthy_web.service_accounts,
    healthy_web.add_ins,
    healthy_web.scanners,
    healthy_web.administrators,
    healthy_web.other_sites,
    healthy_web.filters_tested,
)
ALL = (*WEB, *healthy_admins.SCENES, *healthy_machine.SCENES)


def wolves(host: dict[str, Any]) -> list[str]:
    """Return what would make somebody pull the plug of a server that has nothing."""
    return [
        f"{finding['rule']}: {finding['level']} {finding['stage'] or ''}"
        for finding in host["findings"]
        if finding["level"] in ("high", "critical") or finding["stage"] not in (None, "probed")
    ]


def judged(folder: Path, *scenes: Any) -> dict[str, Any]:
    healthy.write(folder / "EVIDENCE", (line for scene in scenes for line in scene()))
    return the_host(rescanned(folder)[1])


@pytest.mark.parametrize("scene", ALL, ids=lambda scene: scene.__name__)
def test_ordinary_work_is_no_wolf(tmp_path: Path, scene: Any) -> None:
    host = judged(tmp_path, scene)
    assert wolves(host) == []
    assert host["chains"] == []
    assert host["verdict"]["status"] != "compromised"


def test_all_of_it_together_is_no_wolf(tmp_path: Path) -> None:
    host = judged(tmp_path, *ALL)
    assert wolves(host) == []
    assert host["chains"] == []
    assert host["verdict"]["stage"] in (None, "probed")
