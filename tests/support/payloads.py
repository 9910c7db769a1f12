"""Rows as CSV and JSON of a model with a feature of each type, read or refused."""

from typing import Any

import pytest

from app.helpers.errors import InvalidPayload
from app.helpers.features import Feature
from app.helpers.payloads import parse_json
from app.helpers.validation import RowValidator
from app.tables.csv_payload import parse_csv

FEATURES = (
    Feature("x", "number"),
    Feature("y", "number", nullable=True),
    Feature("member", "boolean"),
    Feature("paid", "boolean", nullable=True),
    Feature("color", "category", categories=("red", "green, light", "NA")),
    Feature("shape", "category", nullable=True, categories=("round", '"square"', "two\nlines")),
)
VALIDATOR = RowValidator(FEATURES)
HEADER = "id,x,y,member,paid,color,shape"
LINE = "7,1.5,,true,,red,"
X_AND_COLOR = RowValidator([Feature("x", "number"), FEATURES[4]])


def refuse_json(body: bytes, max_rows: int = 10) -> str:
    """Return the message that a body is refused with."""
    with pytest.raises(InvalidPayload) as caught:
        parse_json(body, max_rows)
    assert caught.value.errors == []
    return str(caught.value)


def parse(text: str, validator: RowValidator = VALIDATOR, max_rows: int = 10) -> Any:
    """Return the ids and the columns of a CSV text."""
    return parse_csv(text.encode(), validator, max_rows)


def refuse_csv(body: str | bytes, validator: RowValidator = VALIDATOR) -> Any:
    """Return the message that a CSV text is refused with, or its rows' messages."""
    with pytest.raises(InvalidPayload) as caught:
        parse_csv(body.encode() if isinstance(body, str) else body, validator, 10)
    return [error["message"] for error in caught.value.errors] or str(caught.value)
