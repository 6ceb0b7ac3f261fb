"""What a chain of names means where it stands: which types, which calls, and whose data.

`p.Start()` is `process.start` if p is a Process; `t.GetMethod("Load").Invoke(…)` is
`assembly.load` if t is that type; `r["x"]` is the request if r was set to it.
"""

from dataclasses import dataclass, field, replace

from extriage.parsers.page.chains import Chain, Element
from extriage.parsers.page.kinds import (
    LONGEST_SHOWN,
    as_type,
    com_type,
    hides_text,
    is_store,
    kind_of,
    kind_of_range,
    literal,
    own_name,
    store_key,
    written,
)
from extriage.parsers.page.marks import Taint
from extriage.parsers.page.outline import Key, arguments
from extriage.parsers.page.state import Call, State

_SELF = frozenset({"this", "me", "mybase", "base", "self", "page"})
_HOLD_REQUEST = _SELF | {"context"}
_MAKERS = frozenset(
    {"createobject", "activexobject", "createobjectex", "getobject", "createcomobject"}
)
_TYPE_OF = frozenset(
    {"gettype", "typeof", "gettypefromprogid", "gettypefromclsid", "reflectiononlygettype"}
)
_NAMED = _MAKERS | _TYPE_OF
_MAKES = frozenset({"createinstance", "createinstanceandunwrap", "createcominstancefrom"})
_METHOD_OF = frozenset({"getmethod", "getdeclaredmethod", "getruntimemethod", "getproperty"})


@dataclass(slots=True)
class _Walk:
    """One chain, while it is read from left to right."""

    state: State
    chain: Chain
    kind: str = ""
    taint: Taint | None = None
    head: Key | None = None
    calls: list[Call] = field(default_factory=list)
    shown: str = ""


def walk(state: State, chain: Chain) -> tuple[list[Call], Taint | None]:
    """Read a chain; note the type of its value, return its calls and whose data it is."""
    step = _Walk(state, chain)
    rest = _begin(step)
    for place in range(rest, len(chain.elements)):
        _member(step, chain.elements[place], place)
    state.kinds[chain.at] = step.kind
    return step.calls, step.taint


def kind_before(state: State, chain: Chain) -> str:
    """Return the type of the object that the last name of a chain belongs to; empty if none."""
    if chain.new or (len(chain.elements) < 2 and chain.group is None):
        return ""
    step = _Walk(state, replace(chain, elements=chain.elements[:-1]))
    for place in range(_begin(step), len(step.chain.elements)):
        _member(step, step.chain.elements[place], place)
    return step.kind


def _begin(step: _Walk) -> int:
    """Read what a chain begins with; return the number of the next element."""
    chain, state = step.chain, step.state
    if chain.group is not None:
        opened, close = chain.group
        if opened == close:
            step.kind, step.head = step.state.within
            step.taint = step.state.taints.get(step.head) if step.head else None
            return 0
        step.kind = kind_of(state, opened + 1, close)
        step.taint = state.between(opened, close)
        return 0
    if not chain.elements or chain.declares:
        return len(chain.elements)
    if chain.new:
        return _constructor(step)
    first = chain.elements[0]
    if first.name in _SELF and first.open < 0 and len(chain.elements) > 1:
        return _head(step, chain.elements[1], 1)
    return _head(step, first, 0)


def _constructor(step: _Walk) -> int:
    elements = step.chain.elements
    for place, element in enumerate(elements):
        last = place + 1 == len(elements)
        if element.open < 0 and not last:
            continue
        kind = step.state.aliases.get(element.name, element.name)
        step.kind = kind
        if kind in _MAKERS:
            step.kind = _made(step, element, kind, "")
        if element.open >= 0:
            step.calls.append(Call(f"new.{kind}", step.chain, element, None, None, 0))
            step.taint = step.state.between(element.open, element.close)
            _clean(step, f"new.{kind}", element)
        return place + 1
    return len(elements)


