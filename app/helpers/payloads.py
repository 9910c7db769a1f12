"""A body → rows: JSON as it is, CSV by column, typed by the features; and answers → bytes."""

import contextlib
import csv
import io
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from app.helpers.errors import InvalidPayload, PayloadTooLarge
from app.helpers.features import Value
from app.helpers.validation import RowValidator, validate

_CHUNK_ROWS = 256
_MANY_VALUES = 100_000  # that nobody need count: a few megabytes
# Linear in time, whatever they meet: possessive, and a string may lack its end.
_JSON_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_CSV_STRING = re.compile(rb'"[^"]*+"?')
_SPECIAL_CHARACTERS = ',"\r\n'
_NUMBER_CHARACTERS = b"0123456789+-.eE"
BOOLEANS: Mapping[str, bool] = {
    text: text.lower() == "true" for text in ("true", "True", "TRUE", "false", "False", "FALSE")
}


def parse_json(body: bytes, max_rows: int, n_keys: int = 0) -> Any:
    """Return the value of a JSON text (RFC 8259; no NaN, no Infinity).

    Raises
    ------
    InvalidPayload
        If it is no JSON.
    PayloadTooLarge
        If it is an array of more than `max_rows`, or holds more values than so many rows of
        `n_keys` keys can have.
    """
    if len(body) > _MANY_VALUES:
        # Twice the keys: a few rows too many are counted below, and called rows.
        _check_value_count(body, b",[{", _JSON_STRING, max_rows, 2 * n_keys)
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidPayload(_explain(body, error)) from error
    if isinstance(payload, list):
        check_row_count(len(payload), max_rows)
    return payload


def _explain(body: bytes, error: orjson.JSONDecodeError) -> str:
    if "depth" in error.msg or "recursion" in error.msg:
        return "Request body is nested too deeply."
    if not body:
        return "Request body is not valid JSON. It is empty."
    if "UTF-8:" in error.msg:
        return "Request body is not valid JSON. It is not UTF-8."
    reason = error.msg[:1].upper() + error.msg[1:]
    return f"Request body is not valid JSON. {reason} at line {error.lineno}, column {error.colno}."


def parse_csv(
    body: bytes, validator: RowValidator, max_rows: int
) -> tuple[list[str], list[list[Value]]]:
    """Return the valid rows of a CSV text with a header (RFC 4180), in UTF-8.

    A field takes its feature's type; one that cannot stays text, for the schema to refuse.

    Returns
    -------
    ids : shape (n_rows,)
    columns : shape (n_features, n_rows)
        In feature order.

    Raises
    ------
    InvalidPayload
        If it is no CSV, its header is not that of a row, a row has more or fewer fields, or a
        value is wrong.
    PayloadTooLarge
        If it has more than `max_rows`.
    """
    if len(body) > _MANY_VALUES:
        _check_value_count(body, b",", _CSV_STRING, max_rows, len(validator.features) + 1)
    try:
        columns = _read_columns(read_lines(body, max_rows), validator, max_rows)
    except UnicodeDecodeError as error:
        raise _invalid_csv("it is not UTF-8") from error
    except csv.Error as error:
        raise _invalid_csv(str(error)) from error
    if not validator.are_valid_columns(columns):
        by_row = zip(*columns.values(), strict=True)
        validate([dict(zip(columns, values, strict=True)) for values in by_row], validator)
    return columns["id"], [columns[feature.name] for feature in validator.features]


def _check_value_count(
    body: bytes, marks: bytes, strings: re.Pattern[bytes], max_rows: int, n_keys: int
) -> None:
    """Refuse, before it is parsed, what would take many times its size in memory.

    A value stands behind a comma or a bracket. Only where they are too many, those in strings are
    left out of account, which takes time.
    """
    most = max(_MANY_VALUES, max_rows * (n_keys + 1))
    if _count(body, marks) > most and _count(strings.sub(b"", body), marks) > most:
        raise _too_many_values(max_rows)


def _too_many_values(max_rows: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"Request has more values than {max_rows} rows can have.")


def _count(body: bytes, marks: bytes) -> int:
    return sum(map(body.count, marks))


def read_lines(body: bytes, max_rows: int) -> Iterator[list[str]]:
    """Yield the fields of a CSV text's header and of at least its first `max_rows` rows.

    Raises
    ------
    UnicodeDecodeError, csv.Error
        If it is no CSV, the latter when the row is reached.
    """
    text = body.decode("utf-8-sig").rstrip("\r\n")  # blank lines at the end are no rows
    if '"' in text:
        del text  # read from the bytes anew: a StringIO takes four bytes for each character
        quoted = io.BytesIO(body.rstrip(b"\r\n"))
        return csv.reader(io.TextIOWrapper(quoted, "utf-8-sig", newline=""), strict=True)
    # The same without quotes, in half the time.
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return (line.split(",") if line else [] for line in text.split("\n", max_rows + 1))


