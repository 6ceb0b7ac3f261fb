"""What a page does, told from its code, with the reasons.

The code of a page is put together, its constants are worked out, and the data of requests is
followed. Pages without any word that could matter are not looked at closer.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from extriage.parsers.page.behaviours import Table, byte_search, table, word_search
from extriage.parsers.page.constants import HIDDEN, LARGEST, TRICKS, from_base64, unpacked
from extriage.parsers.page.flow import follow
from extriage.parsers.page.folding import fold
from extriage.parsers.page.signs import LONGEST_TEXT, imported, plainly, signs
from extriage.parsers.page.state import Finding, begin
from extriage.parsers.page.statements import outline
from extriage.parsers.page.structure import Block, Page
from extriage.parsers.page.tokens import MOST_TOKENS, Token, Tokens

MOST_REASONS = 40
LONGEST_REASON = 240
DECODED_LIMIT = 64 * 1024
CODE_LIMIT = 256 * 1024
_AROUND = 3000
_MOST_PLACES = 100
_NESTED = 2
"""How often text is read as code that a page decodes and evaluates."""
# NOTE: a search for a plain text at the start is fast; small letters only, with the i of Turkish.
_BINDING = re.compile(
    r"eval(?<!\weval)\s{0,9}\("
    r"\s{0,9}(?:conta[i\u0131]ner\b|[\"'][\w.\[\]{}: ]{0,80}[\"']\s{0,9}[,)])"
)
ENCODED = re.compile(r"[A-Za-z0-9+/\s]{40,}={0,2}\s*")
HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[\s-]?){24,}")
_SHORT = 40
_PLAIN_TEXT = re.compile(
    r"[^\u00ad\u0370-\u052f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\uff01-\uff5e]*"
)
_CODE = re.compile(
    r"<%|<script|request\s{0,3}[.\[(]|\beval\s{0,3}\(|process\.start|using system|assembly\.load|"
    r"wscript\.shell|function\s|new activexobject",
    re.I,
)
_SOURCE_ALIAS = re.compile(
    r"^\s{0,40}(?:using|imports)\s{1,9}(\w{1,60})\s{0,9}=\s{0,9}([\w.]{1,120})", re.I | re.M
)
_RENAMED = frozenset(
    {"process", "assembly", "processstartinfo", "createprocess", "file", "activator"}
)
_SPECIAL = frozenset({"request", "eval", "execute", "unsafe", "process", "assembly", "system"})


@dataclass(slots=True)
class Study:
    """What was found out about a page."""

    tricks: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    decoded: list[str] = field(default_factory=list)

    def trick(self, name: str, line: int = 0) -> None:
        """Note a trick with the line of its first use."""
        self.tricks.setdefault(name, line)

    def behaviours(self) -> tuple[str, ...]:
        """Return the ids of what the page does."""
        return tuple(sorted({one.id for one in self.findings}))

    def reasons(self) -> tuple[str, ...]:
        """Return the sentences, what requests reach first."""
        if not self.findings and not self.tricks:
            return ()
        told = sorted(self.findings, key=lambda one: ("request" not in one.id, one.line))
        lines = [f"line {one.line}: {one.text}" if one.line else one.text for one in told]
        says = table().tricks
        lines += [
            f"line {line}: {says[name]}" if line else says[name]
            for name, line in sorted(self.tricks.items(), key=lambda item: item[1])
        ]
        return tuple(line[:LONGEST_REASON] for line in dict.fromkeys(lines))[:MOST_REASONS]

    def text(self) -> str:
        """Return what the tricks hid, bounded."""
        return "\n".join(self.decoded)[:DECODED_LIMIT]


def is_dull(text: str, *, source: bool = False) -> bool:
    """Tell whether a page holds no word that could matter; a `source` is code without marks."""
    lowered = text.lower()
    if not source and "<%" not in text and "runat" not in lowered and "@" not in text:
        return True
    if not text.isascii() and not _PLAIN_TEXT.fullmatch(text):
        return False
    found = byte_search().search(lowered.encode())
    if found is None:
        return True
    return found[0] == b"eval" and _only_binds(lowered)


def _only_binds(lowered: str) -> bool:
    """Tell whether nothing but data binding is left."""
    return byte_search().search(_BINDING.sub("", lowered).encode()) is None


def look_closer(page: Page, text: str) -> Study:
    """Study the code of a page."""
    found = Study()
    for name in page.tricks:
        found.trick(name)
    basic = [block for block in page.blocks if block.language == "vb"]
    others = [block for block in page.blocks if block.language != "vb"]
    aliases = {
        name.lower(): _own_name(full) for name, full in _SOURCE_ALIAS.findall(text[:CODE_LIMIT])
    }
    for blocks, is_basic in ((others, False), (basic, True)):
        if blocks:
            _study_code(found, _Code(blocks, is_basic, page, aliases))
    _together(found, table())
    return found


def _own_name(full: str) -> str:
    return full.rpartition(".")[2].lower()


@dataclass(frozen=True, slots=True)
class _Code:
    """Code of one language in a page."""

    blocks: list[Block]
    basic: bool
    page: Page
    aliases: dict[str, str]
    depth: int = 0


def _study_code(found: Study, code: _Code) -> None:
    known = table()
    words = fold(_words(found, code), basic=code.basic)
    plan = outline(words, basic=code.basic, attributes=known.method_attributes)
    controls = {_cased(name, code): _control(kind, known) for name, kind in code.page.controls}
    imported(words, code.aliases)
    state = begin(plan, known)
    state.controls, state.aliases = controls, code.aliases
    state.evals = not code.page.declared or code.page.language in ("jscript", "vbscript")
    found.findings += follow(state)
    found.findings += signs(words, known)
    if not _RENAMED.isdisjoint(code.aliases.values()):
        found.trick("renamed-types")
    _decode(found, words, code)
    if found.tricks and not code.depth:
        # NOTE: the marks of server code, so that a search for pages takes it for one too.
        head = f'<%@ Language="{code.page.language}" %>\n<%'
        found.decoded.insert(0, f"{head}\n{plainly(words, DECODED_LIMIT)}\n%>")


def _cased(name: str, code: _Code) -> str:
    return name.lower() if code.basic else name


def _control(kind: str, known: Table) -> str:
    if kind.startswith("com:"):
        named = kind.removeprefix("com:").removeprefix("clsid:").strip("{}")
        return "com:" + known.classids.get(named, named)
    return "fileupload" if kind == "asp:fileupload" else kind


def _words(found: Study, code: _Code) -> list[Token]:
    """Read the words of all blocks; of very much code only the places that matter."""
    words: list[Token] = []
    names: dict[str, int] = {}
    blocks = code.blocks
    if sum(len(block.text) for block in blocks) > CODE_LIMIT:
        blocks = list(_places(blocks, found))
    for block in blocks:
        reader = Tokens(block.text, block.line, block.language)
        words += reader.read()
        words.append(Token("p", ";", ";", block.line))
        for name, line in reader.tricks.items():
            names.setdefault(name, line)
        if len(words) > MOST_TOKENS:
            found.trick("too-much-to-read")
            break
    _note_names(found, names)
    return words[:MOST_TOKENS]


def _places(blocks: Iterable[Block], found: Study) -> Iterator[Block]:
    """Cut very long code down to what stands round the words that matter."""
    left = CODE_LIMIT
    for block in blocks:
        if len(block.text) < 4 * _AROUND:
            left -= len(block.text)
            yield block
            continue
        for start, end in _near(block.text):
            if left <= 0:
                found.trick("too-much-to-read")
                return
            piece = block.text[start : min(end, start + left)]
            left -= len(piece)
            line = block.line + block.text.count("\n", 0, start)
            yield Block(piece, line, block.language)


def _near(text: str) -> list[tuple[int, int]]:
    places: list[list[int]] = []
    # NOTE: some letters become two when they are made small; places need not be exact.
    for hit in word_search().finditer(text.lower()):
        start, end = max(hit.start() - _AROUND, 0), hit.end() + _AROUND
        if places and start <= places[-1][1]:
            places[-1][1] = end
            if end - places[-1][0] > CODE_LIMIT:
                break
        elif len(places) < _MOST_PLACES:
            places.append([start, end])
        else:
            break
    return [(start, end) for start, end in places]


def _note_names(found: Study, names: dict[str, int]) -> None:
    """Tell which odd spellings of names mean something: those of names that matter."""
    for name, line in names.items():
        if name[0] == "@":
            if name[1:] in _SPECIAL:
                found.trick("verbatim-names", line)
        elif name[0] == "~":
            low = name[1:].lower()
            usual = ("eVal", "rEquest", "pRocess")
            if low in _SPECIAL and name[1:] not in usual:
                found.trick("odd-case", line)
        else:
            found.trick(name, line)


def _decode(found: Study, words: list[Token], code: _Code) -> None:
    """Look into the texts of the code: pieces that hid a word, base64, whole programs."""
    left = 4 * LARGEST
    for at, word in enumerate(words):
        if word.kind not in "sb" or not (
            word.low or len(word.text) >= _SHORT or _is_evaluated(words, at)
        ):
            continue
        left -= len(word.text)
        if left < 0:
            break
        if word.kind == "s" and word.low:
            _look_at_made(found, words, at, code)
        else:
            _look_into(found, words, at, code)


def _look_at_made(found: Study, words: list[Token], at: int, code: _Code) -> None:
    """Tell whether a text that was put together hid something."""
    word = words[at]
    if not HIDDEN.search(word.text[:CODE_LIMIT].lower()) and not _CODE.search(word.text):
        return
    for sign in word.low:
        found.trick(TRICKS[sign], word.line)
    found.decoded.append(word.text[:LONGEST_TEXT])
    if _CODE.search(word.text) or _is_evaluated(words, at):
        _again(found, word.text, word.line, code)
    else:
        _look_into(found, words, at, code)


def _look_into(found: Study, words: list[Token], at: int, code: _Code) -> None:
    """Decode a text or bytes, and look at what comes of it."""
    word = words[at]
    is_hex = word.kind == "s" and HEX.fullmatch(word.text[:4096]) is not None
    raw = (
        _undone(word.text, is_hex=is_hex)
        if word.kind == "s"
        else word.text.encode("latin-1", "replace")
    )
    if raw is None:
        if _is_evaluated(words, at):
            _again(found, word.text, word.line, code)
        return
    plain = unpacked(raw)
    if (plain[:2] == b"MZ" and len(plain) > _SHORT) or b"This program cannot be run" in plain[:400]:
        found.trick("embedded-program", word.line)
        text = f"a program of {len(plain):,} bytes stands in the page as text"
        found.findings.append(Finding("loads-embedded-program", word.line, text))
        return
    text = _readable(plain)
    if _CODE.search(text):
        found.trick("hex-text" if is_hex else "base64-text", word.line)
        _again(found, text, word.line, code)


def _is_evaluated(words: list[Token], at: int) -> bool:
    """Tell whether a text is what `eval` or `Execute` is given; not a method of that name."""
    place = at - 2 if at and words[at - 1].text == "(" else at - 1
    if place < 0 or words[place].low not in ("eval", "execute", "executeglobal"):
        return False
    return place == 0 or words[place - 1].text != "."


def _undone(text: str, *, is_hex: bool) -> bytes | None:
    if is_hex:
        try:
            return bytes.fromhex(text.replace("-", "")[: 2 * LARGEST])
        except ValueError:
            return None
    return from_base64(text) if ENCODED.fullmatch(text[: 1 << 16]) else None


def _readable(raw: bytes) -> str:
    if raw[1:8:2] == b"\0" * 4 and len(raw) > 8:
        return raw.decode("utf-16-le", "replace")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if sum(map(str.isprintable, text[:400])) > 0.8 * min(len(text), 400) else ""


def _again(found: Study, text: str, line: int, code: _Code) -> None:
    """Read text as code that the page holds in disguise."""
    found.decoded.append(text[:16384])
    if code.depth >= _NESTED:
        return
    block = Block(text[:CODE_LIMIT], line, code.blocks[0].language)
    inner = Study()
    _study_code(inner, replace(code, blocks=[block], depth=code.depth + 1))
    for name in inner.tricks:
        found.trick(name, line)
    for one in inner.findings:
        one.line, one.text = line, f"in decoded text: {one.text}"
        found.findings.append(one)
    if any("request" in one.id for one in inner.findings):
        sentence = "code that stands in the page in disguise works with the request"
        found.findings.append(Finding("runs-hidden-code", line, sentence))
    found.decoded += inner.decoded[:20]


def _together(found: Study, known: Table) -> None:
    """Add what follows from several behaviours."""
    ids = {one.id for one in found.findings}
    for rule in known.together:
        if rule.all <= ids and len(rule.some & ids) >= rule.least and rule.id not in ids:
            line = min(
                (one.line for one in found.findings if one.id in rule.all | rule.some), default=0
            )
            found.findings.append(Finding(rule.id, line, rule.says))
            ids.add(rule.id)
