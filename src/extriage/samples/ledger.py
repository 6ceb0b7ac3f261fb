"""Collects the lines of one server, in any order, and writes them into their files."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from extriage.model.detection import Stage
from extriage.samples import cmdlets, ecp, events, ews, httpproxy, iis, layout, oab
from extriage.samples.layout import Log
from extriage.samples.organisation import Organisation
from extriage.samples.spec import Family, Planted, ServerSpec
from extriage.samples.visitor import Visitor
from extriage.samples.web import Call, Request


@dataclass(frozen=True, slots=True)
class Claim:
    """What a planted line is, and the stage that it proves."""

    what: str
    stage: Stage | None
    cve: str = ""


class Ledger:
    """The lines of one server, sorted into logs; knows what was planted."""

    def __init__(self, spec: ServerSpec, org: Organisation) -> None:
        self.spec = spec
        self.org = org
        self.planted: list[Planted] = []
        self.ordinary = 0
        self._visitor: Visitor | None = None
        self._lines: dict[tuple[Log, str], list[tuple[datetime, str]]] = defaultdict(list)
        self._pages: dict[str, tuple[datetime, str]] = {}
        self._split = spec.product != "2010"

    def web(self, request: Request, claim: Claim | None = None) -> None:
        """Log a request in the front end's two logs.

        Only that of IIS knows what Exchange 2010 and pages outside Exchange (no protocol) answer.
        """
        spec = self.spec
        request = replace(request, client=self.seen_as(request.client))
        if self._visitor and claim and spec.covers(request.time):
            self._visitor.asked(request, self._sizes(request))
        if self._split and request.protocol:
            build = self.spec.build_at(request.time)
            text = httpproxy.row(self.org, build, request)
            self._add(Log("httpproxy", request.protocol), request.time, text, claim)
        text = iis.front(self.org, self.spec.product, request, spec.iis_bytes)
        self._add(Log("iis", "1"), request.time, text, claim)

    def seen_as(self, client: str) -> str:
        """Return the address that the server sees: a reverse proxy's, but for its own network."""
        proxy = self.spec.reverse_proxy
        return proxy if proxy and not client.startswith(("127.", "10.20.0.")) else client

    def call(self, call: Call, claim: Claim | None = None) -> None:
        """Log what the back end saw of a request; Exchange 2010 has no back end."""
        if self._split:
            text = iis.back(call, self.spec.iis_bytes)
            self._add(Log("iis", "2"), call.time, text, claim)

    def service(self, call: ews.ServiceCall, claim: Claim | None = None) -> None:
        """Log one operation of web services."""
        if self._split:
            text = ews.row(self.org, self.spec.build_at(call.time), call)
            self._add(Log("ews"), call.time, text, claim)

    def cmdlet(self, ran: cmdlets.Ran, claim: Claim | None = None) -> None:
        """Log a cmdlet of remote PowerShell: the row of its own log, and the event."""
        if self._split:
            text = cmdlets.row(self.org, self.spec.build_at(ran.time), ran)
            self._add(Log("rps-cmdlet"), ran.time, text, claim)
        self.event(cmdlets.event(self.org, ran), claim)

    def command(self, command: ecp.Command, claim: Claim | None = None) -> None:
        """Log a cmdlet of the control panel."""
        if self._split:
            text = ecp.row(self.org, self.spec.build_at(command.time), command)
            self._add(Log("ecp-server"), command.time, text, claim)

    def address_book(self, time: datetime, text: str, claim: Claim | None = None) -> None:
        """Log a line of the offline address book's generation."""
        if self._split:
            self._add(Log("oab-generator"), time, text, claim)

    def event(self, event: events.Event, claim: Claim | None = None) -> None:
        """Log a Windows event."""
        text = events.as_line(event, self.spec.event_shape, self.org.fqdn, self.spec.event_offset)
        self._add(Log("events", event.channel), event.time, text, claim)

    def page(self, windows_path: str, time: datetime, text: str, claim: Claim | None) -> None:
        """Lay down a file of the server."""
        path = layout.page(self.spec, windows_path)
        if not path or "web-file" in self.spec.omit:
            return
        self._pages[path] = (time, text)
        if claim:
            self._remember(path, time, text, claim)

    @contextmanager
    def visited_by(self, visitor: Visitor) -> Iterator[None]:
        """Count what is planted meanwhile as this visitor's."""
        self._visitor = visitor
        try:
            yield
        finally:
            self._visitor = None

    def texts(self, family: Family) -> list[str]:
        """Return all lines of one family, in the order of time."""
        lines = [
            line for (log, _), rows in self._lines.items() if log.family == family for line in rows
        ]
        return [text for _, text in sorted(lines)]

    def write(self, folder: Path) -> None:
        """Write every file below the folder."""
        for (log, path), lines in self._lines.items():
            lines.sort(key=lambda line: line[0])
            text = "\r\n".join([*self._head(log, lines[0][0]), *(line for _, line in lines), ""])
            data = text.encode(self.spec.encoding)
            _save(folder / PurePosixPath(path), data, lines[-1][0])
        for path, (time, text) in self._pages.items():
            _save(folder / PurePosixPath(path), text.encode(), time)

    def _add(self, log: Log, time: datetime, text: str, claim: Claim | None) -> None:
        if log.family in self.spec.omit or not self.spec.covers(time):
            return
        path = layout.path(self.spec, log, time)
        if not path:
            return
        self._lines[log, path].append((time, text))
        if claim:
            self._remember(path, time, text, claim)
            if self._visitor:
                self._visitor.recorded(log.family, time)
        else:
            self.ordinary += 1

    def _remember(self, path: str, time: datetime, text: str, claim: Claim) -> None:
        self.planted.append(Planted(path, claim.what, claim.stage, time, claim.cve, text))

    def _sizes(self, request: Request) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return what the logs say of the bytes that came in and went out, each log once."""
        received, sent = [], []
        omit = self.spec.omit
        if self._split and request.protocol and "httpproxy" not in omit:
            received.append(request.received)
            sent += [request.sent] * bool(request.hop and request.hop.status)
        if self.spec.iis_bytes and "iis" not in omit:
            received.append(iis.received_bytes(request))
            sent.append(iis.sent_bytes(request))
        return tuple(received), tuple(sent)

    def _head(self, log: Log, first: datetime) -> list[str]:
        match log.family:
            case "httpproxy":
                return httpproxy.head(self.spec.build_at(first), first)
            case "iis":
                return iis.head(self.spec.product, first, self.spec.iis_bytes)
            case "ecp-server":
                return ecp.head(first)
            case "oab-generator":
                return oab.head(first)
            case "ews":
                return ews.head(self.spec.build_at(first), first)
            case "rps-cmdlet":
                return cmdlets.head(first)
            case _:
                return []


def _save(path: Path, data: bytes, modified: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    # NOTE: reports tell when some files were changed; a sample must not tell when it was made.
    os.utime(path, (modified.timestamp(), modified.timestamp()))
