"""The JSON Schema of a row, and payloads that keep it."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.helpers.features import Feature, Format
from app.helpers.validation import make_schema, validate
from tests.support.validation import FEATURES, VALID, VALIDATOR


def test_the_schema_of_a_row() -> None:
    """All that a client needs to know of it."""
    schema = make_schema(FEATURES)
    Draft202012Validator.check_schema(schema)
    assert schema == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "id": {
                "anyOf": [
                    {"type": "string", "maxLength": 256},
                    {
                        "type": "integer",
                        "minimum": -9007199254740991,
                        "maximum": 9007199254740991,
                    },
                ],
                "description": "Your name for the row; echoed in the answer.",
            },
            "x_1": {"type": "number", "minimum": -(10**15), "maximum": 10**15},
            "x_2": {"type": ["number", "null"], "minimum": -(10**15), "maximum": 10**15},
            "member": {"type": "boolean"},
            "paid": {"type": ["boolean", "null"]},
            "color": {"enum": ["red", "green"]},
            "größe": {"enum": ["a", "ä", "null", "1", None]},
        },
        "required": ["id", "x_1", "x_2", "member", "paid", "color", "größe"],
        "additionalProperties": False,
    }
    assert list(schema["properties"]) == schema["required"]


@pytest.mark.parametrize(
    "payload",
    [
        VALID,
        [],
        [VALID],
        [VALID, VALID],
        dict(reversed(VALID.items())),
        {**VALID, "id": 0},
        {**VALID, "id": -(2**53) + 1},
        {**VALID, "id": 2.0},
        {**VALID, "id": ""},
        {**VALID, "id": "😀" * 256},
        {**VALID, "x_1": 1e15, "x_2": -1e15},
        {**VALID, "x_1": 10**15, "x_2": -(10**15)},
        {**VALID, "x_1": -0.0, "x_2": 5e-324},
        {**VALID, "paid": False, "größe": None},
    ],
    ids=str,
)
def test_valid_payloads(payload: Any) -> None:
    """Nothing is said of them."""
    assert validate(payload, VALIDATOR) is None  # type: ignore[func-returns-value]


def test_the_schema_says_the_unit_of_a_number() -> None:
    """For whoever wonders whether 12.5 means 12.5 %."""
    schema = make_schema([Feature("tax", "number", format=Format(unit="%"))])
    assert schema["properties"]["tax"]["description"] == "A number in %."
