"""The parts of many dates at once: the same as those that `app.helpers.dates` makes one by one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.helpers.dates import PART_LEVELS, TO_NUMBER, UNITS, DateType, PartName


def make_parts(
    numbers: NDArray[np.float64],
    type_: DateType,
    parts: Sequence[PartName],
    first: str,
    last: str,
    missing: Any = None,
) -> list[NDArray[Any]]:
    """Return the parts of dates or datetimes, shape (n_parts, n_rows).

    Parameters
    ----------
    numbers : array of float, shape (n_rows,)
        Days or seconds since 1970; NaN where one is missing.
    parts, first, last
        As for `part_maker`.
    missing : object
        What stands for a missing month, weekday or hour; missing days are NaN.
    """
    unit = UNITS[type_]
    is_missing = np.isnan(numbers)
    present = np.where(is_missing, 0.0, numbers)
    day = np.floor_divide(present, unit).astype(np.int64)
    seconds = np.floor(present - day * unit).astype(np.int64)
    columns: list[NDArray[Any]] = []
    for part in parts:
        if part == "days":
            start, end = (float(TO_NUMBER[type_](end)) for end in (first, last))
            columns.append((np.clip(numbers, start, end) - start) / unit)
            continue
        if part == "month":
            codes = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        elif part == "weekday":
            codes = (day + 3) % 7  # 1970-01-01 was a Thursday
        else:
            codes = seconds // 3600
        levels = np.array([*PART_LEVELS[part], missing], dtype=object)
        columns.append(levels[np.where(is_missing, -1, codes)])
    return columns
