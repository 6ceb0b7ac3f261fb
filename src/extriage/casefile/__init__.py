"""The case folder: `case.json`, `case.db`, the ledger of a running scan, and the run's own record.

`case.json` and `case.db` depend on nothing but the evidence and the versions of tool and content:
the same input gives the same bytes. What does change from run to run (clock, arguments, machine)
stands in `run.json` and in the run log `run.jsonl` beside them.
"""

from extriage.casefile.document import decode, encode, schema
from extriage.casefile.folder import CaseFolder
from extriage.casefile.ledger import Ledger
from extriage.casefile.named import load

__all__ = ["CaseFolder", "Ledger", "decode", "encode", "load", "schema"]
