"""The pictures tell the truth: what is drawn where, and what a reader may conclude from it."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest
from cases import CASES, CVES, WINDOW, at, case, evidence, finding, host, of_hosts, period, tool
from hypothesis import given
from hypothesis import strategies as st
from payloads import PAYLOADS
from test_reports_hostile import harmful

from extriage.analysis.timeline import timeline
from extriage.model.case import Case, Moment
from extriage.model.detection import Stage
from extriage.model.evidence import BuildSeen
from extriage.model.host import AdvisoryState, Coverage, Host, OpenWindow, State, Status
from extriage.reports import pictures
from extriage.reports.html.shell import environment
from extriage.reports.pictures import shapes, telling, ticks
from extriage.reports.pictures.axis import Axis, axis
from extriage.reports.pictures.coverage import BANDS, ROWS, CoverageMap, KindRow
from extriage.reports.pictures.shapes import Strip

MINUTE = timedelta(minutes=1)
NEAR = 1e-6


def told(made: Case) -> Case:
    return replace(made, timeline=timeline(made.hosts))


def kinds(pic: CoverageMap) -> dict[str, KindRow]:
    return {row.label: row for group in pic.groups for row in group.rows}


def drawn_axis(pic: CoverageMap) -> Axis:
    assert pic.axis is not None
    return pic.axis


def everything(pic: CoverageMap) -> list[Strip]:
    rows = [one for row in kinds(pic).values() for one in row.bars]
    bands = [one for band in pic.bands for one in (band.strip, *band.blind)]
    return [*rows, *bands, *pic.zones, *pic.sessions]


# --- the axis ------------------------------------------------------------------------------------

moments = st.integers(0, 32 * 366 * 86_400).map(
    lambda one: at("1995-01-01") + timedelta(seconds=one)
)
lengths = st.one_of(
    st.timedeltas(timedelta(0), timedelta(minutes=5)),
    st.timedeltas(timedelta(0), timedelta(days=3)),
    st.timedeltas(timedelta(0), timedelta(days=11_000)),
)
spans = st.tuples(moments, lengths).map(lambda one: (one[0], one[0] + one[1]))


@given(st.lists(spans, min_size=1, max_size=6), st.lists(spans, max_size=6), st.floats(0, 0.1))
def test_an_axis_of_any_length_keeps_the_order_of_time_and_its_labels_apart(
    whole: list[tuple[datetime, datetime]], busy: list[tuple[datetime, datetime]], margin: float
) -> None:
    made = axis(whole, busy, MINUTE, margin)
    assert made is not None
    assert made.stretches[0].left == 0
    assert made.stretches[-1].right == 1
    for one, two in pairwise(made.stretches):
        assert one.end == two.start
        assert one.right == two.left
    assert all(one.left < one.right and one.start < one.end for one in made.stretches)
    times = sorted(time for span in (*whole, *busy) for time in span)
    places = [made.place(time) for time in times]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)
    assert made.start <= min(one[0] for one in whole)
    assert made.end >= max(one[1] for one in whole)
    for width, labels in zip(ticks.WIDTHS, made.ticks, strict=True):
        reaches = [ticks.reach(tick, width) for tick in labels]
        assert all(left >= -NEAR and right <= width + NEAR for left, right in reaches)
        assert all(a[1] + ticks.GAP <= b[0] + NEAR for a, b in pairwise(reaches))
        assert len(labels) < 40
    assert axis(whole, busy, MINUTE, margin) == made


@given(st.lists(spans, min_size=1, max_size=4), st.lists(moments, min_size=2, max_size=5))
def test_two_moments_are_drawn_in_their_order_whatever_is_squeezed(
    whole: list[tuple[datetime, datetime]], some: list[datetime]
) -> None:
    made = axis([*whole, *((one, one) for one in some)], ((one, one) for one in some), MINUTE)
    assert made is not None
    inside = sorted(some)
    for one, two in pairwise(inside):
        if two - one > timedelta(seconds=1):
            assert made.place(one) < made.place(two)


def test_three_days_of_logs_in_three_years_can_be_seen() -> None:
    busy = (at("2021-03-01"), at("2021-03-04"))
    made = axis([(at("2018-03-04"), at("2021-03-04"))], [busy], MINUTE)
    assert made is not None
    assert made.broken
    assert made.place(busy[1]) - made.place(busy[0]) > 0.5
    assert [one.squeezed for one in made.stretches] == [True, False]
    assert made.stretches[0].label == "36 months"


def test_what_is_busy_all_along_is_drawn_evenly() -> None:
    whole = (at("2021-01-01"), at("2021-05-01"))
    made = axis([whole], [whole], MINUTE)
    assert made is not None
    assert not made.broken
    assert made.place(at("2021-03-02")) == pytest.approx(0.5)


def test_no_time_no_axis_and_the_ends_of_the_calendar_hold() -> None:
    assert axis([], [], MINUTE) is None
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    made = axis([(first, last)], [(first, first), (last, last)], MINUTE, 0.02)
    assert made is not None
    assert made.place(first) < made.place(at("2021-01-01")) < made.place(last)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2021-03-14 06:39:30", "2021-03-14 06:40:30", ("06:40:00", "2021-03-14")),
        ("2021-03-14 02:00", "2021-03-14 20:00", ("12:00", "2021-03-14")),
        ("2021-03-01", "2021-03-29", ("03-06", "2021")),
        ("2019-01-01", "2021-06-01", ("2020-07", "")),
        ("1996-01-01", "2022-01-01", ("2010", "")),
    ],
)
def test_ticks_stand_at_round_times(start: str, end: str, expected: tuple[str, str]) -> None:
    made = axis([(at(start), at(end))], [(at(start), at(end))], timedelta(seconds=1))
    assert made is not None
    found = {tick.label: tick for tick in made.ticks[-1]}
    assert expected[0] in found
    contexts = {tick.below for tick in made.ticks[-1]}
    assert expected[1] in contexts


def test_weeks_begin_on_mondays() -> None:
    made = axis([(at("2021-03-01"), at("2021-06-01"))], [], MINUTE)
    assert made is not None
    weeks = [tick.label for tick in made.ticks[-1]]
    assert "03-15" in weeks
    assert all(at(f"2021-{label}").weekday() == 0 for label in weeks)


# --- the coverage map ----------------------------------------------------------------------------


def test_a_bar_begins_and_ends_where_the_records_do_and_a_gap_is_a_gap() -> None:
    pic = pictures.coverage_map(host())
    drawn = drawn_axis(pic)
    row = kinds(pic)["IIS logs"]
    assert [one.style for one in row.bars] == ["there", "gap", "there"]
    edges = [
        at("2021-01-02"),
        at("2021-02-20 03:00"),
        at("2021-02-23 09:00"),
        at("2021-03-16 12:00"),
    ]
    places = [drawn.place(time) for time in edges]
    assert [row.bars[0].left, row.bars[1].left, row.bars[2].left, row.bars[2].right] == (
        pytest.approx(places)
    )
    assert row.bars[0].right == pytest.approx(row.bars[1].left)
    assert row.bars[1].right == pytest.approx(row.bars[2].left)


@pytest.mark.parametrize("name", sorted(CASES))
def test_nothing_lies_outside_of_the_drawing(name: str) -> None:
    for one in CASES[name].hosts:
        pic = pictures.coverage_map(one)
        assert all(0 <= strip.left <= strip.right <= 1 + NEAR for strip in everything(pic))
        assert all(0 <= mark.at <= 1 for mark in pic.marks)
        ys = [row.y for row in kinds(pic).values()] + [band.y for band in pic.bands]
        assert len(ys) == len(set(ys))
        assert max(ys) + shapes.ROW <= pic.height
        assert pictures.coverage_map(one) == pic


def test_kinds_that_are_needed_and_missing_have_an_empty_row() -> None:
    without = tuple(one for one in host().coverage if one.kind != "iis")
    row = kinds(pictures.coverage_map(replace(host(), coverage=without)))["IIS logs"]
    assert row.missing
    assert row.needed
    assert row.note == "missing"
    assert row.bars == ()


def test_evidence_without_times_has_a_row_that_says_so() -> None:
    row = kinds(pictures.coverage_map(host()))["server-executed web files"]
    assert row.note == "812 found, without times"
    assert not row.missing
    assert row.bars == ()


def test_damaged_files_are_named_beside_their_row() -> None:
    assert kinds(pictures.coverage_map(host()))["Application"].note == "1 of 1 damaged"


def test_the_time_before_the_logs_is_hatched_and_the_sentence_counts_it() -> None:
    late = host(Status.CANNOT_TELL)
    pic = pictures.coverage_map(late)
    drawn = drawn_axis(pic)
    begin = at("2021-03-10")
    first = pic.bands[0]
    blind = [one for one in first.blind if one.style == "blind"]
    assert [one.left for one in blind] == pytest.approx([drawn.place(WINDOW["from"])])
    assert blind[0].right == pytest.approx(drawn.place(begin))
    days = (begin - WINDOW["from"]).days
    assert f"{days} days in which an attack could not have been seen" in pic.reading
    assert "reach back to 2021-03-10" in pic.reading
    assert [one.right for one in pic.zones] == pytest.approx([drawn.place(begin)])


def test_where_the_logs_reach_over_everything_nothing_is_hatched() -> None:
    covered = tuple(
        replace(one, gaps=()) for one in host(Status.NO_SIGN).coverage if one.kind != "web-file"
    )
    pic = pictures.coverage_map(replace(host(Status.NO_SIGN), coverage=covered))
    assert all(one.style != "blind" for band in pic.bands for one in band.blind)
    assert "reach over all of it" in pic.reading
    assert pic.zones == ()


def test_without_any_log_the_sentence_says_that_nothing_could_have_been_seen() -> None:
    pic = pictures.coverage_map(replace(host(Status.CANNOT_TELL), coverage=()))
    assert "in none of these 73 days could an attack have been seen" in pic.reading
    assert "no IIS logs in the evidence" in pic.reading
    assert all(row.missing for row in kinds(pic).values())


def test_holes_that_this_server_never_had_are_not_drawn() -> None:
    labels = {band.label for band in pictures.coverage_map(host()).bands}
    assert "ProxyLogon" in labels
    assert not labels & {"ProxyShell", "ProxyNotShell", "Item that runs code"}


def test_a_window_that_began_before_the_drawing_has_no_beginning_in_it() -> None:
    one = host()
    campaign = one.campaigns[0]
    early = {"from": at("2020-02-26"), "to": at("2021-03-16 12:00")}
    assert early["from"] < WINDOW["from"]
    changed = replace(
        campaign,
        campaign="x",
        title="Early (2020)",
        stage=None,
        coverage=(replace(campaign.coverage[0], window=period("2020-02-26", "2021-03-16 12:00")),),
    )
    pic = pictures.coverage_map(replace(one, campaigns=(campaign, changed)))
    bands = {band.label: band for band in pic.bands}
    assert bands["Early"].since is None
    assert bands["ProxyLogon"].since == 0
    assert bands["Early"].strip.left == 0


def test_signs_of_an_attack_stand_at_their_time_and_name_the_furthest_stage() -> None:
    pic = pictures.coverage_map(host())
    drawn = drawn_axis(pic)
    assert sum(mark.count for mark in pic.marks) >= 5
    assert Stage.EXECUTED.value in {mark.style for mark in pic.marks}
    first = at("2021-03-14 06:38:55")
    assert min(mark.at for mark in pic.marks) >= drawn.place(first) - NEAR
    quiet = pictures.coverage_map(host(Status.NO_SIGN))
    assert quiet.marks == ()


def test_a_log_with_thousands_of_gaps_stays_one_row_of_few_pieces() -> None:
    hours = [at("2021-01-02") + timedelta(hours=6 * n) for n in range(280)]
    gaps = tuple(period(f"{one:%Y-%m-%d %H:%M}", f"{one + timedelta(hours=5):%Y-%m-%d %H:%M}")
                 for one in hours)  # fmt: skip
    noisy = Coverage("httpproxy", 9, 9, 0, at("2021-01-02"), at("2021-03-16 12:00"), gaps)
    others = tuple(one for one in host().coverage if one.kind != "httpproxy")
    row = kinds(pictures.coverage_map(replace(host(), coverage=(*others, noisy))))["HttpProxy logs"]
    assert len(row.bars) <= shapes.CELLS
    assert "part" in {one.style for one in row.bars}
    assert row.bars[0].left == pytest.approx(0, abs=0.02)


def test_a_log_that_reaches_further_back_than_the_drawing_says_so() -> None:
    row = kinds(pictures.coverage_map(replace(host(), coverage=tuple(
        replace(one, first=at("2019-05-01")) if one.kind == "iis" else one
        for one in host().coverage
    ))))["IIS logs"]  # fmt: skip
    assert row.early
    assert row.bars[0].title.startswith("2019-05-01 00:00 to ")
    assert row.bars[0].left == 0


def test_many_kinds_and_many_windows_are_bounded_and_counted() -> None:
    one = host()
    channels = tuple(
        Coverage(f"events:Chan{n}", 1, 1, 0, at("2021-02-01"), at("2021-03-01"), ())
        for n in range(100)
    )
    again = tuple(replace(one.campaigns[0], title=f"C{n}") for n in range(20))
    pic = pictures.coverage_map(replace(one, coverage=(*one.coverage, *channels), campaigns=again))
    assert len(kinds(pic)) == ROWS
    assert len(pic.bands) == BANDS
    assert {"IIS logs", "HttpProxy logs"} <= set(kinds(pic))
    assert any(note.startswith("13 more open windows") for note in pic.notes)
    assert any("more kinds of evidence" in note for note in pic.notes)


def test_without_any_time_there_is_a_sentence_instead_of_a_drawing() -> None:
    bare = replace(host(), coverage=(), campaigns=(), findings=())
    pic = pictures.coverage_map(bare)
    assert pic.axis is None
    assert "Nothing in the evidence carries a time" in pic.reading
    assert "<svg" not in html_of(of_hosts(bare))["coverage"]


# --- the timeline --------------------------------------------------------------------------------


def test_every_moment_is_in_the_picture_and_every_mark_counts() -> None:
    made = told(CASES["robbed"])
    pic = pictures.attack_timeline(made, made.hosts[0])
    assert pic.total == pic.drawn == len(made.timeline)
    for at_width in range(2):
        counted = sum(mark.count for lane in pic.lanes for mark in lane.marks[at_width])
        assert counted == pic.drawn
    data = pic.data["moments"]
    assert isinstance(data, list)
    assert {row[11] for row in data} == {""}
    assert [row[9] for row in data] == list(range(len(made.timeline)))
    assert [row[0] for row in data] == [int(m.time.timestamp() * 1000) for m in made.timeline]


def test_stages_have_lanes_in_the_order_of_the_ladder() -> None:
    made = told(CASES["robbed"])
    keys = [lane.key for lane in pictures.attack_timeline(made, made.hosts[0]).lanes]
    stages = [key for key in keys if key in {stage.value for stage in Stage}]
    assert stages == sorted(stages, key=lambda key: Stage(key).rank)
    assert keys[0].startswith("visit:")
    assert len(keys) == len(set(keys))


def test_a_mark_leads_to_the_finding_and_else_to_the_moment() -> None:
    made = told(CASES["robbed"])
    data = pictures.attack_timeline(made, made.hosts[0]).data["moments"]
    assert isinstance(data, list)
    one = made.hosts[0]
    links = {row[10]: made.timeline[row[9]].finding for row in data}
    findings = {f"h0-finding-{found.id}" for found in one.findings}
    assert findings & set(links)
    for link, standing_for in links.items():
        if link.startswith("h0-finding-"):
            assert link == f"h0-finding-{standing_for}"
        else:
            assert re.fullmatch(r"h0-(way|session|exposure|moment)-\d+", link)
        if link.startswith("h0-way-"):
            assert one.persistence[int(link.rpartition("-")[2])].id == standing_for


def test_of_a_hundred_thousand_moments_the_most_telling_are_kept_and_the_rest_is_counted() -> None:
    start = at("2021-03-01")
    many = tuple(
        Moment(
            start + timedelta(seconds=20 * n),
            "EXCH01.contoso.test",
            None,
            f"m{n}",
            "",
            "",
            0,
            "log",
        )
        for n in range(100_000)
    )
    step = Moment(at("2021-03-09"), "EXCH01.contoso.test", Stage.TAKEN, "gone", "", "p", 1)
    made = replace(case(), timeline=tuple(sorted((*many, step), key=lambda one: one.time)))
    pic = pictures.attack_timeline(made, made.hosts[0])
    assert pic.total == 100_001
    assert pic.drawn == telling_most(pic.total)
    assert any(f"{pic.total - pic.drawn:,} of 100,001 moments" in note for note in pic.notes)
    assert any(row.title == "gone" for row in pic.rows)
    assert len(json.dumps(pic.data)) < 500_000
    marks = [mark for lane in pic.lanes for some in lane.marks for mark in some]
    assert len(marks) < 300


def telling_most(total: int) -> int:
    from extriage.reports.pictures.timeline import MOST

    return min(total, MOST)


def test_the_picture_of_all_servers_has_a_lane_each_and_the_worst_first() -> None:
    made = told(CASES["three-hosts"])
    pic = pictures.attack_timeline(made, None)
    assert pic.several
    worst = [int(lane.key) for lane in pic.lanes]
    statuses = [made.hosts[position].verdict.status for position in worst]
    order = list(Status)
    assert statuses[0] is Status.COMPROMISED
    assert set(worst) == {n for n, one in enumerate(made.hosts)
                          if any(m.host == one.name for m in made.timeline)}  # fmt: skip
    assert all(one in order for one in statuses)


def test_what_can_be_chosen_is_what_occurs() -> None:
    made = told(CASES["robbed"])
    pic = pictures.attack_timeline(made, made.hosts[0])
    counted = Counter(one.source for one in made.timeline)
    assert {one.key: one.count for one in pic.sources} == dict(counted)
    assert sum(one.count for one in pic.stages) == pic.drawn
    assert sum(one.count for one in pic.phases) == pic.drawn
    assert set(counted) <= set(telling.SOURCES)


def test_a_server_without_moments_has_a_sentence() -> None:
    pic = pictures.attack_timeline(case(), case().hosts[0])
    assert pic.axis is None
    assert pic.lanes == ()
    assert "no timeline" in pic.reading


# --- the patch history ---------------------------------------------------------------------------


def window(start: str, end: str, *, closed: bool, proved: bool) -> OpenWindow:
    days = (at(end) - at(start)).days
    return {"from": at(start), "to": at(end), "days": days, "closed": closed, "proved": proved,
            "note": "why"}  # fmt: skip


def patched(*rows: AdvisoryState, one: Host | None = None) -> Host:
    base = one or host()
    seen = (
        BuildSeen("15.1.2176.2", "httpproxy", at("2021-01-02"), at("2021-03-10")),
        BuildSeen("15.1.2176.9", "httpproxy", at("2021-03-10"), at("2021-03-16")),
        BuildSeen("15.1.2176.9", "ExSetup.exe", None, None),
    )
    return replace(base, patch=replace(base.patch, sources=seen, advisories=rows))


OPEN = window("2021-01-03", "2021-03-16", closed=False, proved=True)
SHUT = window("2020-09-11", "2021-03-10", closed=True, proved=False)


def advisory(cve: str, opened: OpenWindow, name: str = "") -> AdvisoryState:
    return AdvisoryState(cve, State.OPEN, name=name, window=opened)


def test_holes_that_opened_and_closed_together_share_a_row() -> None:
    rows = [advisory(cve, OPEN, f"ProxyLogon: part {n}") for n, cve in enumerate(CVES)]
    pic = pictures.patch_history(patched(*rows, advisory("CVE-2020-16875", SHUT)))
    assert pic.axis is not None
    assert [row.label for row in pic.holes] == ["ProxyLogon (4 CVEs)", "CVE-2020-16875"]
    first, second = pic.holes
    assert (first.still_open, first.proved, first.strip.style) == (True, True, "proved")
    assert (second.still_open, second.proved, second.strip.style) == (False, False, "unproved")
    assert second.days == "at most 180 days"
    assert "at most" not in first.days
    assert first.strip.left == pytest.approx(pic.axis.place(at("2021-01-03")))
    assert second.strip.right == pytest.approx(pic.axis.place(at("2021-03-10")))
    assert "4 holes that attackers use stood open" in pic.reading


def test_builds_stand_where_records_name_them_and_files_without_a_time_are_told() -> None:
    pic = pictures.patch_history(patched(advisory(CVES[0], OPEN)))
    assert pic.axis is not None
    assert [row.label.split()[0] for row in pic.builds] == ["15.1.2176.2", "15.1.2176.9"]
    assert pic.builds[0].strips[0].right == pytest.approx(pic.axis.place(at("2021-03-10")))
    undated = replace(host().patch, sources=(BuildSeen("15.1.2176.9", "ExSetup.exe", None, None),))
    told_of = pictures.patch_history(replace(host(), patch=undated)).notes
    assert any("15.1.2176.9" in note and "without a time" in note for note in told_of)


def test_signs_of_an_attack_stand_in_the_row_of_the_hole_that_they_went_through() -> None:
    pic = pictures.patch_history(
        patched(advisory(CVES[0], OPEN), advisory("CVE-2020-16875", SHUT), one=host())
    )
    marked = {row.label: sum(mark.count for mark in row.marks) for row in pic.holes}
    assert marked[CVES[0]] > 0
    assert marked["CVE-2020-16875"] == 0


def test_the_end_of_support_is_drawn_only_inside_the_drawing() -> None:
    one = patched(advisory(CVES[0], OPEN))
    for day, inside in (("2021-02-09", True), ("2025-10-14", False)):
        support = replace(one.patch.support, until=at(day).date())
        pic = pictures.patch_history(replace(one, patch=replace(one.patch, support=support)))
        assert (pic.support is not None) is inside
        if pic.axis and pic.support is not None:
            assert pic.support == pytest.approx(pic.axis.place(at(day)))


def test_more_than_twenty_rows_of_holes_are_counted() -> None:
    rows = [
        advisory(f"CVE-2021-{n:04}", window(f"2021-01-{n % 28 + 1:02}", f"2021-03-{n // 28 + 1:02}",
                                            closed=True, proved=True))
        for n in range(60)
    ]  # fmt: skip
    pic = pictures.patch_history(patched(*rows))
    assert len(pic.holes) == 20
    assert any(note.startswith("40 more rows") for note in pic.notes)


# --- all servers ---------------------------------------------------------------------------------


def test_dozens_of_servers_are_drawn_worst_first_and_the_rest_is_counted() -> None:
    quiet = [host(Status.CANNOT_TELL, f"EX{n:03}") for n in range(70)]
    made = of_hosts(*quiet, host(Status.COMPROMISED, "BAD"), host(Status.TARGETED, "TRIED"))
    pic = pictures.case_overview(made)
    assert [row.name for row in pic.rows[:2]] == ["BAD", "TRIED"]
    assert [row.at for row in pic.rows[:2]] == [70, 71]
    assert len(pic.rows) == 60
    assert pic.left == 12
    assert any(note.startswith("12 more servers") for note in pic.notes)
    assert pic.rows[0].marks
    assert pic.rows[2].marks == ()
    assert pic.reading == "72 servers: 1 compromised, 1 targeted, 70 cannot tell."
    assert pic.axis is not None
    blind = pic.rows[2].blind
    assert blind[0].right == pytest.approx(pic.axis.place(at("2021-03-10")))
    strips = [one for row in pic.rows for one in (*row.opened, *row.blind, *row.covered)]
    assert all(0 <= one.left <= one.right <= 1 + NEAR for one in strips)


# --- on the page ---------------------------------------------------------------------------------

TEMPLATE = """
{% from "pictures/coverage.html.j2" import coverage_map %}
{% from "pictures/timeline.html.j2" import attack_timeline %}
{% from "pictures/patch.html.j2" import patch_history %}
{% from "pictures/overview.html.j2" import case_overview %}
<!--coverage-->{{ coverage_map(coverage, "h0-pic-coverage") }}
<!--timeline-->{{ attack_timeline(timeline, "h0-pic-timeline") }}
<!--all-->{{ attack_timeline(all, "pic-timeline") }}
<!--patch-->{{ patch_history(patch, "h0-pic-patch") }}
<!--overview-->{{ case_overview(overview, "pic-overview", 25) }}
"""


def html_of(made: Case) -> dict[str, str]:
    one = made.hosts[0]
    page = environment().from_string(TEMPLATE).render(
        coverage=pictures.coverage_map(one),
        timeline=pictures.attack_timeline(made, one),
        all=pictures.attack_timeline(made, None),
        patch=pictures.patch_history(one),
        overview=pictures.case_overview(made),
    )  # fmt: skip
    parts = re.split(r"<!--(\w+)-->", page)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


class Reading(HTMLParser):
    """Collect elements with their attributes, and the words that a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(page: str) -> Reading:
    reader = Reading()
    reader.feed(page)
    reader.close()
    return reader


