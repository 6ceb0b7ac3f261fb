"""The report for the screen: what somebody who has just been called in needs, worst first.

One server fills one screen. Several servers begin with a table of all of them; then each that is
not `no-sign` gets a short block. All times are UTC.
"""

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from extriage.model.case import Case
from extriage.model.evidence import Entry
from extriage.model.host import Absence, CampaignVerdict, Host, Status, When
from extriage.reports.base import RenderOptions
from extriage.reports.clusters import clusters_block
from extriage.reports.exposures import exposures_block
from extriage.reports.imprint import handled
from extriage.reports.ladder import campaign_block, ladder
from extriage.reports.matrix import coverage_block
from extriage.reports.meanings import STATUS_NAMES, badness, looks_like, means
from extriage.reports.neutral import width
from extriage.reports.paper import STATUS_STYLE, Paper, printed, sheet, standing, when
from extriage.reports.patch import brief_block, open_words, patch_block
from extriage.reports.proof import proof_block
from extriage.reports.sessions import sessions_block
from extriage.reports.sightings import sightings_block
from extriage.reports.story import story_block
from extriage.reports.suppressed import suppressed_list, suppressed_sum
from extriage.reports.unseen import answer_of, known_as, unseen_block, unseen_line
from extriage.reports.waysback import ways_back_block

_DUE = {
    When.NOW: "more now",
    When.THIS_WEEK: "this week",
    When.BEFORE_RECONNECTING: "before it goes back",
    When.AFTERWARDS: "afterwards",
}
_PROOFS = 4
_ROWS_OF_COMPROMISED = 3
_EXPOSURES = 4
_PROOFS_OF_MANY = 2
_PROOFS_BESIDE_STORY = 2
_ACTIONS, _ACTIONS_OF_MANY = 7, 2
_WAYS_OF_MANY = 2
_EXPOSURES_OF_MANY = 2
_HOSTS_IN_FULL = 25
_CAMPAIGNS = 4
"""Campaigns whose stages are drawn for one server; more have a line each."""
_BUILD_FITS = 100
"""Columns of a screen that has room for builds in the table of servers."""


def render(case: Case, options: RenderOptions) -> str:
    """Return the report as text of at most `options.width` columns."""
    paper = sheet(options)
    lines = _page(paper, case, options)
    return printed(paper, lines, color=options.color)


def _page(paper: Paper, case: Case, options: RenderOptions) -> list[Text]:
    hosts = sorted(case.hosts, key=badness)
    if not hosts:
        text = "No Exchange server was found in this evidence."
        lines = [paper.line((text, "bold magenta")), _imprint(paper, case)]
        lines += _unread(paper, case, hosts)
    elif len(hosts) == 1:
        lines = _one_server(paper, case, hosts[0], options.cases_at)
    else:
        lines = _servers(paper, case, hosts, options.cases_at)
    lines += [*suppressed_sum(paper, case), *_rules(paper, case), *_handled(paper, case)]
    lines += [*_place(paper, options.cases_at)]
    return lines + (suppressed_list(paper, case) if options.show_suppressed else [])


def _one_server(paper: Paper, case: Case, host: Host, cases_at: str) -> list[Text]:
    compromised = host.verdict.status is Status.COMPROMISED
    exposed = exposures_block(paper, host, _EXPOSURES)
    hurry = _actions(paper, host, _ACTIONS, cases_at)
    told = [*ways_back_block(paper, host), *_what_happened(paper, host)]
    told += sightings_block(paper, host)
    told += clusters_block(paper, case)
    lines = _verdict(paper, host)
    if compromised:
        lines += [*exposed, *hurry, *told, *_campaigns(paper, host)]
        lines += [paper.heading("The server"), *patch_block(paper, host.patch, brief=True)]
    else:
        lines += [*hurry, paper.heading("The server"), *patch_block(paper, host.patch)]
        lines += [*_campaigns(paper, host), *told, *exposed]
    lines += proof_block(paper, host, _PROOFS_BESIDE_STORY if host.chains else _PROOFS)
    lines += coverage_block(paper, host, *((_ROWS_OF_COMPROMISED,) if compromised else ()))
    lines += [_imprint(paper, case), *_notes(paper, host, 3)]
    return lines + _unread(paper, case, [host])


