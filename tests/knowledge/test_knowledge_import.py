"""Newer copies of public lists are merged with an account; wrong claims stay out by name.

The samples are written by hand in the layout of each list.
"""

from datetime import date
from pathlib import Path

import pytest
from knowledge_making import as_json, cells_of, row_of, with_rows

from extriage.errors import ContentError
from extriage.knowledge.advisories import load_advisories
from extriage.knowledge.builds import load_builds, number
from extriage.knowledge.consistency import check, losses
from extriage.knowledge.draft import Account
from extriage.knowledge.feeds import FEED_LIMIT, named_build, read_feed
from extriage.knowledge.importers import merge, read_feeds
from extriage.knowledge.tables import Knowledge, bundled
from extriage.model.host import State

MICROSOFT = """\
Product Name,Build Number,Date,KB,Blog
Exchange 2010 SP3 RTM,14.3.123.4,2/12/2013,KB2808208,
Exchange 2010 SP3 RU27,14.03.0452.000,4/9/2019,KB4491413,
Exchange 2019 CU13 (2023H1),15.2.1258.12,5/3/2023,KB5020999,
Exchange 2019 CU15 Nov26SU,15.02.1748.060,11/10/2026,KB5099998,https://example.org/nov26
Exchange SE RTM Nov26SU,15.2.2562.60,11/10/2026,KB5099999,
"""
NAMES = {
    "4.0.837": {"name": "Exchange Version 4.0  RTM", "release_date": "April, 2096", "urls": []},
    "8.3.159.2": {
        "name": "Update Rollup 3-v2 for Exchange Server 2007 SP3",
        "release_date": "March 30, 2011",
        "urls": [],
    },
    "15.2.2562.60": {
        "name": "Exchange Server SE RTM Nov26SU",
        "release_date": "November 10, 2026",
        "urls": ["https://support.microsoft.com/help/5099999"],
    },
}
DAY = "2026-11-10T08:00:00Z"
AFFECTED = {
    "CVE-2026-90001": {
        "15.2.1748": {"product": "Exchange Server 2019 CU15", "releaseDate": DAY},
        "15.2.2562": {"product": "Exchange Server SE RTM", "releaseDate": DAY},
    }
}
SUMMARY = "Microsoft Exchange Server Remote Code Execution Vulnerability"
LISTED = {"id": "CVE-2026-90001", "cvss": 8.1, "summary": SUMMARY}
OPEN = {
    "15.2.2562.53": {"cpe": None, "cves": [LISTED]},
    "15.2.2562.60": {"cpe": None, "cves": []},
    "15.2.1748.53": {"cpe": None, "cves": [LISTED]},
    "15.2.1748.60": {"cpe": None, "cves": []},
}


def kev(*entries: dict[str, str]) -> dict[str, object]:
    return {
        "title": "Catalog",
        "dateReleased": "2026-11-20T20:33:53.3676Z",
        "vulnerabilities": list(entries),
    }


def entry(cve: str, added: str = "2026-11-18", product: str = "Exchange Server") -> dict[str, str]:
    return {
        "cveID": cve,
        "vendorProject": "Microsoft",
        "product": product,
        "dateAdded": added,
        "dueDate": "2026-12-09",
        "knownRansomwareCampaignUse": "Known",
    }


def merged(*lists: object, base: Knowledge | None = None) -> tuple[Knowledge, Account]:
    data = [one.encode() if isinstance(one, str) else as_json(one) for one in lists]
    return merge(base or bundled(), [read_feed(one) for one in data])


def state(knowledge: Knowledge, cve: str, build: str) -> State | None:
    found = number(build)
    assert found is not None
    return load_builds(knowledge).state(cve, found)


def test_the_vendors_list_brings_new_builds() -> None:
    found, account = merged(MICROSOFT)
    assert account.added == [
        "build 15.2.1748.60 2019 CU15 Nov26SU, 2026-11-10",
        "build 15.2.2562.60 SE RTM Nov26SU, 2026-11-10",
    ]
    assert (account.changed, account.kept, account.refused) == ([], [], [])
    build = next(b for b in load_builds(found).builds if b.number == (15, 2, 1748, 60))
    assert (build.kind, build.kb, build.released) == ("SU", "5099998", "2026-11-10")
    assert found.as_of == date(2026, 11, 10)
    assert found.tables["fixes.csv"] == bundled().tables["fixes.csv"]
    sources = [row["source"] for row in cells_of(found, "sources.csv")]
    assert sources[-1] == "microsoft/Get-ExchangeBuildNumber"


