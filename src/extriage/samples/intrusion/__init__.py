"""Servers on which somebody did something, written together with the truth about it.

Each module is one scene: `two.write(folder)` and so on return a `Truth`: every visitor with his
requests counted once, his lines by log, bytes, mailboxes, exports and files.
"""

from extriage.samples.intrusion import bypass, exports, farm, flood, migration, two, wandering

__all__ = ["bypass", "exports", "farm", "flood", "migration", "two", "wandering"]
