"""Dates and datetimes as texts (RFC 3339), as numbers, and as what an estimator learns from.

A date's number is the days since 1970-01-01, a datetime's the seconds since then in UTC. Python's
own parsers take more than RFC 3339 has ("20240229", "2024-W09-4"), so the form is checked first.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Literal

DateType = Literal["date", "datetime"]
PartName = Literal["days", "month", "weekday", "hour"]

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = tuple(f"{hour:02}" for hour in range(24))
PART_LEVELS: dict[PartName, tuple[str, ...]] = {
    "days": (),
    "month": MONTHS,
    "weekday": WEEKDAYS,
    "hour": HOURS,
}
"""The parts of a date or datetime, and what each can be; the days are a number."""

SECONDS_OF_DAY = 86_400
EXAMPLES: dict[DateType, str] = {"date": "2024-02-29", "datetime": "2024-02-29T13:30:00Z"}
FORMATS: dict[DateType, str] = {"date": "date", "datetime": "date-time"}
"""What JSON Schema calls them."""

_EPOCH = date(1970, 1, 1).toordinal()
_CALENDAR_CYCLE = 146_097  # days, after 400 years, from which on months and weekdays are the same
_MAX_LENGTH = 64  # characters of a datetime; only its fraction could be any longer
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"
    r"(?:\.(?P<fraction>[0-9]+))?(?:[Zz]|(?P<offset>[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]))?"
)


def is_date(text: str) -> bool:
    """Whether a text is a full-date of RFC 3339.

    >>> [is_date(text) for text in ("2024-02-29", "2023-02-29", "2024-2-9", "20240229")]
    [True, False, False, False]
    """
    if len(text) != 10 or not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_datetime(text: str) -> bool:
    """Whether a text is a date-time of RFC 3339; its offset may be left out.

    >>> [is_datetime(f"2024-02-29{time}") for time in ("T13:30:00+01:00", " 13:30:00", "T13:30")]
    [True, True, False]
    """
    return len(text) <= _MAX_LENGTH and bool(_DATETIME.fullmatch(text)) and is_date(text[:10])


def date_number(text: str) -> int:
    """Return the days from 1970-01-01 to a valid date."""
    return date.fromisoformat(text).toordinal() - _EPOCH


def datetime_number(text: str) -> float:
    """Return the seconds from 1970-01-01T00:00:00Z to a valid datetime.

    >>> datetime_number("1970-01-02T01:00:00.5+01:00"), datetime_number("1970-01-01 00:00:01")
    (86400.5, 1.0)
    """
    seconds = (date.fromisoformat(text[:10]).toordinal() - _EPOCH) * SECONDS_OF_DAY + (
        int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
    )
    if len(text) <= 20 and text[-1] in "Zz0123456789":
        return float(seconds)
    fraction, offset = _DATETIME.fullmatch(text).groups()  # type: ignore[union-attr]  # valid
    if offset:
        shift = int(offset[1:3]) * 3600 + int(offset[4:6]) * 60
        seconds += shift if offset[0] == "-" else -shift
    if not fraction:
        return float(seconds)
    return (seconds * 1_000_000 + int(fraction[:6].ljust(6, "0"))) / 1_000_000


def date_text(number: float) -> str:
    """Return the date of a number of days, without what is beyond the day."""
    return date.fromordinal(int(number // 1) + _EPOCH).isoformat()


def datetime_text(number: float) -> str:
    """Return the datetime of a number of seconds, in UTC.

    >>> datetime_text(1.5), datetime_text(-1)
    ('1970-01-01T00:00:01.500000Z', '1969-12-31T23:59:59Z')
    """
    whole, microseconds = divmod(round(number * 1e6), 1_000_000)
    days, seconds = divmod(whole, SECONDS_OF_DAY)
    minutes, second = divmod(seconds, 60)
    fraction = f".{microseconds:06}" if microseconds else ""
    return f"{date_text(days)}T{minutes // 60:02}:{minutes % 60:02}:{second:02}{fraction}Z"


IS_VALID: dict[DateType, Callable[[str], bool]] = {"date": is_date, "datetime": is_datetime}
TO_NUMBER: dict[DateType, Callable[[str], float]] = {
    "date": date_number,
    "datetime": datetime_number,
}
TO_TEXT: dict[DateType, Callable[[float], str]] = {"date": date_text, "datetime": datetime_text}
UNITS: dict[DateType, int] = {"date": 1, "datetime": SECONDS_OF_DAY}
"""How much a day adds to the number."""


def part_maker(
    type_: DateType, parts: Sequence[PartName], first: str, last: str
) -> Callable[[str | None], tuple[Any, ...]]:
    """Return what makes the parts of a valid text, or of None, which has none.

    Parameters
    ----------
    parts : sequence of str, shape (n_parts,)
    first, last : str
        The earliest and the latest in the training set: the days count from the first, and those
        of texts beyond the two are those of the nearer one.
    """
    read, unit = TO_NUMBER[type_], UNITS[type_]
    start, end = read(first), read(last)
    places = [list(PART_LEVELS).index(part) for part in parts]
    missing = (None,) * len(parts)

    def make(text: str | None) -> tuple[Any, ...]:
        if text is None:
            return missing
        number = read(text)
        day, rest = (number, 0) if unit == 1 else divmod(number, unit)
        on = date.fromordinal(int(day + _EPOCH - 1) % _CALENDAR_CYCLE + 1)
        every = (
            (min(max(number, start), end) - start) / unit,
            MONTHS[on.month - 1],
            WEEKDAYS[on.weekday()],
            HOURS[int(rest // 3600)],
        )
        return tuple([every[place] for place in places])

    return make
