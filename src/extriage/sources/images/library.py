"""The library that reads disk images: dissect (AGPL-3.0, the extra `disk`), loaded when needed.

The only module that knows it. It is access to files alone: containers, partitions, file systems.
"""

import importlib
import logging
from types import ModuleType

from extriage.errors import SourceError

MISSING = 'disk images need an extra: pip install "extriage[disk]"'


def library(name: str) -> ModuleType:
    """Import a part of the library; SourceError with the command that installs it."""
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise SourceError(MISSING) from error
    # NOTE: it logs what is wrong with evidence; here that is a row of the manifest.
    logging.getLogger("dissect").setLevel(logging.CRITICAL + 1)
    return module