def test_the_columns_of_the_vendors_list_are_known_by_what_they_mean() -> None:
    names = "Product name,Build number (short),Release date,KB article,Blog"
    text = MICROSOFT.replace("Product Name,Build Number,Date,KB,Blog", names)
    assert merged(text)[1].added == merged(MICROSOFT)[1].added


def test_names_of_builds_are_read_in_each_of_their_spellings() -> None:
    _, account = merged(NAMES)
    assert account.added == ["build 15.2.2562.60 SE RTM Nov26SU, 2026-11-10"]
    assert account.refused == []


@pytest.mark.parametrize(
    ("name", "build", "parts"),
    [
        ("Exchange 2007 RTM", "8.0.685.25", ("2007", "RTM", "", "RTM")),
        ("Exchange 2007 RU1", "8.0.708.3", ("2007", "RTM", "RU1", "RU")),
        ("Exchange 2007 SP1 RTM", "8.1.240.6", ("2007", "SP1", "", "SP")),
        ("Exchange Version 2007  SP3 RU3 v1", "8.3.159.0", ("2007", "SP3", "RU3", "RU")),
        ("Exchange 2010 SP3 RU8v2", "14.3.224.2", ("2010", "SP3", "RU8v2", "RU")),
        ("Exchange Server 2013 SP1", "15.0.847.32", ("2013", "SP1", "", "SP")),
        ("Exchange 2016 Preview", "15.1.225.16", ("2016", "Preview", "", "Preview")),
        ("Exchange Server 2019 CU14 (2024H1)", "15.2.1544.4", ("2019", "CU14", "", "CU")),
        ("Exchange 2019 CU14 Nov24SUv2", "15.2.1544.14", ("2019", "CU14", "Nov24SUv2", "SU")),
        ("Exchange SE RTM May26HU", "15.2.2562.41", ("SE", "RTM", "May26HU", "HU")),
    ],
)
def test_a_name_says_product_cu_and_update(
    name: str, build: str, parts: tuple[str, str, str, str]
) -> None:
    claim = named_build(name, build)
    assert (claim.product, claim.cu, claim.su, claim.kind) == parts


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Exchange 2022 CU1,15.3.1.1,3/2/2021,,", "15.3.1.1 is no build of Exchange 2022"),
        ("Exchange 2016 CU1,15.2.396.1,3/2/2021,,", "15.2.396.1 is no build of Exchange 2016"),
        ("Exchange Online,15.20.1.1,3/2/2021,,", "'Exchange Online' '15.20.1.1' is no name and"),
        ("Exchange 2016 CU99 x,15.1.1.1,3/2/2021,,", "is no name and build that is understood"),
        ("Exchange 2016 CU99,15.1.9999.1,2/30/2021,,", "'2/30/2021' is no date"),
        ("Exchange 2016 CU99,15.1.9999.1,soon,,", "'soon' is no date"),
        ("Exchange 2016 CU99,15.1.9999.1,,,", "does not say the day of its release"),
        ("Exchange 2016 CU23 Jan27SU,15.1.2375.99,1/12/2027,,", "builds of 2016 CU23 start with"),
        ("Exchange 2016 CU99,15.1.2507.99,1/12/2027,,", "start with 15.1.2507 are of CU23"),
        ("Exchange 2016 CU23 Jan27SU,15.1.2507.8,1/12/2027,,", "does not fit 15.1.2507.9 of 2022"),
        ("Exchange 2016 CU23 Jan20SU,15.1.2507.99,1/12/2020,,", "2020-01-12 does not fit"),
        ("Exchange 2016 CU23 Jan27XX,15.1.2507.99,1/12/2027,,", "is no name and build"),
        ("Exchange 2016 CU8 Mar21SU,15.1.1415.8,3/2/2021,,", "righel: .10 / .16"),
    ],
)
def test_a_build_that_does_not_fit_is_refused_and_the_rest_goes_on(row: str, reason: str) -> None:
    _, account = merged(f"{MICROSOFT}{row}\n")
    assert len(account.added) == 2
    assert len(account.refused) == 1
    assert reason in account.refused[0]
    assert account.refused[0].startswith("microsoft/Get-ExchangeBuildNumber: ")


