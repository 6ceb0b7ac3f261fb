"""Ordinary days and the internet's background noise: a tool that shouts at scanners is useless."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scenario import scanned, the_host

from extriage.samples import ServerSpec

LOUD = {"high", "critical"}
WEEK = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC))


def loud(host: dict[str, Any]) -> list[str]:
    return [f["rule"] for f in host["findings"] if f["level"] in LOUD]


def test_a_week_of_background_scanning_is_knocking_and_no_more(tmp_path: Path) -> None:
    spec = ServerSpec(
        build=(15, 1, 2507, 44),
        start=WEEK[0],
        end=WEEK[1],
        lines=20_000,
        attack="background",
        hours_per_file=24,
    )
    code, case = scanned(tmp_path, spec)
    host = the_host(case)
    assert loud(host) == []
    assert host["chains"] == []
    assert {f["stage"] for f in host["findings"]} <= {"probed", None}
    assert host["verdict"]["status"] == "targeted"
    assert host["verdict"]["stage"] == "probed"
    assert code == 3, "nothing loud, but not all of it could be told"


@pytest.mark.parametrize("product", ["2010", "2013", "2016", "2019"])
def test_ordinary_days_give_no_finding_of_weight(tmp_path: Path, product: Any) -> None:
    spec = ServerSpec(product=product, lines=30_000, hours_per_file=24, seed=7)
    _, case = scanned(tmp_path, spec)
    host = the_host(case)
    assert loud(host) == []
    assert [f["rule"] for f in host["findings"] if f["stage"]] == []
    assert host["chains"] == []
