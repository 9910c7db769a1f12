"""Reads the rows in a batch of a Parquet file, as the API reads them in JSON."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from app.bulk.checked_rows import (
    InvalidRow,
    Reading,
    Rows,
    check_quickly,
    find_invalid,
    number_rows,
    take,
    valid_places,
)
from app.bulk.date_columns import is_temporal, texts_of
from app.helpers.errors import InvalidDataset, quote
from app.helpers.features import Feature, with_parts
from app.helpers.validation import RowValidator


def check_types(
    types: Mapping[str, pa.DataType], features: Sequence[Feature], id_: str | None
) -> None:
    """Raise InvalidDataset unless each column has a type that suits its feature, or the ids."""
    kinds = [(feature.name, str(feature.type)) for feature in features]
    for name, kind in [(id_, "id"), *kinds] if id_ else kinds:
        if not (pa.types.is_null(types[name]) or _IS_KIND[kind](types[name])):
            raise InvalidDataset(
                f"Column {quote(name)} is {types[name]}; it must be {_KIND_NAMES[kind]}."
            )


def _is_text(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    is_kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_kind(type_) for is_kind in is_kinds)


def _is_number(type_: pa.DataType) -> bool:
    is_kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return any(is_kind(type_) for is_kind in is_kinds)


_KIND_NAMES = {
    "number": "a number",
    "boolean": "true or false",
    "category": "text",
    "text": "text",
    "date": "a date, or text",
    "datetime": "a timestamp, or text",
    "id": "text or a whole number",
}
_IS_KIND: Mapping[str, Callable[[pa.DataType], bool]] = {
    "number": _is_number,
    "boolean": pa.types.is_boolean,
    "category": _is_text,
    "text": _is_text,
    "date": lambda type_: _is_text(type_) or is_temporal(type_),
    "datetime": lambda type_: _is_text(type_) or is_temporal(type_),
    "id": lambda type_: _is_text(type_) or pa.types.is_integer(type_),
}


def check_batch(
    batch: pa.RecordBatch, validator: RowValidator, reading: Reading, first: int = 0
) -> Rows:
    """Return the rows of a batch with checked types; `first` is the number of its first row."""
    columns = {name: batch.column(name) for name in reading.names}
    ids = columns[reading.id] if reading.id else number_rows(first, batch.num_rows)
    rows = check_quickly(columns, columns, validator.features, reading, ids)
    return rows or _check_strictly(columns, ids, validator, reading)


def _check_strictly(
    columns: Mapping[str, pa.Array], ids: pa.Array, validator: RowValidator, reading: Reading
) -> Rows:
    by_key = {"id": ids.to_pylist()} | {
        feature.name: texts_of(columns[feature.name], feature)
        if feature.parts
        else _json_values(columns[feature.name])
        for feature in validator.features
    }
    invalid = find_invalid(by_key, validator, all_of_them=reading.skip)
    valid = valid_places(len(ids), invalid, reading)
    places = pa.array(valid, pa.int64())
    return Rows(
        len(ids),
        ids.take(places),
        with_parts(
            {feature.name: take(by_key[feature.name], valid) for feature in validator.features},
            validator.features,
        ),
        {name: columns[name].take(places) for name in reading.keep},
        [
            InvalidRow(place, reason, [columns[name][place].as_py() for name in reading.names])
            for place, reason in invalid.items()
        ],
    )


def _json_values(column: pa.Array) -> list[Any]:
    """Return values as in JSON, which has no NaN: that becomes a text, and so is not valid."""
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    return ["NaN" if value != value else value for value in column.to_pylist()]