def test_the_vendors_list_corrects_what_came_second_hand_and_nothing_else() -> None:
    rows = "Exchange 2016 CU23 Sep26SU,15.1.2507.73,9/9/2026,KB5090001,\n"
    rows += "Exchange 2013 CU23,15.0.1497.2,6/17/2019,KB1,\n"
    found, account = merged(f"Product Name,Build Number,Date,KB,Blog\n{rows}")
    assert account.changed == [
        "15.1.2507.73 release_date: 2026-09-08 -> 2026-09-09",
        "15.1.2507.73 kb: 5121611 -> 5090001",
    ]
    assert account.kept == [
        "15.0.1497.2 release_date is 2019-06-18; microsoft/Get-ExchangeBuildNumber: 2019-06-17"
    ]
    fixes = [f for f in load_builds(found).fixes if f.fixed == (15, 1, 2507, 73)]
    assert fixes
    assert {(fix.available_from, fix.kb) for fix in fixes} == {("2026-09-09", "5090001")}
    row = next(r for r in cells_of(found, "builds.csv") if r["build"] == "15.1.2507.73")
    assert row["confidence"] == "source"


def test_a_date_that_does_not_fit_corrects_nothing() -> None:
    row = "Exchange 2016 CU23 Sep26SU,15.1.2507.73,2027-01-12,5121611,\n"
    found, account = merged(f"Product Name,Build Number,Date,KB,Blog\n{row}")
    assert account.refused == [
        "microsoft/Get-ExchangeBuildNumber: 15.1.2507.73: 2027-01-12 does not fit 15.1.2507.75 of "
        "2026-10-02"
    ]
    assert found.tables["builds.csv"] == bundled().tables["builds.csv"]


def test_a_preview_belongs_to_no_line_of_builds() -> None:
    row = "Exchange 2019 Preview,15.2.190.0,7/1/2018,,\n"
    _, account = merged(f"Product Name,Build Number,Date,KB,Blog\n{row}")
    assert account.added == ["build 15.2.190.0 2019 Preview, 2018-07-01"]


def test_a_month_is_no_day_of_release() -> None:
    known = {"8.2.305.03": {"name": "Exchange Version 2007  SP2 RU5", "release_date": "May, 2010"}}
    new = {"8.2.999.1": {"name": "Exchange Version 2007  SP2 RU9", "release_date": "May, 2010"}}
    assert merged(known)[1] == Account()
    assert "does not say the day" in merged(new)[1].refused[0]


def test_a_build_without_a_name_gets_one() -> None:
    row = "Exchange 2013 CU18 Feb18SU,15.0.1347.4,2/13/2018,KB4070000,\n"
    found, account = merged(f"Product Name,Build Number,Date,KB,Blog\n{row}")
    assert "15.0.1347.4 su: nothing -> Feb18SU" in account.changed
    build = next(b for b in load_builds(found).builds if b.number == (15, 0, 1347, 4))
    assert (build.su, build.kind, build.available_from) == ("Feb18SU", "SU", "2018-02-13")


def test_a_list_of_another_hand_changes_no_fact_of_ours() -> None:
    other = {
        "15.2.2562.41": {
            "name": "Exchange Server SE RTM Jun26HU",
            "release_date": "May 8, 2026",
            "urls": ["https://support.microsoft.com/help/5081756"],
        },
        "15.1.2507.6": {"name": "Exchange Server 2016 CU22", "release_date": "April 20, 2022"},
    }
    found, account = merged(other)
    assert account.changed == []
    assert len(account.kept) == 4
    assert "15.1.2507.6 is 2016 CU23; righel/ms-exchange-version-nse: 2016 CU22" in account.kept
    assert found.tables["builds.csv"] == bundled().tables["builds.csv"]


