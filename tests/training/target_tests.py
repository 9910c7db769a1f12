"""The target decides whether a class or a number is predicted, and `--task` decides otherwise."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.helpers.errors import InvalidDataset
from tests.support.csv_files import csv_of, read_content

FRACTIONS = [f"{i % 6}.5" for i in range(24)]
NOTE = (
    "Column 'target' holds {}, so a number is predicted; --task classification takes them for"
    " classes."
)


def table(fields: list[Any], header: str = "target") -> bytes:
    """Return a CSV of a number and a target, separated by a comma."""
    return csv_of(["x", header], *([i % 7, field] for i, field in enumerate(fields)))


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        (FRACTIONS, 0.5),
        (list(range(21)), 0.0),
        ([f"{i},000" for i in range(1, 25)], 1000.0),
        ([f"${i}.5" for i in range(24)], 0.5),
        ([f"{i}.5%" for i in range(24)], 0.5),
        ([f" {i}.5 " for i in range(24)], 0.5),
        (["1e3", *FRACTIONS], 1000.0),
    ],
)
def test_fractions_and_many_numbers_are_predicted_as_numbers(
    fields: list[Any], first: float, tmp_path: Path
) -> None:
    """However they are written."""
    dataset = read_content(tmp_path, table(fields))
    assert (dataset.task, dataset.classes) == ("regression", ())
    assert dataset.target[0] == first
    assert dataset.target.dtype == float


@pytest.mark.parametrize(
    "fields",
    [
        ["yes", "no"] * 8,
        ["0", "1"] * 8,
        ["0.0", "1.0"] * 8,
        ["true", "false"] * 8,
        [f"{i % 25:02}" for i in range(100)],  # codes
        [f"label {i % 25}" for i in range(100)],
        list(range(5)) * 4,
    ],
)
def test_anything_else_is_a_class(fields: list[Any], tmp_path: Path) -> None:
    """Texts stay classes, however many there are."""
    assert read_content(tmp_path, table(fields)).task == "classification"


def test_a_decimal_comma_in_the_target_alone_decides_for_the_file(tmp_path: Path) -> None:
    """The target is read with the same rules as the features."""
    rows = "".join(f"{i % 7};{i},5\n" for i in range(24))
    dataset = read_content(tmp_path, f"x;target\n{rows}".encode())
    assert dataset.target.tolist() == [i + 0.5 for i in range(24)]
    assert dataset.dialect.decimal == ","


def test_the_unit_is_kept(tmp_path: Path) -> None:
    """For the page."""
    assert read_content(tmp_path, table([f"${i}.5" for i in range(24)])).unit == "$"


@pytest.mark.parametrize(
    ("fields", "holds"),
    [
        (FRACTIONS, "numbers with fractions"),
        (list(range(21)), "more than 20 different numbers"),
    ],
)
def test_it_is_noted_with_the_option_that_decides_otherwise(
    fields: list[Any], holds: str, tmp_path: Path
) -> None:
    """In one line."""
    assert NOTE.format(holds) in read_content(tmp_path, table(fields)).decisions.notes


def test_a_few_whole_numbers_are_classes_with_a_warning(tmp_path: Path) -> None:
    """They may be counts."""
    decisions = read_content(tmp_path, table([0, 1, 2, 3] * 4)).decisions
    assert decisions.warnings == [
        "Column 'target' holds 4 different whole numbers, which are taken for classes; --task"
        " regression predicts a number."
    ]


def test_two_whole_numbers_need_no_warning(tmp_path: Path) -> None:
    """No and yes."""
    assert read_content(tmp_path, table([0, 1] * 8)).decisions.warnings == []


def test_the_task_may_be_said(tmp_path: Path) -> None:
    """Both ways, without a note."""
    for fields, task in ([0, 1, 2, 3] * 4, "regression"), (FRACTIONS, "classification"):
        dataset = read_content(tmp_path, table(fields), task=task)
        assert dataset.task == task
        assert [*dataset.decisions.notes, *dataset.decisions.warnings] == []


def test_codes_may_be_said_to_be_numbers(tmp_path: Path) -> None:
    """Though their zeros are lost."""
    dataset = read_content(tmp_path, table([f"{i:02}" for i in range(9)]), task="regression")
    assert dataset.target.tolist() == list(range(9))


@pytest.mark.parametrize("token", ["", "NA", "?", "-"])
def test_rows_without_a_number_are_left_out(token: str, tmp_path: Path) -> None:
    """With a warning; what stands for a missing number is what does so in a feature."""
    dataset = read_content(tmp_path, table([token, *FRACTIONS]))
    assert len(dataset.target) == len(dataset.frame) == 24
    assert dataset.decisions.warnings == ["1 of 25 rows (4.0%) have no 'target' and are left out."]
    assert dataset.decisions.rows_left_out[0].count == 1


def test_a_token_may_be_a_number(tmp_path: Path) -> None:
    """As -999 often is."""
    dataset = read_content(tmp_path, table(["-999", *FRACTIONS]), missing=["-999"])
    assert dataset.target.min() == 0.5


@pytest.mark.parametrize(
    ("fields", "options", "message"),
    [
        (
            [*FRACTIONS, "unknown"],
            {},
            "Row 26, column 'target' is not a number, as most of the column is; correct it, leave"
            " such rows out with --missing unknown, or use --task classification.",
        ),
        (
            ["n.k.", *FRACTIONS, "unknown"],
            {},
            "Row 2, column 'target' is not a number, as most of the column is (1 other text is,"
            " too); correct it, leave such rows out with --missing n.k., or use --task"
            " classification.",
        ),
        (
            [*FRACTIONS, "1e16"],
            {},
            "Row 26, column 'target' is beyond ±1e+15; correct it or leave the row out.",
        ),
        (
            ["1.5", "2.5", "3.5"],
            {},
            "Column 'target' has a number in 3 rows; to predict one takes at least 8.",
        ),
        (
            [5] * 12,
            {"task": "regression"},
            "Column 'target' holds one number only, 5; there is nothing to predict.",
        ),
        (
            [f"{number}e-200" for number in range(12)],
            {"task": "regression"},
            "Column 'target' holds numbers that are too close together to compute with; write them"
            " in another unit.",
        ),
        (
            ["yes", "no"] * 8,
            {"task": "regression"},
            "Column 'target' does not hold numbers but 'yes', 'no'; --task regression needs"
            " numbers.",
        ),
        (
            [""] * 8,
            {"task": "regression"},
            "Column 'target' is empty; --task regression needs numbers.",
        ),
    ],
)
def test_refuses_a_target_that_is_no_number(
    fields: list[Any], options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    """Naming the row and what to do."""
    with pytest.raises(InvalidDataset) as error:
        read_content(tmp_path, table(fields), **options)
    assert str(error.value) == message


def test_a_number_has_no_positive_class(
    refused_training: Callable[..., str], tmp_path: Path
) -> None:
    """The option would do nothing."""
    path = tmp_path / "table.csv"
    path.write_bytes(table(FRACTIONS))
    assert refused_training(path, "--positive-class", "0.5") == (
        "There is no positive class in column 'target', which is predicted as a number; leave"
        " --positive-class out, or use --task classification."
    )
