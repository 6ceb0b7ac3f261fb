"""`extriage fingerprint`: ask servers which version they run. The only command with a network."""

import ipaddress
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from extriage import __version__
from extriage.analysis.version import version_answer
from extriage.errors import UsageError
from extriage.knowledge.active import tables_as_of
from extriage.model.fingerprint import HTTPS, Fingerprint, Target
from extriage.reports.base import RenderOptions
from extriage.reports.fingerprints import Judged, document, screen, spelled, table
from extriage.sources.fingerprint import Manners, environment_proxy, fingerprints, read_proxy

MANY = 20
"""More servers than this are asked only by somebody who says that they may be asked."""
_LIST_LIMIT = 1 << 20
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_PLACE = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?")


@click.command()
@click.argument("hosts", nargs=-1)
@click.option(
    "--from", "list_", type=click.Path(path_type=Path), help="Read more hosts, one a line."
)
@click.option(
    "--i-may-ask-these-hosts", "may_ask", is_flag=True,
    help=f"They are yours, or you act for their owners; needed for more than {MANY}.",
)  # fmt: skip
@click.option(
    "--delay", type=click.FloatRange(0, 60), default=1.0, show_default=True,
    help="Seconds from one request to the next, all hosts together.",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(0.1, 120), default=10.0, show_default=True,
    help="Seconds for one request.",
)  # fmt: skip
@click.option("--proxy", help="HTTP proxy, http://name:port (default: HTTPS_PROXY, NO_PROXY).")
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV for a spreadsheet.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("--ascii", "ascii_", is_flag=True, help="Draw with ASCII characters only.")
def fingerprint(hosts: tuple[str, ...], **options: Any) -> None:
    """Ask your servers which Exchange version they run, and judge it.

    HOST is a name or an address, with :PORT unless it is 443. Each gets at most three requests for
    public pages, without credentials; nothing is tried out. This is the only command that uses a
    network. Exit code 1: something is open or unsupported; 3: a host could not be told.
    """
    targets = read_targets(hosts, options["list_"])
    if len(targets) > MANY and not options["may_ask"]:
        raise UsageError(
            f"{len(targets)} hosts: add --i-may-ask-these-hosts if they are yours or you act for "
            f"their owners; without it no more than {MANY} are asked"
        )
    proxy = read_proxy(options["proxy"]) if options["proxy"] else environment_proxy()
    manners = Manners(delay=options["delay"], timeout=options["timeout"], proxy=proxy)
    judged, interrupted = _ask(targets, manners)
    sys.stdout.buffer.write(_rendered(judged, options).encode("utf-8", "replace"))
    sys.stdout.flush()
    if interrupted:
        click.echo(f"extriage: interrupted after {len(judged)} of {len(targets)} hosts", err=True)
        sys.exit(130)
    codes = {one.code for one in judged}
    sys.exit(1 if 1 in codes else 3 if 3 in codes else 0)


def today() -> date:
    """Return the day for which versions are judged."""
    return datetime.now(UTC).date()


def judge(found: Fingerprint, day: date) -> Judged:
    """Say what follows from what a server told."""
    if found.build is None or found.precision is None:
        return Judged(found, None)
    precision = found.precision.value
    answer = version_answer(found.build, day, asked=spelled(found), precision=precision)
    return Judged(found, answer)


def read_targets(hosts: Iterable[str], listed: Path | None) -> list[Target]:
    """Read all hosts that the user named, each once; UsageError names the one that is none."""
    named = [(host, "") for host in hosts] + (list(_lines(listed)) if listed else [])
    if not named:
        raise UsageError("name at least one host, such as mail.example.org")
    return list(dict.fromkeys(read_target(text, place) for text, place in named))


def read_target(text: str, place: str = "") -> Target:
    """Read `name`, `name:port`, `192.0.2.1:8443` or `[2001:db8::1]:8443`; UsageError otherwise."""
    word = text.strip().lower()
    six = word.count(":") > 1 and not word.startswith("[")
    found = _PLACE.fullmatch(f"[{word}]" if six else word)
    port = int(found["port"] or HTTPS) if found else 0
    name = _name(found["six"] or found["name"], six=bool(found["six"])) if found else ""
    if not name or not 0 < port < 65536:
        raise UsageError(f"{place}{text!r} is {_what(word)}; hosts are named one by one")
    return Target(name, port)


def _name(word: str, *, six: bool) -> str:
    """Return an address or a name as DNS spells it; empty when it is neither."""
    try:
        address = ipaddress.ip_address(word)
    except ValueError:
        return "" if six else _dns_name(word)
    usable = not (address.is_multicast or address.is_unspecified or "%" in word)
    return str(address) if usable and six == (address.version == 6) else ""


def _dns_name(word: str) -> str:
    try:
        name = word.removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    return name if len(name) <= 253 and _NAME.fullmatch(name) else ""


def _what(word: str) -> str:
    if "://" in word:
        return "a URL, not a host"
    if "/" in word or re.fullmatch(r"[\d.]+-[\d.]+", word):
        return "a range or a URL, not a host"
    return "a wildcard, not a host" if "*" in word or "?" in word else "no host name or address"


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the hosts of a list, each with its place for an error; `#` begins a comment."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_LIST_LIMIT + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > _LIST_LIMIT:
        raise UsageError(f"{file} is longer than {_LIST_LIMIT:,} bytes: no list of hosts")
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text in UTF-8") from error
    for number, line in enumerate(lines, 1):
        if host := line.partition("#")[0].strip():
            yield host, f"{file} line {number}: "


def _ask(targets: Sequence[Target], manners: Manners) -> tuple[list[Judged], bool]:
    """Ask all; also tell whether the user stopped it."""
    judged: list[Judged] = []
    day = today()
    shown = sys.stderr.isatty()
    with Console(stderr=True).status("asking") if shown else nullcontext() as status:
        try:
            for found in fingerprints(targets, manners):
                judged.append(judge(found, day))
                if status is not None:
                    status.update(f"{len(judged)} of {len(targets)} hosts asked")
        except KeyboardInterrupt:
            return judged, True
    return judged, False


def _rendered(judged: Sequence[Judged], options: dict[str, Any]) -> str:
    if options["form"] == "json":
        return document(judged, version=__version__, knowledge_as_of=tables_as_of().isoformat())
    if options["form"] == "csv":
        return table(judged)
    color = options["color"] == "always" or (
        options["color"] == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    )
    plain = options["ascii_"] or not (sys.stdout.encoding or "ascii").lower().startswith("utf")
    width = shutil.get_terminal_size((100, 40)).columns
    return screen(judged, RenderOptions(width=width, color=color, ascii=plain))
