"""The command line: the only room that prints, reads arguments and exits.

Results go to stdout, progress and messages to stderr. Commands are imported when they are called,
so that `extriage --help` answers at once.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from extriage import __version__
from extriage.cli.listener import listen
from extriage.errors import ExtriageError, UsageError
from extriage.reports.neutral import visible

COMMANDS = {
    "scan": "Read evidence and say what happened to the server.",
    "version": "Say what a build of Exchange is, what is open in it, and what to do.",
    "report": "Show a case again, in any format, without the evidence.",
    "diff": "Compare two cases: what is gone, what is new, what still leaks.",
    "timeline": "Show what happened when, on all servers of a case, in one order.",
    "answers": "Answer what an authority asks (GDPR, NIS2, CISA) from a case.",
    "serve": "Show a case in the browser, for cases that are too large for one file.",
    "grep": "Search any log, or a case, for fields, texts, addresses and times.",
    "rules": "List, show, test and check detection rules.",
    "indicators": "Look for published values in a case, and hand on what a case gave.",
    "fingerprint": "Ask your own servers which version they run (the only use of a network).",
    "knowledge": "Show and replace the tables of builds, fixes and advisories.",
    "verify": "Tell whether a case and its evidence are unchanged.",
    "doctor": "Say what this installation can open, and what is missing.",
    "collect": "Say what to take of a server: recipes for KAPE, Velociraptor and others.",
    "demo": "Write a small sample server and scan it.",
    "schema": "Print the JSON Schema of case.json.",
}

EPILOG = (
    "Exit codes: 0 nothing found and everything read; 1 findings; 2 wrong usage; 3 incomplete: "
    "something could not be read or cannot be told; 4 no Exchange evidence; 5 internal error; "
    "130 interrupted (run the same command again to resume)."
)


class UnheardError(Exception):
    """Whoever read the output has gone (`| head`)."""


@contextmanager
def _heard() -> Iterator[None]:
    # NOTE: click makes a failure of it, and would not let `main` know.
    try:
        yield
    except BrokenPipeError as error:
        raise UnheardError from error


class Commands(click.Group):
    """The commands by name, each imported on first use."""

    def make_context(self, *words: Any, **more: Any) -> click.Context:
        """Read the arguments, or show the help."""
        with _heard():
            return super().make_context(*words, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        with _heard():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a first use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"extriage.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="extriage")
@click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong inside.")
@click.pass_context
def extriage(context: click.Context, *, debug: bool) -> None:
    """Triage of on-premises Microsoft Exchange servers, offline, from what is left of them.

    Was it attacked, did it work, and could that have been seen? Start with: extriage scan PATH
    """
    context.obj = {"debug": debug}


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    words = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in words
    listen()
    try:
        code = extriage.main(args=words, standalone_mode=False) or 0
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = _say("interrupted; run the same command again to resume", 130)
    except click.ClickException as error:
        error.show()
        code = 2
    except ExtriageError as error:
        if debug:
            traceback.print_exc()
        code = _say(str(error), 2 if isinstance(error, UsageError) else 5)
    except UnheardError:
        unheard()
        code = 0
    except SystemExit as end:
        code = end.code
    except Exception as error:
        if debug:
            traceback.print_exc()
        code = _say(
            f"internal error ({type(error).__name__}: {error}); --debug shows where; "
            "please report it",
            5,
        )
    _flush()
    sys.exit(code)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        unheard()


def unheard() -> None:
    """Let all output go nowhere: whoever read it has gone, and nothing is left to be said."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str, code: int) -> int:
    click.echo(f"extriage: {visible(text)}", err=True)
    return code
