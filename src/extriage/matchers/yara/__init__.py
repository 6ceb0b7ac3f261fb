"""YARA rules, run by YARA-X over pages and other files that are looked at as a whole.

Our own rules come with what they say about themselves read beforehand, so that evidence without
such files never needs YARA-X. Rules of others run unmodified. Language:
https://virustotal.github.io/yara-x/docs/writing_rules/anatomy-of-a-rule/.
"""

from extriage.matchers.yara.bundling import bundle, unbundle
from extriage.matchers.yara.metadata import YaraRule
from extriage.matchers.yara.ruleset import YaraRules, load_yara
from extriage.matchers.yara.scanning import Mark, Scanned, YaraMatch, scan_bytes
from extriage.matchers.yara.sources import EXTENSIONS, YaraFile, yara_files

__all__ = [
    "EXTENSIONS",
    "Mark",
    "Scanned",
    "YaraFile",
    "YaraMatch",
    "YaraRule",
    "YaraRules",
    "bundle",
    "load_yara",
    "scan_bytes",
    "unbundle",
    "yara_files",
]
