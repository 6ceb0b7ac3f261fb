"""Sigma rules, compiled to tests of single records and joined by correlations.

pySigma reads the rules; evaluating them is done here, on regular expressions of RE2, because the
records never enter a database. Between the two lie drafts: plain data, which the bundled rules
come as, so that a scan needs no pySigma. Specification: https://sigmahq.io/sigma-specification/.
"""

from collections.abc import Iterable, Sequence
from importlib.resources.abc import Traversable

from extriage.knowledge.logsources import LogSources
from extriage.matchers.sigma.bundling import bundle, unbundle
from extriage.matchers.sigma.compiling import compile_rules
from extriage.matchers.sigma.draft import Read
from extriage.matchers.sigma.episodes import correlate
from extriage.matchers.sigma.ruleset import CompiledCorrelation, CompiledRule, RuleSet, Target

__all__ = [
    "CompiledCorrelation",
    "CompiledRule",
    "Read",
    "RuleSet",
    "Target",
    "bundle",
    "compile_rules",
    "correlate",
    "load_rules",
    "read_rules",
    "unbundle",
]


def load_rules(paths: Sequence[Traversable], logsources: LogSources) -> RuleSet:
    """Read all rule files below some paths; what cannot run is refused, the rest goes on."""
    return compile_rules(read_rules(paths, logsources), logsources)


def read_rules(paths: Sequence[Traversable], logsources: LogSources) -> Iterable[Read]:
    """Return what the rule files below some paths hold, in a fixed order."""
    # NOTE: pySigma takes longer to import than a small scan lasts; only who reads files needs it.
    from extriage.matchers.sigma import reading  # noqa: PLC0415

    return reading.read_rules(paths, logsources)