def _head(step: _Walk, first: Element, place: int) -> int:
    state = step.state
    key = state.outline.key(first.at)
    step.head = key
    known = state.types.get(key) or state.outline.types.get(key)
    if first.name == "request" and not known and key not in state.outline.local:
        known = "request"
    step.kind = as_type(
        state, known or state.controls.get(key[1]) or state.aliases.get(first.name) or first.name
    )
    step.taint = state.taints.get(key)
    step.shown = written(state, first)
    if is_store(first):
        _stored(step, first)
    elif step.kind == "request" and first.open >= 0:
        _asked(step, first, "item")
    elif first.open >= 0:
        _called_head(step, first)
    elif len(step.chain.elements) == 1 and first.name in state.table.sinks:
        step.kind = f"@{first.name}"
    elif key[1] in state.methods:
        step.taint = step.taint or state.returns.get(state.methods[key[1]])
    if first.name in _HOLD_REQUEST and literal(state, first, 0).lower() == "request":
        step.kind, step.taint = "request", None
    return place + 1


def _called_head(step: _Walk, first: Element) -> None:
    """Read a function without an object in front: of the page, of the language, imported."""
    state, name = step.state, first.name
    if step.kind.startswith("@"):
        _call(step, step.kind[1:], first, 0, by_name=True)
        return
    if name == "callbyname":
        _named(step, first, 0)
        return
    number = state.methods.get(state.outline.name(first.at))
    if number:
        step.calls.append(Call(name, step.chain, first, None, None, 0))
        step.taint = state.returns.get(number)
        step.kind = ""
        return
    target = state.aliases.get(name, name)
    _call(step, target, first, 0)
    step.kind = _made(step, first, name, "") or ("" if step.kind == name else step.kind)


def _named(step: _Walk, element: Element, place: int) -> None:
    """Read `CallByName(object, "name", …)` of Visual Basic as the call that it makes."""
    state = step.state
    _reflected(step, element, place)
    called = literal(state, element, 1).lower()
    parts = arguments(state.outline, element.open, element.close, 2)
    if called and parts:
        kind = kind_of_range(state, *parts[0])
        _call(step, f"{kind}.{called}", element, place, by_name=True)


def _member(step: _Walk, element: Element, place: int) -> None:
    """Read the next name behind a dot, or the next brackets."""
    state, name = step.state, element.name
    step.shown = f"{step.shown}.{written(state, element)}"[:LONGEST_SHOWN]
    if name == "request" and not step.chain.new and step.kind != "request":
        step.kind, step.taint = "request", None
        if element.open >= 0:
            _asked(step, element, "item")
        return
    if not name:
        if step.kind == "request":
            _asked(step, element, "item")
        else:
            _called_by_text(step, element, place)
        return
    if step.kind == "request":
        _asked(step, element, name)
    elif is_store(element):
        _stored(step, element)
    elif step.kind in state.table.input_types and _asks_input(step, name):
        pass
    else:
        _plain_member(step, element, place)


def _called_by_text(step: _Walk, element: Element, place: int) -> None:
    """Read `object["name"](…)`, as JScript calls methods too."""
    words = step.state.outline.words
    before = step.chain.elements[place - 1] if place else element
    text = literal(step.state, before, 0) if words[before.open].text == "[" else ""
    if text and before is not element and words[element.open].text == "(":
        _call(step, text.lower(), element, place, by_name=True)


def _plain_member(step: _Walk, element: Element, place: int) -> None:
    state, name = step.state, element.name
    if step.kind.startswith("@") and name in ("invoke", "dynamicinvoke", "begininvoke"):
        _reflected(step, element, place)
        _call(step, step.kind[1:], element, place, by_name=True)
        return
    if name == "callbyname" and element.open >= 0:
        _named(step, element, place)
        return
    if name == "invokemember" and (called := literal(state, element, 0)):
        _reflected(step, element, place)
        _call(step, f"{step.kind}.{called.lower()}", element, place, by_name=True)
        return
    key = f"{step.kind}.{name}"
    number = state.methods.get(state.outline.name(element.at)) if element.open >= 0 else None
    if number and step.kind not in state.table.returns.values():
        step.calls.append(Call(name, step.chain, element, step.taint, step.head, place))
        step.taint = step.taint or state.returns.get(number)
    elif element.open >= 0:
        _call(step, key, element, place)
    if element.open < 0:
        _clean(step, key, element)
        if key in state.table.sinks and place + 1 == len(step.chain.elements):
            step.kind = f"@{key}"
            return
    returns = state.table.returns
    made = _made(step, element, name, step.kind)
    step.kind = made or returns.get(key) or returns.get(f"*.{name}") or _rest(step, name)


