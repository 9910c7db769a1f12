"""Every message of the validation is exact."""

import math
from typing import Any

import pytest

from app.helpers.validation import MAX_DEPTH
from tests.support.validation import VALID, refuse, without

ID_RULE = (
    "'id' must be a string of at most 256 characters"
    " or an integer between -9007199254740991 and 9007199254740991"
)
NUMBER_RANGE = "must be between -1e+15 and 1e+15"

MESSAGES: list[tuple[Any, str]] = [
    ({}, "Missing keys: 'id', 'x_1', 'x_2', 'member', 'paid', 'color', 'größe'"),
    (without("id"), "Missing keys: 'id'"),
    (without("paid", "x_1", "x_2"), "Missing keys: 'x_1', 'x_2', 'paid'"),
    ({**VALID, "x_5": 1}, "Unexpected keys: 'x_5'"),
    ({**VALID, "b": VALID, "a": None}, "Unexpected keys: 'b', 'a'"),
    ({**VALID, "ID": 1, "": 2}, "Unexpected keys: 'ID', ''"),
    ({**VALID, "id": None}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": True}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": 1.5}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": ["2"]}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": 2**53}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": -(2**53)}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": "x" * 257}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": "😀" * 257}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "x_1": "1"}, "Invalid values: 'x_1' must be a number"),
    ({**VALID, "x_1": None}, "Invalid values: 'x_1' must be a number"),
    ({**VALID, "x_1": True}, "Invalid values: 'x_1' must be a number"),
    ({**VALID, "x_1": [1]}, "Invalid values: 'x_1' must be a number"),
    ({**VALID, "x_1": 1.1e15}, f"Invalid values: 'x_1' {NUMBER_RANGE}"),
    ({**VALID, "x_1": -(2**63)}, f"Invalid values: 'x_1' {NUMBER_RANGE}"),
    ({**VALID, "x_1": math.nextafter(1e15, 2e15)}, f"Invalid values: 'x_1' {NUMBER_RANGE}"),
    ({**VALID, "x_2": "1"}, "Invalid values: 'x_2' must be a number or null"),
    ({**VALID, "x_2": -2e15}, f"Invalid values: 'x_2' {NUMBER_RANGE}"),
    ({**VALID, "member": None}, "Invalid values: 'member' must be a boolean"),
    ({**VALID, "member": 1}, "Invalid values: 'member' must be a boolean"),
    ({**VALID, "paid": "true"}, "Invalid values: 'paid' must be a boolean or null"),
    ({**VALID, "color": "blue"}, "Invalid values: 'color' must be one of 'red', 'green'"),
    ({**VALID, "color": None}, "Invalid values: 'color' must be one of 'red', 'green'"),
    ({**VALID, "color": "Red"}, "Invalid values: 'color' must be one of 'red', 'green'"),
    (
        {**VALID, "größe": 1},
        "Invalid values: 'größe' must be one of 'a', 'ä', 'null', '1' or null",
    ),
    (
        {"color": 0, "x_1": "x", "x_9": [], "id": {}, "x_2": 1e16, "x_8": 1},
        "Missing keys: 'member', 'paid', 'größe'. Unexpected keys: 'x_9', 'x_8'."
        f" Invalid values: {ID_RULE}, 'x_1' must be a number, 'x_2' {NUMBER_RANGE},"
        " 'color' must be one of 'red', 'green'",
    ),
    (
        {**without("color"), "x_1": None},
        "Missing keys: 'color'. Invalid values: 'x_1' must be a number",
    ),
    (
        {**VALID, "x_1": None, "extra": 1},
        "Unexpected keys: 'extra'. Invalid values: 'x_1' must be a number",
    ),
]


@pytest.mark.parametrize(("row", "message"), MESSAGES, ids=[message for _, message in MESSAGES])
def test_all_that_is_wrong_with_a_row_is_said_at_once(row: Any, message: str) -> None:
    """Alone, and among many."""
    error = refuse(row)
    assert str(error) == message
    assert error.errors == []
    error = refuse([VALID, row])
    assert str(error) == "1 of 2 rows are invalid."
    assert error.errors == [{"row": 1, "message": message}]


@pytest.mark.parametrize(
    "payload",
    [None, True, 0, 1.5, "", "[]", [1], [None], [[]], [VALID, "row"], [[VALID]], [VALID, [VALID]]],
    ids=str,
)
def test_a_payload_is_an_object_or_an_array_of_objects(payload: Any) -> None:
    """Nothing else is looked into."""
    error = refuse(payload)
    assert str(error) == "Request body must be a JSON object or an array of objects."
    assert error.errors == []


def nest(levels: int, *, objects: bool = False) -> Any:
    """Return arrays or objects in that many levels."""
    value: Any = {} if objects else []
    for _ in range(levels - 1):
        value = {"a": value} if objects else [value]
    return value


@pytest.mark.parametrize("objects", [False, True])
def test_more_than_32_levels_are_too_deep(objects: bool) -> None:
    """Wherever they are; what else is wrong is then not looked for."""
    assert MAX_DEPTH == 32
    for levels in (33, 34, 100, 1000):
        for payload in (
            nest(levels, objects=objects),
            {**VALID, "x_1": nest(levels - 1, objects=objects)},
            {"a": 1, "b": [nest(levels - 2, objects=objects), 1]},
            [VALID, {**VALID, "unexpected": nest(levels - 2, objects=objects)}],
        ):
            assert str(refuse(payload)) == "Request body is nested too deeply."


def test_32_levels_are_not_too_deep() -> None:
    """They are wrong for another reason."""
    assert str(refuse(nest(32))) == ("Request body must be a JSON object or an array of objects.")
    assert str(refuse({**VALID, "x_1": nest(31)})) == "Invalid values: 'x_1' must be a number"
    assert str(refuse({**VALID, "x_9": nest(31, objects=True)})) == "Unexpected keys: 'x_9'"
    assert str(refuse([{**VALID, "x_9": nest(30)}])) == "1 of 1 rows are invalid."


def test_the_first_20_invalid_rows_are_described() -> None:
    """Counted from 0, with all of them counted."""
    rows = [without("x_1") if number % 3 == 0 else VALID for number in range(100)]
    error = refuse(rows)
    assert str(error) == "34 of 100 rows are invalid."
    assert error.errors == [
        {"row": 3 * place, "message": "Missing keys: 'x_1'"} for place in range(20)
    ]
