"""How dates are written: found out by column, and applied to each field."""

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.helpers.dates import date_text
from app.helpers.features import Format
from app.tables.dates import DateOrder, find_dates, find_order, read_order
from app.tables.formats import find_format, parse

WRITTEN = [
    ("%Y-%m-%d", "%Y-%m-%d"),
    ("%Y/%m/%d", "%Y/%m/%d"),
    ("%Y.%m.%d", "%Y.%m.%d"),
    ("%d/%m/%Y", "%d/%m/%Y"),
    ("%m/%d/%Y", "%m/%d/%Y"),
    ("%d-%m-%Y", "%d-%m-%Y"),
    ("%m-%d-%Y", "%m-%d-%Y"),
    ("%d.%m.%Y", "%d.%m.%Y"),
    ("%d. %m. %Y", "%d.%m.%Y"),
    ("%d %b %Y", "%d %b %Y"),
    ("%d-%b-%Y", "%d %b %Y"),
    ("%a, %d %b %Y", "%d %b %Y"),
    ("%d %B %Y", "%d %b %Y"),
    ("%b %d, %Y", "%b %d, %Y"),
    ("%B %d, %Y", "%b %d, %Y"),
    ("%A, %B %d, %Y", "%b %d, %Y"),
]
TIMES = [
    *("T%H:%M:%SZ", " %H:%M:%S", "T%H:%M:%S.%f+00:00", " %I:%M:%S %p", ", %H:%M:%S"),
    *("T%H:%M:%S.%f", " %I:%M:%S%p", " %H:%M:%S+0000", " %H:%M:%S UTC"),
]
# The last day of the year tells which of its numbers is the day.
YEARS = st.integers(1900, 2100).map(lambda year: date(year, 12, 31))


@pytest.mark.parametrize(("written", "format_"), WRITTEN)
@given(days=st.lists(st.dates(date(1000, 1, 1)), min_size=1, max_size=5), end=YEARS)
def test_dates_are_read_as_they_were_written(
    written: str, format_: str, days: list[date], end: date
) -> None:
    """In any format, and plain ISO is read, too."""
    texts = list(dict.fromkeys(day.strftime(written) for day in [end, *days]))
    found = find_format(texts, [1] * len(texts), Format())
    assert (found.type, found.format.date, found.strays) == ("date", format_, [])
    assert list(found.values) == list(dict.fromkeys(day.isoformat() for day in [end, *days]))
    assert list(parse(texts, "date", found.format)) == list(found.values)
    assert list(parse([end.isoformat()], "date", found.format)) == [end.isoformat()]


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("written", ["%Y-%m-%d", "%d/%m/%Y", "%b %d, %Y"])
@given(moment=st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1)))
def test_a_time_is_read_however_it_is_written(written: str, time: str, moment: datetime) -> None:
    """Of one without an offset, the offset is that of UTC."""
    moment = moment.replace(month=12, day=31, second=30, microsecond=0)
    found = find_format([moment.strftime(written + time)], [1], Format())
    assert found.type == "datetime"
    assert list(found.values) == [moment.isoformat() + "Z"]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["2024-02-29 00:00:00", "2024-03-01 00:00"], ["2024-02-29", "2024-03-01"]),
        (
            ["2024-02-29T00:00:00+02:00", "2024-03-01"],
            ["2024-02-28T22:00:00Z", "2024-03-01T00:00:00Z"],
        ),
        (["1/2/2024 9:05", "31/12/2024"], ["2024-02-01T09:05:00Z", "2024-12-31T00:00:00Z"]),
        (["12:30 on Monday", "2024-03-01"], None),
        (["20240229", "20240301"], None),
        (["1999", "2024"], None),
        (["29/02/24", "01/03/24"], None),
        (["2024-02-30", "2023-02-29"], None),
        (["03 Foo 2024", "04 Bar 2024"], None),
        (["2024-01-01 13:00 pm", "2024-01-01 0:30 am"], None),
    ],
)
def test_these_are_dates_or_not(texts: list[str], values: list[str] | None) -> None:
    """Midnights only are dates; years, digits alone and impossible days are none."""
    found = find_dates(texts, [1] * len(texts))
    assert (found and list(found.values)) == values


@pytest.mark.parametrize(
    ("texts", "options", "format_", "is_ambiguous"),
    [
        (["10/09/2024", "28/02/2023"], {}, "%d/%m/%Y", False),
        (["10/09/2024", "02/28/2023"], {}, "%m/%d/%Y", False),
        (["10-09-2024", "02-28-2023"], {}, "%m-%d-%Y", False),
        (["10/09/2024", "02/08/2023"], {}, "%d/%m/%Y", True),
        (["10/10/2024", "08/08/2023"], {}, "%d/%m/%Y", False),
        (["10/09/2024", "02/08/2023"], {"others": "mdy"}, "%m/%d/%Y", False),
        (["10/09/2024", "02/08/2023"], {"chosen": "mdy"}, "%m/%d/%Y", False),
        (["10/09/2024", "02/08/2023"], {"chosen": "dmy", "others": "mdy"}, "%d/%m/%Y", False),
        (["10/09/2024", "28/02/2023"], {"others": "mdy"}, "%d/%m/%Y", False),
        (["10/19/2024", "28/02/2023", "28/03/2023"], {}, "%d/%m/%Y", False),
        (["10/19/2024", "9/9/2024", "28/2/2023"], {"chosen": "mdy"}, "%m/%d/%Y", False),
        (["10/09/2024", "28/02/2023"], {"chosen": "mdy"}, "%d/%m/%Y", False),
    ],
)
def test_the_column_then_the_user_then_the_file_say_what_comes_first(
    texts: list[str], options: dict[str, Any], format_: str, is_ambiguous: bool
) -> None:
    """Only if none of them does, and it matters, the column is ambiguous."""
    found = find_dates(texts, [1] * len(texts), **options)
    assert found is not None
    assert (found.format, found.is_ambiguous) == (format_, is_ambiguous)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["1/2/2024", " 13/2/2024"], "dmy"),
        (["1/2/2024", "1/13/2024"], "mdy"),
        (["1/2/2024", "3/4/2024"], None),
        (["2024-02-13"], None),
        (["red", "13"], None),
    ],
)
def test_a_column_tells_the_order_by_its_first_clear_date(
    texts: list[str], order: DateOrder | None
) -> None:
    """Or it does not."""
    assert find_order(texts) == order


@pytest.mark.parametrize(
    ("text", "order"),
    [
        *(("dmy", "dmy"), ("%d/%m/%Y", "dmy"), ("%m-%d-%Y %H:%M", "mdy"), ("MM/DD/YYYY", "mdy")),
        *(("%e. %B %Y", "dmy"), ("%b %d, %Y", "mdy"), ("ymd", None), ("", None), ("noon", None)),
    ],
)
def test_an_order_may_be_told_in_several_ways(text: str, order: DateOrder | None) -> None:
    """By three letters, or as in strftime."""
    assert read_order(text) == order


@given(texts=st.lists(st.text("0123456789/-.:T aApPmMZ+", max_size=24), min_size=1, max_size=5))
def test_no_text_is_too_odd_to_be_looked_at(texts: list[str]) -> None:
    """Nothing is raised, and what is a date is written as one."""
    found = find_dates(texts, [1] * len(texts))
    if found is not None and found.type == "date":
        days = [value for value in found.values if value is not None]
        assert days == [date_text(date.fromisoformat(day).toordinal() - 719_163) for day in days]
