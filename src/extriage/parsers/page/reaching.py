"""What a call does, with data of a request or without, told in sentences that can be checked."""

from collections.abc import Iterator

from extriage.parsers.page.behaviours import SELF, Sink, Writer
from extriage.parsers.page.kinds import hides_text, in_folder, kind_of
from extriage.parsers.page.marks import Taint
from extriage.parsers.page.settled import is_settled
from extriage.parsers.page.state import Call, Finding, Flow

_NEAR = 80
_KNOWN = ("Process", "Assembly", "AppDomain", "Activator")
_PASSWORD = ("pass", "pwd", "kennwort", "contrase")


def reach(
    flow: Flow, call: Call, sink: Sink, ranges: list[tuple[int, int]], taints: list[Taint | None]
) -> None:
    """Note that a call does something, with data of a request or without."""
    state = flow.state
    if sink.with_request == "evaluates-request" and not _evaluates(flow, call, ranges):
        return
    if sink.whole and ranges and _is_stream(kind_of(state, *ranges[0])):
        return
    counted = [taint for at, taint in enumerate(taints) if not sink.args or at in sink.args]
    taint = next((one for one in counted if one and not one.file_name), None)
    if taint is None and sink.receiver:
        taint = call.taint if call.taint and not call.taint.file_name else None
    line = state.outline.words[call.element.at].line
    shown = _shown(flow, call)
    if taint is not None:
        text = f"{taint.source} goes to {shown}{_through(taint)}"
        _keep(flow, sink.with_request, line, text)
        if sink.whole and not (taint.within or any(in_folder(state, *one) for one in ranges)):
            _keep(flow, sink.whole, line, text)
    elif sink.fixed and is_settled(flow, call, ranges):
        _keep(flow, sink.fixed, line, f"{shown} {sink.says}, the same for everybody")
    elif sink.alone == "yes" or (sink.alone == "unless-literal" and not _literals(flow, ranges)):
        _keep(flow, sink.id, line, f"{shown} {sink.says}")
    elif sink.hidden and any(hides_text(state, *one) for one in ranges):
        _keep(flow, sink.hidden, line, f"{shown} {sink.says} that the page hides from the reader")


def _is_stream(kind: str) -> bool:
    """Tell a stream that is given to a reader from the name of a file."""
    return kind.endswith("stream") and kind != "filestream"


def _evaluates(flow: Flow, call: Call, ranges: list[tuple[int, int]]) -> bool:
    """Tell an evaluation of code from data binding, which has the same name in C# and VB.NET."""
    if call.element.name == "function" and not call.key.startswith("new."):
        return flow.state.evals
    if call.element.name != "eval" or call.key not in ("eval", "this.eval"):
        return True
    words = flow.state.outline.words
    unsafe = len(ranges) > 1 and words[ranges[-1][0]].text.lower() == "unsafe"
    return unsafe or flow.state.evals


def _literals(flow: Flow, ranges: list[tuple[int, int]]) -> bool:
    words = flow.state.outline.words
    return bool(ranges) and all(
        end == start + 1 and words[start].kind == "s" for start, end in ranges
    )


def write(flow: Flow, call: Call, writer: Writer, taints: list[Taint | None]) -> None:
    """Tell what of a written file comes from the request: its content, its place, or both."""
    path = next((one for one in _picked(call, writer.path, taints) if not one.file_name), None)
    content = next(_picked(call, writer.content, taints), None)
    writes = flow.state.table.writes
    line = flow.state.outline.words[call.element.at].line
    shown = _shown(flow, call)
    if content is not None:
        where = f", to the place that {path.source} says" if path else ""
        text = f"{content.source} goes to {shown}{_through(content)}{where}"
        _keep(flow, writes["both" if path else "content"], line, text)
        if _is_password(flow, call, content):
            _keep(flow, writes["password"], line, text)
    elif path is not None:
        _keep(flow, writes["path"], line, f"{path.source} says which file {shown} opens")


def _is_password(flow: Flow, call: Call, content: Taint) -> bool:
    """Tell whether a password is among what is written, by the name that it has in the form."""
    words = flow.state.outline.words
    start = max(call.element.open, 0)
    near = words[start : min(call.element.close, start + _NEAR)]
    texts = (content.source, *content.through, *(word.text for word in near if word.kind in "ns"))
    return any(sign in text[:80].lower() for text in texts for sign in _PASSWORD)


def _picked(call: Call, places: tuple[int, ...], taints: list[Taint | None]) -> Iterator[Taint]:
    for place in places:
        taint = call.taint if place == SELF else taints[place] if place < len(taints) else None
        if taint is not None:
            yield taint


def _through(taint: Taint) -> str:
    return f" (through {', '.join(taint.through)})" if taint.through else ""


def _shown(flow: Flow, call: Call) -> str:
    """Return a call as an analyst knows it: `Process.Start`."""
    words = flow.state.outline.words
    if call.by_name:
        owner, _, member = call.key.rpartition(".")
        owner = next((full for full in _KNOWN if full.lower() == owner), owner)
        return f"{owner}.{member} (by its name)"
    name = words[call.element.at].text
    owner, _, _member = call.key.rpartition(".")
    if owner == "new":
        return f"new {name}"
    for one in call.chain.elements[: call.depth]:
        if one.name == owner:
            owner = words[one.at].text
    owner = flow.spelled.get(owner, owner).removeprefix("com:")
    return f"{owner}.{name}"[:100] if owner else name


def _keep(flow: Flow, name: str, line: int, text: str) -> None:
    flow.found.setdefault((name, line), Finding(name, line, text))
