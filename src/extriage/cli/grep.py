"""`extriage grep`: one syntax over every log type, at the speed of a scan."""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from extriage.casefile.named import database, is_case
from extriage.cli import unheard
from extriage.cli.scan import jobs_of
from extriage.errors import UsageError
from extriage.reports.matched import FORMATS, USUAL, Printer
from extriage.reports.neutral import visible

FOUND, NOTHING, UNREAD = 0, 1, 3
_NAMED = 10

EPILOG = (
    "Exit codes: 0 found; 1 nothing found and everything read; 2 wrong usage; 3 nothing found, but "
    "something could not be read. docs/grep.md has examples."
)


@click.command(epilog=EPILOG)
@click.argument("words", nargs=-1, required=True, metavar="CASE|PATH... QUERY...")
@click.option(
    "-e",
    "--query",
    "queries",
    multiple=True,
    metavar="QUERY",
    help="The query; then all arguments are paths. Several must all hold.",
)
@click.option("--from", "since", metavar="TIME", help="Not before this time (UTC): 2021-03-01T04.")
@click.option("--to", "until", metavar="TIME", help="Not after it; a day counts to its end.")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="raw, if no --fields.")
@click.option("--fields", metavar="NAMES", help="Show these fields, divided by commas.")
@click.option("-c", "--count", is_flag=True, help="Show only how many matches each file has.")
@click.option("-l", "--files", is_flag=True, help="Show only the files that have a match.")
@click.option("-m", "--max-count", type=click.IntRange(1), help="Matches of one file at most.")
@click.option("-q", "--quiet", is_flag=True, help="Show nothing; the exit code tells.")
@click.option("--jobs", type=click.IntRange(1), help="Worker processes (default: all processors).")
@click.option("--no-prefilter", is_flag=True, hidden=True)
@click.pass_context
def grep(context: click.Context, /, words: tuple[str, ...], **options: Any) -> None:
    r"""Search any log for fields, texts, regular expressions, addresses and times.

    PATH is what `scan` takes; CASE is a case folder, which holds only the lines of findings and of
    suspects. Terms must all hold; or, not and parentheses join them otherwise.

    \b
      url=*/ecp/*.js method=POST      fields by the log's names or common ones, * is any text
      c-ip=203.0.113.0/24             an address range; address= means every address field
      agent~"python|curl"             a regular expression (RE2); status>=500  a number
      "any text"  /regex/             anywhere in the line; kind=iis,httpproxy  host=EX01
      field!=value   not (a or b)     quotes group; a doubled quote is a quote
    """
    try:
        code = _search(words, options, debug=bool(context.obj["debug"]))
    except BrokenPipeError:
        # NOTE: something was found, as whoever reads has enough of it.
        unheard()
        code = FOUND
    sys.exit(code)


def _search(words: tuple[str, ...], options: dict[str, Any], *, debug: bool) -> int:
    """Search, show what was found, and return the exit code."""
    # NOTE: the help must answer at once, and these bring the search engines.
    searching: Any = importlib.import_module("extriage.pipeline.grep")
    paths, query = _asked(words, options)
    columns, format_ = _shown(options)
    search = searching.search_of(query, columns, format_, options, debug=debug)
    printer = Printer(format_, columns, sys.stdout.isatty())
    out = sys.stdout.buffer
    if not search.wanted.count:
        out.write(printer.head())

    def take(hit: Any) -> None:
        out.write(printer.match(hit))
        if printer.screen:
            out.flush()

    looked = _looked(paths, search, jobs_of(options), take)
    found = _counted(looked, search.wanted.most)
    _print_counts(found, options)
    out.flush()
    unread = _name_unread(looked)
    if found:
        return FOUND
    return UNREAD if unread else NOTHING


def _asked(words: tuple[str, ...], options: dict[str, Any]) -> tuple[list[Path], list[str]]:
    """Tell paths from the query: what exists at the beginning is a path."""
    queries: list[str] = list(options["queries"])
    paths = list(words)
    if not queries:
        count = next((at for at, word in enumerate(words) if not _exists(word)), len(words))
        # NOTE: the last word is the query, even if a file is called so.
        count = min(count, max(len(words) - 1, 1))
        paths, queries = paths[:count], [" ".join(paths[count:])]
    missing = [path for path in paths if not _exists(path)]
    if missing or not paths:
        name = missing[0] if missing else words[0]
        raise UsageError(f"there is no {visible(name)}; name paths first, then the query")
    if not any(text.strip() for text in queries):
        raise UsageError("there is no query; write it behind the paths: url=*.aspx method=POST")
    signs = (("since", ">="), ("until", "<="))
    queries += [f'time{sign}"{options[name]}"' for name, sign in signs if options[name]]
    return [Path(path) for path in paths], queries


def _exists(word: str) -> bool:
    try:
        return bool(word) and Path(word).exists()
    except (OSError, ValueError):
        return False


def _shown(options: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    """Return the fields to show, and the format."""
    named = options["fields"] or ""
    columns = tuple(dict.fromkeys(filter(None, (one.strip() for one in named.split(",")))))
    format_ = options["format_"] or ("fields" if columns else "raw")
    if format_ in ("fields", "csv") and not columns:
        columns = USUAL
    return columns if format_ != "raw" else (), format_


def _looked(paths: list[Path], search: Any, jobs: int, take: Any) -> list[Any]:
    """Search a case or evidence; say what a case is."""
    cases = [path for path in paths if is_case(path)]
    if not cases:
        pool: Any = importlib.import_module("extriage.pipeline.greppool")
        looked: list[Any] = pool.search_paths(paths, search, jobs, take)
        return looked
    if len(cases) < len(paths):
        raise UsageError("search cases and evidence one after the other")
    for path in cases:
        database(path)
    click.echo(
        "extriage: a case holds only the lines of findings and the records of suspects; "
        "name the evidence to search all of it",
        err=True,
    )
    case: Any = importlib.import_module("extriage.pipeline.grepcase")
    return [one for path in cases for one in case.search_case(path, search, take)]


def _counted(looked: Iterable[Any], most: int) -> dict[str, int]:
    """Return how many matches each file has, without those that have none."""
    found: dict[str, int] = {}
    for one in looked:
        if one.found:
            total = found.get(one.path, 0) + one.found
            found[one.path] = min(total, most) if most else total
    return found


def _print_counts(found: dict[str, int], options: dict[str, Any]) -> None:
    if options["quiet"]:
        return
    for path, count in found.items():
        if options["files"]:
            click.echo(visible(path))
        elif options["count"]:
            click.echo(f"{visible(path)}:{count}")


def _name_unread(looked: Iterable[Any]) -> int:
    """Say on stderr what could not be read, or only in part; return how many files that are."""
    unread = [one for one in looked if one.status in ("partial", "unreadable")]
    for one in unread[:_NAMED]:
        how = "read only in part" if one.status == "partial" else "not read"
        click.echo(f"extriage: {visible(one.path)}: {how}: {visible(one.reason)[:300]}", err=True)
    if len(unread) > _NAMED:
        more = len(unread) - _NAMED
        click.echo(f"extriage: and {more} more files were not or only partly read", err=True)
    return len(unread)
