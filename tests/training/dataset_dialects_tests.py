"""Laws of reading a table in any dialect: its values and types are those that were written."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from app.helpers.errors import InvalidDataset
from app.tables.formats import parse
from app.training.dataset import Dataset
from tests.support.csv_files import read_content
from tests.support.drawn_tables import law, values_of
from tests.support.written_tables import WrittenTable, written_tables

LONG = 40_000  # rows: more than are looked at before pandas reads them


@settings(law, max_examples=60)
@given(table=written_tables())
def test_a_table_means_the_same_in_any_dialect(table: WrittenTable, tmp_path: Path) -> None:
    """However it is written, in training and field by field with what training found out."""
    dataset = read_content(
        *(tmp_path, table.content), include=[*table.columns], categorical=["word", "zip"]
    )
    assert [dataset.classes[k] for k in dataset.target] == table.columns["target"].values
    assert [feature.name for feature in dataset.features] == [
        name for name in table.columns if name != "target"
    ]
    for feature in dataset.features:
        column = table.columns[feature.name]
        assert feature.type == column.type
        assert feature.nullable == (None in column.values)
        assert values_of(dataset.frame[feature.name]) == column.values
        served = [parse([field], feature.type, feature.format)[0] for field in column.fields]
        assert served == column.values


@settings(law, max_examples=60)
@given(table=written_tables())
def test_what_a_column_is_needs_no_option(table: WrittenTable, tmp_path: Path) -> None:
    """Codes with leading zeros are categories, words are, and the types of others are the same."""
    dataset = read_content(tmp_path, table.content, include=[*table.columns])
    left_out = {column.name for column in dataset.decisions.columns_left_out}
    assert left_out <= {"word", "zip"}  # where more than half of them differ
    assert {feature.name: feature.type for feature in dataset.features} == {
        name: column.type
        for name, column in table.columns.items()
        if name not in {"target", *left_out}
    }


def read_long(tmp_path: Path, x: Any, last: str, delimiter: str = ",", **options: Any) -> Dataset:
    """Read a table whose column x is unlike itself in its last row alone."""
    rows = [f"{x(i)}{delimiter}{i % 2}" for i in range(LONG)]
    content = "\n".join([f"x{delimiter}target", *rows[:-1], f"{last}{delimiter}1"])
    return read_content(tmp_path, content.encode(), **options)


def test_a_token_after_many_numbers_is_missing(tmp_path: Path) -> None:
    """As if it stood in the first row."""
    dataset = read_long(tmp_path, lambda i: i % 7, "n/a")
    assert (dataset.features[0].type, dataset.features[0].nullable) == ("number", True)
    assert values_of(dataset.frame["x"])[-2:] == [float((LONG - 2) % 7), None]
    assert dataset.decisions.notes == [
        "'n/a' in column 'x' is read as missing; --categorical x keeps the texts."
    ]


@pytest.mark.parametrize("last", ["01", "0"])
def test_a_leading_zero_after_many_numbers_makes_them_codes(last: str, tmp_path: Path) -> None:
    """A number would have lost it; a zero alone is a number."""
    dataset = read_long(tmp_path, lambda i: 10 + i % 7, last)
    assert dataset.features[0].type == ("category" if last == "01" else "number")


def test_a_decimal_comma_after_many_whole_numbers_is_one(tmp_path: Path) -> None:
    """The decimal mark is decided by the whole file."""
    dataset = read_long(tmp_path, lambda i: i % 7, "3,5", ";")
    assert dataset.dialect.decimal == ","
    assert dataset.frame["x"].tolist()[-2:] == [float((LONG - 2) % 7), 3.5]


def test_what_is_unclear_in_many_rows_may_be_clear_in_the_last(tmp_path: Path) -> None:
    """1.234 is a number above a thousand if 1,5 follows; and a fraction if 1.5 does."""
    for last, first in (("1,5", 1005.0), ("1.5", 1.005)):
        dataset = read_long(tmp_path, lambda i: f"1.{i % 7:03}", last, ";")
        assert dataset.frame["x"].iloc[5] == first
        assert dataset.frame["x"].iloc[-1] == 1.5
    with pytest.raises(InvalidDataset, match=r"^Say with --decimal \. or --decimal ,"):
        read_long(tmp_path, lambda i: f"1.{i % 7:03}", "2", ";")


def test_a_stray_text_after_many_numbers_is_refused_by_row(tmp_path: Path) -> None:
    """Though the first rows alone decide how pandas reads the column."""
    for last in ("five", "$5", "inf", "1_000", "5%"):
        with pytest.raises(InvalidDataset, match=f"^Row {LONG + 1}, column 'x' is not a number,"):
            read_long(tmp_path, lambda i: i % 7, last)


def test_a_word_after_many_booleans_makes_them_categories(tmp_path: Path) -> None:
    """All of a column decides its type."""
    dataset = read_long(tmp_path, lambda i: ["yes", "no"][i % 2], "maybe")
    assert dataset.features[0].categories == ("maybe", "no", "yes")
