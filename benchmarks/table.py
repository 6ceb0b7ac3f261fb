"""One table of all that is measured: ours, its peer in the same run, the goal, reached or not.

Runs the named contests (all without a name), each with its peer in turn, and prints a line for each
comparison. With --markdown the same goes to a page, with the machine, the versions and the date.

    python benchmarks/table.py [NAME …] [--rounds 3] [--scale 1] [--quick] [--list]
        [--markdown docs/benchmarks.md]

`--scale 0.1` takes a tenth of the usual sizes; `--quick` a fiftieth, and one round: it shows that
everything runs, not how fast. `--evtx FOLDER` names real event logs to take chunks from.
"""

import sys

import eventlogs
import flood
import grep
import indicators
import memory
import pages
import pivot
import proxylogon
import rulecount
import scan
import startup
import wrappings
from contests import Maker
from running import main

CONTESTS: dict[str, Maker] = {
    **scan.CONTESTS,
    **proxylogon.CONTESTS,
    **wrappings.CONTESTS,
    **eventlogs.CONTESTS,
    **pages.CONTESTS,
    **rulecount.CONTESTS,
    **pivot.CONTESTS,
    **startup.CONTESTS,
    **memory.CONTESTS,
    **flood.CONTESTS,
    **indicators.CONTESTS,
    **grep.CONTESTS,
}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
