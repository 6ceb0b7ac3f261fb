"""Ways back in as rows of `case.db`: what they are, their stories, and who asked for a page."""

from collections.abc import Iterable, Iterator

from extriage.casefile.cells import Row, iso, listed, pairs
from extriage.model.host import Host
from extriage.model.persistence import PageLife, Persistence, Visitor


def persistence_rows(host: Host) -> Iterator[tuple[str, Iterable[Row]]]:
    """Return the tables about ways back with their rows, in the order of the case."""
    name, ways = host.name, host.persistence
    yield "persistence", [_way(name, at, one) for at, one in enumerate(ways, 1)]
    yield (
        "persistence_proofs",
        [(name, one.id, p.path, p.line, p.text) for one in ways for p in one.proofs],
    )
    yield (
        "persistence_story",
        [
            (name, one.id, at, iso(e.time), iso(e.until), e.what, e.text, listed(e.by))
            + (e.path, e.line)
            for one in ways
            for at, e in enumerate(one.story, 1)
        ],
    )
    lives = [(one.id, one.life) for one in ways if one.life]
    yield "page_lives", [_life(name, way, life) for way, life in lives]
    seen = {life.page: life for _, life in lives}.values()
    yield "page_visitors", [_visitor(name, life, one) for life in seen for one in life.visitors]


def _way(host: str, at: int, one: Persistence) -> Row:
    return (
        (host, one.id, at, one.kind, one.object, one.state, one.state_note, one.level)
        + (one.certainty, iso(one.first), iso(one.last), listed(one.by), listed(one.paths))
        + (listed(one.findings), listed(one.reasons), listed(one.removal))
    )  # fmt: skip


def _life(host: str, way: str, life: PageLife) -> Row:
    return (
        (host, way, life.page, life.requests, life.answered, iso(life.first), iso(life.last))
        + (iso(life.first_answered), iso(life.last_answered), iso(life.missing_until))
        + (iso(life.gone_after), iso(life.gone_before), pairs(life.methods))
        + (pairs(life.statuses), life.sizes, life.bytes_in, life.bytes_out, life.visitors_total)
    )


def _visitor(host: str, life: PageLife, one: Visitor) -> Row:
    return (
        (host, life.page, one.address, one.account, one.role, iso(one.first), iso(one.last))
        + (one.requests, one.answered, pairs(one.methods), one.bytes_in, one.bytes_out)
        + (listed(one.agents),)
    )
