"""Sigma rules, compiled to tests of single records and joined by correlations.

pySigma reads the rules; evaluating them is done here, on regular expressions of RE2, because the
records never enter a database. Specification: https://sigmahq.io/sigma-specification/.
"""

from collections.abc import Sequence
from importlib.resources.abc import Traversable

from extriage.knowledge.logsources import LogSources
from extriage.matchers.sigma.episodes import correlate
from extriage.matchers.sigma.ruleset import CompiledCorrelation, CompiledRule, RuleSet, Target

__all__ = [
    "CompiledCorrelation",
    "CompiledRule",
    "RuleSet",
    "Target",
    "correlate",
    "load_rules",
]


def load_rules(paths: Sequence[Traversable], logsources: LogSources) -> RuleSet:
    """Read all rule files below some paths; what cannot run is refused, the rest goes on."""
    # NOTE: pySigma takes a quarter of a second to import, and only who loads rules needs it.
    from extriage.matchers.sigma import load  # noqa: PLC0415

    return load.load_rules(paths, logsources)