def test_affected_products_bring_a_new_vulnerability_with_all_its_fixes() -> None:
    found, account = merged(AFFECTED, MICROSOFT)
    assert "fix CVE-2026-90001 2019 CU15: 15.2.1748.60" in account.added
    assert "fix CVE-2026-90001 SE RTM: 15.2.2562.60" in account.added
    assert account.refused == []
    advisory = load_advisories(found)["CVE-2026-90001"]
    assert (advisory.published, advisory.fix_su) == (date(2026, 11, 10), "Nov26SU")
    assert state(found, "CVE-2026-90001", "15.2.2562.53") is State.OPEN
    assert state(found, "CVE-2026-90001", "15.2.2562.60") is State.FIXED
    assert state(found, "CVE-2026-90001", "15.2.1544.48") is State.OPEN_NO_PACKAGE
    assert state(found, "CVE-2026-90001", "15.1.2507.75") is None
    check(found)
    assert losses(load_builds(bundled()), load_builds(found)) == []


def test_open_builds_bring_the_same_fixes_and_the_score() -> None:
    found, account = merged(OPEN, MICROSOFT)
    assert "fix CVE-2026-90001 SE RTM: 15.2.2562.60" in account.added
    advisory = load_advisories(found)["CVE-2026-90001"]
    assert (advisory.cvss, advisory.impact) == (8.1, "Remote Code Execution")
    alone, _ = merged(AFFECTED, MICROSOFT)
    fixes = {(f.cve, f.fixed, f.type) for f in load_builds(found).fixes}
    assert fixes == {(f.cve, f.fixed, f.type) for f in load_builds(alone).fixes}


def test_the_first_later_cu_includes_the_fix() -> None:
    affected = {"CVE-2021-90002": {"15.1.2106": {"releaseDate": "2021-03-02"}}}
    affected["CVE-2021-90002"]["15.1.2176"] = {"releaseDate": "2021-03-02T00:00:00Z"}
    found, account = merged(affected)
    assert "fix CVE-2021-90002 2016 CU20: 15.1.2242.4" in account.added
    types = {f.cu: f.type for f in load_builds(found).fixes if f.cve == "CVE-2021-90002"}
    assert types == {"CU18": "SU", "CU19": "SU", "CU20": "CU-includes"}


@pytest.mark.parametrize(
    ("affected", "reason"),
    [
        ({"CVE-2026-22701": {"15.2.2562": {"releaseDate": DAY}}}, "no such product"),
        (
            {"CVE-2026-90003": {"15.2.2562": {"releaseDate": "2026-11-11T08:00:00Z"}}},
            "no build of 15.2.2562 is known that came out on 2026-11-11 and fixes it",
        ),
        (
            {"CVE-2026-90003": {"15.2.9999": {"releaseDate": DAY}}},
            "no CU is known whose builds start with 15.2.9999",
        ),
        (
            {"CVE-2021-90003": {"15.1.2106": {"releaseDate": "2021-03-02"}}},
            "2016 CU19 came out on 2020-12-15, before any fix of CVE-2021-90003",
        ),
        (
            {
                "CVE-2021-90003": {
                    "15.0.1497": {"releaseDate": "2021-03-02"},
                    "14.3.123": {"releaseDate": "2021-03-09"},
                }
            },
            "no build of 14.3.123 is known that came out on 2021-03-09",
        ),
    ],
)
def test_a_vulnerability_is_taken_as_a_whole_or_not_at_all(
    affected: dict[str, object], reason: str
) -> None:
    found, account = merged(affected)
    assert len(account.refused) == 1
    assert reason in account.refused[0]
    assert account.added == []
    assert found.tables["fixes.csv"] == bundled().tables["fixes.csv"]
    assert found.tables["advisories.csv"] == bundled().tables["advisories.csv"]


def test_a_fix_that_is_known_to_be_claimed_wrongly_stays_out() -> None:
    # NOTE: the two scanners' mistake: the builds of July named as the fix of August.
    claimed = {
        "15.2.2562.43": {"cves": [{"id": "CVE-2026-62911"}]},
        "15.2.2562.45": {"cves": []},
    }
    found, account = merged(claimed)
    assert account.added == []
    assert account.kept == [
        "CVE-2026-62911 SE RTM is fixed by 15.2.2562.46; righel/ms-exchange-version-nse: "
        "15.2.2562.45"
    ]
    assert found.tables["fixes.csv"] == bundled().tables["fixes.csv"]


