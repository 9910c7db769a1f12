"""Dates and datetimes as people write them, with years of four digits.

How the date is written belongs to the column. A time may follow it in any of the usual ways, since
programs leave out what is zero. Where 03/04/2024 may be two dates, the whole column decides, then
what the user says or the file's other columns.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

from app.helpers.dates import (
    IS_VALID,
    MONTHS,
    SECONDS_OF_DAY,
    DateType,
    date_text,
    datetime_text,
)

DateOrder = Literal["dmy", "mdy"]
"""Whether the day or the month is written first."""

_FIRST_TEXTS = 100  # of a column of dates, one of these is a date
_EPOCH = date(1970, 1, 1).toordinal()
_NAMES = {name[:3].lower(): month for month, name in enumerate(MONTHS, start=1)}
_MONTH_NAME = re.compile(
    "|".join([*MONTHS, *(name[:3] for name in MONTHS), "Sept"]), re.IGNORECASE
).fullmatch
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},?\ )?"
_DAY, _MONTH, _YEAR = "(?P<day>[0-9]{1,2})", "(?P<month>[0-9]{1,2})", "(?P<year>[0-9]{4})"
_NAME = r"(?P<month>[A-Za-z]{3,9})\.?"
_PATTERNS = {
    "%Y-%m-%d": f"{_YEAR}-{_MONTH}-{_DAY}",
    "%Y/%m/%d": f"{_YEAR}/{_MONTH}/{_DAY}",
    "%Y.%m.%d": rf"{_YEAR}\.{_MONTH}\.{_DAY}",
    "%d/%m/%Y": f"{_DAY}/{_MONTH}/{_YEAR}",
    "%m/%d/%Y": f"{_MONTH}/{_DAY}/{_YEAR}",
    "%d-%m-%Y": f"{_DAY}-{_MONTH}-{_YEAR}",
    "%m-%d-%Y": f"{_MONTH}-{_DAY}-{_YEAR}",
    "%d.%m.%Y": rf"{_DAY}\.\ ?{_MONTH}\.\ ?{_YEAR}",
    "%d %b %Y": rf"{_WEEKDAY}{_DAY}(?:st|nd|rd|th|\.)?[ /-]{_NAME},?[ /-]{_YEAR}",
    "%b %d, %Y": rf"{_WEEKDAY}{_NAME}\ {_DAY}(?:st|nd|rd|th)?,?\ {_YEAR}",
}
_TIME = r"""
    (?: (?:[Tt]|,?\ ) (?P<hour>[0-9]{1,2}) : (?P<minute>[0-5][0-9])
        (?: : (?P<second>[0-5][0-9]) (?: [.,] (?P<fraction>[0-9]{1,9}) )? )?
        (?: \ ? (?P<half>[AaPp])\.?[Mm]\.? )?
        (?: \ ? (?P<zone>[Zz]|UTC|GMT|[+-][0-9]{2}:?(?:[0-5][0-9])?) )?
    )?
