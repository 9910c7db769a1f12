"""Columns of dates: what training makes of them, tells of them, and refuses."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from app.helpers.errors import InvalidDataset
from app.training.dataset import Dataset
from app.training.date_parts import find_parts, set_ends, with_parts
from tests.support.csv_files import csv_of, read_content

ISO = ["2024-02-13", "2024-03-01", "2024-03-02"]
CLEAR = ["13/02/2024", "01/03/2024", "02/03/2024", "NA", "04/03/2024", "05/03/2024", "06/03/2024"]
UNCLEAR = ["01/02/2024", "01/03/2024", "02/03/2024", "", "04/03/2024", "05/03/2024", "06/03/2024"]


def read(tmp_path: Path, *columns: Sequence[str], **options: object) -> Dataset:
    """Read a table of columns a, b, …, each of 7 fields, which are repeated."""
    header = [*"abcdef"[: len(columns)], "target"]
    rows = zip(*(list(column) * 4 for column in columns), ["yes", "no"] * 14, strict=True)
    return read_content(tmp_path, csv_of(header, *rows), **options)


def test_dates_are_days_and_that_they_begin_with_the_day_is_told(tmp_path: Path) -> None:
    """Missing ones are NaN, and the words for missing are told as for numbers."""
    dataset = read(tmp_path, CLEAR)
    (feature,) = dataset.features
    assert (feature.type, feature.nullable, feature.format.date) == ("date", True, "%d/%m/%Y")
    days = dataset.frame["a"].head(4).tolist()
    assert days[:3] == [(pd.Timestamp(text) - pd.Timestamp(0)).days for text in ISO[:3]]
    assert days[3] != days[3]
    assert dataset.decisions.notes == [
        "Column 'a' is read as dates with the day first, such as '01/03/2024'; --date-format"
        " decides otherwise, --categorical a keeps the texts.",
        "'NA' in column 'a' is read as missing; --categorical a keeps the texts.",
    ]


def test_plain_iso_needs_no_note(tmp_path: Path) -> None:
    """It cannot be mistaken."""
    dataset = read(tmp_path, [*ISO, *ISO, "2024-05-01"])
    assert dataset.features[0].type == "date"
    assert dataset.decisions.notes == []


def test_another_column_tells_what_comes_first(tmp_path: Path) -> None:
    """Where a column itself does not."""
    dataset = read(tmp_path, UNCLEAR, [text.replace("NA", "") for text in CLEAR])
    assert [feature.format.date for feature in dataset.features] == ["%d/%m/%Y"] * 2


@pytest.mark.parametrize(("order", "format_"), [("dmy", "%d/%m/%Y"), ("mdy", "%m/%d/%Y")])
def test_the_user_tells_what_comes_first(tmp_path: Path, order: str, format_: str) -> None:
    """With --date-format."""
    dataset = read(tmp_path, UNCLEAR, date_format=order)
    assert dataset.features[0].format.date == format_


def test_if_nothing_tells_what_comes_first_the_table_is_refused(tmp_path: Path) -> None:
    """Naming the option, and a date that may be two."""
    with pytest.raises(InvalidDataset) as refusal:
        read(tmp_path, UNCLEAR)
    assert str(refusal.value) == (
        "Say with --date-format dmy or --date-format mdy whether the day or the month comes first"
        " in column 'a': '01/02/2024' may be two dates."
    )


def test_what_is_no_date_among_dates_is_refused_by_its_row(tmp_path: Path) -> None:
    """As what is no number among numbers."""
    with pytest.raises(InvalidDataset) as refusal:
        read(tmp_path, [*CLEAR[:-2], "soon", "later"])
    assert str(refusal.value) == (
        "Row 7, column 'a' is not a date, as most of the column is (1 other text is, too);"
        " correct it, declare it missing with --missing soon --missing later, or use"
        " --categorical a."
    )
    dataset = read(tmp_path, [*CLEAR[:-2], "soon", "later"], categorical=["a"])
    assert dataset.features[0].type == "category"


def test_a_column_of_which_half_are_dates_is_one_of_categories(tmp_path: Path) -> None:
    """More than half of its rows must be dates."""
    dataset = read(tmp_path, [*CLEAR[:3], "x", "x", "y", "y"])
    assert dataset.features[0].type == "category"


def test_parts_that_are_the_same_in_all_rows_are_left_out(tmp_path: Path) -> None:
    """All dates of one month have no month to learn from, but days and weekdays."""
    fields = [f"2024-03-{day:02}" for day in (1, 2, 5, 7, 8, 9, 20)]
    dataset = read(tmp_path, fields, [f"{field} 12:30:00" for field in fields])
    features = find_parts(dataset.features, dataset.frame)
    parts = [[part.name for part in feature.parts] for feature in features]
    assert parts == [["a.days", "a.weekday"], ["b.days", "b.weekday"]]
    frame = with_parts(dataset.frame, features)
    assert frame["a.days"].tolist() == frame["b.days"].tolist()
    assert frame.columns.tolist() == ["a.days", "a.weekday", "b.days", "b.weekday"]


def test_a_part_is_not_called_as_another_column_is(tmp_path: Path) -> None:
    """Then it gets another name."""
    content = csv_of(
        ["a", "a.days", "target"],
        *([f"2024-{k % 12 + 1:02}-03", k % 5, k % 2] for k in range(28)),
    )
    dataset = read_content(tmp_path, content)
    features = find_parts(dataset.features, dataset.frame)
    assert [part.name for part in features[0].parts] == ["a.days_", "a.month", "a.weekday"]


def test_the_days_count_from_the_first_and_end_with_the_last(tmp_path: Path) -> None:
    """Of the rows that a model was fitted on."""
    dataset = read(tmp_path, [*ISO, *ISO, "2024-05-01"])
    features = find_parts(dataset.features, dataset.frame[:3])
    assert (features[0].first, features[0].last) == (ISO[0], ISO[2])
    assert with_parts(dataset.frame, features)["a.days"].max() == 18.0
    features = set_ends(features, dataset.frame)
    assert with_parts(dataset.frame, features)["a.days"].max() == 78.0
