"""Fills the logs with ordinary lines: a pulse of probes, then people by the hour of the day."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TypeAlias

from extriage.samples import admins, everyday, exchange2010, machines
from extriage.samples.httpproxy import PROTOCOLS
from extriage.samples.ledger import Ledger
from extriage.samples.organisation import Dice, dice, later

Act: TypeAlias = Callable[[Ledger, Dice, datetime], None]

_DAYLIGHT = (1, 1, 1, 1, 1, 2, 4, 8, 12, 12, 11, 10, 9, 11, 12, 11, 10, 8, 5, 4, 3, 2, 2, 1)
"""How busy each hour of the day is."""

_BEAT_LINES = 33
"""Lines of one pulse: probes of each protocol, remote PowerShell, the control panel, events."""

_EXCHANGE_2013: dict[Act, float] = {
    everyday.activesync: 18,
    everyday.mapi: 26,
    everyday.web_services: 10,
    everyday.autodiscover: 5,
    everyday.outlook_anywhere: 4,
    everyday.address_book_download: 1,
    everyday.owa_logon: 2,
    everyday.between_servers: 0.5,
    machines.probe: 14,
    machines.control_panel_probe: 2,
    machines.remote_shell_probe: 0.5,
    machines.housekeeping: 2,
    machines.health_worker: 0.6,
    machines.health_mailboxes: 0.3,
    machines.page_compiler: 0.05,
    machines.fault_report: 0.02,
    machines.voice_cache: 0.02,
    admins.shell_session: 0.05,
    admins.centre_visit: 0.03,
    admins.directory_change: 0.01,
    admins.directory_reset: 0.005,
}

_EXCHANGE_2010: dict[Act, float] = {
    exchange2010.owa: 6,
    exchange2010.web_services: 20,
    exchange2010.activesync: 24,
    exchange2010.outlook: 8,
    exchange2010.probe: 10,
    exchange2010.administration: 0.02,
    machines.housekeeping: 3,
    admins.mailbox_change: 0.2,
    machines.page_compiler: 0.05,
    machines.fault_report: 0.03,
    machines.voice_cache: 0.03,
}


def fill(ledger: Ledger) -> None:
    """Write ordinary lines until there are as many as the specification asks for."""
    rng, wanted = dice(ledger.spec, "noise"), ledger.spec.lines
    hours, weights = _open_hours(ledger)
    if not hours:
        return
    acts = _EXCHANGE_2010 if ledger.spec.product == "2010" else _EXCHANGE_2013
    _pulse(ledger, rng, hours, wanted // 2)
    rare = [act for act, weight in acts.items() if weight < 1]
    for act in rare:
        if ledger.ordinary < wanted:
            act(ledger, rng, _moment(rng, rng.choice(hours)))
    choices = list(acts)
    cumulative = list(accumulate(acts.values()))
    busy = list(accumulate(weights))
    # NOTE: bounded, so that omitted logs or a gap over everything end the search
    for _ in range(4 * wanted):
        if ledger.ordinary >= wanted:
            break
        hour = rng.choices(hours, cum_weights=busy)[0]
        act = rng.choices(choices, cum_weights=cumulative)[0]
        act(ledger, rng, _moment(rng, hour))


def _open_hours(ledger: Ledger) -> tuple[list[datetime], list[int]]:
    spec = ledger.spec
    hours = []
    hour = spec.start
    while hour < spec.end:
        if any(spec.covers(hour + timedelta(minutes=m)) for m in (1, 30, 58)):
            hours.append(hour)
        hour += timedelta(hours=1)
    return hours, [_DAYLIGHT[hour.hour] for hour in hours]


def _moment(rng: Dice, hour: datetime) -> datetime:
    return later(hour, rng.randrange(3_600_000))


def _pulse(ledger: Ledger, rng: Dice, hours: list[datetime], budget: int) -> None:
    """Write what comes round by the clock, as often as the budget allows."""
    every = max(1, -(-len(hours) * _BEAT_LINES // max(budget, 1)))
    for number, hour in enumerate(hours):
        if number % every == 0:
            _beat(ledger, rng, hour)
        if hour.hour == 3:
            machines.address_book(ledger, rng, _moment(rng, hour))


def _beat(ledger: Ledger, rng: Dice, hour: datetime) -> None:
    time = later(hour, rng.randrange(50_000))
    if ledger.spec.product == "2010":
        for _ in range(4):
            exchange2010.probe(ledger, rng, time)
            time = later(time, 600_000)
        admins.mailbox_change(ledger, rng, time)
    else:
        for protocol in PROTOCOLS:
            machines.probe_protocol(ledger, rng, time, protocol)
            time = later(time, 60_000)
        machines.control_panel_probe(ledger, rng, time)
        machines.remote_shell_probe(ledger, rng, time)
        machines.health_mailboxes(ledger, rng, time)
    machines.housekeeping(ledger, rng, time)
    machines.health_worker(ledger, rng, time)