"""
_ORDERS: dict[str, DateOrder] = {
    **dict.fromkeys(("%d/%m/%Y", "%d-%m-%Y"), "dmy"),
    **dict.fromkeys(("%m/%d/%Y", "%m-%d-%Y"), "mdy"),
}
_TWINS = {"%d/%m/%Y": "%m/%d/%Y", "%d-%m-%Y": "%m-%d-%Y"}


@dataclass(frozen=True)
class DateFinding:
    """How the dates in a column are written, and what they are.

    Attributes
    ----------
    type : "date" or "datetime"
        A date if all times are midnight in UTC.
    format : str
        As `Format.date`.
    values : list of str or None, shape (n_texts,)
        The dates as in RFC 3339; None for a text that is not a date.
    is_ambiguous : bool
        Whether nothing shows which part of a date is the day and which is the month.
    """

    type: DateType
    format: str
    values: Sequence[str | None]
    is_ambiguous: bool = False


def find_dates(
    texts: Sequence[str],
    counts: Sequence[int],
    chosen: DateOrder | None = None,
    others: DateOrder | None = None,
) -> DateFinding | None:
    """Return how the dates of a column are written; None if less than half of its rows are dates.

    Parameters
    ----------
    texts, counts : shape (n_texts,)
        The distinct texts, trimmed and without missing ones; and the number of rows of each.
    chosen, others : "dmy", "mdy" or None
        The order that the user gave, and the order in the file's other columns.
    """
    if not (formats := _candidates(texts)):
        return None
    numbers = {
        format_: [_read(text, format_) for text in texts]
        for candidate in formats
        for format_ in (candidate, _TWINS.get(candidate))
        if format_ is not None
    }
    n_rows = {
        format_: sum(n for n, number in zip(counts, read, strict=True) if number is not None)
        for format_, read in numbers.items()
    }
    best = max(formats, key=lambda format_: max(n_rows[format_], n_rows[_twin(format_)]))
    twin, is_ambiguous = _twin(best), False
    if chosen and chosen == _ORDERS.get(twin) and 2 * n_rows[twin] > sum(counts):
        best = twin
    elif not (chosen and chosen == _ORDERS.get(best) and 2 * n_rows[best] > sum(counts)):
        if n_rows[twin] > n_rows[best]:
            best = twin
        elif n_rows[twin] == n_rows[best] and numbers[twin] != numbers[best]:
            is_ambiguous = others is None
            best = twin if others == _ORDERS.get(twin) else best
    if 2 * n_rows[best] <= sum(counts):
        return None
    found = numbers[best]
    is_date = all(number is None or number % SECONDS_OF_DAY == 0 for number in found)
    type_: DateType = "date" if is_date else "datetime"
    values = [None if number is None else _to_text(number, type_) for number in found]
    return DateFinding(type_, best, values, is_ambiguous)


def find_order(texts: Sequence[str]) -> DateOrder | None:
    """Return whether days or months come first in a column of texts; None if that is unclear.

    The first date that can be read in only one way decides.
    """
    for candidate in _TWINS.keys() & _candidates([text.strip() for text in texts[:_FIRST_TEXTS]]):
        for text in map(str.strip, texts):
            readable = [
                _read(text, format_) is not None for format_ in (candidate, _TWINS[candidate])
            ]
            if readable == [True, False]:
                return "dmy"
            if readable == [False, True]:
                return "mdy"
    return None


def read_order(text: str) -> DateOrder | None:
    """Return the order in the value of `--date-format`, such as `dmy` or `%d/%m/%Y`."""
    letters = text.lower().translate({ord("b"): "m", ord("e"): "d"})
    order = "".join(dict.fromkeys(letter for letter in letters if letter in "dmy"))
    return order if order in ("dmy", "mdy") else None  # type: ignore[return-value]


def parse_date(text: str, type_: DateType, format_: str) -> str:
    """Return a trimmed text as in RFC 3339; unchanged if it does not match the format."""
    if IS_VALID[type_](text):  # no format reads it differently
        return text
    number = _read(text, format_)
    if number is None or (type_ == "date" and number % SECONDS_OF_DAY):
        return text
    return _to_text(number, type_)


def _candidates(texts: Sequence[str]) -> list[str]:
    """Return the formats that a column may have; only the first of each pair of twins."""
    return [
        format_
        for format_ in _PATTERNS
        if format_ not in _TWINS.values() and any(map(_match(format_), texts[:_FIRST_TEXTS]))
    ]


def _twin(format_: str) -> str:
    """Return the format with days and months swapped; itself if there is no such format."""
    return _TWINS.get(format_, format_)


@cache
def _match(format_: str) -> Callable[[str], re.Match[str] | None]:
    pattern = _PATTERNS[format_].replace("[ /-]", r"[\ /-]") + _TIME
    return re.compile(pattern, re.VERBOSE).fullmatch


def _read(text: str, format_: str) -> float | None:
    """Return the seconds from 1970-01-01T00:00:00Z to a date and time; None if it is none."""
    if (match := _match(format_)(text)) is None:
        return None
    day, month, year, hour, minute, second, fraction, half, zone = match.group(
        *("day", "month", "year", "hour", "minute", "second", "fraction", "half", "zone")
    )
    if not month.isdigit():
        if not _MONTH_NAME(month):
            return None
        month = _NAMES[month[:3].lower()]
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    if hour is None:
        return days * SECONDS_OF_DAY
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half in "Pp" else 0)
    if hours > 23:
        return None
    seconds = days * SECONDS_OF_DAY + hours * 3600 + int(minute) * 60 + int(second or 0)
    if zone and zone[0] in "+-":
        shift = int(zone[1:3]) * 3600 + int(zone[3:].lstrip(":") or 0) * 60
        seconds += shift if zone[0] == "-" else -shift
        if not 0 < seconds // SECONDS_OF_DAY + _EPOCH <= date.max.toordinal():
            return None
    if fraction and fraction.strip("0"):
        return (seconds * 1_000_000 + int(fraction[:6].ljust(6, "0"))) / 1_000_000
    return seconds


def _to_text(number: float, type_: DateType) -> str:
    return date_text(number // SECONDS_OF_DAY) if type_ == "date" else datetime_text(number)
