"""Two cases compared, made by hand: not clean, nothing left, cannot tell, several servers."""

from dataclasses import replace

from cases import at, case, coverage, evidence, finding, host, of_hosts
from robbed import robbed
from ways import FOLDER, PAGE, life, way, ways

from extriage.analysis.comparing import Asked, compare
from extriage.analysis.plan import plan
from extriage.model.case import Case
from extriage.model.comparison import Comparison
from extriage.model.detection import Certainty, Stage
from extriage.model.evidence import Entry
from extriage.model.host import AdvisoryState, Coverage, Host, Patch, State, Status
from extriage.model.persistence import Persistence, Presence

FILE = f"{FOLDER}/ohyeah.aspx"
BESIDE = (*(f"{FOLDER}/{name}.gif" for name in "abc"), "EXCH01/inetpub/wwwroot/iisstart.htm")
SINCE = "2021-03-16 12:00"
LATER = "2021-03-28 09:00"


def _files(server: Host, *paths: str) -> Host:
    entries = tuple(Entry(path, 512, "web-file", "read", sha256="5" * 64) for path in paths)
    return replace(server, manifest=replace(server.manifest, entries=entries))


def before() -> Case:
    """Return a server that was robbed, with ways back of every state and a plan."""
    server = _files(replace(host(Status.COMPROMISED), persistence=ways()), FILE, *BESIDE)
    found = robbed(server, case().tool)
    (told,) = found.hosts
    return replace(found, hosts=(replace(told, actions=plan(told)),))


def _later(found: Case, *kept: Persistence, files: tuple[str, ...] = BESIDE) -> Host:
    """Return the server as it was collected twelve days later."""
    (server,) = found.hosts
    rows = tuple(replace(row, last=at(LATER)) for row in coverage() if row.kind != "web-file")
    server = _files(replace(server, persistence=kept, coverage=rows), *files)
    return replace(server, findings=(), chains=(), exposures=(), intruders=(), sessions=())


def not_clean() -> Comparison:
    """Return a comparison in which something of everything is left or new."""
    first = before()
    (was,) = first.hosts
    alive = replace(life(), last_answered=at("2021-03-20 03:11:09"))
    kept = replace(ways()[0], life=alive)
    fresh = way(
        *("web-shell", "/owa/auth/zr0Tn4.aspx", Presence.PRESENT),
        first=at("2021-03-20 03:10:00"),
        last=at("2021-03-20 03:12:00"),
        paths=(f"{FOLDER}/zr0Tn4.aspx",),
    )
    role = replace(ways()[2], certainty=Certainty.POSSIBLE)
    time = at("2021-03-20 03:11:09")
    line = evidence(FILE, 9, "2021-03-20 03:11:09", "POST /owa/auth/ohyeah.aspx 200")
    ran = finding("page-orders", Stage.EXECUTED, [line], title="A page answered orders")
    (work,) = was.sessions[:1]
    steps = tuple(replace(step, time=time, until=time) for step in work.steps)
    back = replace(work, id="s-back", first=time, last=time, steps=steps)
    who = replace(was.intruders[0], last=time, sessions=("s-back",))
    data = tuple(replace(one, last=time) for one in was.exposures[:2])
    server = replace(
        _later(first, kept, fresh, role, files=(FILE, *BESIDE)),
        findings=(ran,),
        intruders=(who,),
        sessions=(back,),
        exposures=data,
    )
    tool = replace(first.tool, content_sha256="0" * 64, rules=190)
    return compare(first, replace(first, hosts=(server,), tool=tool))


def _patched(was: Host) -> Patch:
    fixed = tuple(AdvisoryState(row.cve, State.FIXED) for row in was.patch.advisories)
    return Patch("15.1.2507.75", "2016", "CU23", "Sep26SUv2", (), fixed)


def nothing_left() -> Comparison:
    """Return a comparison of a server that was cleaned, patched and collected whole."""
    first = before()
    (was,) = first.hosts
    old = (was.persistence[0], was.persistence[6])
    first = replace(first, hosts=(replace(was, persistence=old, exposures=()),))
    server = replace(_later(first), patch=_patched(was))
    return compare(first, replace(first, hosts=(server,)), Asked(since=at(SINCE)))


def cannot_tell() -> Comparison:
    """Return a comparison with a collection that holds next to nothing."""
    first = before()
    log = Coverage("httpproxy", 3, 90, 0, at("2021-03-27"), at(LATER), ())
    (was,) = first.hosts
    server = replace(_later(first, files=()), coverage=(log,), patch=_patched(was))
    return compare(first, replace(first, hosts=(server,)))


def several() -> Comparison:
    """Return a comparison of servers of which each case has one alone."""
    quiet = replace(host(Status.NO_SIGN, "EXCH03.contoso.test"))
    first = of_hosts(host(), quiet, host(Status.TARGETED, "EXCH02.contoso.test"))
    new = host(Status.COMPROMISED, "EXCH09.contoso.test")
    return compare(first, of_hosts(host(), quiet, new))


COMPARISONS = {
    "not-clean": not_clean,
    "nothing-left": nothing_left,
    "cannot-tell": cannot_tell,
    "several": several,
}
"""Every comparison that has golden files, by its name."""

__all__ = ["COMPARISONS", "PAGE", "before"]
