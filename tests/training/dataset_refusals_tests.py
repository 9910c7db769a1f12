"""Tables that cannot be learned from are refused in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.helpers.errors import InvalidDataset
from app.models.train_model import train
from app.settings import Settings
from app.tables import csv_file
from tests.support.csv_files import GOOD, csv_of, two_columns, with_column, with_field, write_csv

NOT_A_NUMBER = (
    "Row {row}, column 'x' is not a number, as most of the column is; mend it, declare it missing"
    " with --missing TOKEN, or use --categorical x."
)

HUGE = (
    "Row {row}, column 'x' is infinite or beyond ±1e+15; mend it or declare it missing with"
    " --missing TOKEN."
)

FEW = (
    "{n} of {of} classes in column 'target' have fewer than 4 rows: {classes}. A target is a class;"
    " to predict a number, group it first."
)

RESERVED = (
    "A feature cannot be called 'id', the name of a row's id in requests; rename it in the file or"
    " leave it out with --drop id."
)

REFUSALS: dict[str, tuple[bytes, list[str], str]] = {
    "no target column": (
        csv_of(["x", "letter", "y"], *GOOD[1:]),
        [],
        "There is no column 'target'; there are 'x', 'letter', 'y'.",
    ),
    "many other columns": (
        csv_of([f"x {i}" for i in range(12)]),
        [],
        "There is no column 'target'; there are 'x 0', 'x 1', 'x 2', 'x 3', 'x 4', 'x 5', 'x 6',"
        " 'x 7', 'x 8', 'x 9' and 2 more.",
    ),
    "no column to drop": (
        csv_of(*GOOD),
        ["--drop", "colour"],
        "There is no column 'colour'; there are 'x', 'letter', 'target'.",
    ),
    "no column to be categorical": (
        csv_of(*GOOD),
        ["--categorical", "zip"],
        "There is no column 'zip'; there are 'x', 'letter', 'target'.",
    ),
    "no column of ids": (
        csv_of(*GOOD),
        ["--id", "name"],
        "There is no column 'name'; there are 'x', 'letter', 'target'.",
    ),
    "target dropped": (
        csv_of(*GOOD),
        ["--drop", "target"],
        "Column 'target' is the target; it cannot be dropped.",
    ),
    "target is the id": (
        csv_of(*GOOD),
        ["--id", "target"],
        "Column 'target' cannot be both the target and the id; name another with --target or --id.",
    ),
    "missing target": (
        with_field(4, 2, None),
        [],
        "Row 4, column 'target' is empty: each row needs its target.",
    ),
    "missing target by token": (
        with_field(9, 2, "?"),
        ["--missing", "?"],
        "Row 9, column 'target' is empty: each row needs its target.",
    ),
    "one class": (
        two_columns(range(9), ["never"]),
        [],
        "Column 'target' holds one class only, 'never'; there must be two or more to tell apart.",
    ),
    "a class of three rows": (
        with_field(2, 2, "no"),
        [],
        FEW.format(n=1, of=2, classes="'yes'"),
    ),
    "a number to predict": (
        two_columns(range(12), [f"{i}.5" for i in range(12)]),
        [],
        FEW.format(
            n=12,
            of=12,
            classes=", ".join(f"'{i}.5'" for i in range(10)) + " and 2 more",
        ),
    ),
    "too many classes": (
        two_columns((i % 9 for i in range(4004)), range(1001)),
        [],
        "Column 'target' has 1001 classes, more than 1000; to predict a number, group it first.",
    ),
    "one number as two classes": (
        two_columns(range(12), ["0", "1", "1.0"]),
        [],
        "Classes '1' and '1.0' in column 'target' are the same number; write it one way.",
    ),
    "no such positive class": (
        csv_of(*GOOD),
        ["--positive-class", "Yes"],
        "There is no class 'Yes' in column 'target'; there are 'no', 'yes'.",
    ),
    "a positive class of three": (
        two_columns(range(12), "abc"),
        ["--positive-class", "a"],
        "There is no positive class among 3; leave --positive-class out.",
    ),
    "no feature": (
        csv_of(["id", "target"], *([i, i % 2] for i in range(8))),
        [],
        "There is no column to learn from beside the target.",
    ),
    "all features dropped": (
        csv_of(*GOOD),
        ["--drop", "x", "--drop", "letter"],
        "There is no column to learn from beside the target.",
    ),
    "a feature called id": (with_column("id", range(8)), ["--id", "letter"], RESERVED),
    "infinite": (with_field(5, 0, "-inf"), [], HUGE.format(row=5)),
    "infinite by its exponent": (with_field(6, 0, "1e400"), [], HUGE.format(row=6)),
    "beyond what requests may hold": (with_field(7, 0, "1000000000000001"), [], HUGE.format(row=7)),
    "an integer of 25 digits": (with_field(8, 0, "-" + "9" * 25), [], HUGE.format(row=8)),
    "integers of 25 digits": (
        two_columns("9" * 24 + str(i) for i in range(8)),
        [],
        HUGE.format(row=2),
    ),
    "a text among numbers": (with_field(3, 0, "ca. 3"), [], NOT_A_NUMBER.format(row=3)),
    "NaN among numbers": (with_field(9, 0, "NaN"), [], NOT_A_NUMBER.format(row=9)),
    "three texts among numbers": (
        two_columns([1, "a", 2, "b", 3, "c", 4, 5]),
        [],
        NOT_A_NUMBER.format(row=3),
    ),
    "as many texts as numbers": (
        two_columns([1, "a", 2, "b", 3, "c", 4, "d"]),
        [],
        NOT_A_NUMBER.format(row=3),
    ),
    "all missing": (
        with_column("full name", [None] * 8),
        [],
        "Column 'full name' is empty; leave it out with --drop 'full name'.",
    ),
    "an identifier": (
        with_column("it's", [f"n {i % 5}" for i in range(8)]),
        [],
        "Column 'it\\'s' has 5 different texts in 8 rows: it names rows rather than groups them;"
        " leave it out with --drop 'it'\"'\"'s', or keep it with --categorical 'it'\"'\"'s'.",
    ),
    "an identifier whose name is no word": (
        with_column("a\nb", [f"n {i}" for i in range(8)]),
        [],
        "Column 'a\\nb' has 8 different texts in 8 rows: it names rows rather than groups them;"
        " leave it out with --drop COLUMN, or keep it with --categorical COLUMN.",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refuses_what_cannot_be_learned_from(
    case: str, refused_training: Callable[..., str], tmp_path: Path
) -> None:
    """In one line, with nothing written and the old model intact."""
    content, options, message = REFUSALS[case]
    path = tmp_path / "refused.csv"
    path.write_bytes(content)
    assert refused_training(path, *options) == message


def test_refuses_a_file_that_changes_meanwhile(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the rows would be of one file and the digest of another."""
    path = write_csv(tmp_path / "table.csv", GOOD)
    count = csv_file.count_rows

    def count_and_change(*arguments: Any) -> int:
        with open(path, "ab") as file:
            file.write(b"1,a,yes\n")
        return count(*arguments)

    monkeypatch.setattr("app.training.dataset.count_rows", count_and_change)
    with pytest.raises(InvalidDataset) as refusal:
        train(str(path), "v0", config=config)
    assert str(refusal.value) == "The file changed while it was read."
