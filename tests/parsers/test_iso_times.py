"""Times in the shape that nearly every event has are read as all others are, only faster."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from extriage.parsers import clock

NEAR = st.from_regex(
    rb"[0-9]{4}[-W0-9][0-9W]{2}-[0-9]{2}[T t][0-9]{2}:[0-9:]{2}:[0-9]{2}"
    rb"(?:[.,Z][0-9]{0,7})?[Z+0-9:]{0,3}",
    fullmatch=True,
)


@given(NEAR | st.binary(max_size=30))
@example(b"2021-03-03T04:48:17Z")
@example(b"2021-03-03 04:48:17.468Z")
@example(b"2021-03-03T04:48:17.468200Z")
@example(b"2021-03-03T04:48:17,468200Z")
@example(b"2021-02-29T04:48:17.468200Z")
@example(b"2021-W09-3T04:48:17.46820Z")
@example(b"2021-03-03T04:48:60Z")
def test_both_ways_give_the_same_time(text: bytes) -> None:
    fast = clock.iso_time(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "_PLAIN", ())
        assert clock.iso_time(text) == fast


def test_the_usual_shape_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_ISO", None)
    for text in (b"2021-03-03T04:48:17Z", b"2021-03-03 04:48:17.468Z"):
        assert clock.iso_time(text) is not None
