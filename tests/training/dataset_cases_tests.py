"""Small tables as pandas, R, Excel, databases and people write them, and what is made of each."""

import json
from typing import Any

import pytest

from app.helpers.errors import InvalidDataset
from app.tables.columns import Columns
from app.training.dataset import read_dataset
from tests.support.paths import ROOT

CASES = ROOT / "tests/tables/cases"
EXPECTED: dict[str, Any] = json.loads((CASES / "expected.json").read_text())


def path_of(case: str) -> str:
    """Return the path of a case's table."""
    return str(CASES / "csv" / f"{case}.csv")


@pytest.mark.parametrize(
    "case",
    [case for case, expected in EXPECTED.items() if "refused" not in expected],
)
def test_a_table_is_taken_for_what_it_plainly_is(case: str) -> None:
    """Its rows, its classes, the types of its columns, and which columns are left out."""
    expected = EXPECTED[case]
    dataset = read_dataset(path_of(case), Columns(expected["target"]))
    assert len(dataset.frame) == len(dataset.target) == expected["rows"]
    assert list(dataset.classes) == (expected["classes"] or [])
    assert {feature.name: feature.type for feature in dataset.features} == expected["types"]
    assert [column.name for column in dataset.decisions.columns_left_out] == expected["left_out"]


@pytest.mark.parametrize(
    ("case", "target", "message"),
    [
        ("duplicate_names", "churned", "Columns 1 and 4 are both called 'age'."),
        (
            "header_case_and_space",
            "churned",
            "There is no column 'churned'; did you mean 'Churned'? There are 'Age', 'Plan',"
            " 'Member', 'Spend', 'Churned'.",
        ),
    ],
)
def test_what_is_refused_is_refused_in_these_words(case: str, target: str, message: str) -> None:
    """Two columns of one name, and a target that is nearly there."""
    with pytest.raises(InvalidDataset) as refusal:
        read_dataset(path_of(case), Columns(target))
    assert str(refusal.value) == message


TIDY = "bom_crlf"
SAME_AS_TIDY = [
    *("pandas_index", "r_write_csv", "rownames", "semicolon_decimal_comma", "utf16", "tabs"),
    *("pipes", "space_after_comma", "question_marks", "blank_strings", "padded_numbers"),
    *("padded_labels", "empty_column", "trailing_commas", "comment_lines", "excel_sep_line"),
    "semicolon_quoted",
]


@pytest.mark.parametrize("case", SAME_AS_TIDY)
def test_the_same_table_is_the_same_however_it_is_written(case: str) -> None:
    """Value for value as in the tidy file."""
    tidy = read_dataset(path_of(TIDY), Columns("churned"))
    dataset = read_dataset(path_of(case), Columns("churned"))
    assert dataset.frame.equals(tidy.frame)
    assert dataset.target.tolist() == tidy.target.tolist()
