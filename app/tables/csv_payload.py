"""A CSV body → rows by column, typed by the features and written as training found out."""

import csv
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from app.helpers.errors import InvalidPayload
from app.helpers.features import Feature, Value, with_parts
from app.helpers.payloads import (
    MANY_VALUES,
    check_row_count,
    check_value_count,
    too_many_values,
)
from app.helpers.validation import RowValidator, validate
from app.tables.columns import DEFAULT_ID
from app.tables.csv_layout import Layout, find_id, find_layout, is_unnamed, read_lines
from app.tables.dialect import TableRules
from app.tables.formats import parse

PLAIN = TableRules()
_CHUNK_ROWS = 256
_CSV_STRING = re.compile(rb'"[^"]*+"?')  # linear in time: possessive, and it may lack its end


def parse_csv(
    body: bytes, validator: RowValidator, max_rows: int, rules: TableRules = PLAIN
) -> tuple[list[str], list[Sequence[Value]]]:
    """Return the valid rows of a CSV text with a header.

    A field takes its feature's type; one that cannot stays text, for the schema to refuse.

    Returns
    -------
    ids : shape (n_rows,)
        The rows' numbers from 0 where no column holds ids.
    columns : shape (n_columns, n_rows)
        What the model is given.

    Raises
    ------
    InvalidPayload
        If it is no CSV, its header is not that of a row, a row has more or fewer fields, or a
        value is wrong.
    PayloadTooLarge
        If it has more than `max_rows`.
    """
    names = known_names(validator)
    try:
        body = as_utf8(body, rules.dialect.encoding)
        layout = find_layout(body, rules, names)
        if len(body) > MANY_VALUES:
            delimiter = layout.delimiter.encode()
            check_value_count(body, [delimiter], _CSV_STRING, max_rows, len(names))
        rows = body[layout.start :] if layout.start else body
        lines = read_lines(rows, max_rows, layout.delimiter)
        columns = _read_columns(lines, layout, validator, max_rows, rules)
    except UnicodeError as error:
        encoding = rules.dialect.encoding
        other = "" if encoding == "utf-8" else f" and not {encoding}"
        raise _invalid_csv(f"it is not UTF-8{other}") from error
    except csv.Error as error:
        raise _invalid_csv(str(error)) from error
    if not validator.are_valid_columns(columns):
        by_row = zip(*columns.values(), strict=True)
        validate([dict(zip(columns, values, strict=True)) for values in by_row], validator)
    return columns[DEFAULT_ID], with_parts(columns, validator.features)


def known_names(validator: RowValidator) -> Collection[str]:
    """Return the names that the columns of a CSV may have."""
    return {**validator.schema["properties"], **dict.fromkeys(validator.ignored)}


def as_utf8(body: bytes, encoding: str) -> bytes:
    """Return a text in UTF-8 that is in UTF-8 or, if it cannot be, in another encoding.

    Raises
    ------
    UnicodeError
        If it is in neither.
    """
    if encoding == "utf-8" or body.isascii():
        return body
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(encoding).encode()
    return body


def _read_columns(
    lines: Iterator[list[str]],
    layout: Layout,
    validator: RowValidator,
    max_rows: int,
    rules: TableRules,
) -> dict[str, list[Any]]:
    """Return the values by key, each of shape (n_rows,), not yet validated."""
    header = next(lines, [])
    if not header:
        raise _invalid_csv("the header is missing")
    if len(header) > MANY_VALUES:
        raise too_many_values(max_rows)
    names = layout.name(header)
    places = {name: place for place, name in enumerate(names)}  # of a name given twice the last
    id_ = find_id(places, rules)
    wrong_header = describe_names(places, id_, validator)
    columns: dict[str, list[Any]] = {DEFAULT_ID: []}
    columns |= {feature.name: [] for feature in validator.features}
    n_fields = len(header if layout.surplus == "last" else names)
    n_rows, ragged = 0, ""
    # In small chunks fields are converted while they are in the processor's cache, and there are
    # never enough lists at once to busy the garbage collector: a third of the time.
    while chunk := list(itertools.islice(lines, _CHUNK_ROWS)):
        if not ragged and (place := find_ragged(chunk, layout, len(names))) is not None:
            n_found = len(chunk[place])
            ragged = f"row {n_rows + place} has {n_found} fields, the header has {n_fields}"
        if not ragged and not wrong_header:
            fields = list(zip(*chunk, strict=True))
            numbers = range(n_rows, n_rows + len(chunk))
            columns[DEFAULT_ID] += read_ids(fields[places[id_]]) if id_ else map(str, numbers)
            for feature in validator.features:
                columns[feature.name] += read_column(fields[places[feature.name]], feature)
        n_rows += len(chunk)
        check_row_count(n_rows, max_rows)
    if wrong_header:
        raise InvalidPayload(wrong_header)
    if ragged:
        raise _invalid_csv(ragged)
    return columns


def describe_names(names: Collection[str], id_: str | None, validator: RowValidator) -> str:
    """Return which columns are missing and which are not known, empty if none."""
    keys = {name: None for name in names if name != id_ and not is_unnamed(name)}
    unnamed = {feature.name: None for feature in validator.features if feature.name in names}
    return validator.describe_keys({DEFAULT_ID: None, **keys, **unnamed})


def find_ragged(rows: Sequence[Sequence[str]], layout: Layout, n_columns: int) -> int | None:
    """Return the place of the first row that has another number of fields, None if none has."""
    if set(map(len, rows)) != {n_columns}:
        return next(place for place, row in enumerate(rows) if len(row) != n_columns)
    if layout.surplus == "last":
        return next((place for place, row in enumerate(rows) if row[-1].strip()), None)
    return None


def read_ids(fields: Sequence[str]) -> Sequence[str | None]:
    """Return ids as they stand, None where one is missing."""
    return [field or None for field in fields] if "" in fields else fields


def read_column(fields: Sequence[str], feature: Feature) -> Sequence[Value]:
    """Return the values of a feature; a field that is not of its type stays text."""
    return parse(fields, feature.type, feature.format)


def _invalid_csv(reason: str) -> InvalidPayload:
    return InvalidPayload(f"Request body is not valid CSV: {reason}.")
