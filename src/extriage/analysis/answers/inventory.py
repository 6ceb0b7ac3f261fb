"""Which server it is: its name, its version, what it serves, and whether the world can reach it."""

from collections.abc import Sequence

from extriage.analysis.answers.asking import (
    Asking,
    answered,
    cannot_tell,
    left_open,
)
from extriage.analysis.answers.looking import (
    WEB_LOGS,
    evidence_end,
    is_exchange,
    outside_addresses,
    reach,
    rows_of,
)
from extriage.analysis.answers.proving import of_findings
from extriage.analysis.answers.saying import (
    bullets,
    count,
    listed,
    name_of,
    sentence,
    short,
    span,
    when,
)
from extriage.knowledge.evidence import describe
from extriage.knowledge.joins import address_of
from extriage.model.answer import Answer, Certain
from extriage.model.host import Host

_NEWS = "Microsoft Exchange Server"


def own_address(host: Host, asking: Asking) -> Answer:
    """Say what helps to find the server's own address, which the case does not keep."""
    facts = [
        f"The evidence names this server {name_of(host)}.",
        "The case keeps no addresses of the server itself: ipconfig /all, the column s-ip of its "
        "IIS logs, or Tcpip\\Parameters\\Interfaces of the SYSTEM hive tell.",
    ]
    return left_open(facts)


def host_name(host: Host, asking: Asking) -> Answer:
    """Give the name that the evidence has for the server."""
    if not is_exchange(host) or not host.name:
        return cannot_tell(f"No record of Exchange names it; it is listed here as {name_of(host)}.")
    text = (
        "The name that its records give, or that of its folder in the evidence where none names it."
    )
    return answered(host.name, Certain.LIKELY, text)


def product(host: Host) -> str:
    """Return the version as forms want it; empty if the build is not known."""
    patch = host.patch
    if not patch.build:
        return ""
    name = f"{_NEWS} {patch.product}" if patch.product else _NEWS
    words = " ".join(one for one in (name, patch.cu, patch.su) if one)
    return f"{words} ({patch.build})"


def exchange_version(host: Host, asking: Asking) -> Answer:
    """Give the build that was seen last, and what named it."""
    patch = host.patch
    if not patch.build:
        return cannot_tell("No evidence names the build of Exchange: ExSetup.exe or a log would.")
    own = [one for one in patch.sources if one.build == patch.build]
    said = "; ".join(f"{_sources(one.evidence)}, {_seen(one.first, one.last)}" for one in own)
    others = sorted({one.build for one in patch.sources} - {patch.build})
    text = f"Named by {said}." if said else "Named by the evidence."
    if own and all(one.precision == "cu" for one in own):
        text += " These name the cumulative update only; security updates on it are not seen."
    if others:
        text += f" Builds seen besides: {listed(others)}."
    sure = Certain.LIKELY if patch.conflicts else Certain.CONFIRMED
    return answered(product(host), sure, text, known=bullets([*map(sentence, patch.conflicts)]))


def _sources(kinds: str) -> str:
    return listed(describe(one) for one in short(kinds).split(", "))


def _seen(first: object, last: object) -> str:
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}" if first and last else "without a time"


def runs(host: Host, asking: Asking) -> Answer:
    """Tell whether a web application of Exchange was in use, from its own logs."""
    logs = asking.about("logs")
    found = rows_of(host, logs)
    if not found:
        names = listed(describe(kind) for kind in logs)
        return cannot_tell(f"Not in the evidence: {names}.")
    row = found[0]
    text = f"It answered requests: {describe(row.kind)} have {count(row.records, 'record')}, "
    return answered("Yes", Certain.CONFIRMED, f"{text}{span(row.first, row.last)}.")


