"""Dates on the wire, and the parts that an estimator learns from."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.helpers.date_arrays import make_parts
from app.helpers.dates import (
    IS_VALID,
    PART_LEVELS,
    TO_NUMBER,
    TO_TEXT,
    DateType,
    PartName,
    part_maker,
)
from app.helpers.features import Feature
from app.helpers.validation import RowValidator

FIRST = {"date": "2020-03-01", "datetime": "2020-03-01T06:00:00Z"}
LAST = {"date": "2024-02-29", "datetime": "2024-02-29T18:30:00Z"}
PARTS: dict[DateType, list[PartName]] = {
    "date": ["days", "month", "weekday"],
    "datetime": ["days", "month", "weekday", "hour"],
}
A_DATE = "'at' must be a date such as \"2024-02-29\""
A_DATETIME = "'at' must be a datetime such as \"2024-02-29T13:30:00Z\""
LIKE_DATES = st.text("0123456789-+:.TtZz ", max_size=32) | st.from_regex(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]([Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-2][0-9]:[0-5][0-9])?)?",
    fullmatch=True,
)


def date_feature(type_: DateType, *, nullable: bool = False) -> Feature:
    """Return a feature of dates with its parts."""
    parts = tuple(
        Feature(part, "category" if PART_LEVELS[part] else "number", nullable, part=part)
        for part in PARTS[type_]
    )
    return Feature("at", type_, nullable, parts=parts, first=FIRST[type_], last=LAST[type_])


@pytest.mark.parametrize("type_", ["date", "datetime"])
@given(text=LIKE_DATES | st.dates().map(str) | st.datetimes().map(str))
def test_both_validators_agree_on_every_text(type_: DateType, text: str) -> None:
    """What jsonschema says is a date is one for jsonschema-rs, and for the numbers made of it."""
    validator = RowValidator([date_feature(type_)])
    row = {"id": "1", "at": text}
    assert validator.is_valid(row) == (not validator.describe(row)) == IS_VALID[type_](text)
    assert validator.are_valid_columns({"id": ["1"], "at": [text]}) == IS_VALID[type_](text)
    if IS_VALID[type_](text):
        assert isinstance(TO_NUMBER[type_](text), int | float)


@given(
    moment=st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)),
    offset=st.none() | st.integers(-23 * 60 - 59, 23 * 60 + 59),
    spelling=st.sampled_from(["T", "t", " "]),
)
def test_a_datetime_is_the_moment_that_python_reads(
    moment: datetime, offset: int | None, spelling: str
) -> None:
    """With any offset; one without is in UTC."""
    zone = timezone(timedelta(minutes=offset)) if offset is not None else None
    text = moment.replace(tzinfo=zone).isoformat(spelling)
    aware = moment.replace(tzinfo=zone or UTC)
    assert IS_VALID["datetime"](text)
    expected = (aware - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
    assert TO_NUMBER["datetime"](text) == expected
    again = TO_TEXT["datetime"](TO_NUMBER["datetime"](text))
    assert IS_VALID["datetime"](again)


@pytest.mark.parametrize("type_", ["date", "datetime"])
@given(data=st.data())
def test_many_dates_have_the_parts_that_each_has(type_: DateType, data: st.DataObject) -> None:
    """Computed by numpy for training and files, and one by one for requests."""
    drawn: list[Any] = data.draw(
        st.lists(
            st.none() | (st.dates() if type_ == "date" else st.datetimes()), min_size=1, max_size=8
        )
    )
    texts = [None if each is None else each.isoformat() for each in drawn]
    ends = FIRST[type_], LAST[type_]
    one_by_one = list(map(part_maker(type_, PARTS[type_], *ends), texts))
    to_number = TO_NUMBER[type_]
    numbers = np.array([np.nan if text is None else to_number(text) for text in texts])
    found, *others = make_parts(numbers, type_, PARTS[type_], *ends)
    days = [None if np.isnan(day) else day for day in found.tolist()]
    assert list(zip(days, *others, strict=True)) == one_by_one


def test_the_parts_are_those_of_the_calendar() -> None:
    """The days count from the first one, in fractions where there is a time."""
    make = part_maker("datetime", PARTS["datetime"], FIRST["datetime"], LAST["datetime"])
    assert make("2020-03-02T18:00:00Z") == (1.5, "March", "Monday", "18")
    assert make("2020-03-02T23:30:00-01:00") == (1.7708333333333333, "March", "Tuesday", "00")
    assert make(None) == (None, None, None, None)


@pytest.mark.parametrize(
    ("text", "days"),
    [("2020-02-29", 0.0), ("1066-10-14", 0.0), ("2024-03-01", 1460.0), ("9999-12-31", 1460.0)],
)
def test_beyond_the_training_set_the_days_are_those_of_its_end(text: str, days: float) -> None:
    """A straight line into the future would run away."""
    assert part_maker("date", ["days"], FIRST["date"], LAST["date"])(text) == (days,)
    assert date.fromisoformat(LAST["date"]) - date.fromisoformat(FIRST["date"]) == timedelta(1460)


@pytest.mark.parametrize(
    ("type_", "nullable", "value", "message"),
    [
        ("date", False, "2023-02-29", A_DATE),
        ("date", False, 20240229, A_DATE),
        ("date", True, "29/02/2024", f"{A_DATE} or null"),
        (
            "datetime",
            False,
            "2024-02-29",
            A_DATETIME,
        ),
        ("datetime", False, None, A_DATETIME),
    ],
)
def test_what_is_no_date_is_refused_in_these_words(
    type_: DateType, nullable: bool, value: Any, message: str
) -> None:
    """With an example of what to send."""
    validator = RowValidator([date_feature(type_, nullable=nullable)])
    row = {"id": "1", "at": value}
    assert not validator.is_valid(row)
    assert validator.describe(row) == f"Invalid values: {message}"


def test_the_schema_names_the_format_and_an_example() -> None:
    """As JSON Schema does."""
    schema = RowValidator([date_feature("date"), date_feature("datetime", nullable=True)]).schema
    assert schema["properties"]["at"] == {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "Without an offset, it is in UTC.",
        "examples": ["2024-02-29T13:30:00Z"],
    }
    assert RowValidator([date_feature("date")]).schema["properties"]["at"] == {
        "type": "string",
        "format": "date",
        "examples": ["2024-02-29"],
    }
    Draft202012Validator.check_schema(schema)
