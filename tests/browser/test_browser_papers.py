"""The other documents, answers to authorities and comparisons: the same law as for the page."""

from datetime import UTC, datetime

import pytest
from attacks import CLASSES
from cases import CASES, flooded
from desk import Desk, Scheme, View
from measuring import covered, cut_off, open_all, settled, too_wide
from test_browser_access import objections
from watching import Shape, shape_of
from worlds import crowd, everything, three_servers

from extriage.analysis.answers import Circumstances, answer
from extriage.analysis.answers import compare as corrected
from extriage.analysis.comparing import compare
from extriage.knowledge.forms import form, form_names
from extriage.model.answer import FormAnswers
from extriage.model.case import Case
from extriage.reports import RenderOptions
from extriage.reports.answers import page as answers_page
from extriage.reports.comparison import page as comparison_page

NOW = datetime(2021, 3, 17, 9, 0, tzinfo=UTC)
OPTIONS = RenderOptions(tlp="amber")
ATTACKS = [one for many in CLASSES.values() for one in many[:10] if len(one) < 250]


def filled(name: str, case: Case) -> FormAnswers:
    step = next(iter(form(name).steps), "")
    return answer(form(name), case, Circumstances(NOW, "5f" * 32, step, None, None, "amber"))


def paper(name: str, case: Case) -> str:
    """Return the document of this name about the case."""
    if name == "comparison":
        return comparison_page.render(compare(case, three_servers()), OPTIONS)
    if name == "correction":
        both = (filled("gdpr-33", CASES["cannot-tell"]), filled("gdpr-33", case))
        return answers_page.compared(corrected(*both), OPTIONS)
    return answers_page.render(filled(name, case), OPTIONS)


PAPERS = (*form_names(), "comparison", "correction")
ONE_OF_A_KIND = ("ed-21-02", "nis2", "comparison", "correction")
"""Forms differ in their questions; the longest and the one with deadlines stand for all."""


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_can_be_read_at_every_width_and_printed(desk: Desk, name: str) -> None:
    page = desk.lay(paper(name, everything()))
    found = []
    for width in (320, 768, 1280, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        open_all(page)
        for ruler in (too_wide, cut_off, lambda page: covered(page, "body")):
            found += [f"{width}: {flaw}" for flaw in ruler(page)]
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})
    settled(page)
    assert found + [f"paper: {flaw}" for flaw in too_wide(page)] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ONE_OF_A_KIND)
def test_axe_has_no_objection_to_a_paper(desk: Desk, name: str, scheme: Scheme) -> None:
    page = desk.lay(paper(name, three_servers()), View(scheme=scheme, policy=False))
    open_all(page)
    assert objections(page, "color-contrast" if scheme == "dark" else "") == []


@pytest.mark.parametrize("name", ONE_OF_A_KIND)
def test_attacks_in_a_paper_stay_text(desk: Desk, name: str) -> None:
    harmless = [paper(name, one) for one in (everything(), three_servers(), crowd(["x", "y z"]))]
    known = [opened_shape(desk, one) for one in harmless]
    parts = frozenset[str]().union(*(one.parts for one in known))
    addresses = frozenset[str]().union(*(one.addresses for one in known))
    odd: set[str] = set()
    for case in hostile():
        shape = opened_shape(desk, paper(name, case))
        odd |= (shape.parts - parts) | (shape.addresses - addresses)
    assert odd == set()


def opened_shape(desk: Desk, document: str) -> Shape:
    page = desk.lay(document)
    open_all(page)
    shape = shape_of(page)
    assert desk.forget(page) == []
    return shape


def hostile() -> list[Case]:
    groups = [ATTACKS[start : start + 24] for start in range(0, len(ATTACKS), 24)]
    return [*map(crowd, groups), flooded(everything(), ATTACKS[0])]


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_needs_no_scripts(desk: Desk, name: str) -> None:
    words = [
        desk.lay(paper(name, everything()), View(scripts=scripts)).inner_text("main")
        for scripts in (True, False)
    ]
    assert words[0].strip()
    assert len(words[1]) >= len(words[0]) * 0.98
