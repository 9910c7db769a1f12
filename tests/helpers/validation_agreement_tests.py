"""Both validators, jsonschema and jsonschema-rs, give the same verdict on every row."""

import json
import math
import random
import threading
from typing import Any

import orjson
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.helpers.features import Feature, FeatureType
from app.helpers.validation import RowValidator
from tests.support.validation import (
    FEATURES,
    VALID,
    VALIDATOR,
)

SCALARS: list[Any] = [
    None,
    True,
    False,
    "",
    "red",
    "null",
    "true",
    "1",
    0,
    -0.0,
    1,
    1.0,
    2.0,
    2.5,
    5e-324,
    10**15,
    10**15 + 1,
    -(10**15),
    -(10**15) - 1,
    1e15,
    math.nextafter(1e15, 0),
    math.nextafter(1e15, math.inf),
    math.nextafter(-1e15, -math.inf),
    2**53 - 1,
    2**53,
    float(2**53 - 1),
    float(2**53),
    1 - 2**53,
    -(2**53),
    2**63 - 1,
    2**63,
    2**64 - 1,
    2**64,
    -(2**63),
    -(2**63) - 1,
    10**300,
    -(10**300),
    1.7976931348623157e308,
    "x" * 256,
    "x" * 257,
    "😀" * 256,
    "😀" * 257,
    "e\u0301" * 128,
    "e\u0301" * 129,
    "\x00",
    "\ufeff",
    "\U0010ffff",
]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)  # JSON has no surrogates
scalars = st.one_of(
    st.sampled_from(SCALARS),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
json_values = st.recursive(
    scalars,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(texts, values, max_size=3),
    max_leaves=6,
)


def parsed(value: Any) -> Any:
    """Return a value as orjson makes it of its JSON text; what it refuses is left out."""
    try:
        return orjson.loads(json.dumps(value))
    except orjson.JSONDecodeError:
        assume(False)


names = st.sampled_from(
    ["x", "$ref", "", "properties", "a/b", "~0", "ä ö", '"', "x\n", "__class__"]
) | texts.filter(lambda name: name != "id")


TYPES: tuple[FeatureType, ...] = ("number", "boolean", "category")


@st.composite
def feature_tuples(draw: st.DrawFn) -> tuple[Feature, ...]:
    """Draw features of all types, with names and categories of any kind."""
    features = []
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        type_ = draw(st.sampled_from(TYPES))
        categories = (
            draw(st.lists(texts.filter(bool), min_size=1, max_size=4, unique=True))
            if type_ == "category"
            else []
        )
        is_open = type_ == "category" and draw(st.booleans())
        features.append(Feature(name, type_, draw(st.booleans()), tuple(categories), open=is_open))
    return tuple(features)


def likely_values(feature: Feature) -> st.SearchStrategy[Any]:
    """Draw values of which many are valid."""
    if feature.type == "category":
        return st.sampled_from(feature.categories) | st.none()
    if feature.type == "boolean":
        return st.booleans() | st.none()
    return st.floats(-2e15, 2e15) | st.integers(-2 * 10**15, 2 * 10**15) | st.none()


def assert_both_agree(validator: RowValidator, row: Any) -> None:
    """Assert that jsonschema, what we make of it, and jsonschema-rs say the same."""
    is_valid = Draft202012Validator(validator.schema).is_valid(row)
    assert validator.is_valid(row) is is_valid
    assert validator.are_valid([row]) is is_valid
    assert validator.are_valid_columns({key: [value] for key, value in row.items()}) is is_valid
    assert (validator.describe(row) == "") is is_valid


@pytest.mark.slow
@settings(max_examples=400)
@given(st.data(), feature_tuples())
def test_both_validators_agree_on_rows(data: st.DataObject, features: tuple[Feature, ...]) -> None:
    """Whatever the features are, and whatever the JSON parser made of a body."""
    ids = json_values | st.integers(-10, 10)
    values = {f.name: likely_values(f) | json_values for f in features}
    complete = st.fixed_dictionaries({"id": ids, **values})
    ragged = st.fixed_dictionaries({}, optional={"id": ids, **values, "other": json_values})
    assert_both_agree(RowValidator(features), parsed(data.draw(complete | ragged)))


@pytest.mark.parametrize("key", [*VALID, "unexpected"])
def test_both_validators_agree_on_values_at_the_edge(key: str) -> None:
    """Of every type, in every place."""
    for value in SCALARS:
        if value not in (10**300, -(10**300)):
            assert_both_agree(VALIDATOR, {**VALID, key: value})
        row = parsed({**VALID, key: value})
        assert_both_agree(VALIDATOR, row)


@settings(max_examples=100)
@given(
    st.lists(
        st.fixed_dictionaries(
            {key: st.just(value) for key, value in VALID.items()}
            | {"x_1": likely_values(FEATURES[0]) | json_values}
        )
    )
)
def test_many_rows_are_valid_when_each_is(rows: list[dict[str, Any]]) -> None:
    """One call for all says the same."""
    rows = parsed(rows)
    columns = {key: [row[key] for row in rows] for key in VALID}
    is_valid = all(map(VALIDATOR.is_valid, rows))
    assert VALIDATOR.are_valid(rows) is is_valid
    assert VALIDATOR.are_valid_columns(columns) is is_valid


@given(json_values)
@example([[]])
@example([VALID, [VALID]])
def test_nothing_but_a_row_is_valid(value: Any) -> None:
    """An array is valid if its elements are; an empty one is."""
    value = parsed(value)
    assert VALIDATOR.is_valid(value) is False
    assert VALIDATOR.are_valid(value) is (value == [])


def test_a_validator_may_be_shared_by_threads() -> None:
    """Valid and invalid rows at the same time, each with its own answer."""
    mistakes = {
        key: (
            {**VALID, key: []},
            RowValidator(FEATURES).describe({**VALID, key: []}),
        )
        for key in VALID
    }
    validator = RowValidator(FEATURES)  # the reference is not there yet
    start = threading.Barrier(8)
    wrong: list[Any] = []

    def hammer(seed: int) -> None:
        chance = random.Random(seed)
        start.wait()
        for _ in range(300):
            row, message = chance.choice(list(mistakes.values()))
            if (
                not validator.is_valid(VALID)
                or not validator.are_valid([VALID] * 50)
                or validator.is_valid(row)
                or validator.are_valid([*[VALID] * 50, row])
                or validator.describe(row) != message
            ):
                wrong.append(row)

    threads = [threading.Thread(target=hammer, args=[seed]) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
