"""Settings as records: the text holds every field, and the fields are those that are documented."""

from config_reading import MODULES, SERVERS, facts_in
from hypothesis import given
from hypothesis import strategies as st

from extriage.model.evidence import Origin
from extriage.model.state import FOR_RULES, Fact, Subject
from extriage.parsers import setting_record
from extriage.parsers.setting import PROPERTIES, fields_of

TEXTS = st.text(max_size=30)


@given(TEXTS, TEXTS, st.lists(st.tuples(st.text(min_size=1, max_size=9), TEXTS), max_size=5))
def test_the_text_holds_every_value(
    name: str, value: str, properties: list[tuple[str, str]]
) -> None:
    origin = Origin("a/b", 7)
    fact = Fact(Subject.OBJECT, name, value, "x", origin, properties=tuple(properties))
    record = setting_record(fact)
    assert record.origin == origin
    for held in record.fields.values():
        for one in (held,) if isinstance(held, str) else held:
            assert one in record.text


def test_an_objects_own_name_counts_and_its_subject_does_not() -> None:
    own = (("Object", "InboxRule"), ("Name", "."), ("Subject", "x"), ("ForwardTo", ("a", "b")))
    fact = Fact(Subject.OBJECT, "InboxRule/a", "", "x", Origin("a", 1), properties=own)
    fields = setting_record(fact).fields
    assert fields["Subject"] == "object"
    assert fields["Name"] == "."
    assert fields["ForwardTo"] == ("a", "b")


def test_the_evidences_own_words_are_given_where_they_say_more() -> None:
    origin = Origin("a", 1)
    plain = Fact(Subject.SETTING, "a", "b", "x", origin, text="a: b")
    more = Fact(Subject.SETTING, "a", "b", "x", origin, text="<a b='c'/>")
    assert setting_record(plain).fields["Text"] == ""
    assert setting_record(more).fields["Text"] == "<a b='c'/>"


def test_real_configuration_has_no_field_that_is_not_documented() -> None:
    facts = [*facts_in(SERVERS / "E19.zip"), *facts_in(MODULES)]
    seen = {fact.subject for fact in facts if fact.properties}
    wanted = {"virtual-directory", "logging", "handler", "managed-module", "machine-key", "object"}
    assert wanted <= {subject.value for subject in seen}
    for fact in facts:
        if fact.subject is not Subject.OBJECT:
            assert setting_record(fact).fields.keys() <= set(fields_of(fact.subject)), fact.name


def test_what_only_rules_ask_for_has_properties_to_ask_for() -> None:
    assert set(PROPERTIES) >= FOR_RULES
