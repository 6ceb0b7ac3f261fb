"""A case as a STIX 2.1 bundle, written as plain JSON: no library is needed to make it.

https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html
"""

from extriage.reports.stix.bundle import render

__all__ = ["render"]
