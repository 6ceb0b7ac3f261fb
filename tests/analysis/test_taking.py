"""Data that left raises the verdict; the sentence that says so is short, whatever the evidence."""

from dataclasses import replace
from typing import Any

import pytest
from exposed import START, at, intruder

from extriage.analysis.taking import with_taking
from extriage.model.detection import Certainty, Stage
from extriage.model.exposure import Exposed, Exposure
from extriage.model.host import CampaignVerdict, Chain, Host, Manifest, Patch, Status, Verdict
from extriage.model.session import Amount

CHAIN = Chain(
    *("c-1", "proxylogon", (), (), Stage.EXECUTED, Certainty.CONFIRMED, START, at(900)),
    *((), "", ()),
)
WORKED = Verdict(Status.COMPROMISED, Stage.EXECUTED, Certainty.CONFIRMED, "A page ran code.")


def entry(kind: str, name: str, **more: Any) -> Exposure:
    given: dict[str, Any] = {
        "state": Exposed.READ,
        "certainty": Certainty.CONFIRMED,
        "text": f"{kind} {name}.",
        "first": START,
        "last": at(1800),
        "by": (),
        "sessions": (),
        "intruders": ("intruder-1",),
        "findings": (),
        "requests": None,
        "items": None,
        "bytes_out": None,
        "how": (),
        "unknown": (),
        "proofs": (),
    } | more
    return Exposure(f"x-{kind}-{name}", kind, name, **given)


def campaign(name: str, stage: Stage | None) -> CampaignVerdict:
    sure = Certainty.CONFIRMED if stage else None
    return CampaignVerdict(name, name, (), stage, sure, START, at(900), (), ())


def server(*items: Exposure, verdict: Verdict = WORKED) -> Host:
    campaigns = (campaign("proxylogon", Stage.EXECUTED), campaign("proxyshell", Stage.PROBED))
    patch = Patch("", "", "", "", (), ())
    given = (patch, (), (), (), Manifest(0, 0, 0, 0, ()))
    one = Host("EX01", verdict, campaigns, *given, chains=(CHAIN,), exposures=items)
    return replace(one, intruders=(intruder(chains=("c-1",)),))


def test_mail_that_was_read_raises_the_verdict_and_the_campaign_of_its_hole() -> None:
    raised = with_taking(server(entry("mailbox-read", "ceo@contoso.example")))
    verdict = raised.verdict
    assert (verdict.status, verdict.stage) == (Status.COMPROMISED, Stage.TAKEN)
    assert verdict.certainty is Certainty.CONFIRMED
    assert verdict.reason == "A page ran code. Data left: mailbox read: ceo@contoso.example."
    came, other = raised.campaigns
    assert (came.stage, came.certainty, came.last) == (Stage.TAKEN, Certainty.CONFIRMED, at(1800))
    assert (other.stage, other.last) == (Stage.PROBED, at(900))


@pytest.mark.parametrize(
    "more",
    [
        {"certainty": Certainty.POSSIBLE},
        {"intruders": ()},
        {"state": Exposed.READY},
        {"state": Exposed.REACHABLE},
        {"state": Exposed.LEAKING},
        {"state": Exposed.ATTEMPTED},
    ],
)
def test_what_did_not_leave_by_an_intruder_raises_nothing(more: dict[str, Any]) -> None:
    one = server(entry("mailbox-read", "ceo@contoso.example", **more))
    assert with_taking(one) == one


def test_keys_that_are_known_are_a_way_in_and_no_loot() -> None:
    one = server(entry("machine-keys", "RequestUrl", certainty=Certainty.LIKELY))
    assert with_taking(one) == one


def test_a_campaign_of_which_nothing_was_found_is_not_raised() -> None:
    one = replace(server(entry("mailbox-read", "a")), campaigns=(campaign("proxylogon", None),))
    assert with_taking(one).campaigns[0].stage is None


def test_what_is_proved_already_is_not_made_less_sure_and_still_says_what_left() -> None:
    taken = Verdict(Status.COMPROMISED, Stage.TAKEN, Certainty.CONFIRMED, "It left.")
    item = entry("file-fetched", "/a.zip", state=Exposed.TAKEN, certainty=Certainty.LIKELY)
    verdict = with_taking(server(item, verdict=taken)).verdict
    assert (verdict.stage, verdict.certainty) == (Stage.TAKEN, Certainty.CONFIRMED)
    assert verdict.reason == "It left. Data left: file fetched from a web folder: /a.zip."


def test_mailboxes_stand_before_the_address_book_and_are_counted() -> None:
    book = entry("address-book", "the address book", bytes_out=Amount(24, 24))
    boxes = [
        entry("mailbox-read", f"u{n}@contoso.example", bytes_out=Amount(1000, None))
        for n in range(4)
    ]
    reason = with_taking(server(book, *boxes)).verdict.reason
    assert reason.endswith(
        "Data left: mailbox read: u0@contoso.example, u1@contoso.example and 2 more; "
        "address book; in all at least 3.9 KB."
    )


def test_long_and_hostile_names_do_not_fill_the_sentence() -> None:
    names = [f"\\\\EX01\\C$\\{'x' * 200}\\{n}.pst" for n in range(50)]
    kinds = ("mailbox-export", "mailbox-read", "file-fetched", "files-sent-out", "address-book")
    items = [entry(kind, name, state=Exposed.TAKEN) for kind in kinds for name in names]
    reason = with_taking(server(*items)).verdict.reason
    assert len(reason) < 500
    assert "0.pst" in reason
    assert "2 more kinds of data" in reason


def test_a_reason_that_says_that_nothing_worked_does_not_stay() -> None:
    tried = Verdict(Status.TARGETED, Stage.PROBED, Certainty.LIKELY, "X; no sign that it worked.")
    verdict = with_taking(server(entry("mailbox-read", "a"), verdict=tried)).verdict
    assert (verdict.status, verdict.reason) == (
        Status.COMPROMISED,
        "Data left: mailbox read: a.",
    )


def test_an_intruder_got_as_far_as_what_he_took() -> None:
    (who,) = with_taking(server(entry("mailbox-read", "ceo@contoso.example"))).intruders
    assert (who.stage, who.certainty) == (Stage.TAKEN, Certainty.CONFIRMED)
    others = entry("mailbox-read", "ceo@contoso.example", intruders=("intruder-2",))
    (same,) = with_taking(server(others)).intruders
    assert same.stage is intruder().stage
