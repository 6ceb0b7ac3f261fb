"""The pictures of the page: what could be seen, what happened, what was open, which server first.

Each module works out one picture from a case, as numbers, words and names of classes; templates
below `html/templates/pictures` draw them. Nothing here knows HTML.
"""

from extriage.reports.pictures.coverage import coverage_map
from extriage.reports.pictures.overview import case_overview
from extriage.reports.pictures.patch import patch_history
from extriage.reports.pictures.timeline import attack_timeline

__all__ = ["attack_timeline", "case_overview", "coverage_map", "patch_history"]
