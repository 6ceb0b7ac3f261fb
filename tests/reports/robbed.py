"""A case made by hand in which data left: intruders, sessions, a ledger, clusters, indicators."""

from dataclasses import replace
from datetime import UTC, date, datetime

from extriage.analysis.plan import plan
from extriage.analysis.timeline import timeline
from extriage.model.case import Case, Tool
from extriage.model.cluster import Cluster, Feature, Resemblance
from extriage.model.detection import Certainty, Level, Stage
from extriage.model.exposure import Export, Exposed, Exposure, ExposureAnswer, Shown
from extriage.model.host import Host
from extriage.model.indicator import Derived, Indicator, Sighting
from extriage.model.persistence import Role
from extriage.model.session import Amount, Intruder, Session, SessionStep, Strangers
from extriage.model.state import Proof

LOG = "EXCH01/inetpub/logs/LogFiles/W3SVC1/u_ex210314.log"
PROOF = Proof(LOG, 88_120, "2021-03-14 06:41:02 POST /owa/auth/ohyeah.aspx - 443 - 198.51.100.23")
MEMBER = "EXCH01.contoso.test/intruder-1"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def step(time: str, text: str, stage: Stage | None, *, sure: bool = True) -> SessionStep:
    return SessionStep(
        time=at(time),
        until=at(time),
        deed="iis_front_page_ordered",
        text=text,
        done=True,
        stage=stage,
        object="/owa/auth/ohyeah.aspx",
        mailbox="alba@contoso.test",
        requests=4,
        items=42,
        bytes_in=812,
        bytes_out=4_096,
        sure=sure,
        kinds=("httpproxy", "iis"),
        findings=(),
        proofs=(PROOF,),
    )


def session(name: str, role: Role, *, sure: bool) -> Session:
    steps = (
        step("2021-03-14 06:41:02", "Gave orders to the page /owa/auth/ohyeah.aspx.", None),
        step("2021-03-14 06:44:10", "Read 42 items of alba@contoso.test.", Stage.TAKEN, sure=sure),
    )
    return Session(
        id=f"s-{name}",
        intruder="intruder-1" if role is Role.INTRUDER else "",
        role=role,
        stage=Stage.TAKEN,
        certainty=Certainty.LIKELY if sure else Certainty.POSSIBLE,
        first=at("2021-03-14 06:41:02"),
        last=at("2021-03-14 06:44:10"),
        summary="From 198.51.100.23: gave 4 orders, read 42 items.",
        addresses=("198.51.100.23",),
        accounts=("CONTOSO\\alba",),
        agents=("antSword/v2.1",),
        mailboxes=("alba@contoso.test",),
        kinds=("httpproxy", "iis"),
        joined_by=(("canary", "kWz1xX", 3), ("address", "198.51.100.23", 8)),
        requests=Amount(8, 8),
        answered=8,
        bytes_in=Amount(1_624, 1_624),
        bytes_out=Amount(8_192, None),
        steps=steps,
        steps_total=2,
        findings=(),
    )


def exposure(kind: str, state: Exposed, export: Export | None = None) -> Exposure:
    return Exposure(
        id=f"e-{kind}-{state.value}",
        kind=kind,
        object="alba@contoso.test",
        state=state,
        certainty=Certainty.LIKELY,
        text="Mailbox alba@contoso.test was exported and fetched by 198.51.100.23: 83.4 MB.",
        first=at("2021-03-14 06:44:10"),
        last=at("2021-03-14 06:50:00"),
        by=("198.51.100.23", "CONTOSO\\alba"),
        sessions=("s-one",),
        intruders=("intruder-1",),
        findings=(),
        requests=Amount(1, 2),
        items=Amount(42, None),
        bytes_out=Amount(87_413_066, None),
        how=("GET",),
        unknown=("IIS logs without sc-bytes say nothing of the size.",),
        proofs=(PROOF,),
        export=export,
    )


def _ledger() -> tuple[Exposure, ...]:
    export = Export(
        mailbox="alba@contoso.test",
        by="CONTOSO\\Administrator",
        filter="Received -gt '2020-01-01'",
        file=r"\\localhost\c$\inetpub\wwwroot\aspnet_client\alba.pst",
        name="kb4471",
        outcome="finished",
        finished=at("2021-03-14 06:46:00"),
        fetched=True,
        on_disk=None,
        request_removed=True,
    )
    return (
        exposure("mailbox-export", Exposed.TAKEN, export),
        exposure("mailbox-read", Exposed.READ),
        exposure("lsass-dump", Exposed.READY),
        exposure("forwarding", Exposed.LEAKING),
        exposure("server-secrets", Exposed.REACHABLE),
        exposure("address-book", Exposed.ATTEMPTED),
    )


