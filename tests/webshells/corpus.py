"""The corpus: several hundred look-alikes of web shells and of ordinary pages, always the same."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle
from random import Random
from typing import Literal

from webshells import csharp, csharp_files, other_languages
from webshells.benign import benign
from webshells.containers import WRAPPED, around, dump
from webshells.encodings import ENCODINGS, LINES
from webshells.flows import FLOWS, Flow, straight
from webshells.pieces import Body, whole
from webshells.requests import spellings
from webshells.specials import specials
from webshells.tricks import TRICKS, disguised
from webshells.wrappers import OF_A_PAGE, OF_PARAMETERS, WRAPPERS, fitting

SHELLS = csharp.SHELLS + csharp_files.SHELLS + other_languages.SHELLS
EXCHANGE = "C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/"
PLACES = (
    EXCHANGE + "owa/auth",
    EXCHANGE + "ecp/auth",
    EXCHANGE + "owa/auth/Current/themes/resources",
    EXCHANGE + "OAB",
    "C/inetpub/wwwroot/aspnet_client",
    "C/inetpub/wwwroot/aspnet_client/system_web",
    "C/inetpub/wwwroot",
    "C/ProgramData/Contoso/Pages",
)
NEUTRAL = "C/inetpub/wwwroot/intranet"
"""An ordinary application: what is found here is found for what it does, not for its place."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One page of the corpus."""

    name: str
    technique: str
    """What it does; for ordinary pages what it looks like."""
    trick: str
    encoding: str
    path: str
    data: bytes
    expect: Literal["shell", "benign"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What goes into a page."""

    body: Body
    wrapper: str
    read: str = ""
    flow: str = ""
    trick: str = ""
    encoding: str = "utf-8"
    lines: str = ""
    container: str = ""
    place: str = NEUTRAL

    @property
    def disguises(self) -> str:
        """Name what was done to the statements and around them."""
        asked = f"request {self.read}" if self.read else ""
        flow = f"flow {self.flow}" if self.flow else ""
        container = f"in {self.container}" if self.container else ""
        place = "place" if self.place != NEUTRAL else ""
        words = (asked, flow, self.trick, self.lines, container, place)
        return ", ".join(word for word in words if word) or "plain"


def _usual(body: Body, wrapper: str) -> str:
    """Return the usual spelling of a value of the request in this wrapper."""
    return "form" if wrapper in ("handler", "service") else next(iter(spellings(body)))


def _text(recipe: Recipe, rng: Random) -> tuple[str, str]:
    body = recipe.body
    spelled = spellings(body)[recipe.read or _usual(body, recipe.wrapper)]

    def read(key: str) -> str:
        if recipe.wrapper in OF_PARAMETERS:
            return f"p_{key}"
        return spelled.replace("{key}", key)

    flow: Flow = FLOWS[body.language][recipe.flow] if recipe.flow else straight
    made = flow(body, read)
    made = replace(
        made,
        code=whole(made.code),
        members=whole(made.members),
        markup=whole(made.markup),
        imports=tuple(map(whole, made.imports)),
    )
    if recipe.trick:
        made = disguised(made, recipe.trick, rng)
    return WRAPPERS[body.language][recipe.wrapper](made)


def _made(recipe: Recipe, number: int) -> Variant:
    rng = Random(number)
    ending, text = _text(recipe, rng)
    box = recipe.container
    if box.startswith("dump-"):
        text = dump(text, box.removeprefix("dump-"))
    elif box.startswith("fake-"):
        text = around(text, box)
    data = ENCODINGS[recipe.encoding](LINES.get(recipe.lines, str)(text))
    if box in WRAPPED:
        data = WRAPPED[box](data, rng)
    name = f"p{number:04}{ending}" if ending.startswith(".") else f"p{number:04}/{ending}"
    body = recipe.body
    return Variant(
        f"{number:04} {body.language} {body.technique}/{body.form} {recipe.wrapper}",
        body.technique,
        recipe.disguises,
        recipe.encoding,
        f"{recipe.place}/{name}",
        data,
        "shell",
    )


def _plain() -> Iterator[Recipe]:
    """Yield each body in several wrappers, each wrapper as often as the others."""
    for number, body in enumerate(SHELLS):
        names = fitting(body)
        for step in range(min(3, len(names))):
            yield Recipe(body, names[(number + step * max(1, len(names) // 3)) % len(names)])


def _pages(language: str) -> Iterator[tuple[Body, str]]:
    """Yield bodies of a language with a wrapper that is a page, for ever."""
    bodies = [body for body in SHELLS if body.language == language and not body.markup]
    for turn, body in enumerate(cycle(bodies)):
        names = [name for name in fitting(body) if name not in OF_PARAMETERS]
        if language in ("C#", "JScript"):
            names = [name for name in names if name in OF_A_PAGE or "asp" in name]
        if names:
            yield body, names[turn % len(names)]


Pages = dict[str, Iterator[tuple[Body, str]]]
"""Bodies with their wrappers, by language; all parts of the corpus take from the same row."""


def _asked(rows: Pages) -> Iterator[Recipe]:
    """Yield each spelling of the request, and each flow, with a few bodies."""
    for language, flows in FLOWS.items():
        pages = rows[language]
        ways = [body for body in SHELLS if body.language == language and "$(" in body.code]
        for spelling in spellings(ways[0]):
            yield from (Recipe(b, w, read=spelling) for b, w in _taking(pages, spelling, 2))
        for flow in flows:
            yield from (Recipe(b, w, flow=flow) for b, w in _taking(pages, "", 2))


def _taking(
    pages: Iterator[tuple[Body, str]], spelling: str, many: int
) -> Iterator[tuple[Body, str]]:
    for body, wrapper in pages:
        if "$(" in body.code and (not spelling or spelling in spellings(body)):
            if "class " in body.members or "static" in body.members:
                continue
            yield body, wrapper
            many -= 1
            if not many:
                return


def _disguised(rows: Pages) -> Iterator[Recipe]:
    for trick, (languages, _) in TRICKS.items():
        for language in dict.fromkeys(languages):
            pages = rows[language]
            for _ in range(3 if language == "C#" else 2):
                body, wrapper = next(pages)
                while not _fits(trick, body):
                    body, wrapper = next(pages)
                yield Recipe(body, wrapper, trick=trick)


def _fits(trick: str, body: Body) -> bool:
    """Tell whether a body has something to disguise, and its engine knows the means."""
    dotnet = trick == "base64-literal" and body.wrappers == ("asp-jscript",)
    return '"' in body.code and not dotnet


def _files(rows: Pages, language: str) -> Iterator[tuple[Body, str]]:
    """Yield what can be of any bytes: a configuration must stay XML."""
    return (one for one in rows[language] if not one[1].startswith("configuration"))


def _readable(body: Body, wrapper: str, encoding: str) -> bool:
    """Tell whether the server reads such a page: classic ASP knows no EBCDIC, XML no odd pages."""
    classic = body.language == "VBScript" or body.wrappers == ("asp-jscript",)
    if wrapper.startswith("configuration"):
        return encoding.startswith("utf-8")
    return not (classic and encoding.startswith("ibm"))


def _encoded(rows: Pages) -> Iterator[Recipe]:
    sharp, script, old = (_files(rows, one) for one in ("C#", "JScript", "VBScript"))
    dotnet = _files(rows, "VB")
    for encoding in list(ENCODINGS)[1:]:
        for pages in (sharp, sharp, script, old):
            taken = next(pages)
            while not _readable(*taken, encoding):
                taken = next(dotnet if pages is old else pages)
            yield Recipe(*taken, encoding=encoding)
    for lines in LINES:
        for pages in (sharp, script, old):
            yield Recipe(*next(pages), lines=lines)


def _contained(rows: Pages) -> Iterator[Recipe]:
    sharp, script, old = (_files(rows, one) for one in ("C#", "JScript", "VBScript"))
    for container in WRAPPED:
        for pages in (sharp, script, old):
            yield Recipe(*next(pages), container=container)
        yield Recipe(*next(sharp), container=container, encoding="utf-16-le")
    for container in ("fake-not-found", "fake-logon"):
        for pages in (sharp, sharp, script, old):
            yield Recipe(*next(pages), container=container)
    evals = [body for body in SHELLS if body.language == "JScript" and not body.wrappers]
    for body in evals[:8]:
        for tongue in ("english", "german", "russian"):
            yield Recipe(body, "no-directive", container=f"dump-{tongue}")
    for body in (csharp.PROGRAMS[1], csharp_files.FILES[3]):
        yield Recipe(body, "no-directive", container="dump-english")


def _placed(rows: Pages) -> Iterator[Recipe]:
    sharp, script, old = rows["C#"], rows["JScript"], rows["VBScript"]
    for place in PLACES:
        for pages in (sharp, script, old):
            yield Recipe(*next(pages), place=place)


def _mixed(rows: Pages) -> Iterator[Recipe]:
    """Yield pages with several disguises at once."""
    rng = Random(2021)
    for _ in range(120):
        language = rng.choice(("C#", "C#", "C#", "JScript", "VB", "VBScript"))
        ((body, wrapper),) = _taking(rows[language], "", 1)
        tricks = [name for name, (known, _) in TRICKS.items() if language in known]
        flow = rng.choice(("", "", *FLOWS[language]))
        encoding = rng.choice(("utf-8", "utf-8", "utf-8", *ENCODINGS))
        lines = rng.choice(("", "", "", *LINES))
        yield Recipe(
            body,
            wrapper,
            read=rng.choice(list(spellings(body))),
            flow=flow,
            trick=rng.choice(tricks),
            encoding=encoding if _readable(body, wrapper, encoding) else "utf-8",
            lines=lines,
        )


def _recipes() -> Iterator[Recipe]:
    yield from _plain()
    rows = {language: _pages(language) for language in FLOWS}
    for part in (_asked, _disguised, _encoded, _contained, _placed, _mixed):
        yield from part(rows)


def _specials() -> Iterator[Variant]:
    for number, (technique, trick, place, text) in enumerate(specials(), 1):
        name = f"{NEUTRAL}/s{number:03}{place}"
        if not place.startswith("."):
            name = f"S{number:03}/{place}"
        called = f"special {number:03} {technique}"
        yield Variant(called, technique, trick, "utf-8", name, text.encode(), "shell")


@cache
def corpus() -> tuple[Variant, ...]:
    """Return all variants, no two of the same bytes; the same ones each time."""
    shells = [_made(recipe, number) for number, recipe in enumerate(_recipes(), 1)]
    pages = [
        Variant(
            f"benign {number:03} {name}",
            name,
            trick,
            encoding,
            f"{NEUTRAL}/b{number:03}{'' if ending.startswith('.') else '/'}{ending}",
            data,
            "benign",
        )
        for number, (name, trick, encoding, ending, data) in enumerate(benign(), 1)
    ]
    different: dict[bytes, Variant] = {}
    for variant in (*shells, *_specials(), *pages):
        different.setdefault(variant.data, variant)
    return tuple(different.values())