@pytest.fixture(scope="module")
def rich() -> Case:
    made = CASES["robbed"]
    one = patched(*(advisory(cve, OPEN) for cve in CVES), advisory("CVE-2020-16875", SHUT),
                  one=made.hosts[0])  # fmt: skip
    return told(replace(made, hosts=(one,)))


def test_every_drawing_has_a_title_a_description_and_a_table(rich: Case) -> None:
    for name, page in html_of(rich).items():
        found = read(page)
        ids = [attrs["id"] for _, attrs in found.elements if "id" in attrs]
        assert len(ids) == len(set(ids)), name
        drawings = [attrs for tag, attrs in found.elements if attrs.get("role") == "img"]
        assert len(drawings) == 1
        assert set(drawings[0]["aria-labelledby"].split()) <= set(ids)
        tags = Counter(tag for tag, _ in found.elements)
        assert tags["table"] == tags["details"] - page.count("tl-filters") == 1
        used = {attrs["href"][1:] for tag, attrs in found.elements if tag == "use"}
        used |= set(re.findall(r"url\(#([^)]+)\)", page))
        assert used <= set(ids)


def test_a_drawing_needs_neither_inline_styles_nor_handlers_nor_a_view_box(rich: Case) -> None:
    for page in html_of(rich).values():
        for _, attrs in read(page).elements:
            assert not [key for key in attrs if key == "style" or key.startswith("on")]
            assert "viewbox" not in attrs


