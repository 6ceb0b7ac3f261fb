"""What a responder asks of any log: a small language, read into a tree without running anything.

    url=*/ecp/*.js method=POST not agent="Microsoft WinRM Client"

A query is a list of terms that must all hold; `or`, `not` and parentheses join them otherwise.
Letters are compared without case, `*` in a value stands for any text, and quotes group: a doubled
quote inside quotes is one quote. Nothing else is special, so that Windows paths stay as they are.

    field=value   field!=value   field~regex   field!~regex   field>=1000 (also > < <=)
    c-ip=203.0.113.0/24   time>=2021-03-01T04:00   time=2021-03-02   kind=iis,httpproxy
    "any text"   word   /regex/

`field!=value` asks for records that have the field, with another value; `not field=value` also
takes those without it. `kind`, `time` and `host` are asked of the record, not of its fields.
Regular expressions are RE2's (https://github.com/google/re2/wiki/Syntax).
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import re2

from extriage.errors import UsageError
from extriage.matchers.sigma.regexes import compile_quietly

LONGEST = 20_000
"""Characters of a query."""
MOST_TERMS = 500
DEEPEST = 50

Op: TypeAlias = Literal["!=", "!~", ">=", "<=", "=", "~", ">", "<"]
_OPERATOR = re.compile(r"!=|!~|>=|<=|=|~|>|<")
_NUMBER = re.compile(r"[+-]?\d{1,300}(?:\.\d{1,300})?")
_PLAIN = re.compile(r"[^\s\"()=!~<>/][^\s\"()=!~<>]*")
_VALUE = re.compile(r"[^\s\"()]+")
_REGEX = re.compile(r"/((?:[^/\\]|\\.)+)/(?=[\s()]|$)", re.DOTALL)
_WORDS = ("and", "or", "not")


@dataclass(frozen=True, slots=True)
class Field:
    """A field, compared with a value."""

    name: str
    op: Op
    value: str


@dataclass(frozen=True, slots=True)
class Said:
    """A text that stands anywhere in the record."""

    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A regular expression that is found anywhere in the record."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class No:
    """The part does not hold."""

    part: "Query"


Query: TypeAlias = Field | Said | Found | Every | Either | No


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["(", ")", "and", "or", "not", "term"]
    at: int
    term: Query | None = None


def parse(text: str) -> Query:
    """Read a query; UsageError says what is wrong with it, and where."""
    if len(text) > LONGEST:
        raise UsageError(f"the query is longer than {LONGEST:,} characters")
    tokens = _tokens(text)
    if sum(token.kind == "term" for token in tokens) > MOST_TERMS:
        raise UsageError(f"the query has more than {MOST_TERMS} terms")
    reader = _Reader(text, tokens)
    query = reader.alternatives(0)
    if reader.at < len(tokens):
        raise reader.wrong("there is a `)` too many")
    return query


def show(query: Query) -> str:
    """Write a query as text that `parse` reads as the same query."""
    match query:
        case Every(parts):
            return " ".join(_inner(part, (Every, Either)) for part in parts)
        case Either(parts):
            return " or ".join(_inner(part, (Either,)) for part in parts)
        case No(part):
            return f"not {_inner(part, (Every, Either))}"
        case Said(text):
            return _quoted(text)
        case Found(pattern):
            return f"/{pattern}/"
        case Field(name, op, value):
            plain = _PLAIN.fullmatch(name) and name.lower() not in _WORDS
            return f"{name if plain else _quoted(name)}{op}{_shown(value)}"


def both(queries: list[Query]) -> Query:
    """Return the query that holds where all of them do."""
    return queries[0] if len(queries) == 1 else Every(tuple(queries))


def _inner(query: Query, grouped: tuple[type, ...]) -> str:
    shown = show(query)
    return f"({shown})" if isinstance(query, grouped) else shown


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _shown(value: str) -> str:
    return value if _VALUE.fullmatch(value) else _quoted(value)


class _Reader:
    """A position among the tokens of a query."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0

    def alternatives(self, depth: int) -> Query:
        """Read terms that `or` divides."""
        if depth > DEEPEST:
            raise self.wrong(f"parentheses are more than {DEEPEST} deep")
        parts = [self._all(depth)]
        while self._next("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self, depth: int) -> Query:
        parts = [self._one(depth)]
        while self._next("and") or self._begins():
            parts.append(self._one(depth))
        return both(parts)

    def _one(self, depth: int) -> Query:
        refused = 0
        while self._next("not"):
            refused += 1
        query: Query
        if self._next("("):
            query = self.alternatives(depth + 1)
            if not self._next(")"):
                raise self.wrong("a `(` is not closed")
        else:
            query = self._term()
        if refused > DEEPEST:
            raise self.wrong("there are too many `not` in a row")
        for _ in range(refused):
            query = No(query)
        return query

    def _term(self) -> Query:
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        if token is None or token.term is None:
            raise self.wrong("a term is missing")
        self.at += 1
        return token.term

    def _begins(self) -> bool:
        known = self.tokens[self.at].kind if self.at < len(self.tokens) else ""
        return known in ("term", "not", "(")

    def _next(self, kind: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at].kind == kind:
            self.at += 1
            return True
        return False

    def wrong(self, what: str) -> UsageError:
        """Return the error that names the place."""
        at = self.tokens[self.at].at if self.at < len(self.tokens) else len(self.text)
        return _wrong(self.text, at, what)


def _wrong(text: str, at: int, what: str) -> UsageError:
    near = text[at : at + 30]
    place = f"before {near!r}" if near.strip() else "at the end"
    return UsageError(f"the query cannot be read: {what} ({place}); see `extriage grep --help`")


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token, at = _token(text, at)
        found.append(token)
    return found


def _token(text: str, at: int) -> tuple[_Token, int]:
    char = text[at]
    if char in "()":
        return _Token("(" if char == "(" else ")", at), at + 1
    if regex := _REGEX.match(text, at):
        return _Token("term", at, Found(_pattern(text, at, regex[1]))), regex.end()
    if char == '"':
        name, end = _unquoted(text, at)
    else:
        end = _word_end(text, at)
        operator = _OPERATOR.search(text, at, end)
        if operator is None:
            return _bare(text, at, end), end
        end = operator.start()
        name = text[at:end]
    operator = _OPERATOR.match(text, end)
    if operator is None:
        return _Token("term", at, Said(_filled(text, at, name))), end
    value, end = _value(text, operator.end())
    op = cast("Op", operator[0])
    return _Token("term", at, _field(text, at, Field(name.strip(), op, value))), end


def _bare(text: str, at: int, end: int) -> _Token:
    word = text[at:end]
    if word.lower() in _WORDS:
        return _Token(cast("Literal['and', 'or', 'not']", word.lower()), at)
    return _Token("term", at, Said(_filled(text, at, word)))


def _filled(text: str, at: int, said: str) -> str:
    if not said.strip("*"):
        raise _wrong(text, at, "a text is empty")
    return said


def _word_end(text: str, at: int) -> int:
    """Return where a word ends; parentheses that open inside it belong to it: `cs(Referer)`."""
    depth = 0
    while at < len(text):
        char = text[at]
        if char.isspace() or char == '"':
            break
        if char == "(":
            depth += 1
        elif char == ")":
            if not depth:
                break
            depth -= 1
        at += 1
    return at


def _value(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] == '"':
        return _unquoted(text, at)
    end = _word_end(text, at)
    return text[at:end], end


def _unquoted(text: str, at: int) -> tuple[str, int]:
    """Read what stands in quotes; return it and where it ends."""
    parts: list[str] = []
    start = at + 1
    while (end := text.find('"', start)) >= 0:
        parts.append(text[start:end])
        if text[end + 1 : end + 2] != '"':
            return '"'.join(parts), end + 1
        start = end + 2
    raise _wrong(text, at, "a quote is not closed")


def _field(text: str, at: int, field: Field) -> Field:
    """Check what a field is compared with."""
    if not field.name:
        raise _wrong(text, at, "the name of a field is missing")
    name = field.name.lower()
    if field.op in ("~", "!~"):
        _pattern(text, at, field.value)
    if name == "kind" and field.op not in ("=", "!="):
        raise _wrong(text, at, "a kind is compared with = or !=")
    if name == "time":
        _check_time(text, at, field)
    elif field.op in (">=", "<=", ">", "<") and not _NUMBER.fullmatch(field.value):
        raise _wrong(text, at, f"{field.op} compares numbers, and {field.value[:40]!r} is none")
    return field


def _check_time(text: str, at: int, field: Field) -> None:
    from extriage.matchers.querytime import period  # noqa: PLC0415 - asked for rarely

    if field.op in ("~", "!~"):
        raise _wrong(text, at, "a time is compared with =, !=, <, <=, > or >=")
    try:
        period(field.value)
    except UsageError as error:
        raise _wrong(text, at, str(error)) from error


def _pattern(text: str, at: int, pattern: str) -> str:
    try:
        compile_quietly(pattern)
    except (re2.error, UnicodeEncodeError) as problem:
        raise _wrong(text, at, f"regular expression {pattern[:40]!r}: {problem}") from problem
    return pattern
