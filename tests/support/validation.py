"""A row with a feature of each type, and how validation refuses it."""

from typing import Any

import pytest

from app.helpers.errors import InvalidPayload
from app.helpers.features import Feature
from app.helpers.validation import RowValidator, validate

FEATURES = (
    Feature("x_1", "number"),
    Feature("x_2", "number", nullable=True),
    Feature("member", "boolean"),
    Feature("paid", "boolean", nullable=True),
    Feature("color", "category", categories=("red", "green")),
    Feature("größe", "category", nullable=True, categories=("a", "ä", "null", "1")),
)
VALIDATOR = RowValidator(FEATURES)
VALID = {
    "id": "2",
    "x_1": -2.0,
    "x_2": None,
    "member": True,
    "paid": None,
    "color": "red",
    "größe": "ä",
}


def refuse(payload: Any, validator: RowValidator = VALIDATOR) -> InvalidPayload:
    """Return the error that a payload is refused with."""
    with pytest.raises(InvalidPayload) as caught:
        validate(payload, validator)
    return caught.value


def without(*keys: str) -> dict[str, Any]:
    """Return the valid row less some keys."""
    return {key: value for key, value in VALID.items() if key not in keys}