def _answers() -> tuple[ExposureAnswer, ...]:
    groups = ("mailboxes-exported", "files", "address-books", "credentials")
    return tuple(
        ExposureAnswer(
            kind=group,
            title=group.replace("-", " "),
            answer=answer,
            text="EWS logs are missing for the time in which the intruder was there.",
            looked=("iis: 2021-03-01 to 2021-03-16",),
            missing=("ews",),
            window={"from": at("2021-03-14"), "to": at("2021-03-16")},
            exposures=("e-mailbox-export-taken",),
        )
        for group, answer in zip(groups, Shown, strict=True)
    )


INDICATOR = Indicator(
    type="ipv4",
    value="198.51.100.23",
    source="feed.csv",
    confidence="medium",
    cluster="Example Group",
    campaign="ProxyLogon",
    first_seen=date(2021, 3, 2),
    licence="CC0",
    tlp="amber",
    reference="https://example.org/feed",
    note="seen by others",
)


def robbed(host: Host, tool: Tool) -> Case:
    """Return a case of one server, everything that came after the break-in told."""
    intruder = Intruder(
        id="intruder-1",
        first=at("2021-03-14 06:41:02"),
        last=at("2021-03-14 06:50:00"),
        stage=Stage.TAKEN,
        certainty=Certainty.LIKELY,
        keys=(("address", "198.51.100.23", 8), ("page", "ohyeah.aspx", 4)),
        chains=(),
        findings=(),
        ways=(),
        sessions=("s-one", "s-two"),
        summary="From 198.51.100.23, 2021-03-14 06:41 UTC: read 1 mailbox, fetched 1 export.",
    )
    sessions = (
        session("one", Role.INTRUDER, sure=True),
        session("two", Role.INTRUDER, sure=False),
        session("three", Role.INFORMED, sure=True),
    )
    busiest = (("192.0.2.77", 48), ("192.0.2.78", 30))
    told = "2 addresses with 78 requests knocked and got nothing."
    strangers = Strangers(
        2, 78, at("2021-03-02 01:00"), at("2021-03-16 02:00"), 1, busiest, told
    )  # fmt: skip
    sighting = Sighting(
        INDICATOR, host.name, "log", 8, at("2021-03-14"), None, told, (PROOF,), Level.LOW
    )  # fmt: skip
    after = replace(
        host,
        intruders=(intruder,),
        sessions=sessions,
        strangers=strangers,
        exposures=_ledger(),
        exposure_answers=_answers(),
        sightings=(sighting,),
    )
    after = replace(after, actions=plan(after))
    return Case(
        "extriage.case/1",
        tool=tool,
        hosts=(after,),
        clusters=(_cluster(),),
        indicators=(_derived(host),),
        timeline=timeline([after]),
    )


def _cluster() -> Cluster:
    joined = Feature("shell-parameter", "code", (MEMBER, "EX02/intruder-1"), 60, True, "Same word.")
    apart = Feature("hours", "02-05", (MEMBER,), 15, False, "Other hours.")
    published = Resemblance(
        "Example Group", 3, 1, Certainty.POSSIBLE,
        "resembles published indicators of Example Group (3 indicators, 1 of them unique to it)",
        (("ipv4", "198.51.100.23", "feed.csv"),),
    )  # fmt: skip
    return Cluster(
        id="k-0123456789abcdef",
        name="cluster A",
        members=(MEMBER, "EX02/intruder-1"),
        hosts=("EX02", "EXCH01.contoso.test"),
        first=at("2021-03-14 06:41:02"),
        last=at("2021-03-15 06:41:02"),
        hours=(0,) * 6 + (8,) + (0,) * 17,
        features=(joined,),
        apart=(apart,),
        resembles=(published,),
        text="Two intruders on two servers who share a shell's parameter.",
    )


def _derived(host: Host) -> Derived:
    return Derived(
        type="ipv4",
        value="198.51.100.23",
        certainty=Certainty.LIKELY,
        first_seen=at("2021-03-14 06:41:02"),
        last_seen=at("2021-03-14 06:50:00"),
        hosts=(host.name,),
        clusters=("cluster A",),
        because="It gave orders to a web shell.",
        findings=(),
        look_alikes=("A proxy that others use too.",),
    )
