"""The tables are checked row by row: a bad one is named with file, line and reason."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from knowledge_making import cells_of, changed, row_of, with_bytes, with_rows

from extriage.errors import ContentError
from extriage.knowledge.active import active, knowledge_digest, tables_as_of
from extriage.knowledge.advisories import (
    advisories,
    exploited_from,
    load_advisories,
    override_settings,
)
from extriage.knowledge.builds import build_table, load_builds, number
from extriage.knowledge.checks import config_checks
from extriage.knowledge.consistency import check, losses
from extriage.knowledge.lifecycle import load_milestones, milestones
from extriage.knowledge.rejected import load_rejected
from extriage.knowledge.tables import TABLES, Knowledge, bundled
from extriage.knowledge.timeline import Grade, exposure_grades, markers

SU = {"cve": "CVE-2021-26855", "product": "2016", "cu": "CU19"}
"""A fix: 15.1.2176.9, the security update of March 2021."""


def refusal(knowledge: Knowledge) -> str:
    with pytest.raises(ContentError) as raised:
        check(knowledge)
    return str(raised.value)


def test_the_bundled_tables_are_all_good() -> None:
    check(bundled())
    assert tables_as_of() == active().as_of >= date(2026, 10, 10)
    assert len(knowledge_digest()) == 64
    assert set(bundled().tables) == set(TABLES)


@pytest.mark.parametrize(
    ("table", "where", "change", "reason"),
    [
        ("builds.csv", {"build": "15.1.2176.9"}, {"build": "15.1.2176"}, "not a build of four"),
        ("builds.csv", {"build": "15.1.2176.9"}, {"build": "15.01.2176.009"}, "not a build of"),
        ("builds.csv", {"build": "15.1.2176.9"}, {"build": "15.1.2176.x"}, "not a build of four"),
        ("builds.csv", {"build": "15.1.2176.9"}, {"product": "2015"}, "not one of 2007, 2010"),
        ("builds.csv", {"build": "15.1.2176.9"}, {"product": "2019"}, "no build of Exchange 2019"),
        ("builds.csv", {"build": "15.1.2176.9"}, {"kind": "KB"}, "kind is 'KB'"),
        ("builds.csv", {"build": "15.1.2176.9"}, {"cu": "CU20"}, "cannot be of 2016 CU20"),
        ("builds.csv", {"build": "15.1.2176.9"}, {"cu": ""}, "cu is empty"),
        ("builds.csv", {"build": "15.1.2176.9"}, {"source": ""}, "source is empty"),
        ("builds.csv", {"build": "15.1.2176.9"}, {"release_date": "2021-02-30"}, "not a day"),
        ("builds.csv", {"build": "15.1.2176.9"}, {"release_date": "3/2/2021"}, "not a day"),
        ("builds.csv", {"build": "15.1.2176.9"}, {"available_from": "2021-03-01"}, "is before"),
        ("builds.csv", {"build": "15.1.2176.12"}, {"build": "15.1.2176.9"}, "stands in line"),
        ("fixes.csv", SU, {"fixed_build": "15.1.2176.8"}, "15.1.2176.8 is not in builds.csv"),
        ("fixes.csv", SU, {"fixed_build": "15.1.1979.8"}, "is a build of 2016 CU16"),
        ("fixes.csv", SU, {"fixed_build": "later"}, "not a build of four numbers"),
        ("fixes.csv", SU, {"product": "2013"}, "is a build of 2016 CU19"),
        ("fixes.csv", SU, {"cu": "CU18"}, "is a build of 2016 CU19"),
        ("fixes.csv", SU, {"type": "patch"}, "type is 'patch', not one of SU"),
        ("fixes.csv", SU, {"type": "CU"}, "which type CU cannot be"),
        ("fixes.csv", SU, {"cve": "26855"}, "no CVE or ADV number"),
        ("fixes.csv", SU, {"cve": "CVE-2021-99999"}, "not in advisories.csv"),
        ("fixes.csv", SU, {"available_from": "2021-03-03"}, "differs from builds.csv"),
        ("advisories.csv", {"cve": "CVE-2021-26855"}, {"cvss": "9,8"}, "not a number from 0 to"),
        ("advisories.csv", {"cve": "CVE-2021-26855"}, {"cvss": "10.1"}, "not a number from 0 to"),
        ("advisories.csv", {"cve": "CVE-2021-26855"}, {"ms_severity": "high"}, "not one of"),
        ("advisories.csv", {"cve": "CVE-2021-26855"}, {"published": "March"}, "not a day like"),
        ("advisories.csv", {"cve": "CVE-2021-26855"}, {"kev_added": ""}, "kev_due without"),
        ("advisories.csv", {"cve": "CVE-2021-26855"}, {"first_exploited": "soon"}, "no date"),
        ("advisories.csv", {"cve": "CVE-2021-26855"}, {"first_exploited": "2021-13"}, "no date"),
        ("advisories.csv", {"cve": "CVE-2021-26855"}, {"config_checks": "HUNT"}, "check HUNT is"),
        ("advisories.csv", {"cve": "CVE-2021-26855"}, {"config_checks": "EP"}, "does not name"),
        ("advisories.csv", {"cve": "CVE-2024-49040"}, {"override_settings": "a b"}, "override_"),
        ("advisories.csv", {"cve": "CVE-2021-26855"}, {"cve": "CVE-2021-26857"}, "stands in line"),
        ("advisories.csv", {"cve": "CVE-2022-41076"}, {"fix_su": "Nov22SU"}, "not in fixes.csv"),
        ("lifecycle.csv", {"product": "2010"}, {"date": "2020-13"}, "which is no month"),
        ("lifecycle.csv", {"product": "2010"}, {"date": "2021-01-02 .. 2021-01-01"}, "a period"),
        ("lifecycle.csv", {"product": "2010"}, {"product": "2011"}, "not one of 2003, 2007"),
        ("lifecycle.csv", {"product": "2010"}, {"milestone": ""}, "milestone is empty"),
        ("config_checks.csv", {"id": "EP"}, {"id": "ep"}, "not a word in capitals"),
        ("config_checks.csv", {"id": "EP"}, {"cves": "CVE-2022-24516, CVE-2022-21979"}, "no CVE"),
        ("config_checks.csv", {"id": "EP"}, {"evidence_offline": ""}, "evidence_offline is empty"),
        ("config_checks.csv", {"id": "EP"}, {"id": "FIPFS"}, "stands in line"),
        ("timeline.csv", {"marker": "mass_window_start"}, {"date": "26 Feb"}, "not a day, a month"),
        ("timeline.csv", {"marker": "mass_window_start"}, {"time_utc": "24:00"}, "not a time"),
        ("timeline.csv", {"marker": "mass_window_start"}, {"grade": "loud"}, "grade is 'loud'"),
        ("timeline.csv", {"marker": "mass_window_start"}, {"cves": ""}, "a grade needs its"),
        ("timeline.csv", {"marker": "mass_window_start"}, {"cves": "CVE-1999-0001"}, "advisories"),
        ("do_not_import.csv", {"cves": "CVE-2021-38647"}, {"cves": "OMIGOD"}, "no CVE or ADV"),
        ("do_not_import.csv", {"cves": "CVE-2021-38647"}, {"builds": "15"}, "not a build like"),
        ("sources.csv", {"source": "MISP/misp-galaxy"}, {"licence": ""}, "licence is empty"),
    ],
)
def test_a_bad_row_is_named_with_file_line_and_reason(
    table: str, where: Mapping[str, str], change: Mapping[str, str], reason: str
) -> None:
    knowledge, line = changed(table, where, change)
    text = refusal(knowledge)
    # NOTE: a row that belongs to two CUs, or stands twice, may be named at its other place.
    place = rf"{table}, line \d+: " if "cannot be of" in reason else f"{table}, line {line}: "
    assert re.match(place, text) or "stands in line" in text, text
    assert reason in text


def test_a_later_release_of_a_cu_never_has_a_lower_build() -> None:
    knowledge, line = changed(
        "builds.csv",
        {"build": "15.1.2176.12"},
        {"release_date": "2021-02-01", "available_from": "2021-04-13"},
    )
    text = refusal(knowledge)
    assert text.startswith(f"builds.csv, line {line}: 15.1.2176.12 came out on 2021-02-01, before")
    assert "15.1.2176.9 on 2021-03-02" in text


def test_a_second_fix_of_one_cu_is_refused() -> None:
    found = cells_of(bundled(), "fixes.csv")
    at = row_of(found, SU)
    found.insert(at + 1, dict(found[at]))
    assert refusal(with_rows("fixes.csv", found)) == (
        f"fixes.csv, line {at + 3}: CVE-2021-26855 2016 CU19 stands in line {at + 2} already"
    )


def test_a_cu_without_its_row_does_not_silently_count_as_fixed() -> None:
    found = [
        row
        for row in cells_of(bundled(), "fixes.csv")
        if (row["cve"], row["product"]) != ("CVE-2021-34473", "2016") or row["cu"] == "CU19"
    ]
    line = row_of(found, {"cve": "CVE-2021-34473", "product": "2016"}) + 2
    assert refusal(with_rows("fixes.csv", found)) == (
        f"fixes.csv, line {line}: 2016 CU20 came out on 2021-03-16, before any fix of "
        "CVE-2021-34473, but would count as fixed: it needs the row of its own fix"
    )


def test_a_cu_that_came_before_the_fix_cannot_include_it() -> None:
    knowledge, _ = changed(
        "fixes.csv",
        {"cve": "CVE-2021-34473", "product": "2016", "cu": "CU20"},
        {"type": "CU-includes", "fixed_build": "15.1.2242.4", "available_from": "2021-03-16"},
    )
    assert "2016 CU20 came out on 2021-03-16, before any fix" in refusal(knowledge)


def test_a_cu_with_updates_but_without_its_row_is_not_open_for_ever() -> None:
    found = cells_of(bundled(), "fixes.csv")
    del found[row_of(found, SU)]
    assert re.fullmatch(
        r"fixes\.csv, line \d+: 2016 CU19 May21SU \(15\.1\.2176\.14\) came out on 2021-05-11 and "
        r"would be open to CVE-2021-26855, which was fixed on 2021-03-02",
        refusal(with_rows("fixes.csv", found)),
    )


def test_a_cu_that_came_later_is_not_open_again() -> None:
    found = cells_of(bundled(), "fixes.csv")
    for row in found:
        if row["cve"] == "CVE-2021-26855" and row["product"] == "2016" and row["type"] != "SU":
            row |= {"cu": "CU23", "fixed_build": "15.1.2507.75", "type": "SU"}
            row |= {"available_from": "2026-10-02"}
    text = refusal(with_rows("fixes.csv", found))
    assert "2016 CU20" in text


def test_a_fix_without_its_advisory_is_refused_and_an_advisory_without_its_fix() -> None:
    found = [r for r in cells_of(bundled(), "advisories.csv") if r["cve"] != "CVE-2021-31207"]
    assert "CVE-2021-31207 is not in advisories.csv" in refusal(with_rows("advisories.csv", found))
    fixes = [r for r in cells_of(bundled(), "fixes.csv") if r["cve"] != "CVE-2021-31207"]
    text = refusal(with_rows("fixes.csv", fixes))
    assert re.fullmatch(
        r"advisories\.csv, line \d+: CVE-2021-31207 is fixed by May21SU, but not in fixes\.csv",
        text,
    )


def test_what_a_campaign_needs_cannot_be_left_out() -> None:
    fixes = [
        row
        for row in cells_of(bundled(), "fixes.csv")
        if (row["cve"], row["product"]) != ("CVE-2021-26855", "2013")
    ]
    assert refusal(with_rows("fixes.csv", fixes)) == "fixes.csv: no fix of CVE-2021-26855 for 2013"


def test_every_product_has_a_support_date() -> None:
    found = [row for row in cells_of(bundled(), "lifecycle.csv") if row["product"] != "2010"]
    text = refusal(with_rows("lifecycle.csv", found))
    assert text == "lifecycle.csv: no support date of Exchange 2010"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "builds.csv, line 1: no column product"),
        (b"product,cu\n2016,CU1\n", "builds.csv, line 1: no column su"),
        (b"product,cu\xff\n", "builds.csv, line 1: not UTF-8"),
        (b"product,product\n", "builds.csv, line 1: no column cu"),
        (b"a\x00b\n", "builds.csv, line 1: a control character"),
        (b"a\rb\n", "builds.csv, line 1: a control character"),
    ],
)
def test_a_table_that_is_none_is_refused(data: bytes, reason: str) -> None:
    assert refusal(with_bytes("builds.csv", data)) == reason


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        (b"2016,CU1\n", "2 cells, but the header has 12"),
        (b'2016,"CU\n1",,,,,,,,,,\n', "a cell goes over the end of the line"),
        (b'2016,"CU1"x,,,,,,,,,,\n', "',' expected after '\"'"),
        (b'2016,"CU1\n', "unexpected end of data"),
    ],
)
def test_a_row_that_is_no_row_is_named(extra: bytes, reason: str) -> None:
    data = bundled().tables["builds.csv"]
    text = refusal(with_bytes("builds.csv", data + extra))
    assert reason in text
    assert re.match(r"builds\.csv, line 45[78]: ", text)


def test_a_table_without_end_is_refused() -> None:
    data = bundled().tables["timeline.csv"]
    row = b"2021,,event,,,,source,\n"
    text = refusal(with_bytes("timeline.csv", data + row * 50_001))
    assert text == "timeline.csv: more than 50000 lines"


def test_two_columns_of_the_same_name_are_refused() -> None:
    data = bundled().tables["sources.csv"].replace(b"source,", b"source,source,", 1)
    assert "two columns have the same name" in refusal(with_bytes("sources.csv", data))


def test_byte_order_mark_blank_lines_and_windows_line_ends_are_fine() -> None:
    data = b"\xef\xbb\xbf" + bundled().tables["builds.csv"].replace(b"\n", b"\r\n") + b"\r\n"
    assert load_builds(with_bytes("builds.csv", data)).builds == build_table().builds


def test_nothing_is_lost_against_itself_and_every_loss_is_said() -> None:
    old = build_table()
    assert losses(old, old) == []
    fixes = [r for r in cells_of(bundled(), "fixes.csv") if r["cve"] != "CVE-2022-41082"]
    lost = losses(old, load_builds(with_rows("fixes.csv", fixes)))
    assert "15.1.2507.75 was fixed for CVE-2022-41082 and would no longer be" in lost
    found = [r for r in cells_of(bundled(), "builds.csv") if r["build"] != "15.2.2562.41"]
    gone = losses(old, load_builds(with_rows("builds.csv", found)))
    assert gone == ["SE RTM May26HU (15.2.2562.41) is gone"]


def test_an_advisory_says_what_is_known_of_it() -> None:
    found = advisories()["CVE-2021-26855"]
    assert found.cvss is not None
    assert found.cvss > 9
    assert found.kev_added == date(2021, 11, 3)
    assert found.severity == "Critical"
    assert found.fix_su == "Mar21SU"
    assert advisories()["CVE-2022-24516"].checks == ("EP",)
    assert set(override_settings("CVE-2025-25006")) == {"BlockNullBytesInFromHeader"}
    assert override_settings("CVE-2021-26855") == ()


@pytest.mark.parametrize(
    ("cve", "start"),
    [
        ("CVE-2021-26855", date(2021, 1, 3)),
        ("CVE-2021-27065", date(2021, 1, 3)),
        ("CVE-2022-41040", date(2022, 8, 1)),
        ("CVE-2024-21410", date(2024, 2, 14)),
        ("CVE-2021-33766", date(2022, 1, 18)),
        ("CVE-2023-21529", date(2026, 4, 13)),
        ("CVE-2018-8581", date(2022, 3, 3)),
        ("CVE-2026-62911", None),
        ("CVE-2020-16875", None),
    ],
)
def test_exploitation_starts_on_the_day_that_is_known(cve: str, start: date | None) -> None:
    assert exploited_from(advisories()[cve]) == start


def test_a_bare_year_of_another_year_than_the_catalogue_counts_from_its_start() -> None:
    knowledge, _ = changed(
        "advisories.csv", {"cve": "CVE-2023-21529"}, {"first_exploited": "2025 (report)"}
    )
    assert exploited_from(load_advisories(knowledge)["CVE-2023-21529"]) == date(2025, 1, 1)


def test_support_dates_are_days_months_periods_or_unknown() -> None:
    found = {(one.product, one.milestone): one for one in milestones()}
    end = found["2016", "end of extended support"]
    assert (end.start, end.end) == (date(2025, 10, 14), date(2025, 10, 14))
    paid = found["2019", "ESU period 2"]
    assert (paid.start, paid.end) == (date(2026, 5, 1), date(2026, 10, 31))
    feed = found["all", "EEMS mitigation feed"]
    assert (feed.start, feed.end) == (date(2026, 7, 1), date(2026, 7, 31))
    assert found["SE", "CU1"].start is None
    assert found["SE", "support end"].note.startswith("not before 2035-12-31")


def test_a_month_ends_on_its_last_day() -> None:
    knowledge, _ = changed("lifecycle.csv", {"product": "2010"}, {"date": "2028-02"})
    found = next(one for one in load_milestones(knowledge) if one.product == "2010")
    assert (found.start, found.end) == (date(2028, 2, 1), date(2028, 2, 29))


def test_exposure_to_proxylogon_has_three_grades() -> None:
    for cve in ("CVE-2021-26855", "CVE-2021-26857", "CVE-2021-26858", "CVE-2021-27065"):
        assert [(one.grade, one.start) for one in exposure_grades(cve)] == [
            (Grade.TARGETED, datetime(2021, 1, 3, tzinfo=UTC)),
            (Grade.MASS, datetime(2021, 2, 26, tzinfo=UTC)),
            (Grade.AFTER_PATCH, datetime(2021, 3, 2, tzinfo=UTC)),
        ]
    assert exposure_grades("CVE-2020-16875") == ()


def test_events_are_in_order_and_keep_their_hour() -> None:
    found = markers()
    assert [one.start for one in found] == sorted(one.start for one in found)
    hours = {one.start for one in found if one.start.hour}
    assert datetime(2021, 1, 6, 18, 38, tzinfo=UTC) in hours


def test_every_check_says_what_answers_it() -> None:
    found = config_checks()
    assert {"EP", "TOKENCACHE", "SERIAL", "SCHEMA", "DOWNLOADDOM", "OVERRIDES"} <= set(found)
    assert all(one.evidence and one.passes and one.title for one in found.values())


def test_wrong_claims_are_kept_apart_by_what_they_are_about() -> None:
    found = load_rejected(bundled())
    assert set(found.cves) >= {"CVE-2026-22701", "CVE-2026-21413", "CVE-2022-36804"}
    assert "CVE-2026-62911" not in found.cves
    wrong = number("15.2.2562.45")
    assert wrong is not None
    assert ("CVE-2026-62911", wrong) in found.fixes
    claimed = number("15.1.1415.8")
    assert claimed in found.builds
    assert claimed not in {one.number for one in build_table().builds}


def test_the_digest_covers_every_table_and_the_date() -> None:
    base = bundled()
    digests = {base.digest()}
    for table in TABLES:
        digests.add(with_bytes(table, base.tables[table] + b"\n").digest())
    moved = Knowledge(base.place, date(2026, 10, 11), base.tables)
    digests.add(moved.digest())
    assert len(digests) == len(TABLES) + 2