def _campaigns(paper: Paper, host: Host) -> list[Text]:
    """Draw how far each campaign got, and account for those of which nothing was found."""
    drawn, others = _drawn(host)
    lines: list[Text] = []
    for campaign in drawn:
        lines += campaign_block(paper, host, campaign, brief=bool(host.intruders))
    if others:
        told = ", ".join(f"{one.title} ({standing(one.stage, one.certainty)})" for one in others)
        lines += paper.paragraph(["  also seen    "], told, lines=2, indent=15)
    hinted = {one.campaign for one in host.findings if one.hints or one.about}
    unseen = [one for one in host.campaigns if not one.stage and one.campaign not in hinted]
    return lines + (unseen_line(paper, unseen) if drawn else unseen_block(paper, unseen))


def _what_happened(paper: Paper, host: Host) -> list[Text]:
    """Tell the sessions; where no record was followed, the chains of findings."""
    return sessions_block(paper, host) if host.intruders else story_block(paper, host)


def _drawn(host: Host) -> tuple[list[CampaignVerdict], list[CampaignVerdict]]:
    """Choose the campaigns whose stages are drawn: those with a hole of their own, if any."""
    seen = sorted((one for one in host.campaigns if one.stage), key=_extent)
    chosen = [one for one in seen if one.cves] or seen
    chosen = chosen[:_CAMPAIGNS]
    return chosen, [one for one in seen if one not in chosen]


def _extent(campaign: CampaignVerdict) -> tuple[int, int]:
    stage, certainty = campaign.stage, campaign.certainty
    return -(stage.rank if stage else 0), -(certainty.rank if certainty else 0)


def _servers(paper: Paper, case: Case, hosts: Sequence[Host], cases_at: str) -> list[Text]:
    counts = Counter(host.verdict.status for host in hosts)
    summary = ", ".join(
        f"{counts[status]} {status.value}" for status in STATUS_NAMES if counts[status]
    )
    lines = [paper.heading(f"{len(hosts)} servers", summary)]
    lines += [_overview(paper, host) for host in hosts]
    bad = [host for host in hosts if host.verdict.status is not Status.NO_SIGN]
    for host in bad[:_HOSTS_IN_FULL]:
        lines += _short_block(paper, host, cases_at)
    if len(bad) > _HOSTS_IN_FULL:
        left = len(bad) - _HOSTS_IN_FULL
        lines.append(paper.heading(f"and {left} more servers", "the csv and json reports have all"))
    lines += clusters_block(paper, case)
    return [*lines, _imprint(paper, case), *_unread(paper, case, hosts)]


def _overview(paper: Paper, host: Host) -> Text:
    verdict = host.verdict
    level = standing(verdict.stage, verdict.certainty)
    firsts = [campaign.first for campaign in host.campaigns if campaign.first]
    build = f" {open_words(host.patch):22}" if paper.width >= _BUILD_FITS else ""
    name_cells = paper.width - 56 - len(build)
    return paper.line(
        (f"  {STATUS_NAMES[verdict.status]:12} ", STATUS_STYLE[verdict.status]),
        (paper.cell(host.name, name_cells), "bold"),
        build,
        f" {level:20} ",
        (when(min(firsts)) if firsts else "", "dim"),
    )


def _short_block(paper: Paper, host: Host, cases_at: str) -> list[Text]:
    lines = [paper.line(), *_verdict(paper, host)]
    if host.exposures:
        lines += exposures_block(paper, host, _EXPOSURES_OF_MANY)
    lines += _actions(paper, host, _ACTIONS_OF_MANY, cases_at)
    lines += ways_back_block(paper, host, _WAYS_OF_MANY)
    if host.intruders:
        lines += sessions_block(paper, host, 1)
    for campaign in host.campaigns:
        if campaign.stage:
            lines += ladder(paper, host, campaign)
    unsure = [
        known_as(one)
        for one in host.campaigns
        if not one.stage and answer_of(one) is Absence.CANNOT_TELL
    ]
    if unsure:
        lines += paper.paragraph(
            [("  cannot tell  ", "magenta")], ", ".join(unsure), lines=3, indent=15
        )
    lines += [*brief_block(paper, host.patch), *proof_block(paper, host, _PROOFS_OF_MANY)]
    return lines + _notes(paper, host, 1)


def _verdict(paper: Paper, host: Host) -> list[Text]:
    verdict = host.verdict
    style = STATUS_STYLE[looks_like(host)]
    level = standing(verdict.stage, verdict.certainty)
    about = f"  {level}" if level else ""
    name = paper.fit(host.name, paper.width - 16 - len(about))
    first = paper.line((STATUS_NAMES[verdict.status], style), "  ", (name, "bold"), about)
    reason = f"{means(host)}. {verdict.reason}" if verdict.reason else f"{means(host)}."
    return [first, *paper.paragraph(["  "], reason, lines=6, indent=2)]


