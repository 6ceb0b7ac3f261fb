"""What changed between two versions of one form: what a correction has to say."""

from collections.abc import Iterator
from typing import TypeAlias

from extriage.model.answer import Answer, Certain, Changed, Correction, FormAnswers, Question

Place: TypeAlias = tuple[str, str]
Told: TypeAlias = tuple[Question, str]
_NONE = "not asked"


def compare(was: FormAnswers, now: FormAnswers) -> Correction:
    """Return every question whose answer is not what it was, in the order of the newer version."""
    old, new = dict(_told(was)), dict(_told(now))
    places = [*new, *(place for place in old if place not in new)]
    found = (_changed(place, old.get(place), new.get(place)) for place in places)
    return Correction(
        *(now.form, now.step, now.title, was.version, now.version),
        *(was.made_at, now.made_at, now.tlp),
        changes=tuple(one for one in found if one),
    )


def _changed(place: Place, old: Told | None, new: Told | None) -> Changed | None:
    before, after = (one[1] if one else _NONE for one in (old, new))
    asked = new or old
    if asked is None or before == after:
        return None
    question, server = place
    return Changed(question, asked[0].number, asked[0].text, server, before, after)


def _told(form: FormAnswers) -> Iterator[tuple[Place, Told]]:
    for section in form.sections:
        for question in section.questions:
            for one in question.answers:
                yield (question.id, one.server), (question, words(one))


def words(one: Answer) -> str:
    """Write an answer in one text, as it is compared; a person's own words come first."""
    if one.filled:
        value = f"{one.filled.value}. " if one.filled.value else ""
        return f"{value}{one.filled.text} (answered by {one.filled.by})"
    if one.certainty is Certain.PERSON:
        return " ".join(("A person must answer.", *one.known))
    value = f"{one.value} " if one.value else ""
    return " ".join(filter(None, (f"{value}[{one.certainty.value}]", one.text, *one.known)))
