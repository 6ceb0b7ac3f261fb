"""Sessions: what intruders and other visitors did in one go, told from the trail of a server."""

from extriage.analysis.sessions.strangers import Knock
from extriage.analysis.sessions.telling import (
    PAUSE,
    Assigned,
    Others,
    Records,
    Told,
    tell_sessions,
)
from extriage.analysis.sessions.whose import Own

__all__ = ["PAUSE", "Assigned", "Knock", "Others", "Own", "Records", "Told", "tell_sessions"]