def test_equal_cases_give_equal_pictures(rich: Case) -> None:
    assert html_of(rich) == html_of(told(replace(rich)))


@pytest.mark.parametrize("payload", PAYLOADS[::6], ids=range(len(PAYLOADS[::6])))
def test_hostile_texts_in_every_field_do_no_harm_and_stay_small(payload: str, rich: Case) -> None:
    from cases import flooded

    hostile = flooded(rich, payload)
    calm = html_of(rich)
    expected = {name: Counter(tag for tag, _ in read(page).elements) for name, page in calm.items()}
    for name, page in html_of(hostile).items():
        assert harmful(page) == set()
        found = read(page)
        tags = Counter(tag for tag, _ in found.elements)
        assert set(tags) <= set(expected[name]) | {"li"}
        assert tags["script"] == expected[name]["script"]
        assert len(page) < 2 * len(calm[name]) + 150_000
        for tag, attrs in found.elements:
            if tag == "script":
                assert attrs["type"] == "application/json"
            if tag == "a":
                assert re.fullmatch(r"#(h\d+-[a-z]+-[A-Za-z0-9._-]+|host-\d+)", attrs["href"])


def test_the_data_of_the_script_is_json_and_its_texts_are_harmless(rich: Case) -> None:
    from cases import flooded

    for made in (rich, flooded(rich, "</script><script>alert(1)</script>\u202e\x1b[2J")):
        page = html_of(made)["timeline"]
        inner = re.findall(
            r'<script type="application/json" id="[\w-]+">(.*?)</script>', page, re.S
        )
        assert len(inner) == 1
        data = json.loads(inner[0])
        assert len(data["moments"]) == len(made.timeline)
        assert harmful(json.dumps(data, ensure_ascii=False)) == set()
        lanes = len(data["lanes"])
        assert all(0 <= row[2] < lanes for row in data["moments"])


