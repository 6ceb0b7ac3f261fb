"""The errors of this project; only `cli` catches them.

ExtriageError
├── SourceError    evidence that cannot be opened or read to its end
├── ContentError   a rule, indicator or knowledge file that is wrong; names file and line
├── CaseError      a case folder that cannot be written, or whose database breaks off
└── UsageError     what was asked for makes no sense

Trouble inside evidence is a value (`Entry` with a reason), never an exception that ends a scan.
"""


class ExtriageError(Exception):
    """Base of all errors that end in one clear sentence for the user."""


class SourceError(ExtriageError):
    """Evidence that cannot be opened, or breaks off while it is read."""


class ContentError(ExtriageError):
    """A rule, indicator or knowledge file that is wrong; the text names file and place."""


class CaseError(ExtriageError):
    """A case folder that cannot be written, or a part of it that is damaged."""


class UsageError(ExtriageError):
    """A request that makes no sense; the text says what to do instead."""
