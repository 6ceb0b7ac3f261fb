"""Records as the rules of one log source see them: its field names, in every spelling.

A view reads one field of a rule from a record and returns all values that it may be compared
with: several when a log writes the field in another form than rules expect it, or when an event
has the field several times. A row remembers what was read of one record, because many rules ask
for the same few fields.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from extriage.knowledge.logsources import Guard, LogTarget, Spelling
from extriage.matchers.sigma.literals import (
    SHORTER,
    Cut,
    cutter,
    line_cutter,
    nothing,
    rendered_cutter,
)
from extriage.model.evidence import Fields, Record

Values: TypeAlias = tuple[str, ...]

# NOTE: the sign for Kelvin and the dotted capital I would become ASCII letters in lower case, and a
# literal in the raw bytes would then miss what a rule matches. A capital sigma has two small forms.
_FOLDING = str.maketrans({"\u212a": "\ufdd0", "\u0130": "\ufdd1", "\u03a3": "\u03c3"})


def fold(text: str) -> str:
    """Return the text as it is compared when case does not matter."""
    return text.lower() if text.isascii() else text.translate(_FOLDING).lower()


class View:
    """One field of a rule, as a log source spells it."""

    __slots__ = ("bits", "column", "cut", "name", "own", "read", "short", "spelt")

    def __init__(
        self,
        name: str,
        read: Callable[[Record], Values],
        cut: Cut,
        own: Callable[[Record], Values],
        bits: Cut = nothing,
        spelt: tuple[Spelling, ...] = (),
    ) -> None:
        self.name = name
        self.read = read
        self.cut = cut
        self.own = own
        """The field's own values, without those that were put together."""
        self.bits = bits
        """Cuts even short literals: what the raw value of `column` must contain."""
        self.column = spelt[0].columns[0] if bits is not nothing else ""
        """Names the raw column, if the field is one as it stands in the line."""
        self.short = cut
        """Cuts shorter literals than may be searched for alone."""
        self.spelt = spelt
        """How the field is found in a record; nothing for what reading made or put together."""


class Row:
    """One record with the values that were already read from it."""

    __slots__ = ("_folded", "_raw", "record")

    def __init__(self, record: Record) -> None:
        self.record = record
        self._raw: dict[str, Values] = {}
        self._folded: dict[str, Values] = {}

    def raw(self, view: View) -> Values:
        """Return the values of a field as they are written."""
        found = self._raw.get(view.name)
        if found is None:
            found = self._raw[view.name] = view.read(self.record)
        return found

    def folded(self, view: View) -> Values:
        """Return the values of a field as they are compared when case does not matter."""
        found = self._folded.get(view.name)
        if found is None:
            found = self._folded[view.name] = tuple(map(fold, self.raw(view)))
        return found


class Lens:
    """All views of one log source on one kind of evidence."""

    def __init__(self, target: LogTarget) -> None:
        self.target = target
        self._views: dict[str, View] = {}
        self._seen: tuple[Record, Row | None] | None = None

    def row(self, record: Record) -> Row | None:
        """Return the record's row; None if the log source does not mean this record."""
        seen = self._seen
        if seen is None or seen[0] is not record:
            row = Row(record) if _meant(self.target, record.fields) else None
            self._seen = seen = (record, row)
        return seen[1]

    def view(self, name: str) -> View:
        """Return the view of one field of the rules."""
        if name not in self._views:
            self._views[name] = _view(self.target, name)
        return self._views[name]

    def keywords(self) -> View:
        """Return the view that keywords search: the text of the record."""
        if "" not in self._views:
            self._views[""] = _text_view(self.target)
        return self._views[""]


def _meant(target: LogTarget, fields: Fields) -> bool:
    return all(_holds(fields, name, values) for name, values in target.where) and not any(
        _holds(fields, name, values) for name, values in target.unless
    )


def _holds(fields: Fields, name: str, values: frozenset[str]) -> bool:
    return any(value in values for value in _column(fields, name))


def guard_values(guard: Guard) -> Iterator[tuple[str, list[str]]]:
    """Return the fields of a guard with the values that it asks for, in a fixed order."""
    return ((name, sorted(values)) for name, values in guard)


