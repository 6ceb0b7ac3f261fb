"""Very long logs, for measuring speed: days of traffic, written in seconds."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from extriage.samples import httpproxy, iis, noise
from extriage.samples.everyday import activesync, autodiscover, between_servers, mapi, web_services
from extriage.samples.ledger import Ledger
from extriage.samples.machines import probe
from extriage.samples.organisation import Dice, later, organisation
from extriage.samples.spec import ServerSpec

_MINUTE = datetime(2001, 1, 1, tzinfo=UTC)
_FIRST = datetime(2021, 2, 20, tzinfo=UTC)
_ROWS = 1000
_BLOCKS = 24
_DAYS = 4
_DAY_LINES = 30_000


def write_big_log(path: Path, bytes_wanted: int, seed: int = 1) -> int:
    """Write one HttpProxy log of about so many bytes; return its number of lines.

    Blocks of one minute each are made once and repeated in random order under ever later times.
    About one row in a hundred holds words that rules look for, and is benign.
    """
    rng = random.Random(seed)
    spec = ServerSpec(
        seed=seed,
        start=_MINUTE,
        end=_MINUTE + timedelta(minutes=1),
        omit=("iis", "ecp-server", "oab-generator", "events"),
    )
    blocks = [_block(spec, rng) for _ in range(max(1, min(_BLOCKS, bytes_wanted // 2_000_000)))]
    head = "\r\n".join([*httpproxy.head(spec.number, _FIRST), ""]).encode()
    old = f"{_MINUTE:%Y-%m-%dT%H:%M}:".encode()
    written, minute, count = len(head), _FIRST, 0
    with path.open("wb") as file:
        file.write(head)
        while written < bytes_wanted:
            block = rng.choice(blocks).replace(old, f"{minute:%Y-%m-%dT%H:%M}:".encode())
            written += file.write(block)
            minute += timedelta(minutes=1)
            count += 1
    return 6 + count * _ROWS


def write_big_iis(path: Path, bytes_wanted: int, seed: int = 1) -> int:
    """Write one IIS log of about so many bytes; return its number of lines.

    Whole ordinary days of both sites, front end and back end, are made once and repeated in random
    order under ever later dates.
    """
    rng = random.Random(seed)
    days = [_day(seed + number) for number in range(max(1, min(_DAYS, bytes_wanted // 20_000_000)))]
    head = "\r\n".join([*iis.head("2016", _FIRST), ""]).encode()
    written, day, count = len(head), _FIRST, head.count(b"\n")
    with path.open("wb") as file:
        file.write(head)
        while written < bytes_wanted:
            rows = rng.choice(days)
            written += file.write(
                rows.replace(f"{_MINUTE:%Y-%m-%d} ".encode(), f"{day:%Y-%m-%d} ".encode())
            )
            day += timedelta(days=1)
            count += rows.count(b"\n")
    return count


def _day(seed: int) -> bytes:
    spec = ServerSpec(
        seed=seed,
        start=_MINUTE,
        end=_MINUTE + timedelta(days=1),
        lines=_DAY_LINES,
        omit=("httpproxy", "ecp-server", "oab-generator", "events"),
    )
    ledger = Ledger(spec, organisation(spec))
    noise.fill(ledger)
    return "".join(f"{row}\r\n" for row in ledger.texts("iis")).encode()


def _block(spec: ServerSpec, rng: Dice) -> bytes:
    ledger = Ledger(spec, organisation(spec))
    acts = (mapi, activesync, web_services, probe)
    for _ in range(2 * _ROWS):
        time = later(spec.start, rng.randrange(1000, 59_000))
        share = rng.random()
        if share < 0.006:
            between_servers(ledger, rng, time)
        elif share < 0.01:
            autodiscover(ledger, rng, time)
        else:
            rng.choice(acts)(ledger, rng, time)
    before = f"BeginRequest={later(spec.start, -1):%Y-}"
    rows = [row for row in ledger.texts("httpproxy") if before not in row]
    return "".join(f"{row}\r\n" for row in sorted(rng.sample(rows, _ROWS))).encode()
