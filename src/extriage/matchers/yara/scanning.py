"""Look at one file with YARA rules: its bytes, and the texts that were decoded from them.

YARA-X gives no promise about time: a pattern can need a quarter of a millisecond for each byte. So
every search has a limit; what was not searched whole is said.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from extriage.matchers.yara.metadata import YaraRule
from extriage.matchers.yara.ruleset import YaraRules
from extriage.model.detection import Rule

TIMEOUT = 20
"""Seconds that the search of one text may take."""
WINDOW = 1 << 20
"""Bytes of a window: a text that took too long is searched again in such pieces."""
OVERLAP = 4 << 10
WINDOW_TIMEOUT = 5
PATIENCE = 60
"""Seconds after which no further text or window of a file is begun."""
MATCHES = 10_000
"""Places of one pattern that are counted."""
MARKS = 8
"""Places that are kept of one match."""
SHOWN = 160
"""Bytes that are shown of a place."""

Text = tuple[str, bytes]
"""What a text is, in words (`decoded text`), and the text in UTF-8."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place where a pattern of a rule stands."""

    name: str
    """The pattern's name in the rule, such as `$eval`."""
    offset: int
    length: int
    line: int
    text: str
    """What stands there, cut short."""


@dataclass(frozen=True, slots=True)
class YaraMatch:
    """A rule that is met by a file."""

    rule: Rule
    text: str
    """Which text met it; empty for the file's own bytes."""
    marks: tuple[Mark, ...]
    """The first place of each pattern, in the order of the text."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What looking at one file gave."""

    matches: tuple[YaraMatch, ...]
    troubles: tuple[str, ...] = ()
    """What was not searched, and why."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of a text, and the seconds that its search may take."""

    start: int
    end: int
    seconds: int


@dataclass(slots=True)
class _Search:
    """The search of one file."""

    rules: YaraRules
    kind: str
    until: float
    found: dict[str, YaraMatch]
    troubles: list[str]


def scan_bytes(
    rules: YaraRules, data: bytes, texts: Sequence[Text], kind: str, path: str = ""
) -> Scanned:
    """Return the rules for this kind of evidence that the file or one of its texts meets.

    A rule counts once, for the first text that meets it. Rules of others are told `path` as
    `filepath` and so on.
    """
    if not rules.rules:
        return Scanned(())
    search = _Search(rules, kind, time.monotonic() + PATIENCE, {}, [])
    _outside(rules, data, path)
    for name, text in (("", data), *texts):
        _search(search, name, text)
    found = sorted(search.found.values(), key=lambda match: match.rule.id)
    return Scanned(tuple(found), tuple(dict.fromkeys(search.troubles)))


def _scanner(rules: YaraRules) -> Any:
    if rules.scanner is None:
        # NOTE: a thread of YARA-X watches the clock, and does not come along when a process forks.
        # Workers are forked by a process that has searched nothing yet, so theirs begin to run.
        import yara_x  # noqa: PLC0415

        rules.scanner = yara_x.Scanner(rules.ready())
        rules.scanner.max_matches_per_pattern(MATCHES)
        rules.scanner.fast_scan(True)
        rules.scanner.set_timeout(TIMEOUT)
    return rules.scanner


def _outside(rules: YaraRules, data: bytes, path: str) -> None:
    """Tell the rules of others what their names for the outside stand for."""
    if not rules.externals:
        return
    plain = path.replace("\\", "/")
    folder, _, name = plain.rpartition("/")
    _, dot, extension = name.rpartition(".")
    scanner = _scanner(rules)
    scanner.set_global("filename", _clean(name))
    scanner.set_global("filepath", _clean(folder))
    scanner.set_global("extension", _clean(f".{extension}".lower() if dot else ""))
    scanner.set_global("md5", hashlib.md5(data, usedforsecurity=False).hexdigest())


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _search(search: _Search, name: str, text: bytes) -> None:
    what = name or "file"
    if time.monotonic() > search.until:
        search.troubles.append(f"not searched whole: no time was left for the {what}")
        return
    if not _attempt(search, name, text, _Piece(0, len(text), TIMEOUT)):
        for start in range(0, max(len(text), 1), WINDOW):
            _window(search, name, text, start)


def _window(search: _Search, name: str, text: bytes, start: int) -> None:
    end = min(start + WINDOW + OVERLAP, len(text))
    late = time.monotonic() > search.until
    if late or not _attempt(search, name, text, _Piece(start, end, WINDOW_TIMEOUT)):
        what = f" of the {name}" if name else ""
        search.troubles.append(
            f"not searched whole: YARA rules took too long for bytes {start:,} to {end:,}{what}"
        )


def _attempt(search: _Search, name: str, text: bytes, piece: _Piece) -> bool:
    """Search a piece of a text; False if it took too long."""
    import yara_x  # noqa: PLC0415

    scanner = _scanner(search.rules)
    if piece.seconds != TIMEOUT:
        scanner.set_timeout(piece.seconds)
    whole = piece.end - piece.start == len(text)
    try:
        matching = scanner.scan(text if whole else text[piece.start : piece.end]).matching_rules
    except yara_x.TimeoutError:
        return False
    except yara_x.ScanError as error:
        search.troubles.append(f"not searched whole: {str(error)[:200]}")
        return True
    finally:
        if piece.seconds != TIMEOUT:
            scanner.set_timeout(TIMEOUT)
    for one in matching:
        _keep(search, name, text, piece.start, one)
    return True


def _keep(search: _Search, name: str, text: bytes, start: int, one: Any) -> None:
    rule: YaraRule | None = search.rules.by_key.get((one.namespace, one.identifier))
    if rule is None or rule.rule.id in search.found:
        return
    if rule.scope and search.kind not in rule.scope:
        return
    marks = sorted(_marks(one, text, start), key=lambda mark: (mark.offset, mark.name))
    search.found[rule.rule.id] = YaraMatch(rule.rule, name, tuple(marks[:MARKS]))


def _marks(one: Any, text: bytes, start: int) -> Iterator[Mark]:
    for pattern in one.patterns:
        for place in pattern.matches[:1]:
            offset, length = start + place.offset, place.length
            line = text.count(b"\n", 0, offset) + 1
            shown = text[offset : offset + min(length, SHOWN)].decode("utf-8", "replace")
            yield Mark(pattern.identifier, offset, length, line, shown)
