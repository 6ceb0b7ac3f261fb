"""Where the data of a request goes inside one page.

Every statement is read in turn: whose data its words bring in, into which variables it goes,
through which methods of the page, and which call it reaches in the end. That is repeated until
nothing new comes of it, at most a few times. No order, no branches: who asks a password first is
a web shell all the same.
"""

from dataclasses import replace

from extriage.parsers.page.chains import BASIC_WORDS
from extriage.parsers.page.handing import (
    fill,
    give,
    give_back,
    into_lambdas,
    pass_on,
    read_into,
    refer,
)
from extriage.parsers.page.kinds import in_folder, is_store, kind_of, store_key
from extriage.parsers.page.marks import Taint
from extriage.parsers.page.outline import Assignment, Key, Outline, arguments
from extriage.parsers.page.reaching import reach, write
from extriage.parsers.page.state import Call, Finding, Flow, State
from extriage.parsers.page.walking import kind_before, walk

ROUNDS = 8
_BIG = 8000


def follow(state: State) -> list[Finding]:
    """Follow the data of requests through code; return what it reaches."""
    outline = state.outline
    flow = Flow(state, _assignments_by_statement(outline), _chains_by_statement(outline))
    flow.spelled = {word.low: word.text for word in reversed(outline.words) if word.kind == "n"}
    _open_parameters(state)
    rounds = ROUNDS if len(outline.words) < _BIG else ROUNDS // 2
    for _ in range(rounds):
        state.changed = False
        flow.found.clear()
        flow.settled.clear()
        for number in range(len(outline.statements)):
            _statement(flow, number)
        if not state.changed:
            break
    return list(flow.found.values())


def _assignments_by_statement(outline: Outline) -> list[list[Assignment]]:
    found: list[list[Assignment]] = [[] for _ in outline.statements]
    at = 0
    for assignment in outline.assignments:
        while outline.statements[at][1] <= assignment.at:
            at += 1
        found[at].append(assignment)
    return found


def _chains_by_statement(outline: Outline) -> list[range]:
    found = []
    at, chains = 0, outline.chains
    for start, end in outline.statements:
        while at < len(chains) and chains[at].at < start:
            at += 1
        first = at
        while at < len(chains) and chains[at].at < end:
            at += 1
        found.append(range(first, at))
    return found


def _open_parameters(state: State) -> None:
    for number, method in enumerate(state.outline.methods, start=1):
        if method.open_to_all:
            line = state.outline.words[method.at].line
            for name, _ in method.parameters:
                state.taints[number, name] = Taint(f"parameter {name} of {method.name}", line)


def _statement(flow: Flow, number: int) -> None:
    """Read one statement, from its end to its beginning, so that arguments come before calls."""
    state, outline = flow.state, flow.state.outline
    start, end = outline.statements[number]
    state.marks.begin(start, end)
    state.end = end
    calls: list[Call] = []
    for place in reversed(flow.chains_of[number]):
        chain = outline.chains[place]
        made, taint = walk(state, chain)
        if outline.basic and chain.at == _first(outline, start) and chain.end < end:
            made += _spoken_call(outline, chain.at, end)
        calls += made
        if taint is not None:
            state.marks.put(chain.at, taint)
    for assignment in flow.by_statement[number]:
        _assign(flow, assignment)
    if outline.basic and outline.words[start].low == "with":
        named = outline.by_start.get(start + 1)
        head = outline.key(named.at) if named and not named.new else None
        state.within = (state.kinds.get(start + 1) or kind_of(state, start + 1, end), head)
    if outline.words[start].low == "return" and outline.scope[start]:
        give_back(state, outline.scope[start], state.marks.first(start, end))
    for call in calls:
        _see(flow, call)


def _first(outline: Outline, start: int) -> int:
    return start + 1 if outline.words[start].low in ("call", "set") else start


def _spoken_call(outline: Outline, at: int, end: int) -> list[Call]:
    """Return a call as Visual Basic also writes it: `shell.Run text, 0`, `Execute text`."""
    chain = outline.by_start[at]
    after = outline.words[chain.end]
    if after.kind == "p" or after.low in BASIC_WORDS - {"new"}:
        return []
    return [Call("", chain, chain.elements[-1], None, None, end)] if chain.elements else []


