"""A request's body → rows: JSON as it is, CSV typed by the features."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from app.helpers.errors import InvalidPayload, PayloadTooLarge
from app.helpers.features import Value
from app.helpers.validation import RowValidator

_NUMBER_CHARACTERS = frozenset("0123456789+-.eE")
_BOOLEANS: Mapping[str, bool] = {
    text: text.lower() == "true" for text in ("true", "True", "TRUE", "false", "False", "FALSE")
}


def parse_json(body: bytes, max_rows: int) -> Any:
    """Return the value of a JSON text (RFC 8259; no NaN, no Infinity).

    Raises
    ------
    InvalidPayload
        If it is no JSON.
    PayloadTooLarge
        If it is an array of more than `max_rows`.
    """
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidPayload(_explain(body, error)) from error
    if isinstance(payload, list):
        _check_row_count(len(payload), max_rows)
    return payload


def _explain(body: bytes, error: orjson.JSONDecodeError) -> str:
    if "recursion" in error.msg.lower():
        return "Request body is nested too deeply."
    if not body:
        return "Request body is not valid JSON. It is empty."
    reason = error.msg[:1].upper() + error.msg[1:]
    return f"Request body is not valid JSON. {reason} at line {error.lineno}, column {error.colno}."


def parse_csv(body: bytes, validator: RowValidator, max_rows: int) -> list[dict[str, Value]]:
    """Return the rows of a CSV text with a header (RFC 4180), in UTF-8.

    A field takes its feature's type; one that cannot stays text, for the schema to refuse.

    Raises
    ------
    InvalidPayload
        If it is no CSV, its header is not that of a row, or a row has more or fewer fields.
    PayloadTooLarge
        If it has more than `max_rows`.
    """
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise _invalid_csv("it is not UTF-8") from error
    except csv.Error as error:
        raise _invalid_csv(str(error)) from error
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise _invalid_csv("the header is missing")
    header, *rows = lines
    if wrong_header := validator.describe_keys(header):
        raise InvalidPayload(wrong_header)
    _check_row_count(len(rows), max_rows)
    for number, row in enumerate(rows):
        if len(row) != len(header):
            raise _invalid_csv(f"row {number} has {len(row)} fields, the header has {len(header)}")
    if not rows:
        return []
    converters = {feature.name: _CONVERTERS[feature.type] for feature in validator.features}
    columns = [
        list(map(converters.get(name, _text), column))
        for name, column in zip(header, zip(*rows, strict=True), strict=True)
    ]
    return [dict(zip(header, values, strict=True)) for values in zip(*columns, strict=True)]


def _invalid_csv(reason: str) -> InvalidPayload:
    return InvalidPayload(f"Request body is not valid CSV: {reason}.")


def _check_row_count(count: int, max_rows: int) -> None:
    if count > max_rows:
        raise PayloadTooLarge(f"Request has more than {max_rows} rows.")


def _text(field: str) -> Value:
    return field or None


def _number(field: str) -> Value:
    if not _NUMBER_CHARACTERS.issuperset(field):  # float() takes nan, inf, 1_000 and spaces too
        return field
    try:
        return float(field) if field else None
    except ValueError:
        return field


def _boolean(field: str) -> Value:
    return _BOOLEANS.get(field, field or None)


_CONVERTERS: Mapping[str, Callable[[str], Value]] = {
    "number": _number,
    "boolean": _boolean,
    "category": _text,
}


def format_csv(ids: Sequence[str], predictions: Sequence[Any], classes: Sequence[str]) -> bytes:
    """Return predictions as CSV: `id,prediction`, or `id` and a column a class.

    Parameters
    ----------
    ids : shape (n_rows,)
    predictions : shape (n_rows,)
        Probabilities, or with three or more classes mappings class → probability.
    classes : shape (n_classes,)
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    if len(classes) == 2:
        writer.writerow(["id", "prediction"])
        writer.writerows(zip(ids, predictions, strict=True))
    else:
        writer.writerow(["id", *classes])
        writer.writerows(
            [row_id, *prediction.values()]
            for row_id, prediction in zip(ids, predictions, strict=True)
        )
    return buffer.getvalue().encode()