def _actions(paper: Paper, host: Host, most: int, cases_at: str) -> list[Text]:
    """List what to do now, in order; how and why stands in the plan."""
    whole = [action for action in host.actions if "/" not in action.id]
    now = [action for action in whole if action.when is When.NOW]
    first = now or [action for action in whole if action.when is When.THIS_WEEK]
    if not first:
        return []
    lines = [paper.heading("Do now" if now else "Do this week")]
    shown = first if len(first) == most + 1 else first[:most]
    for number, action in enumerate(shown, 1):
        lines += paper.paragraph([(f"  {number}. ", "bold")], action.title, lines=2, indent=5)
    counted = Counter(action.when for action in whole if action not in shown)
    left = [f"{counted[when]} {word}" for when, word in _DUE.items() if counted[when]]
    place = _folder(cases_at)
    more = f"and {', '.join(left)}" if left else "how, and why"
    text = f"{more}: extriage report {place} --format plan"
    return lines + paper.paragraph(["     "], text, lines=2, indent=5)


def _notes(paper: Paper, host: Host, most: int) -> list[Text]:
    lines: list[Text] = []
    for note in host.notes[:most]:
        lines += paper.paragraph([("  Note     ", "yellow")], note, lines=2, indent=11)
    left = len(host.notes) - most
    if left > 0:
        lines.append(paper.line(f"           and {left} more notes in the case"))
    return lines


def _unread(paper: Paper, case: Case, hosts: Sequence[Host]) -> list[Text]:
    """Account for every file, and name those that were not or not wholly read."""
    manifests = [host.manifest for host in hosts]
    entries = [entry for manifest in manifests for entry in manifest.entries]
    entries += case.unassigned
    count = Counter(entry.status for entry in case.unassigned)
    seen = sum(manifest.seen for manifest in manifests) + len(case.unassigned)
    read = sum(manifest.read for manifest in manifests) + count["read"] + count["partial"]
    skipped = sum(manifest.skipped for manifest in manifests) + count["skipped"]
    bad = sum(manifest.unreadable for manifest in manifests) + count["unreadable"]
    broken = [entry for entry in entries if entry.status in {"unreadable", "partial"}]
    text = f"{seen} seen, {read} read, {skipped} skipped, {bad} unreadable"
    lines = paper.paragraph(["  Files    "], text, lines=1, indent=11)
    lines += [_damaged(paper, entry) for entry in broken[:2]]
    if len(broken) > 2:
        lines.append(paper.line(f"           and {len(broken) - 2} more in manifest.entries"))
    return lines


def _damaged(paper: Paper, entry: Entry) -> Text:
    room = paper.width - 11
    path = paper.fit(entry.path, room // 2, head=0.25)
    reason = paper.fit(entry.reason or entry.status, room - width(path) - 2, head=0.8)
    # NOTE: a volume of a disk image ends in a colon of its own, `EX01.dd!/C:`
    after = " " if path.endswith(":") else ": "
    return paper.line("  Damaged  ", (path, "cyan"), after, (reason, "red"))


def _rules(paper: Paper, case: Case) -> list[Text]:
    """Count the rules, and say where those that could not run are listed."""
    text = f"{case.tool.rules} loaded"
    if case.tool.refused_rules:
        text += f"; {len(case.tool.refused_rules)} could not run: case.json, tool.refused_rules"
    return paper.paragraph(["  Rules    "], text, lines=2, indent=11)


def _handled(paper: Paper, case: Case) -> list[Text]:
    """Say who did the scan and what was noted, if anybody said."""
    text = "; ".join(f"{label.lower()} {said}" for label, said in handled(case))
    return paper.paragraph(["  Custody  "], text, lines=2, indent=11) if text else []


def _place(paper: Paper, cases_at: str) -> list[Text]:
    if not cases_at:
        return []
    text = f"{cases_at} (all of it: case.json, case.db)"
    page = f"extriage report {_folder(cases_at)} --format html=report.html"
    lines = paper.paragraph(["  Case     "], text, lines=2, indent=11)
    return lines + paper.paragraph(["  A page   "], page, lines=2, indent=11)


def _folder(cases_at: str) -> str:
    """Return the case folder as one types it."""
    folder = cases_at.removesuffix("case.json").rstrip("/\\") or "CASE"
    return f"'{folder}'" if " " in folder else folder


def _imprint(paper: Paper, case: Case) -> Text:
    """Head the last block with the versions that make this result repeatable."""
    tool = case.tool
    content = f", content {tool.content_sha256[:12]}" if tool.content_sha256 else ""
    note = f"knowledge as of {tool.knowledge_as_of}{content}"
    return paper.heading(f"extriage {tool.version}", note)