def test_the_script_of_the_timeline_writes_texts_only_as_texts() -> None:
    script = (files("extriage.reports.html") / "assets" / "timeline.js").read_text("utf-8")
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert word not in script
    assert "fetch(" not in script


def test_the_style_sheet_has_the_heights_and_the_sets_of_ticks_that_the_pictures_count_on() -> None:
    sheet = (files("extriage.reports.html") / "assets" / "pictures.css").read_text("utf-8")
    for name, height in (("head", shapes.HEAD), ("row", shapes.ROW), ("foot", shapes.FOOT)):
        assert re.search(rf"\.pic-{name} \{{ height: {height}px", sheet)
    assert {int(n) for n in re.findall(r"\.ticks-(\d)", sheet)} == set(range(len(ticks.WIDTHS)))


def test_a_page_of_many_servers_stays_small() -> None:
    servers = [replace(host(Status.COMPROMISED, f"EX{n:03}")) for n in range(100)]
    many = told(Case(case().schema, tool(), tuple(servers)))
    sizes = [len(json.dumps(pictures.attack_timeline(many, one).data)) for one in many.hosts[:5]]
    assert max(sizes) < 20_000
    assert len(json.dumps(pictures.attack_timeline(many, None).data)) < 1_500_000


def test_lines_that_fit_no_columns_are_no_sign_of_an_attack() -> None:
    line = evidence("x.log", 1, "2021-03-14 06:00", "text")
    raw = finding("raw-one", Stage.TAKEN, [line], raw=True)
    one = replace(host(Status.NO_SIGN), findings=(raw,))
    assert pictures.coverage_map(one).marks == ()