def test_a_fix_that_is_known_to_be_claimed_wrongly_brings_no_vulnerability(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # NOTE: the campaign of this vulnerability would miss it in the tables.
    monkeypatch.setattr("extriage.knowledge.consistency.campaigns", tuple)
    cve = "CVE-2026-62911"
    fixes = [row for row in cells_of(bundled(), "fixes.csv") if row["cve"] != cve]
    known = [row for row in cells_of(bundled(), "advisories.csv") if row["cve"] != cve]
    base = with_rows("advisories.csv", known, with_rows("fixes.csv", fixes))
    claimed = {"15.2.2562.43": {"cves": [{"id": cve}]}, "15.2.2562.45": {"cves": []}}
    found, account = merged(claimed, base=base)
    assert account.refused == [
        f"righel/ms-exchange-version-nse: {cve}: those are Jul26SU builds; fix is Aug26SU "
        ".46/.49/.44 and 2016 15.1.2507.72"
    ]
    assert found.tables["fixes.csv"] == base.tables["fixes.csv"]


def test_a_known_vulnerability_gets_the_fix_of_a_cu_that_it_lacked() -> None:
    at = {"cve": "CVE-2026-96940", "product": "2019", "cu": "CU14"}
    fixes = cells_of(bundled(), "fixes.csv")
    wanted = fixes.pop(row_of(fixes, at))
    claim = {at["cve"]: {"15.2.1544": {"releaseDate": "2026-10-02T07:00:00Z"}}}
    found, account = merged(claim, base=with_rows("fixes.csv", fixes))
    assert account.added == [f"fix CVE-2026-96940 2019 CU14: {wanted['fixed_build']}"]
    rows = cells_of(found, "fixes.csv")
    assert rows[row_of(rows, at)] | {"source": ""} == wanted | {"source": ""}


def test_a_cu_that_counts_as_fixed_is_not_opened_by_a_list() -> None:
    claim = {"CVE-2021-34473": {"15.1.2375": {"releaseDate": "2021-10-12T07:00:00Z"}}}
    found, account = merged(claim)
    assert account.kept == [
        "CVE-2021-34473 2016 CU22 counts as fixed; righel/ms-exchange-version-nse: only by "
        "15.1.2375.12"
    ]
    assert found.tables["fixes.csv"] == bundled().tables["fixes.csv"]


def test_a_known_vulnerability_without_a_score_gets_one() -> None:
    listed = {"id": "CVE-2021-90001", "cvss": 7, "summary": "other words"}
    claim = {"15.2.792.10": {"cves": [listed]}, "15.2.858.5": {"cves": [listed]}}
    known = cells_of(bundled(), "advisories.csv")
    at = row_of(known, {"cve": "CVE-2021-33768"})
    known[at]["cvss"] = ""
    claim["15.2.858.5"]["cves"] = [listed | {"id": "CVE-2021-33768"}]
    found, account = merged(claim, base=with_rows("advisories.csv", known))
    assert account.changed == ["CVE-2021-33768 cvss: nothing -> 7.0"]
    assert load_advisories(found)["CVE-2021-33768"].cvss == 7.0
    assert "CVE-2021-90001: no build of 15.2.792 is known and fixes it" in account.refused[0]


def test_a_list_that_lost_vulnerabilities_takes_none_away() -> None:
    found, account = merged({"15.1.2507.6": {"cves": []}, "15.1.2507.9": {"cves": []}})
    assert found.tables["fixes.csv"] == bundled().tables["fixes.csv"]
    assert account == Account()


def test_cisas_list_brings_the_dates_of_known_vulnerabilities() -> None:
    found, account = merged(
        kev(entry("CVE-2026-96940"), entry("CVE-2021-26855", "2021-11-03"), entry("CVE-2026-1111"))
    )
    assert "CVE-2026-96940 kev_added: nothing -> 2026-11-18" in account.changed
    assert "CVE-2021-26855 kev_due: 2021-04-16 -> 2026-12-09" in account.changed
    assert load_advisories(found)["CVE-2026-96940"].kev_added == date(2026, 11, 18)
    assert found.as_of == date(2026, 11, 20)
    assert account.refused == [
        "cisagov/kev-data: CVE-2026-1111: not in advisories.csv; import a list that says what "
        "fixes it"
    ]


def test_cisas_list_is_read_past_other_products_and_broken_entries() -> None:
    rows = [entry("CVE-2026-1111", product="Windows"), {"cveID": "x"}, entry("CVE-2026-1", "soon")]
    _, account = merged(kev(*rows, entry("CVE-2026-22701")))
    assert account.changed == []
    assert len(account.refused) == 3
    assert "cisagov/kev-data: CVE-2026-22701: no such product; not in MSRC list" in account.refused


def test_the_same_lists_twice_change_nothing_the_second_time() -> None:
    lists = (MICROSOFT, NAMES, AFFECTED, OPEN, kev(entry("CVE-2026-90001")))
    once, first = merged(*lists)
    assert first.added
    assert "CVE-2026-90001 kev_added: nothing -> 2026-11-18" in first.changed
    twice, second = merged(*lists, base=once)
    assert (second.added, second.changed) == ([], [])
    assert second.refused == first.refused
    assert twice.digest() == once.digest()


def test_the_order_of_the_files_does_not_matter() -> None:
    lists = (MICROSOFT, NAMES, AFFECTED, OPEN, kev(entry("CVE-2026-90001")))
    assert merged(*lists)[0].digest() == merged(*reversed(lists))[0].digest()


def test_nothing_to_merge_leaves_every_table_but_the_sources_as_it_was() -> None:
    found, account = merged("Product Name,Build Number,Date,KB,Blog\n")
    assert account == Account()
    changes = {name for name in found.tables if found.tables[name] != bundled().tables[name]}
    assert changes == {"sources.csv"}
    assert found.as_of == bundled().as_of


def test_the_as_of_date_can_be_given() -> None:
    found, _ = merge(bundled(), [read_feed(MICROSOFT.encode())], date(2026, 12, 24))
    assert found.as_of == date(2026, 12, 24)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "neither JSON nor a list of builds"),
        (b"a,b,c\n1,2,3\n", "neither JSON nor a list of builds"),
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "none of the lists"),
        (b"{}", "none of the lists"),
        (b'{"a": 1}', "none of the lists"),
        (b'{"CVE-2021-26855": []}', "none of the lists"),
        (b'{"title": "x", "vulnerabilities": {}}', "none of the lists"),
        (b'Product Name,Build Number,Date\n"x', "not CSV"),
        (b" " * (FEED_LIMIT + 1), "larger than 32 MiB"),
        (
            b"Product,Build,Date\n" + b"Exchange 2016 CU23,15.1.2507.6,1/1/2020\n" * 5001,
            "far more entries than such a list has",
        ),
    ],
)
def test_a_file_that_is_none_of_the_lists_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ContentError, match=reason):
        read_feed(data)


