"""Offline triage of on-premises Exchange servers: attacked? did it work? could it be seen?"""

__version__ = "0.1.0"

__all__ = ["__version__"]
