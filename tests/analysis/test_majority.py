"""Pages of several servers: compared with their builds, else with one another, and said so."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from extriage.analysis.majority import (
    FIELDS,
    Comparison,
    Server,
    compare,
    comparison_record,
    pages_of,
)
from extriage.knowledge.shipped import hashes_of
from extriage.model.evidence import Entry, EntryStatus
from extriage.model.exchange import BuildNumber

KNOWN: BuildNumber = (15, 1, 2106, 2)
NEWER: BuildNumber = (15, 2, 1544, 4)
HOME = "C/Program Files/Microsoft/Exchange Server/V15/"
LOGON = "FrontEnd/HttpProxy/owa/auth/logon.aspx"
ABOUT = "ClientAccess/ecp/about.aspx"
OWN, OTHER, THIRD = "a" * 64, "b" * 64, "c" * 64


def shipped(page: str, build: BuildNumber = KNOWN) -> str:
    return next(iter(hashes_of(page.lower(), build)))


def entry(page: str, sha256: str, status: EntryStatus = "read") -> Entry:
    return Entry(HOME + page, 10, "web-file", status, sha256=sha256)


def server(name: str, build: BuildNumber | None, *entries: Entry, exact: bool = True) -> Server:
    own = (replace(one, path=f"{name}/{one.path}") for one in entries)
    return Server(name, build, exact, pages_of(own))


def outcomes(*servers: Server) -> list[tuple[str, str]]:
    return [(one.server, one.outcome) for one in compare(servers).found]


def ecp_pages() -> list[Entry]:
    names = ("default", "error", "main", "tools", "myorg", "about")
    return [entry(f"ClientAccess/ecp/{name}.aspx", OWN) for name in names]


def test_the_page_of_its_build_is_nothing_to_tell() -> None:
    fine = server("EX01", KNOWN, entry(LOGON, shipped(LOGON)), entry(ABOUT, shipped(ABOUT)))
    found = compare([fine])
    assert found.found == ()
    assert found.notes == ()


def test_a_page_that_no_build_has_is_told() -> None:
    assert outcomes(server("EX01", KNOWN, entry(LOGON, OWN))) == [("EX01", "changed")]
    found = compare([server("EX01", KNOWN, entry(LOGON, OWN))]).found[0]
    assert found.expected == (shipped(LOGON),)
    assert "15.1.2106.2" in found.text


def test_a_page_of_another_build_is_told_apart() -> None:
    old = shipped(LOGON, (15, 0, 1497, 12))
    assert outcomes(server("EX01", KNOWN, entry(LOGON, old))) == [("EX01", "other-build")]


def test_any_build_of_a_cumulative_update_will_do_if_only_that_is_known() -> None:
    unsure: BuildNumber = (15, 1, 2106, 0)
    assert outcomes(server("EX01", unsure, entry(LOGON, shipped(LOGON)), exact=False)) == []
    changed = server("EX01", unsure, entry(LOGON, OWN), exact=False)
    assert outcomes(changed) == [("EX01", "changed")]


def test_a_page_that_a_known_build_does_not_have_is_foreign() -> None:
    page = "ClientAccess/ecp/x.aspx"
    assert outcomes(server("EX01", KNOWN, entry(page, OWN))) == [("EX01", "foreign")]
    assert outcomes(server("EX01", NEWER, entry(page, OWN))) == []
    front = "FrontEnd/HttpProxy/owa/auth/x.aspx"
    assert outcomes(server("EX01", KNOWN, entry(front, OWN))) == []


def test_five_servers_teach_what_their_build_has() -> None:
    usual = [server(f"EX0{at}", NEWER, entry(LOGON, OWN)) for at in range(1, 5)]
    found = compare([*usual, server("EX05", NEWER, entry(LOGON, OTHER))])
    assert [(one.server, one.outcome) for one in found.found] == [("EX05", "minority")]
    odd = found.found[0]
    assert (odd.same, odd.servers, odd.expected) == (4, 5, (OWN,))
    assert odd.text.startswith("learnt, not known: 4 of 5 servers of build 15.2.1544.4")
    assert {server for server, _, _ in found.notes} == {"EX01", "EX02", "EX03", "EX04"}
    assert all("so this was learnt" in why for _, _, why in found.notes)


def test_too_few_or_divided_servers_teach_nothing_and_that_is_said() -> None:
    two = [server("EX01", NEWER, entry(LOGON, OWN)), server("EX02", NEWER, entry(LOGON, OTHER))]
    third = server("EX03", NEWER, entry(LOGON, THIRD))
    for servers in (two, [*two, third], two[:1]):
        found = compare(servers)
        assert found.found == ()
        assert len(found.notes) == len(servers)
        assert all("newer than the known files (until 15.2.858.5)" in n[2] for n in found.notes)


def test_servers_of_other_builds_do_not_vote() -> None:
    other: BuildNumber = (15, 2, 1544, 9)
    usual = [server(f"EX0{at}", other, entry(LOGON, OWN)) for at in range(1, 5)]
    found = compare([*usual, server("EX05", NEWER, entry(LOGON, OTHER))])
    assert found.found == ()


def test_content_that_microsoft_shipped_earlier_stands_out_nowhere() -> None:
    usual = [server(f"EX0{at}", NEWER, entry(LOGON, OWN)) for at in range(1, 5)]
    assert outcomes(*usual, server("EX05", NEWER, entry(LOGON, shipped(LOGON)))) == []


def test_a_page_of_one_server_only_stands_out() -> None:
    usual = [server(f"EX0{at}", NEWER, *ecp_pages()) for at in range(1, 5)]
    shell = entry("ClientAccess/ecp/x.aspx", OTHER)
    odd = server("EX05", NEWER, *ecp_pages(), shell)
    assert outcomes(*usual, odd) == [("EX05", "only-here")]
    everywhere = [server(f"EX0{at}", NEWER, *ecp_pages(), shell) for at in range(1, 5)]
    assert outcomes(*everywhere, odd) == []
    bare = [server(f"EX0{at}", NEWER, entry(LOGON, OWN)) for at in range(1, 5)]
    assert outcomes(*bare, odd) == []


def test_a_server_of_unknown_build_gets_a_note() -> None:
    found = compare([server("EX01", None, entry(LOGON, OWN), entry(ABOUT, shipped(ABOUT)))])
    assert found.found == ()
    assert [why for _, _, why in found.notes] == [
        "cannot be told whether this page is as shipped: the build is not known, and no build up "
        "to 15.2.858.5 has this content"
    ]


def test_only_whole_pages_below_the_web_folders_are_compared() -> None:
    entries = [
        entry(LOGON, OWN, "partial"),
        entry(LOGON, ""),
        Entry("C/inetpub/wwwroot/x.aspx", 1, "web-file", "read", sha256=OWN),
        Entry(f"{HOME}Logging/x.log", 1, "iis", "read", sha256=OWN),
        Entry("C/V14/ClientAccess/owa/auth/logon.aspx", 1, "web-file", "read", sha256=OWN),
    ]
    assert pages_of(entries) == ()


def test_a_record_tells_all_that_rules_ask_for() -> None:
    found = compare([server("EX01", KNOWN, entry(LOGON, OWN))]).found[0]
    record = comparison_record(found)
    assert tuple(record.fields) == FIELDS
    assert record.fields["Outcome"] == "changed"
    assert record.fields["Learnt"] == "no"
    assert record.text.startswith("changed: frontend/httpproxy/owa/auth/logon.aspx (EX01/C/Pro")
    assert found.page.path == record.origin.path


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, KNOWN, NEWER]),
            st.lists(
                st.tuples(
                    st.sampled_from([LOGON, ABOUT, "ClientAccess/ecp/x.aspx"]),
                    st.sampled_from([OWN, OTHER]),
                ),
                max_size=4,
            ),
        ),
        max_size=6,
    )
)
def test_the_order_of_servers_plays_no_part(
    rows: list[tuple[BuildNumber | None, list[tuple[str, str]]]],
) -> None:
    servers = [
        server(f"EX{at:02}", build, *(entry(page, sha256) for page, sha256 in pages))
        for at, (build, pages) in enumerate(rows)
    ]
    one, other = compare(servers), compare(servers[::-1])
    assert one.found == other.found
    assert sorted(one.notes) == sorted(other.notes)
    told = {(found.server, found.page.path) for found in one.found}
    assert told.isdisjoint((name, path) for name, path, _ in one.notes)
    assert all(isinstance(found, Comparison) and found.text for found in one.found)
