"""Checks rows of a table by the rules of the API.

Checking many rows at once is fast, and usually shows that all are valid. If there is any doubt, the
API's own validator checks them one by one, and says why a row is invalid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.bulk.date_columns import parts_of
from app.helpers.features import MAX_LEVEL_LENGTH, MAX_TEXT_LENGTH, Feature
from app.helpers.validation import (
    MAX_ABSOLUTE_NUMBER,
    MAX_ID_INTEGER,
    MAX_ID_LENGTH,
    RowValidator,
)
from app.tables.csv_layout import Layout

_TEXTS = pa.dictionary(pa.int32(), pa.string())
ARROW_TYPES: Mapping[str, pa.DataType] = {
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "category": _TEXTS,
    "text": pa.string(),
    "date": _TEXTS,
    "datetime": _TEXTS,
}


@dataclass(frozen=True)
class InvalidRow:
    """A row that breaks the schema: its position in the block from 0, the reason, its fields."""

    place: int
    reason: str
    fields: Sequence[Any]


@dataclass(frozen=True)
class Rows:
    """Some rows of a table.

    Attributes
    ----------
    n_rows : int
        The number of all rows, including invalid ones.
    ids : array of shape (n_valid,)
    columns : shape (n_columns, n_valid)
        What the model is given.
    kept : dict of str to array of shape (n_valid,)
        The columns that are copied to the output.
    invalid : list of InvalidRow
    broken : str
        Why no row after these can be read; empty if there is no such problem.
    """

    n_rows: int
    ids: pa.Array
    columns: Sequence[Any]
    kept: dict[str, pa.Array] = field(default_factory=dict)
    invalid: list[InvalidRow] = field(default_factory=list)
    broken: str = ""


@dataclass(frozen=True)
class Reading:
    """How a table is read.

    Attributes
    ----------
    names : tuple of str
        The columns to read: all columns of a CSV, but only the needed ones of a Parquet file.
    id : str or None
        The column of ids; None if the rows are numbered instead.
    keep : tuple of str
        The columns that are copied to the output.
    skip : bool
        Whether to find all invalid rows and skip them; by default the first one ends the reading.
    layout : Layout
        How a CSV is laid out.
    """

    names: tuple[str, ...]
    id: str | None
    keep: tuple[str, ...] = ()
    skip: bool = False
    layout: Layout = field(default_factory=Layout)


def check_quickly(
    typed: Mapping[str, pa.Array],
    as_they_are: Mapping[str, pa.Array],
    features: Sequence[Feature],
    reading: Reading,
    ids: pa.Array,
) -> Rows | None:
    """Return the rows if they are certainly all valid, otherwise None.

    Parameters
    ----------
    typed, as_they_are : dict of str to array of shape (n_rows,)
        The columns of the features, and the columns that are copied to the output.
    ids : array of shape (n_rows,)
    """
    if not _are_ids(ids):
        return None
    columns: list[Any] = []
    for feature in features:
        column = typed[feature.name]
        if feature.parts:
            parts = parts_of(column, feature)
        else:
            values = _values(column, feature)
            parts = None if values is None else [values]
        if parts is None:
            return None
        columns += parts
    return Rows(len(ids), ids, columns, {name: as_they_are[name] for name in reading.keep})


def number_rows(first: int, n_rows: int) -> pa.Array:
    """Return consecutive row numbers, beginning with `first`."""
    return pa.array(np.arange(first, first + n_rows))


def _are_ids(ids: pa.Array) -> bool:
    if ids.null_count:
        return False
    if pa.types.is_integer(ids.type):
        ends = pc.min_max(ids).as_py().values()
        return all(abs(end or 0) <= MAX_ID_INTEGER for end in ends)
    if pa.types.is_dictionary(ids.type):
        ids = ids.dictionary
    return (pc.max(pc.utf8_length(ids.cast(pa.string()))).as_py() or 0) <= MAX_ID_LENGTH


def _values(column: pa.Array, feature: Feature) -> Any:
    """Return the values of a column as an array; None if one of them may break the schema."""
    if column.null_count and not feature.nullable:
        return None
    if feature.type == "category":
        return _categories(column, feature)
    if feature.type == "text":
        return _texts(column)
    try:
        numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:  # an integer that no float64 is
        return None
    n_valid = np.count_nonzero(np.abs(numbers) <= MAX_ABSOLUTE_NUMBER)  # NaN is not
    return numbers if n_valid == len(column) - column.null_count else None


def _categories(column: pa.Array, feature: Feature) -> Any:
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    categories = column.dictionary.to_pylist()
    if feature.open:
        fits = all(isinstance(text, str) and len(text) <= MAX_LEVEL_LENGTH for text in categories)
    else:
        fits = set(feature.categories).issuperset(categories)
    if not fits:
        return None
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.array([*categories, None], dtype=object)[codes]


def _texts(column: pa.Array) -> Any:
    column = column.cast(pa.string())
    longest = pc.max(pc.utf8_length(column)).as_py() or 0
    return np.array(column.to_pylist(), dtype=object) if longest <= MAX_TEXT_LENGTH else None


def find_invalid(
    columns: Mapping[str, Sequence[Any]], validator: RowValidator, *, all_of_them: bool
) -> dict[int, str]:
    """Return why rows are invalid, by position; of the first one only, unless `all_of_them`.

    Parameters
    ----------
    columns : dict of str to sequence of shape (n_rows,)
        By key, as in a request.
    """
    if validator.are_valid_columns({key: list(values) for key, values in columns.items()}):
        return {}
    invalid: dict[int, str] = {}
    for place, values in enumerate(zip(*columns.values(), strict=True)):
        row = dict(zip(columns, values, strict=True))
        if not validator.is_valid(row):
            invalid[place] = validator.describe(row)
            if not all_of_them:
                break
    return invalid


def valid_places(n_rows: int, invalid: Mapping[int, str], reading: Reading) -> list[int]:
    """Return the positions of the rows to score; none if an invalid row ends the reading."""
    if invalid and not reading.skip:
        return []
    return [place for place in range(n_rows) if place not in invalid]


def take(values: Sequence[Any], places: Sequence[int]) -> Sequence[Any]:
    """Return the values at these positions, in order."""
    return values if len(places) == len(values) else [values[place] for place in places]