def _assign(flow: Flow, assignment: Assignment) -> None:
    state, outline = flow.state, flow.state.outline
    target = assignment.target
    end = min(assignment.end, state.end)
    taint = state.marks.first(assignment.start, end)
    if not target.elements:
        return
    key = _key_of(state, assignment)
    method = state.methods.get(key[1])
    if method and (target.declares or (outline.basic and outline.scope[target.at] == method)):
        give_back(state, method, taint)
        return
    if taint is not None and in_folder(state, assignment.start, end):
        taint = replace(taint, within=True)
    kind = kind_of(state, assignment.start, end)
    if kind and len(target.elements) == 1 and state.types.get(key) != kind:
        _learn(state, key, kind)
    refer(flow, assignment, key)
    give(state, key, taint)
    if taint is not None and len(target.elements) > 1:
        _give_parts(flow, key, outline.name(target.elements[-1].at), taint)


def _give_parts(flow: Flow, key: Key, member: str, taint: Taint) -> None:
    """Mark also the object that a variable is a part of, and a field that the page declares."""
    state = flow.state
    if key in flow.owners:
        give(state, flow.owners[key], taint)
    if (0, member) in state.outline.local:
        give(state, (0, member), taint)


def _learn(state: State, key: Key, kind: str) -> None:
    """Note the type of a variable, unless it was declared as something that says more."""
    declared = state.outline.types.get(key, "")
    if (
        not declared or kind[0] == "@" or declared in ("type", "methodinfo", "methodbase", "object")
    ) and key not in state.types:
        state.types[key] = kind
        state.changed = True


def _key_of(state: State, assignment: Assignment) -> Key:
    elements = assignment.target.elements
    for element in elements:
        if is_store(element):
            return store_key(state, element)
    first = elements[0]
    if first.name in ("this", "me", "self") and len(elements) > 1:
        return 0, state.outline.name(elements[1].at)
    return state.outline.key(first.at)


def _see(flow: Flow, call: Call) -> None:
    """Look at one call: where it hands data on, and what it does with it."""
    state = flow.state
    if not call.key:
        call, ranges = _spoken(flow, call)
    else:
        ranges = arguments(state.outline, call.element.open, call.element.close)
    taints = [state.marks.first(start, min(end, state.end)) for start, end in ranges]
    first = next((taint for taint in taints if taint), call.taint)
    if first is not None:
        into_lambdas(flow, call, ranges, first)
    if any(taints):
        pass_on(flow, call, ranges, taints)
        fill(state, call, taints)
    read_into(state, call, ranges, taints)
    member = call.key.rpartition(".")[2]
    keys = (call.key, f"*.{member}", f"{call.key.partition('.')[0]}.*")
    for sink in (sink for key in keys for sink in state.table.sinks.get(key, ())):
        reach(flow, call, sink, ranges, taints)
    writer = state.table.writers.get(call.key) or state.table.writers.get(f"*.{member}")
    if writer:
        write(flow, call, writer, taints)


def _spoken(flow: Flow, call: Call) -> tuple[Call, list[tuple[int, int]]]:
    """Understand a call without brackets; its statement's end was kept in its depth."""
    state, chain, end = flow.state, call.chain, call.depth
    elements = chain.elements
    last = elements[-1]
    first = state.outline.key(elements[0].at)
    head: Key | None = first
    if chain.group is not None:
        head = state.within[1] if chain.group[0] == chain.group[1] else None
    owner = kind_before(state, chain) or (elements[-2].name if len(elements) > 1 else "")
    key = f"{owner}.{last.name}" if owner else last.name
    if state.outline.name(last.at) in state.methods and key not in state.table.sinks:
        key = last.name
    taint = state.taints.get(head) if head else None
    if owner == "request":
        taint = Taint("Request", state.outline.words[last.at].line)
    begin = chain.end - 1 if last.open < 0 else last.open - 1
    ranges = arguments(state.outline, begin, end)
    return Call(key, chain, last, taint, head, len(elements) - 1), ranges
