"""Many campaigns, one verdict: which answers weigh, and what a chain adds."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from extriage.analysis.advisories import assess
from extriage.analysis.chains import chains
from extriage.analysis.coverage import cover
from extriage.analysis.verdict import Hidden, Judgement, judge
from extriage.analysis.window import Until, open_window
from extriage.knowledge.builds import build_table, number
from extriage.knowledge.campaigns import campaigns
from extriage.model.detection import Certainty, Evidence, Finding, Level, Stage
from extriage.model.evidence import BuildSeen, Tally
from extriage.model.host import Absence, CveVerdict, Patch, Status

COVERED_TO = datetime(2021, 3, 20, tzinfo=UTC)
KINDS = (
    ("httpproxy", "Ecp"),
    ("httpproxy", "Owa"),
    ("ecp-server", ""),
    ("oab-generator", ""),
    ("events", "Application"),
)


def tally(kind: str, part: str, start: datetime, end: datetime) -> Tally:
    first = int(start.timestamp()) // 3600
    hours = set(range(first, first + int((end - start) / timedelta(hours=1))))
    return Tally(kind, f"{kind}{part}.log", "", part, len(hours), start, end, hours)


def answers(judged: Judgement) -> dict[str, CveVerdict]:
    return {cve.cve: cve for campaign in judged.campaigns for cve in campaign.coverage}


def finding(rule: str, stage: str, second: int, kind: str) -> Finding:
    time = datetime(2021, 3, 5, 10, 0, second, tzinfo=UTC)
    keys = (("address", "203.0.113.9"),)
    line = Evidence(f"{kind}.log", second, 0, "x", "0" * 64, time, keys=keys, kind=kind)
    return Finding(
        f"f-{rule}", rule, rule, Level.HIGH, Stage(stage), Certainty.LIKELY, "proxylogon",
        ("CVE-2021-26855",), (), time, time, 1, (line,), (),
    )  # fmt: skip


NOTHING = Patch("", "2016", "", "", (), ())


def test_a_hole_that_nobody_used_yet_when_the_evidence_ends_is_told_apart() -> None:
    rows = [tally(k, p, datetime(2020, 1, 1, tzinfo=UTC), COVERED_TO) for k, p in KINDS]
    found = answers(judge([], cover(rows, []), NOTHING, None, Hidden()))
    assert found["CVE-2022-41040"].answer is Absence.NOT_YET
    assert "before the first known attacks" in found["CVE-2022-41040"].note
    assert found["CVE-2021-26855"].answer is not Absence.NOT_YET


def test_evidence_from_before_everything_says_nothing() -> None:
    start = datetime(2017, 1, 1, tzinfo=UTC)
    rows = [tally(k, p, start, start + timedelta(days=20)) for k, p in KINDS]
    judged = judge([], cover(rows, []), NOTHING, None, Hidden())
    assert {one.answer for one in answers(judged).values()} <= {
        Absence.NOT_YET,
        Absence.NOT_APPLICABLE,
    }
    assert judged.verdict.status is Status.CANNOT_TELL


def patched(build: str, first: datetime, last: datetime) -> Patch:
    """Return the state of a server that ran one build all the time."""
    seen = BuildSeen(build, "httpproxy", first, last)
    rows = assess(number(build), "2016", (), date(2026, 10, 10))
    until = Until(last)
    table = build_table()
    told = tuple(replace(r, window=open_window(r, None, [seen], until, table)) for r in rows)
    return Patch(build, "2016", "", "", (seen,), told)


@pytest.mark.parametrize(("cve", "weighs"), [("CVE-2020-0688", False), ("CVE-2021-26855", True)])
def test_what_could_be_closed_in_time_and_was_never_seen_open_does_not_weigh(
    cve: str, weighs: bool
) -> None:
    start, end = datetime(2021, 3, 10, tzinfo=UTC), COVERED_TO
    rows = [tally(k, p, start, end) for k, p in KINDS]
    patch = patched("15.1.2106.13", start, end)
    found = answers(judge([], cover(rows, []), patch, None, Hidden()))
    assert found[cve].answer is Absence.CANNOT_TELL
    assert found[cve].weighs is weighs


def test_a_chain_lifts_its_campaign_and_the_verdict() -> None:
    findings = [finding("one", "reached", 0, "httpproxy"), finding("other", "reached", 5, "iis")]
    rows = [tally(k, p, datetime(2021, 1, 1, tzinfo=UTC), COVERED_TO) for k, p in KINDS]
    alone = judge(findings, cover(rows, []), NOTHING, None, Hidden())
    told = judge(findings, cover(rows, []), NOTHING, None, Hidden(), chains(findings))
    assert alone.verdict.status is Status.TARGETED
    assert told.verdict.status is Status.COMPROMISED
    assert told.verdict.certainty is Certainty.CONFIRMED
    assert "203.0.113.9" in told.verdict.reason
    campaign = next(one for one in told.campaigns if one.campaign == "proxylogon")
    assert campaign.certainty is Certainty.CONFIRMED
    assert answers(told)["CVE-2021-26855"].certainty is Certainty.CONFIRMED


def test_campaigns_are_in_order_of_time_and_ways_that_need_no_hole_come_last() -> None:
    since = [one.since for one in campaigns()]
    known = [one for one in since if one]
    assert known == sorted(known)
    assert since[: len(known)] == known
    assert len({one.id for one in campaigns()}) == len(since)