@pytest.mark.parametrize(
    "document",
    [
        {"15.1.2507.6": {"name": None, "release_date": 5, "urls": {"a": 1}}, "x": {"name": "y"}},
        {"15.1.2507.6": {"cves": [None, 1, {"id": 5}, {"id": "CVE-2021-26855", "cvss": "9"}]}},
        {"x": {"cves": []}, "15.1.2507.6": {"cves": "none"}},
        {"CVE-2021-26855": {"15.1": {}, "15.1.2507": None, "15.1.2375": {"releaseDate": 5}}},
        {"vulnerabilities": [None, [], {"cveID": None}, {"dateAdded": "x"}]},
        {"9" * 5000: {"name": "Exchange 2016", "release_date": "May 1, 2026"}},
        {"15.1.2507.6": {"cves": [{"id": "CVE-2021-26855", "cvss": 1e308, "summary": ["x"]}]}},
    ],
)
def test_nonsense_in_a_list_is_refused_and_never_breaks(document: object) -> None:
    found, account = merged(document)
    assert account.added == []
    assert found.tables["fixes.csv"] == bundled().tables["fixes.csv"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"gone\.csv: cannot be read"):
        read_feeds([tmp_path / "gone.csv"])
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ContentError, match=r"x\.json: none of the lists"):
        read_feeds([tmp_path / "x.json"])