def _reflected(step: _Walk, element: Element, place: int) -> None:
    """Note the call by name for what it is, beside the call that it makes."""
    step.calls.append(Call(f"method.{element.name}", step.chain, element, None, step.head, place))


def _rest(step: _Walk, name: str) -> str:
    """Return the type of a member that no table knows: methods on a type keep it for reflection."""
    return step.kind if name in ("gettype", "tostring", "value", "unwrap", "invoke") else name


def _clean(step: _Walk, key: str, element: Element) -> None:
    """Take off what a call leaves nothing of."""
    state, table = step.state, step.state.table
    name = f"*.{element.name}"
    start, end = element.open + 1, min(element.close, state.end)
    if key in table.names_only or name in table.names_only:
        state.marks.only_file_names(start, end)
        if step.taint is not None:
            step.taint = replace(step.taint, file_name=True)
    elif key in table.cleans or name in table.cleans:
        state.marks.clear(start, end)
        step.taint = None


def _call(step: _Walk, key: str, element: Element, place: int, *, by_name: bool = False) -> None:
    step.calls.append(Call(key, step.chain, element, step.taint, step.head, place, by_name))
    step.taint = step.taint or step.state.between(element.open, element.close)
    _clean(step, key, element)
    if by_name:
        step.kind = step.state.table.returns.get(key, "")


def _made(step: _Walk, element: Element, name: str, kind: str) -> str:
    """Return the type that a call makes if its name says so: CreateObject, GetType, GetMethod."""
    state = step.state
    if element.open < 0:
        return ""
    text = literal(state, element, 0)
    if not text and name in _NAMED and hides_text(state, element.open + 1, element.close):
        return "hidden-object"
    if name in _MAKERS:
        return com_type(state, text)
    if name in _TYPE_OF:
        return _type_of(state, element, text, kind)
    if name in _METHOD_OF:
        return f"@{kind}.{text.lower()}" if text else ""
    if name in _MAKES and kind == "activator":
        return kind_of_range(state, element.open + 1, element.close)
    return own_name(text) if name in _MAKES and text else ""


def _type_of(state: State, element: Element, text: str, kind: str) -> str:
    """Return the type that GetType, typeof and their kin name; else the type of the object."""
    if text:
        by_registry = element.name.startswith("gettypefrom")
        return com_type(state, text) if by_registry else own_name(text)
    if element.name == "gettype" and kind:
        return kind
    return kind_of_range(state, element.open + 1, element.close)


def _asked(step: _Walk, element: Element, member: str) -> None:
    """Read what is asked of the request; note whose data it is from here on."""
    state, table = step.state, step.state.table
    if element.open >= 0 and member not in ("item", element.name):
        return
    text = literal(state, element, 0)
    if member == "saveas":
        whole = Taint("Request", state.outline.words[element.at].line)
        step.calls.append(Call("request.saveas", step.chain, element, whole, None, 0))
    if member in table.request_safe:
        step.kind, step.taint = member, None
        return
    if member == "servervariables" and text.lower() in table.server_variables:
        step.kind, step.taint = "", None
        return
    line = state.outline.words[element.at].line
    step.taint = Taint(step.shown[:LONGEST_SHOWN], line)
    step.kind = {"files": "postedfiles", "inputstream": "stream"}.get(member, "")
    if element.open >= 0:
        step.calls.append(Call(f"request.{member}", step.chain, element, None, None, 0))
    if member == "files" and element.open >= 0:
        step.kind = "fileupload"


def _asks_input(step: _Walk, name: str) -> bool:
    """Read a member of a control that a visitor fills in."""
    table = step.state.table
    line = step.state.outline.words[step.chain.at].line
    if name in table.input_members:
        step.taint = Taint(step.shown, line)
        step.kind = "fileupload" if name == "postedfile" else ""
        return True
    if name in table.input_file_names:
        step.taint = Taint(step.shown, line, (), True)
        step.kind = ""
        return True
    if name == "saveas":
        step.taint = Taint(step.shown.rpartition(".")[0], line)
    return False


def _stored(step: _Walk, element: Element) -> None:
    """Read a value of the session, the application, the cache."""
    key = store_key(step.state, element)
    step.head = key
    step.taint = step.state.taints.get(key)
    step.kind = step.state.types.get(key, "")
