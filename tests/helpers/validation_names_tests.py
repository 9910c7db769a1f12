"""Messages shorten and escape names, and never repeat a value."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.helpers.errors import InvalidPayload
from app.helpers.features import Feature
from app.helpers.validation import RowValidator, validate
from tests.support.validation import VALID, VALIDATOR, refuse


def test_the_first_10_names_are_shown() -> None:
    """And how many more there are."""
    features = [Feature(f"f{number}", "number") for number in range(15)]
    validator = RowValidator(features)
    assert str(refuse({"id": 1}, validator)) == (
        "Missing keys: 'f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8', 'f9' and 5 more"
    )
    unexpected = {f"u{number}": 1 for number in range(11)}
    valid = {"id": 1, **{feature.name: 1 for feature in features}}
    assert str(refuse({**valid, **unexpected}, validator)) == (
        "Unexpected keys: 'u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8', 'u9' and 1 more"
    )
    rules = ", ".join(f"'f{number}' must be a number" for number in range(10))
    wrong = {**dict.fromkeys(valid, "x")}
    assert str(refuse(wrong, validator)) == f"Invalid values: {rules} and 5 more"
    many = RowValidator(
        [Feature("c", "category", True, tuple(f"c{number}" for number in range(1000)))]
    )
    assert str(refuse({"id": 1, "c": 1}, many)) == (
        "Invalid values: 'c' must be one of 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8',"
        " 'c9' and 990 more or null"
    )


def test_ten_names_are_all_shown() -> None:
    """Then there are no more."""
    unexpected = {f"u{number}": 1 for number in range(10)}
    assert str(refuse({**VALID, **unexpected})) == (
        "Unexpected keys: 'u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8', 'u9'"
    )


def test_a_hundred_thousand_unexpected_keys_are_counted() -> None:
    """In one short message."""
    unexpected = {f"u{number}": number for number in range(100_000)}
    assert str(refuse({**VALID, "x_1": None, **unexpected})) == (
        "Unexpected keys: 'u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8', 'u9' and 99990"
        " more. Invalid values: 'x_1' must be a number"
    )


def test_names_are_escaped_and_cut() -> None:
    """At 64 characters, so that no client can write into a log or fill a message."""
    names = ["it's", "a\\b", "a\nb\r\t\x00\x1b", "ä\u200b\u202e😀", "x" * 64, "y" * 65, "'" * 65]
    shown = [
        r"'it\'s'",
        r"'a\\b'",
        r"'a\nb\r\t\x00\x1b'",
        r"'ä\u200b\u202e😀'",
        "'" + "x" * 64 + "'",
        "'" + "y" * 63 + "…'",
        "'" + r"\'" * 63 + "…'",
    ]
    message = str(refuse({**VALID, **dict.fromkeys(names)}))
    assert message == f"Unexpected keys: {', '.join(shown)}"


def test_the_names_of_features_and_categories_are_escaped_and_cut_too() -> None:
    """Whoever made the CSV chose them."""
    name, category = "n" * 65, "c'" + "c" * 65
    validator = RowValidator([Feature(name, "category", categories=(category,))])
    shown, shown_category = "'" + "n" * 63 + "…'", r"'c\'" + "c" * 61 + "…'"
    assert str(refuse({"id": 1}, validator)) == f"Missing keys: {shown}"
    assert str(refuse({"id": 1, name: ""}, validator)) == (
        f"Invalid values: {shown} must be one of {shown_category}"
    )


CANARY = "canary-7731"


@settings(max_examples=200)
@given(st.data())
def test_a_value_is_never_echoed(data: st.DataObject) -> None:
    """Neither a text nor a number, an element nor an inner key."""
    values = st.sampled_from(
        [
            CANARY,
            CANARY * 99,
            7731e300,
            -77317731.5,
            [CANARY],
            {"x_1": {CANARY: 1}},
            [[{"a": CANARY}]],
        ]
    )
    row = st.fixed_dictionaries({}, optional=dict.fromkeys([*VALID, "x_5"], values))
    payload = data.draw(row | st.lists(row, max_size=4) | st.lists(row | values) | values)
    error = None
    try:
        validate(payload, VALIDATOR)
    except InvalidPayload as caught:
        error = caught
    if error is not None:
        assert "7731" not in f"{error} {error.errors}"


@pytest.mark.parametrize("value", ["a" * 301, "a" * 1_000_000, ["a" * 300], {"a": "a"}])
def test_a_long_value_is_wrong_as_a_short_one(value: Any) -> None:
    """Though jsonschema is shown only as much as tells that it is wrong."""
    validator = RowValidator([Feature("x", "category", categories=("a" * 300, "b"))])
    assert validator.describe({"id": 1, "x": "a" * 300}) == ""
    wrong = validator.describe({"id": 1, "x": "c"})
    assert wrong.startswith("Invalid values: 'x' must be one of ")
    assert validator.describe({"id": 1, "x": value}) == wrong


def test_keys_in_another_normalization_are_pointed_out() -> None:
    """At the end of the message: they look the same to whoever reads it."""
    validator = RowValidator([Feature("café", "number"), Feature("x", "number")])
    row = {"id": 1, "cafe\u0301": 1, "x": "1"}
    assert str(refuse(row, validator)) == (
        "Missing keys: 'café'. Unexpected keys: 'cafe\u0301'. Invalid values: 'x' must be a number"
        " ('café' was sent in another Unicode normalization)"
    )
    decomposed = RowValidator([Feature("a\u0308", "number"), Feature("o\u0308", "number")])
    assert str(refuse({"id": 1, "ä": 1, "ö": 1}, decomposed)) == (
        "Missing keys: 'a\u0308', 'o\u0308'. Unexpected keys: 'ä', 'ö'"
        " ('a\u0308', 'o\u0308' were sent in another Unicode normalization)"
    )


def test_ignored_keys_may_have_any_value() -> None:
    """They are no part of the schema that clients see, and need not be there."""
    validator = RowValidator([Feature("x", "number")], ["target", "x"])
    for row in ({"id": 1, "x": 2}, {"id": 1, "x": 2, "target": [None]}):
        validate([row], validator)
        validate(row, validator)
    assert "target" not in validator.schema["properties"]
    assert str(refuse({"id": 1, "x": "2", "target": 1, "y": 1}, validator)) == (
        "Unexpected keys: 'y'. Invalid values: 'x' must be a number"
    )
