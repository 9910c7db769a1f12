"""Dataclasses and JSON: what is written is read again, and nothing else is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.utils.dataclass_json import from_json, to_json


@dataclass(frozen=True)
class Inner:
    """A dataclass in another one."""

    values: tuple[float, ...]
    name: str | None = None


@dataclass(frozen=True)
class Outer:
    """One field of each kind."""

    inner: Inner
    maybe: Inner | None
    inners: tuple[Inner, ...]
    by_name: Mapping[str, Inner]
    matrix: tuple[tuple[int, ...], ...]
    texts: Sequence[str] = ()
    number: int = 7


@dataclass(frozen=True)
class Defaults:
    """Nothing has to be said."""

    size: int = 3


TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
INNERS = st.builds(
    Inner, st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple), st.none() | TEXTS
)
INTEGERS = st.integers(-(2**53), 2**53)
OUTERS = st.builds(
    Outer,
    INNERS,
    st.none() | INNERS,
    st.lists(INNERS, max_size=3).map(tuple),
    st.dictionaries(TEXTS, INNERS, max_size=3),
    st.lists(st.lists(INTEGERS, max_size=3).map(tuple), max_size=3).map(tuple),
    st.lists(TEXTS, max_size=3).map(tuple),
    INTEGERS,
)


@given(OUTERS)
def test_what_is_written_is_read(outer: Outer) -> None:
    """Also through the text of JSON."""
    assert from_json(Outer, to_json(outer)) == outer
    assert from_json(Outer, orjson.loads(orjson.dumps(outer))) == outer


def test_a_field_with_a_default_may_be_missing() -> None:
    """It then has its default."""
    assert from_json(Inner, {"values": [1.0]}) == Inner((1.0,))


def test_any_other_missing_field_is_refused() -> None:
    """By its name."""
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'values'"):
        from_json(Inner, {"name": "a"})


def test_a_field_that_is_not_known_is_refused() -> None:
    """By its name and its place."""
    data = {"inner": {"values": [], "extra": 1}, "maybe": None}
    with pytest.raises(TypeError, match=r"^Inner has no field 'extra'$"):
        from_json(Outer, data)


@pytest.mark.parametrize("inner", [1, "text", None, [], [1]])
def test_what_is_no_object_is_refused(inner: object) -> None:
    """It has no keys."""
    with pytest.raises(AttributeError):
        from_json(Outer, {"inner": inner})


@dataclass(frozen=True)
class Either:
    """One of two dataclasses, or nothing."""

    one: Defaults | Inner | None


@given(st.builds(Either, st.none() | INNERS | st.builds(Defaults, INTEGERS)))
def test_one_of_several_dataclasses_is_read(either: Either) -> None:
    """The one that has the fields of the object; and None, which has none."""
    assert from_json(Either, to_json(either)) == either
    assert from_json(Either, {"one": {}}) == Either(Defaults())
