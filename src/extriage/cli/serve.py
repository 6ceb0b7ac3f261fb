"""`extriage serve`: a case in the browser, for cases that are too large for one file."""

import importlib
from pathlib import Path
from typing import Any

import click

from extriage.errors import UsageError
from extriage.reports import RenderOptions

_LOOPBACK = "127.0.0.1"
_OPEN = (
    "extriage: others can reach port {port} of this machine, and there is no TLS: whoever listens "
    "on the way reads token and case. Safer: leave --host out; on the other machine run "
    "ssh -N -L {port}:127.0.0.1:{port} USER@THIS-MACHINE and open there what is printed here"
)
_EPILOG = (
    'Needs the extra web: pip install "extriage[web]". Nothing is written and nothing is sent; '
    "docs/serve.md tells what protects the case."
)


@click.command(epilog=_EPILOG)
@click.argument("case", type=click.Path(path_type=Path))
@click.option(
    "--host", default=_LOOPBACK, show_default=True, metavar="ADDRESS", help="Address to listen at."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0: a free one."
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="A name by which colleagues call this machine, for --host; others are turned away.",
)
@click.option(
    "--token/--no-token",
    default=True,
    show_default=True,
    help="Ask for a token; without it only on this machine's own address.",
)
@click.option(
    "--tlp", type=click.Choice(["clear", "green", "amber", "amber+strict", "red"]), default=None,
    metavar="MARK", help="Mark who may see it (Traffic Light Protocol 2.0).",
)  # fmt: skip
def serve(
    case: Path, *, host: str, port: int, names: tuple[str, ...], token: bool, tlp: str | None
) -> None:
    """Show a case in the browser, read-only, until Ctrl-C.

    CASE is the folder that `scan` wrote. The address to open is printed on stdout; it holds a
    token, which lets in whoever has it. Nothing starts a browser. There is no TLS: to look from
    another machine, lead the port through SSH rather than open it with --host.
    """
    app, guard, running, tokens = (_web(name) for name in ("app", "guard", "running", "token"))
    for one in (host, *names):
        if not guard.is_name(one):
            raise UsageError(f"{one!r} is no name or address of a machine; give it without a port")
    if not token and not guard.is_loopback(host):
        raise UsageError(f"others can reach {host}: --no-token works on 127.0.0.1 only")
    secret = tokens.Token.fresh() if token else None
    served = app.open_case(case, RenderOptions(cases_at=str(case), tlp=tlp or ""))

    def ready(at: int) -> None:
        alone = guard.is_loopback(host)
        known = host if alone or not names else names[0]
        known = _here(known) if guard.is_everywhere(known) else known
        known = f"[{known}]" if ":" in known else known
        click.echo(f"http://{known}:{at}/" + (f"?token={secret.secret}" if secret else ""))
        if not alone:
            click.echo(_OPEN.format(port=at), err=True)
        click.echo("extriage: serving, read-only; Ctrl-C ends it", err=True)

    running.run(app.application(served, host, names, secret), host, port, ready)


def _here(host: str) -> str:
    """Return this machine's own address of the kind that was given."""
    return "::1" if ":" in host else _LOOPBACK


def _web(name: str) -> Any:
    try:
        return importlib.import_module(f"extriage.serve.{name}")
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise UsageError(
            f'serve needs {error.name}; install with: pip install "extriage[web]"'
        ) from error
