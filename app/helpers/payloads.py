"""JSON → rows, and answers → bytes; and what a body may hold at most. CSV: `app.tables`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.helpers.errors import InvalidPayload, PayloadTooLarge

MANY_VALUES = 100_000
"""So many values need no counting: they take a few megabytes."""
# Linear in time, whatever they meet: possessive, and a string may lack its end.
_JSON_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_SPECIAL_CHARACTERS = ',"\r\n'


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
    if len(body) > MANY_VALUES:
        # Twice the keys: a few rows too many are counted below, and called rows.
        check_value_count(body, (b",", b"[", b"{"), _JSON_STRING, max_rows, 2 * n_keys)
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


def check_value_count(
    body: bytes, marks: Sequence[bytes], strings: re.Pattern[bytes], max_rows: int, n_keys: int
) -> None:
    """Refuse, before it is parsed, what would take many times its size in memory.

    Before each value stands one of the marks: a bracket, or what separates values. Only where there
    are too many, those in strings are left out of account, which takes time.
    """
    most = max(MANY_VALUES, max_rows * (n_keys + 1))
    if _count(body, marks) > most and _count(strings.sub(b"", body), marks) > most:
        raise too_many_values(max_rows)


def too_many_values(max_rows: int) -> PayloadTooLarge:
    """Return the error for a body that holds more values than its rows can have."""
    return PayloadTooLarge(f"Request has more values than {max_rows} rows can have.")


def _count(body: bytes, marks: Sequence[bytes]) -> int:
    return sum(map(body.count, marks))


def check_row_count(count: int, max_rows: int) -> None:
    """Raise PayloadTooLarge if there are more rows than allowed."""
    if count > max_rows:
        raise PayloadTooLarge(f"Request has more than {max_rows} rows.")


def format_json(value: Any) -> bytes:
    """Return compact JSON that ends with a newline."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def format_csv(
    ids: Sequence[str],
    predictions: Sequence[Any],
    classes: Sequence[str],
    more: Mapping[str, Sequence[str]] | None = None,
) -> bytes:
    """Return predictions as CSV: `id,prediction`, or `id` and one column per class.

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
    # All fields and separators in one list: one join per row would take twice as long.
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
