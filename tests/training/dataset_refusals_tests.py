"""Tables that cannot be learned from are refused in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.helpers.errors import InvalidDataset
from app.settings import Settings
from app.tables import csv_file
from tests.support.csv_files import GOOD, csv_of, two_columns, with_column, with_field, write_csv
from tests.support.training import train

NOT_A_NUMBER = (
    "Row {row}, column 'x' is not a number, as most of the column is{more}; correct it, declare it"
    " missing with {missing}, or use --categorical x."
)

HUGE = (
    "Row {row}, column 'x' is beyond ±1e+15; correct it, declare it missing with --missing {token},"
    " or leave the column out with --drop x."
)

TOO_FEW = "Column 'target' has fewer than two classes of at least 4 rows: {}."

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
        "There is no column 'target'; there are 'x 0', 'x 1', 'x 2', 'x 3', 'x 4', 2 more, 'x 7',"
        " 'x 8', 'x 9', 'x 10', 'x 11'.",
    ),
    "a target of nearly that name": (
        csv_of(["x", " Target"], *GOOD[1:]),
        [],
        "There is no column 'target'; did you mean 'Target'? There are 'x', 'Target'.",
    ),
    "several columns that are not there": (
        csv_of(*GOOD),
        ["--target", "why", "--drop", "ex", "--include", "lettre"],
        "There is no column 'why'; there are 'x', 'letter', 'target'. There is no column 'ex'; did"
        " you mean 'x'? There are 'x', 'letter', 'target'. There is no column 'lettre'; did you"
        " mean 'letter'? There are 'x', 'letter', 'target'.",
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
    "a column dropped and kept": (
        csv_of(*GOOD),
        ["--drop", "letter", "--include", "letter"],
        "Column 'letter' cannot be both dropped and kept; leave out --drop letter or --include"
        " letter.",
    ),
    "target is the id": (
        csv_of(*GOOD),
        ["--id", "target"],
        "Column 'target' cannot be both the target and the id; name another with --target or --id.",
    ),
    "no target at all": (
        two_columns(range(9), ["", " ", "NA"]),
        [],
        "Column 'target' is empty: there must be two classes or more to tell apart.",
    ),
    "a class of three rows, once the target is missing": (
        with_field(4, 2, None),
        [],
        TOO_FEW.format("'no' has 4 rows, 'yes' has 3 rows"),
    ),
    "one class": (
        two_columns(range(9), ["never"]),
        [],
        "Column 'target' holds one class only, 'never'; there must be two or more to tell apart.",
    ),
    "a class of three rows": (
        with_field(2, 2, "no"),
        [],
        TOO_FEW.format("'no' has 5 rows, 'yes' has 3 rows"),
    ),
    "too many classes": (
        two_columns((i % 9 for i in range(4004)), range(1001)),
        ["--task", "classification"],
        "Column 'target' has 1001 classes, more than 1000; group them first.",
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
        two_columns([0, 1, 3] * 4, "aabbcc"),
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
    "infinite": (
        with_field(5, 0, "-inf"),
        [],
        NOT_A_NUMBER.format(row=5, more="", missing="--missing -inf"),
    ),
    "infinite by its exponent": (
        with_field(6, 0, "1e400"),
        [],
        NOT_A_NUMBER.format(row=6, more="", missing="--missing 1e400"),
    ),
    "beyond what requests may hold": (
        with_field(7, 0, "1000000000000001"),
        [],
        HUGE.format(row=7, token="1000000000000001"),
    ),
    "an integer of 25 digits": (
        with_field(8, 0, "-" + "9" * 25),
        [],
        HUGE.format(row=8, token="-" + "9" * 25),
    ),
    "integers of 25 digits": (
        two_columns("9" * 24 + str(i) for i in range(8)),
        [],
        "Row 2, column 'x' is beyond ±1e+15 (7 other texts are, too); correct it, or leave the"
        " column out with --drop x.",
    ),
    "a text among numbers": (
        with_field(3, 0, "ca. 3"),
        [],
        NOT_A_NUMBER.format(row=3, more="", missing="--missing 'ca. 3'"),
    ),
    "NaN among numbers, which is said to be a value": (
        with_field(9, 0, "NaN"),
        ["--present", "NaN"],
        NOT_A_NUMBER.format(row=9, more="", missing="--missing NaN"),
    ),
    "three texts among numbers": (
        two_columns([1, "a", 2, "b", 3, "a", 4, 5]),
        [],
        NOT_A_NUMBER.format(
            row=3, more=" (1 other text is, too)", missing="--missing a --missing b"
        ),
    ),
    "as many texts as numbers": (
        two_columns([1, "a", 2, "b", 3, "c", 4, "d"]),
        [],
        NOT_A_NUMBER.format(
            row=3,
            more=" (3 other texts are, too)",
            missing="--missing a --missing b --missing c --missing d",
        ),
    ),
    "more texts among numbers than one wants to declare missing": (
        two_columns([1, "a", 2, "b", 3, "c", 4, "d", 5, "e", 6, "f"]),
        [],
        "Row 3, column 'x' is not a number, as most of the column is (5 other texts are, too)"
        "; correct it, or use --categorical x.",
    ),
    "a number with another unit than most": (
        two_columns(["5 %", "6 %", "7 %", "8 €", "9 %"] * 2),
        [],
        NOT_A_NUMBER.format(row=5, more="", missing="--missing '8 €'"),
    ),
    "all that is wrong, at once": (
        csv_of(
            ["a b", "c", "target"],
            *([i if i != 3 else "x", i if i != 5 else "y", i % 2] for i in range(6)),
        ),
        [],
        "Column 'target' has fewer than two classes of at least 4 rows: '0' has 3 rows, '1' has 3"
        " rows. Row 5, column 'a b' is not a number, as most of the column is; correct it, declare"
        " it missing with --missing x, or use --categorical 'a b'. Row 7, column 'c' is not a"
        " number, as most of the column is; correct it, declare it missing with --missing y, or"
        " use --categorical c.",
    ),
    "a name that is no word": (
        with_column("a\nb", [1, 2, 3, 4, 5, 6, 7, "eight"]),
        [],
        "Row 9, column 'a\\nb' is not a number, as most of the column is; correct it, declare it"
        " missing with --missing eight, or use --categorical COLUMN.",
    ),
    "nothing but columns that say nothing": (
        csv_of(["id_", "n", "target"], *([i, 7, i % 2] for i in range(8))),
        [],
        "There is no column to learn from beside the target. Column 'id_' is left out: it counts"
        " the rows; --include id_ keeps it. Column 'n' is left out: it has the same value in every"
        " row; --include n keeps it.",
    ),
    "an empty column that is to be kept": (
        with_column("full name", [None, " ", "NA", "?"] * 2),
        ["--include", "full name"],
        "Column 'full name' is empty; --include cannot keep it.",
    ),
    "points and commas": (
        b"a;b;target\n" + b"".join(b"%d.5;%d,5;%d\n" % (i, i, i % 2) for i in range(8)),
        [],
        "Say with --decimal . or --decimal , which decimal mark the file uses: 'a' can be read with"
        " a point only, 'b' with a comma only.",
    ),
    "fractions or thousands": (
        b"a;target\n" + b"".join(b"%d.500;%d\n" % (i + 1, i % 2) for i in range(8)),
        [],
        "Say with --decimal . or --decimal , which decimal mark the file uses: in 'a' 1.234 may be"
        " a fraction or a number above a thousand.",
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

    def count_and_change(*arguments: Any, **options: Any) -> int:
        with open(path, "ab") as file:
            file.write(b"1,a,yes\n")
        return count(*arguments, **options)

    monkeypatch.setattr("app.training.dataset.count_rows", count_and_change)
    with pytest.raises(InvalidDataset) as refusal:
        train(str(path), "v0", config=config)
    assert str(refusal.value) == "The file changed while it was read."