def _column(fields: Fields, name: str) -> Values:
    value = fields.get(name)
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _view(target: LogTarget, name: str) -> View:
    spellings = target.fields.get(name, (Spelling("column", (name,)),))
    short: Cut = nothing
    if name in target.derived or any(spelling.how == "names" for spelling in spellings):
        cut: Cut = nothing
    elif name in target.rendered:
        cut = rendered_cutter("" if target.kind == "events" else "-")
    else:
        breaks = "".join(_breaks(one) for one in spellings) + _lost(target)
        cut, short = cutter(target.kind, breaks), cutter(target.kind, breaks, SHORTER)
    plain = tuple(one for one in spellings if one.how == "column")
    bits: Cut = nothing
    if cut is not nothing and len(spellings) == len(plain) == 1 and name not in target.rendered:
        bits = cutter(target.kind, _lost(target), shortest=1)
    read = _reader(spellings)
    if any(column in target.unmasked for one in spellings for column in one.columns):
        read = _seeing_through(spellings, target.unmasked)
    known = () if cut is nothing or name in target.rendered else spellings
    view = View(name, read, cut, _reader(plain or spellings), bits, known)
    view.short = cut if short is nothing else short
    return view


def _lost(target: LogTarget) -> str:
    return f"{target.lost} +" if target.lost else ""


def _breaks(spelling: Spelling) -> str:
    """Return the characters that a spelling does not take over from the raw line."""
    return {"url": "?", "plus-as-blank": " +", "blank-as-plus": " +"}.get(spelling.how, "")


def _reader(spellings: tuple[Spelling, ...]) -> Callable[[Record], Values]:
    if len(spellings) == 1 and spellings[0].how == "column":
        name = spellings[0].columns[0]
        return lambda record: _column(record.fields, name)

    def read(record: Record) -> Values:
        return tuple(
            dict.fromkeys(value for one in spellings for value in _spelt(record.fields, one))
        )

    return read


def _seeing_through(
    spellings: tuple[Spelling, ...], unmasked: Mapping[str, str]
) -> Callable[[Record], Values]:
    """Return what reads a field as logged, and as it reads when disguises are taken off.

    NOTE: the literals of a rule need not stand in such a line. It is searched together with all
    fields that its reading made, so nothing is lost.
    """
    logged, mades = _reader(spellings), tuple(unmasked.values())

    def read(record: Record) -> Values:
        found, fields = logged(record), record.fields
        for made in mades:
            if made in fields:
                break
        else:
            return found
        seen = fields | {name: fields[made] for name, made in unmasked.items() if made in fields}
        more = (value for one in spellings for value in _spelt(seen, one))
        return tuple(dict.fromkeys((*found, *more)))

    return read


def _spelt(fields: Fields, spelling: Spelling) -> Values:
    if spelling.how == "url":
        return _url(fields, spelling)
    values = _column(fields, spelling.columns[0])
    if spelling.how == "plus-as-blank":
        return tuple(value.replace("+", " ") for value in values)
    if spelling.how == "blank-as-plus":
        return tuple(value.replace(" ", "+") for value in values)
    if spelling.how == "without-question-mark":
        return tuple(value.removeprefix("?") for value in values)
    if spelling.how == "without-port":
        return tuple(value.rpartition(":")[0] for value in values if ":" in value)
    if spelling.how == "names":
        names = dict(spelling.names)
        return tuple(names[value] for value in values if value in names)
    return values


def _url(fields: Fields, spelling: Spelling) -> Values:
    """Join stem and query as they stood in the request; also without what the server appended."""
    stems = _column(fields, spelling.columns[0])
    queries = _column(fields, spelling.columns[1]) or ("",)
    found = [_joined(stem, query) for stem in stems for query in queries]
    if spelling.cut:
        cuts = (query.partition(spelling.cut)[0] for query in queries if spelling.cut in query)
        sent = list(cuts)
        found += [_joined(stem, query) for stem in stems for query in sent] + sent
    return tuple(found)


def _joined(stem: str, query: str) -> str:
    return f"{stem}?{query.removeprefix('?')}" if query else stem


def _text_view(target: LogTarget) -> View:
    if target.keywords == "fields":
        return View("", _field_text, rendered_cutter(), _field_text)
    read = _line_texts if target.blanks_as_plus else _line_text
    cut = line_cutter(" +" if target.blanks_as_plus else "")
    if not target.unmasked:
        return View("", read, cut, read)
    made = tuple(target.unmasked.values())
    return View("", lambda record: (*read(record), *_made(record.fields, made)), cut, read)


def _made(fields: Fields, names: tuple[str, ...]) -> Iterator[str]:
    return (value for name in names for value in _column(fields, name))


def _line_text(record: Record) -> Values:
    return (record.text,)


def _line_texts(record: Record) -> Values:
    return (record.text, record.text.replace("+", " "))


def _field_text(record: Record) -> Values:
    values: list[str] = []
    for value in record.fields.values():
        if isinstance(value, str):
            values.append(value)
        else:
            values.extend(value)
    return ("\n".join(values),)
