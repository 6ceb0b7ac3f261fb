"""`extriage rules`: the rules as an analyst asks for them."""

import sys
from pathlib import Path
from typing import Any

import click

from extriage.analysis.rulecoverage import rule_coverage
from extriage.errors import UsageError
from extriage.matchers.yara import EXTENSIONS, yara_files
from extriage.model.detection import Rule
from extriage.pipeline.pack import Content, Pack, load_pack
from extriage.pipeline.rulecase import CASES, run_cases
from extriage.reports.neutral import visible
from extriage.reports.rulecoverage import FORMATS


def _pack(options: dict[str, Any]) -> Pack:
    sigma, yara = (
        tuple(str(Path(name).resolve()) for name in options[language])
        for language in ("rules", "yara")
    )
    return load_pack(Content(sigma, builtin=not options["no_builtin_rules"], yara=yara))


def _choice(command: Any) -> Any:
    command = click.option("--rules", multiple=True, type=click.Path(), help="Add Sigma rules.")(
        command
    )
    command = click.option("--yara", multiple=True, type=click.Path(), help="Add YARA rules.")(
        command
    )
    return click.option("--no-builtin-rules", is_flag=True, help="Leave out our own rules.")(
        command
    )


@click.group()
def rules() -> None:
    """List, show, test and check detection rules."""


@rules.command("list")
@_choice
def list_rules(**options: Any) -> None:
    """List all rules, and those that cannot run with the reason."""
    pack = _pack(options)
    for rule in _rules(pack):
        stage = rule.stage.value if rule.stage else "-"
        kinds = ",".join(rule.kinds)
        head = f"{stage:9} {rule.level.value:13} {visible(rule.id)}"
        click.echo(f"{head}  [{kinds}] {visible(rule.title)}")
    for refused in pack.ruleset.refused:
        click.echo(
            f"cannot run: {visible(refused.id or refused.title)} ({visible(refused.path)}): "
            f"{visible(refused.reason)}"
        )


@rules.command()
@click.argument("name")
@_choice
def show(name: str, **options: Any) -> None:
    """Show what one rule says about itself."""
    for rule in _rules(_pack(options)):
        if name in (rule.id, rule.title):
            click.echo(_description(rule))
            return
    raise UsageError(f"there is no rule {name}; see: extriage rules list")


@rules.command()
@click.argument("cases", nargs=-1, type=click.Path(path_type=Path))
@_choice
def test(cases: tuple[Path, ...], **options: Any) -> None:
    """Run the rules against lines that must and must not match.

    CASES are case files or folders of them; the bundled cases when none is given.
    """
    pack = _pack(options)
    outcomes = run_cases(pack.ruleset, list(cases) or [CASES], pack.yara)
    failed = [outcome for outcome in outcomes if outcome.problem]
    for outcome in failed:
        click.echo(f"FAILED {visible(outcome.name)}: {visible(outcome.problem)}")
    click.echo(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed or not outcomes else 0)


@rules.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def lint(paths: tuple[Path, ...]) -> None:
    """Check rule files, Sigma and YARA: which can run, which are slow, which cannot run and why."""
    names = [path.resolve() for path in paths]
    yara = tuple(str(path) for path in names if next(yara_files(path, only=True), None))
    sigma = tuple(str(path) for path in names if path.suffix.lower() not in EXTENSIONS)
    pack = load_pack(Content(sigma, builtin=False, yara=yara))
    for refused in pack.ruleset.refused:
        word = "wrong" if refused.broken else "cannot run"
        click.echo(f"{word}: {visible(refused.path)}: {visible(refused.reason)}")
    for name in pack.slow():
        click.echo(f"slow: {visible(name)} has no literal; every line will be parsed for it")
    click.echo(f"{len(_rules(pack))} rules can run, {len(pack.ruleset.refused)} cannot")
    sys.exit(1 if any(refused.broken for refused in pack.ruleset.refused) else 0)


@rules.command()
@click.option(
    "--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True,
    help="text, csv, json, or a layer for the ATT&CK Navigator.",
)  # fmt: skip
@_choice
def coverage(format_: str, **options: Any) -> None:
    """Say what the rules could see: each campaign, in which logs, up to which stage."""
    found = rule_coverage(_pack(options).ruleset)
    click.echo(FORMATS[format_](found), nl=False)


def _rules(pack: Pack) -> list[Rule]:
    compiled = [rule.rule for rule in pack.ruleset.rules]
    compiled += [correlation.rule for correlation in pack.ruleset.correlations]
    return sorted(compiled, key=lambda rule: (rule.campaign, -_rank(rule), rule.id))


def _rank(rule: Rule) -> int:
    return rule.stage.rank if rule.stage else 0


def _description(rule: Rule) -> str:
    rows = {
        "id": rule.id,
        "title": rule.title,
        "level": rule.level.value,
        "stage": rule.stage.value if rule.stage else "none claimed",
        "certainty": rule.certainty.value,
        "campaign": rule.campaign or "none",
        "way back": rule.persistence,
        "CVEs": ", ".join(rule.cves),
        "ATT&CK": ", ".join(rule.attack),
        "reads": ", ".join(rule.kinds),
        "author": rule.author,
        "file": rule.path,
    }
    lines = [f"{name + ':':11}{visible(value)}" for name, value in rows.items() if value]
    lines += ["", *(visible(line) for line in rule.description.strip().splitlines())]
    lines += ["", "Looks the same but is benign:"]
    lines += [f"  - {visible(one)}" for one in rule.look_alikes] or ["  - nothing known"]
    lines += ["References:", *(f"  - {visible(one)}" for one in rule.references)]
    return "\n".join(lines)
