"""Whether a page that a trace names is one that some build of Exchange ships at that place."""

from functools import lru_cache

from extriage.knowledge.shipped import is_shipped_url, shipped_fields
from extriage.model.evidence import Fields

PLACE_FIELDS = ("Place", "ShippedPath", "Imitates")
_ANSWERS = {True: "yes", False: "no", None: ""}


@lru_cache(maxsize=4096)
def url_of_exchange(url: str) -> str:
    """Answer `yes` or `no` for the URL path of a page; nothing where no table can know."""
    path = url if url.startswith("/") else "/" + url.replace("\\", "/").lstrip("~/")
    return _ANSWERS[is_shipped_url(path)]


def place_of(path: str) -> Fields:
    """Return where a file lies, and whether Exchange ships a file of this name there."""
    told = shipped_fields(path, "")
    return {name: told.get(name, "") for name in PLACE_FIELDS}
