"""How data of a request gets from one variable of a page into the next."""

from extriage.parsers.page.marks import Taint
from extriage.parsers.page.outline import Assignment, Key, Outline
from extriage.parsers.page.state import Call, Flow, State


def refer(flow: Flow, assignment: Assignment, key: Key) -> None:
    """Note a variable that holds a method (a delegate, a thread), or is a part of another one."""
    outline = flow.state.outline
    parameters = lambda_parameters(outline, assignment.start, assignment.end)
    if parameters:
        flow.lambdas[key] = parameters
    chain = outline.by_start.get(assignment.start)
    if chain is None or chain.end != assignment.end or chain.group or len(chain.elements) < 2:
        pass
    elif all(one.open < 0 for one in chain.elements):
        flow.owners.setdefault(key, outline.key(chain.at))
    for at in range(assignment.start, min(assignment.end, assignment.start + 12)):
        chain = outline.by_start.get(at)
        if chain and len(chain.elements) == 1 and chain.elements[0].open < 0:
            number = flow.state.methods.get(outline.name(at))
            if number and flow.references.setdefault(key, number) == number:
                return


def give_back(state: State, number: int, taint: Taint | None) -> None:
    """Note that a method of the page returns data of a request."""
    if taint is not None and number not in state.returns:
        state.returns[number] = taint.via(f"{state.outline.methods[number - 1].name}()")
        state.changed = True


def pass_on(
    flow: Flow, call: Call, ranges: list[tuple[int, int]], taints: list[Taint | None]
) -> None:
    """Hand data over to methods of the page: called, or named for somebody else to call."""
    state, outline = flow.state, flow.state.outline
    name = outline.name(call.element.at)
    number = state.methods.get(name)
    if number and call.key in (call.element.name, f"new.{call.element.name}"):
        for (parameter, _), taint, (start, end) in zip(
            outline.methods[number - 1].parameters, taints, ranges, strict=False
        ):
            give(state, (number, parameter), taint)
            _hand_type(state, (number, parameter), start, end)
        return
    known = [flow.references.get(call.head)] if call.head else []
    known += [state.methods.get(outline.name(start)) for start, end in ranges if end == start + 1]
    first = next((taint for taint in taints if taint), None)
    for one in known:
        if one:
            for parameter, _ in outline.methods[one - 1].parameters:
                give(state, (one, parameter), first)


def _hand_type(state: State, key: Key, start: int, end: int) -> None:
    kind = state.kinds.get(start, "") if end > start else ""
    if kind and key not in state.types and state.outline.types.get(key, "") in ("", "object"):
        state.types[key] = kind
        state.changed = True


def give(state: State, key: Key, taint: Taint | None) -> None:
    """Note that a variable holds data of a request."""
    if taint is not None and key not in state.taints and not state.outline.is_number(key):
        state.taints[key] = taint.via(key[1])
        state.changed = True


def fill(state: State, call: Call, taints: list[Taint | None]) -> None:
    """Mark the object that a call puts data into; not a command that gets a parameter."""
    if call.head is None or call.element.name not in state.table.fills or call.depth == 0:
        return
    if any(one.name == "parameters" for one in call.chain.elements[: call.depth]):
        return
    if state.methods.get(call.head[1]):
        return
    taint = next(taint for taint in taints if taint)
    give(state, call.head, taint)


def read_into(
    state: State, call: Call, ranges: list[tuple[int, int]], taints: list[Taint | None]
) -> None:
    """Mark the variables that a call puts data into: buffers, streams."""
    taint = call.taint if call.element.name in state.table.reads else None
    if call.key in state.table.copies:
        taint = next((one for one in taints if one), None)
    if taint is None:
        return
    for start, end in ranges:
        chain = state.outline.by_start.get(start)
        if end == start + 1 and chain is not None:
            give(state, state.outline.key(start), taint)


def lambda_parameters(outline: Outline, start: int, end: int) -> tuple[Key, ...]:
    """Return the parameters of `x => …` and `(x, y) => …`; none for any other expression."""
    words = outline.words
    if start + 1 >= end:
        return ()
    if words[start].kind == "n" and words[start + 1].text == "=>":
        return (outline.key(start),)
    close = outline.match[start] if words[start].text == "(" else -1
    if close < 0 or close + 1 >= len(words) or words[close + 1].text != "=>":
        return ()
    return tuple(outline.key(at) for at in range(start + 1, close) if words[at].kind == "n")[:8]


def into_lambdas(
    flow: Flow, call: Call, ranges: list[tuple[int, int]], taint: Taint | None
) -> None:
    """Hand data over to expressions that are given to a call, or kept in what is called."""
    state = flow.state
    keys = flow.lambdas.get(call.head, ()) if call.head else ()
    for start, end in ranges:
        keys += lambda_parameters(state.outline, start, end)
    for key in keys:
        give(state, key, taint)