def _read_columns(
    lines: Iterator[list[str]], validator: RowValidator, max_rows: int
) -> dict[str, list[Any]]:
    """Return the values by key, each of shape (n_rows,), not yet validated."""
    header = next(lines, [])
    if not header:
        raise _invalid_csv("the header is missing")
    if len(header) > _MANY_VALUES:
        raise _too_many_values(max_rows)
    places = {name: place for place, name in enumerate(header)}  # of a name given twice the last
    wrong_header = validator.describe_keys(places)
    types = {feature.name: feature.type for feature in validator.features}
    columns: dict[str, list[Any]] = {} if wrong_header else {name: [] for name in places}
    n_rows, ragged = 0, ""
    # In small chunks fields are converted while they are in the processor's cache, and there are
    # never enough lists at once to busy the garbage collector: a third of the time.
    while chunk := list(itertools.islice(lines, _CHUNK_ROWS)):
        if not ragged and set(map(len, chunk)) != {len(header)}:
            number, row = next((i, row) for i, row in enumerate(chunk) if len(row) != len(header))
            ragged = f"row {n_rows + number} has {len(row)} fields, the header has {len(header)}"
        n_rows += len(chunk)
        check_row_count(n_rows, max_rows)
        if not ragged:
            fields = list(zip(*chunk, strict=True))
            for name, values in columns.items():
                values += convert_fields(fields[places[name]], types.get(name, "category"))
    if wrong_header:
        raise InvalidPayload(wrong_header)
    if ragged:
        raise _invalid_csv(ragged)
    return columns


def _invalid_csv(reason: str) -> InvalidPayload:
    return InvalidPayload(f"Request body is not valid CSV: {reason}.")


def check_row_count(count: int, max_rows: int) -> None:
    """Raise PayloadTooLarge if there are more rows than allowed."""
    if count > max_rows:
        raise PayloadTooLarge(f"Request has more than {max_rows} rows.")


def convert_fields(fields: Sequence[str], type_: str) -> Sequence[Value]:
    """Return the values of a column's fields; one that is not of the type stays text."""
    return _CONVERTERS[type_](fields)


def _texts(fields: Sequence[str]) -> Sequence[Value]:
    return [field or None for field in fields] if "" in fields else fields


def _numbers(fields: Sequence[str]) -> Sequence[Value]:
    """Return the numbers in fields; as one JSON array they are read five times faster."""
    text = ",".join(fields).encode()
    if not text.translate(None, _NUMBER_CHARACTERS + b","):
        if "" in fields:
            text = ",".join([field or "null" for field in fields]).encode()
        with contextlib.suppress(orjson.JSONDecodeError):  # JSON has no .5, no +1
            numbers: list[Value] = orjson.loads(b"[%b]" % text)
            if len(numbers) == len(fields):  # none had a comma in it
                return numbers
    return list(map(_number, fields))


def _number(field: str) -> Value:
    # float() takes nan, inf, 1_000, spaces and the digits of other alphabets too.
    if field.encode().translate(None, _NUMBER_CHARACTERS):
        return field
    try:
        return float(field) if field else None
    except ValueError:
        return field


def _booleans(fields: Sequence[str]) -> Sequence[Value]:
    return [BOOLEANS.get(field, field or None) for field in fields]


_CONVERTERS: Mapping[str, Callable[[Sequence[str]], Sequence[Value]]] = {
    "number": _numbers,
    "boolean": _booleans,
    "category": _texts,
}


def format_json(value: Any) -> bytes:
    """Return compact JSON that ends with a newline."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def format_csv(
    ids: Sequence[str],
    predictions: Sequence[Any],
    classes: Sequence[str],
    more: Mapping[str, Sequence[str]] | None = None,
) -> bytes:
    """Return predictions as CSV: `id,prediction`, or `id` and a column a class.

    Parameters
    ----------
    ids : shape (n_rows,)
    predictions : shape (n_rows,)
        Probabilities, or with three or more classes mappings class → probability.
    classes : shape (n_classes,)
    more : mapping of str, optional
        Name → fields, shape (n_rows,), of columns that follow.
    """
    more = more or {}
    by_class = len(classes) > 2
    numbers = [p for row in predictions for p in row.values()] if by_class else predictions
    # Written as JSON answers write them, and three times faster than by Python.
    texts = orjson.dumps(numbers).decode().strip("[]").split(",")
    header = ["id", *(map(format_field, classes) if by_class else ["prediction"]), *more]
    if not ids:
        return f"{','.join(header)}\n".encode()
    width = len(header)
    # Of each row its fields, each with what follows it: a join a row would take twice as long.
    parts = [","] * (2 * width * len(ids))
    parts[:: 2 * width] = ids if _is_plain("".join(ids)) else map(format_field, ids)
    n_numbers = width - 1 - len(more)
    for place in range(n_numbers):
        parts[2 * place + 2 :: 2 * width] = texts[place::n_numbers]
    for place, fields in enumerate(more.values(), start=n_numbers):
        parts[2 * place + 2 :: 2 * width] = fields
    parts[2 * width - 1 :: 2 * width] = ["\n"] * len(ids)
    return "".join([",".join(header), "\n", *parts]).encode()


def format_field(text: str) -> str:
    """Return a text as a field of a CSV, in quotes if it needs them."""
    # By hand, since until Python 3.13 the csv module leaves a lone CR unquoted.
    return text if _is_plain(text) else '"' + text.replace('"', '""') + '"'


def _is_plain(text: str) -> bool:
    return not any(character in text for character in _SPECIAL_CHARACTERS)