def reached_from_internet(host: Host, asking: Asking) -> Answer:
    """Tell whether addresses outside of inner networks reached the server."""
    addresses = outside_addresses(host)
    if not addresses:
        return cannot_tell(
            "What was found names no address outside of inner networks, and of all other requests "
            "the case keeps no addresses; behind a proxy only the proxy's address is logged."
        )
    named = [
        one
        for one in host.findings
        if any(key == ("address", value) for line in one.evidence for key in line.keys
               for value in addresses)
    ]  # fmt: skip
    text = (
        f"{count(len(addresses), 'address', 'addresses')} outside of inner networks made requests "
        f"to it, such as {listed(addresses, 3)}; directly or through something that hands on the "
        "client's address. It was so when the logs were written."
    )
    return answered("Yes", Certain.LIKELY, text, of_findings(host, named))


def last_use_of_pages(host: Host, asking: Asking) -> Answer:
    """Say until when Outlook on the web and the control panel answered."""
    end = evidence_end(host)
    facts = [*reach(host, ("httpproxy:Owa", "httpproxy:Ecp"))]
    facts += [f"The evidence of this server ends on {when(end)}."] if end else []
    return left_open(map(sentence, facts))


def last_records(host: Host, asking: Asking) -> Answer:
    """Say when the server last wrote to its logs."""
    end = evidence_end(host)
    if end is None:
        return left_open(["No log of this evidence has a time."])
    web = max((row.last for row in rows_of(host, WEB_LOGS) if row.last), default=None)
    facts = [f"The last record of any log is of {when(end)}."]
    facts += [f"The last request in a web log is of {when(web)}."] if web else []
    return left_open(facts)


def server_state(host: Host, asking: Asking) -> Answer:
    """Say what the server is: its build and its support."""
    patch = host.patch
    if not patch.build:
        kind = "It runs Exchange, but no" if is_exchange(host) else "No"
        return cannot_tell(f"{kind} evidence names its build.")
    facts = [sentence(patch.support.note)] if patch.support.note else []
    facts += [sentence(one) for one in patch.conflicts]
    text = f"Its last records are of {when(evidence_end(host))}." if evidence_end(host) else ""
    sure = Certain.LIKELY if patch.conflicts else Certain.CONFIRMED
    return answered(product(host), sure, text, known=bullets(facts))


def runs_exchange(asking: Asking) -> Answer:
    """Tell whether any server of the case runs Exchange."""
    names = [name_of(host) for host in asking.case.hosts if is_exchange(host)]
    if not names:
        return cannot_tell("No evidence in this case shows an Exchange server.")
    return answered("Yes", Certain.CONFIRMED, f"In this case: {listed(names)}.")


def servers_of(asking: Asking) -> Answer:
    """Count the servers of the case, or those of one product."""
    products = asking.about("products")
    hosts = [one for one in asking.case.hosts if is_exchange(one)]
    without = [one for one in hosts if not one.patch.product]
    named = [one for one in hosts if one.patch.product in products] if products else hosts
    text = f"In this case: {_names(named)}."
    if products and without:
        text += f" The product of {_names(without)} is not known."
        return answered(str(len(named)), Certain.POSSIBLE, text)
    if not hosts:
        return cannot_tell("No evidence in this case shows an Exchange server.")
    return answered(str(len(named)), Certain.CONFIRMED, text)


def servers_listed(asking: Asking) -> Answer:
    """List the servers of the case with their builds."""
    hosts = [one for one in asking.case.hosts if is_exchange(one)]
    if not hosts:
        return cannot_tell("No evidence in this case shows an Exchange server.")
    facts = [f"{name_of(one)}: {product(one) or 'build not known'}" for one in hosts]
    text = "Only the servers whose evidence was given."
    return answered(count(len(hosts), "server"), Certain.CONFIRMED, text, known=bullets(facts, 200))


def addresses_to_look_for(host: Host, asking: Asking) -> Answer:
    """Name the addresses that stored network traffic should be searched for."""
    own = {
        value
        for one in host.intruders
        for name, value, _ in one.keys
        if name == "address" and address_of(value)
    }
    if not own:
        return left_open(["The case names no address of an intruder on this server."])
    return left_open([f"Addresses of intruders to search the traffic for: {listed(sorted(own))}."])


def _names(hosts: Sequence[Host]) -> str:
    return listed(name_of(one) for one in hosts) or "none"
