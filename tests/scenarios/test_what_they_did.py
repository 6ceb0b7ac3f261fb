"""Who came, in which role, and what they did in which order: whole scans of known scenes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from known_truth import (
    Case,
    Known,
    account_name,
    fits,
    intruder_of,
    known,
    other_lines,
    sessions_of,
    steps_of,
    told_keys,
    total,
    when,
)

from extriage.model.persistence import Role
from extriage.samples.intrusion import migration, strangers, two, wandering

LADDER = ("probed", "reached", "planted", "executed", "acted", "taken")


def _two(folder: Path) -> Known:
    entry = folder / "known.yml"
    entry.write_text(two.SUPPRESS)
    return known(folder, two.write, "--suppress", str(entry))


SCENES: dict[str, Callable[[Path], Known]] = {
    "two": _two,
    "changing": lambda folder: known(folder, wandering.write_changing),
    "proxy": lambda folder: known(folder, wandering.write_behind_proxy),
    "migration": lambda folder: known(folder, migration.write),
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Known]:
    """Scan each scene once for all tests of this module."""
    kept: dict[str, Known] = {}

    def scanned(name: str) -> Known:
        if name not in kept:
            kept[name] = SCENES[name](tmp_path_factory.mktemp(name))
        return kept[name]

    return scanned


def test_two_intruders_are_two(scene: Callable[[str], Known]) -> None:
    told = scene("two")
    keys = [one["keys"] for one in told.host["intruders"]]
    assert len(keys) == 2, f"two intruders came, the case tells {len(keys)}: {keys}"
    ids = [one["id"] for one in told.host["intruders"]]
    assert ids == ["intruder-1", "intruder-2"]
    first = intruder_of(told.host, told.one.named("A"))
    assert first["id"] == "intruder-1", "A came first"


@pytest.mark.parametrize("name", ["A", "B"])
def test_an_intruder_is_held_together_by_his_own_keys(
    name: str, scene: Callable[[str], Known]
) -> None:
    told = scene("two")
    visit = told.one.named(name)
    (other,) = (one for one in told.one.of(Role.INTRUDER) if one.name != name)
    intruder = intruder_of(told.host, visit)
    assert told_keys(intruder, "address") == set(visit.addresses)
    canaries = {canary.casefold() for canary in visit.canaries}
    assert canaries <= told_keys(intruder, "canary"), f"the canary is no key: {intruder['keys']}"
    pages = {page.rpartition("/")[2].casefold() for page in visit.pages}
    assert pages <= told_keys(intruder, "page"), f"the page is no key: {intruder['keys']}"
    values = {value.casefold() for _, value, _ in intruder["keys"]}
    foreign = {
        text.rpartition("/")[2].casefold()
        for text in (*other.addresses, *other.canaries, *other.pages)
    }
    assert not values & foreign, "a key of the other intruder is told as his"


@pytest.mark.parametrize("name", ["A", "B"])
def test_sessions_hold_all_that_an_intruder_did(name: str, scene: Callable[[str], Known]) -> None:
    told = scene("two")
    visit = told.one.named(name)
    sessions = sessions_of(told.host, intruder_of(told.host, visit))
    assert {one["role"] for one in sessions} == {"intruder"}
    assert len(sessions) >= 2, "he came on two days, that is no one session"
    addresses = {address for one in sessions for address in one["addresses"]}
    assert addresses == set(visit.addresses)
    low, high = total(one["requests"] for one in sessions)
    most = visit.requests + other_lines(visit)
    assert low >= visit.requests, f"{visit.requests} requests were made, {low} are told"
    assert high is not None, "all logs are there, so the number of requests is bounded"
    assert high <= most, f"{visit.requests} requests and few events, {high} are told: counted twice"


@pytest.mark.parametrize("name", ["A", "B"])
def test_bytes_of_an_intruder_are_the_truth(name: str, scene: Callable[[str], Known]) -> None:
    told = scene("two")
    visit = told.one.named(name)
    sessions = sessions_of(told.host, intruder_of(told.host, visit))
    fits((one["bytes_out"] for one in sessions), visit.bytes_out, f"bytes that {name} took")
    fits((one["bytes_in"] for one in sessions), visit.bytes_in, f"bytes that {name} sent")


def _first_by_stage(steps: list[Case]) -> list[str]:
    """Return the stages in the order in which they were first reached."""
    seen: list[str] = []
    for step in steps:
        if step["stage"] and step["stage"] not in seen:
            seen.append(step["stage"])
    return seen


@pytest.mark.parametrize("name", ["A", "B"])
def test_steps_stand_in_order_and_climb(name: str, scene: Callable[[str], Known]) -> None:
    told = scene("two")
    sessions = sessions_of(told.host, intruder_of(told.host, told.one.named(name)))
    for session in sessions:
        times = [when(step["time"]) for step in session["steps"]]
        assert times == sorted(times), f"{session['id']}: its steps are not in order"
        assert session["steps_total"] >= len(session["steps"]) > 0
    stages = _first_by_stage(list(steps_of(sessions)))
    climbed = [stage for stage in stages if stage in ("reached", "planted", "executed")]
    assert climbed == ["reached", "planted", "executed"], f"{name} climbed {stages}"


def test_the_dump_and_the_archive_are_steps_of_the_first_only(
    scene: Callable[[str], Known],
) -> None:
    told = scene("two")
    for name, expected in (("A", True), ("B", False)):
        steps = list(steps_of(sessions_of(told.host, intruder_of(told.host, told.one.named(name)))))
        fetched = [step for step in steps if two.ARCHIVE.rpartition("/")[2] in step["object"]]
        assert bool(fetched) == expected, f"{name}: the archive stands in {fetched}"
        dumped = [step for step in steps if "lsass" in (step["object"] + step["text"]).lower()]
        assert bool(dumped) == expected, f"{name}: the dump stands in {dumped}"


def test_every_step_is_a_sentence_with_lines_that_are_there(
    scene: Callable[[str], Known],
) -> None:
    told = scene("two")
    assert told.host["sessions"], "two intruders and an informed visitor came, no session is told"
    for step in steps_of(told.host["sessions"]):
        assert step["text"].strip(), step
        assert 1 <= len(step["proofs"]) <= 4, step["text"]
        for proof in step["proofs"]:
            if proof["path"].endswith((".log", ".LOG")):
                line = told.line(proof["path"], proof["line"])
                start = proof["text"][:60]
                assert line.startswith(start), f"{step['text']}: {proof['path']}:{proof['line']}"
    for session in told.host["sessions"]:
        assert session["summary"].strip()
        assert session["joined_by"], f"{session['id']} does not say what joins it"


def test_who_asks_once_for_the_right_name_is_informed(scene: Callable[[str], Known]) -> None:
    told = scene("two")
    sessions = [one for one in told.host["sessions"] if one["role"] != "intruder"]
    told_roles = [(one["role"], one["addresses"]) for one in sessions]
    assert told_roles == [("informed", [strangers.INFORMED])], "one informed visitor came"
    (session,) = sessions
    assert session["requests"] == {"low": 1, "high": 1}
    assert session["intruder"] == ""
    page = told.one.named("informed").pages[0]
    assert any(page in step["object"] + step["text"] for step in session["steps"])


def test_strangers_are_counted_and_no_more(scene: Callable[[str], Known]) -> None:
    told = scene("two")
    strange = told.one.of(Role.STRANGER)
    own = told.host["strangers"]
    assert own is not None, "two strangers came"
    assert own["addresses"] == 2, f"a walker and a scanner came, told are {own['busiest']}"
    assert own["walkers"] == 1
    assert own["requests"] == sum(visit.requests for visit in strange)
    assert dict(own["busiest"]) == {visit.addresses[0]: visit.requests for visit in strange}
    first = min(visit.first for visit in strange)
    assert when(own["first"]).replace(microsecond=0) == first.replace(microsecond=0)
    inside = {address for one in told.host["sessions"] for address in one["addresses"]}
    outside = {strangers.WALKER, strangers.SCANNER, strangers.OWN}
    assert not inside & outside, "a stranger has a session"


def test_the_own_scanner_is_a_stranger_until_it_is_named(tmp_path: Path) -> None:
    told = known(tmp_path, two.write)
    own = told.host["strangers"]
    assert own is not None, "two strangers and the own scanner came"
    assert own["addresses"] == 3, f"two strangers and the own scanner came: {own['busiest']}"
    keys = [one["keys"] for one in told.host["intruders"]]
    assert len(keys) == 2, f"a scanner never becomes an intruder: {keys}"


def test_two_intruders_make_a_compromised_server(scene: Callable[[str], Known]) -> None:
    told = scene("two")
    assert len(told.host["intruders"]) == 2, "two intruders came"
    verdict = told.host["verdict"]
    assert (told.code, verdict["status"]) == (1, "compromised")
    assert verdict["stage"] in ("acted", "taken")
    for intruder in told.host["intruders"]:
        assert LADDER.index(intruder["stage"]) >= LADDER.index("executed"), intruder["summary"]


def test_one_canary_joins_three_addresses_and_the_page_a_fourth(
    scene: Callable[[str], Known],
) -> None:
    told = scene("changing")
    (visit,) = told.one.visits
    keys = [one["keys"] for one in told.host["intruders"]]
    assert len(keys) == 1, f"one intruder came by four addresses, the case tells {keys}"
    (intruder,) = told.host["intruders"]
    addresses = {
        address for one in sessions_of(told.host, intruder) for address in one["addresses"]
    }
    assert addresses == set(visit.addresses), "his sessions have not exactly his addresses"
    assert set(wandering.ADDRESSES) <= told_keys(intruder, "address") | addresses


def test_the_stolen_account_is_told_and_its_owner_left_alone(
    scene: Callable[[str], Known],
) -> None:
    told = scene("changing")
    (visit,) = told.one.visits
    sessions = sessions_of(told.host, intruder_of(told.host, visit))
    accounts = {account_name(account) for one in sessions for account in one["accounts"]}
    assert wandering.STOLEN in accounts, f"the stolen account is not told: {accounts}"
    # The forged routes ran as the server, and the control panel believed in the administrator.
    played = {"ex01$", "system", "administrator"}
    assert accounts <= {wandering.STOLEN} | played, f"others are accused: {accounts}"
    late = [one for one in sessions if wandering.FOURTH in one["addresses"]]
    assert late, "the day with the stolen account is no session"
    addresses = {address for one in told.host["sessions"] for address in one["addresses"]}
    assert wandering.OFFICE not in addresses, "the owner's office is told as an intruder's address"
    low, _ = total(one["requests"] for one in late)
    assert low == 1 + 5 + 3, "an order, the logon with four looks, and three calls of web services"


def test_requests_over_four_addresses_are_counted_once(scene: Callable[[str], Known]) -> None:
    told = scene("changing")
    (visit,) = told.one.visits
    sessions = sessions_of(told.host, intruder_of(told.host, visit))
    low, _ = total(one["requests"] for one in sessions)
    most = visit.requests + other_lines(visit)
    assert visit.requests <= low <= most, f"{visit.requests} requests were made, {low} are told"


def test_behind_a_proxy_only_his_own_lines_are_surely_his(scene: Callable[[str], Known]) -> None:
    told = scene("proxy")
    (visit,) = told.one.visits
    keys = [one["keys"] for one in told.host["intruders"]]
    assert len(keys) == 1, f"one intruder came through the proxy, the case tells {keys}"
    sessions = sessions_of(told.host, intruder_of(told.host, visit))
    named = {account_name(account) for one in sessions for account in one["accounts"]}
    people = named - {"ex01$", "system", "administrator"}
    assert not people, f"people who share the proxy are accused: {people}"
    sure = sum(step["requests"] for step in steps_of(sessions) if step["sure"])
    most = visit.requests + other_lines(visit)
    assert sure <= most, f"{visit.requests} requests are his, {sure} are told as surely his"
    low, _ = total(one["requests"] for one in sessions)
    assert low <= most, f"{visit.requests} requests are his, {low} are told at least"
    assert low >= 10, f"forged routes and orders to his page are surely his, told are {low}"


def test_nobody_is_accused_on_a_busy_clean_server(scene: Callable[[str], Known]) -> None:
    told = scene("migration")
    assert told.host["intruders"] == [], [one["summary"] for one in told.host["intruders"]]
    assert told.host["sessions"] == [], [one["summary"] for one in told.host["sessions"]]
    assert told.host["verdict"]["status"] != "compromised", told.host["verdict"]["reason"]
