"""A column of dates or datetimes as Arrow has it → its parts, or its values as JSON has them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.helpers.date_arrays import make_parts
from app.helpers.dates import IS_VALID, SECONDS_OF_DAY, TO_NUMBER, TO_TEXT, UNITS
from app.helpers.features import Feature

_FIRST_DAY, _LAST_DAY = (TO_NUMBER["date"](text) for text in ("0001-01-01", "9999-12-31"))
_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}  # in a second


def is_temporal(type_: pa.DataType) -> bool:
    """Whether a column of the type holds dates or points in time."""
    return bool(pa.types.is_date(type_) or pa.types.is_timestamp(type_))


def parts_of(column: pa.Array, feature: Feature) -> list[NDArray[Any]] | None:
    """Return the parts of a column, shape (n_parts, n_rows); None if a value may be invalid."""
    if is_temporal(column.type):
        numbers = _numbers(column, feature)
        in_range = (_days(numbers, feature) >= _FIRST_DAY) & (_days(numbers, feature) <= _LAST_DAY)
        if not np.all(in_range | np.isnan(numbers)):
            return None
        if feature.type == "date" and np.any(numbers % 1 > 0):
            return None
    else:
        texts = _encoded(column).dictionary.to_pylist()
        date_type = feature.date_type
        assert date_type is not None  # noqa: S101 - who asks has looked
        if not all(text is None or IS_VALID[date_type](text) for text in texts):
            return None
        to_number = TO_NUMBER[date_type]
        different = [np.nan if text is None else to_number(text) for text in texts]
        codes = _encoded(column).indices.fill_null(-1).to_numpy(zero_copy_only=False)
        numbers = np.array([*different, np.nan], np.float64)[codes]
    if not feature.nullable and np.isnan(numbers).any():
        return None
    names = [part.part for part in feature.parts if part.part is not None]
    assert feature.date_type is not None  # noqa: S101 - who asks has looked
    return make_parts(numbers, feature.date_type, names, feature.first, feature.last)


def texts_of(column: pa.Array, feature: Feature) -> Sequence[Any]:
    """Return a column's values as JSON has them; a time where only a date may be stays one."""
    if not is_temporal(column.type):
        values: list[Any] = column.to_pylist()
        return values
    assert feature.date_type is not None  # noqa: S101 - who asks has looked
    return [_text(number, feature) for number in _numbers(column, feature).tolist()]


def _text(number: float, feature: Feature) -> str | None:
    if number != number:
        return None
    try:
        if feature.type == "date" and number % 1:
            return TO_TEXT["datetime"](number * SECONDS_OF_DAY)
        return TO_TEXT["date" if feature.type == "date" else "datetime"](number)
    except (ValueError, OverflowError):
        return "beyond the calendar"


def _numbers(column: pa.Array, feature: Feature) -> NDArray[np.float64]:
    """Return days or seconds since 1970; NaN where one is missing."""
    if pa.types.is_date(column.type):
        integers, unit = column.cast(pa.date32()).cast(pa.int32()), 1
        seconds_of_one = SECONDS_OF_DAY
    else:
        integers, unit, seconds_of_one = column.cast(pa.int64()), _UNITS[column.type.unit], 1
    whole = integers.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    if unit > _UNITS["us"]:  # finer than Python's own
        whole, unit = whole // (unit // _UNITS["us"]), _UNITS["us"]
    numbers: NDArray[np.float64] = whole / unit * seconds_of_one / _seconds_of_one(feature)
    numbers[column.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return numbers


def _days(numbers: NDArray[np.float64], feature: Feature) -> NDArray[np.float64]:
    assert feature.date_type is not None  # noqa: S101 - who asks has looked
    days: NDArray[np.float64] = np.floor(numbers / UNITS[feature.date_type])
    return days


def _seconds_of_one(feature: Feature) -> int:
    return SECONDS_OF_DAY if feature.type == "date" else 1


def _encoded(column: pa.Array) -> pa.DictionaryArray:
    if pa.types.is_dictionary(column.type):
        return column
    return column.cast(pa.string()).dictionary_encode()
