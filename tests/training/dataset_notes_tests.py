"""What is decided about a table is said in a note or a warning, with the option against it."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.store.training_data import LeftOutColumn, LeftOutRows
from app.training.dataset import Dataset
from tests.support.csv_files import csv_of, read_content

GOOD: list[list[Any]] = [["x", "target"], *([i % 3, i % 2] for i in range(8))]


def with_x(*fields: Any, name: str = "x", targets: Sequence[str] = "01") -> bytes:
    """Return a CSV of a number, and a column of these fields, over again to 24 rows or so."""
    n_rows = max(24, len(fields))
    rows = (
        [fields[i % len(fields)], i % 5 + 0.5, targets[i % len(targets)]] for i in range(n_rows)
    )
    return csv_of([name, "n", "target"], *rows)


NOTES: dict[str, tuple[bytes, dict[str, Any], list[str]]] = {
    "a tidy table": (csv_of(*GOOD), {}, []),
    "semicolons and decimal commas": (
        with_x("1,5", "2,5")
        .replace(b",", b";")
        .replace(b'"1;5"', b"1,5")
        .replace(b'"2;5"', b"2,5")
        .replace(b".", b","),
        {},
        [
            "The file has semicolons between its columns and has decimal commas; --delimiter and"
            " --decimal decide otherwise."
        ],
    ),
    "what was said is not noted": (
        csv_of(*GOOD).replace(b",", b";").decode().encode("utf-16"),
        {"delimiter": ";", "encoding": "utf-16"},
        [],
    ),
    "Windows-1252": (
        with_x("größer", "kleiner").decode().encode("cp1252"),
        {},
        ["The file is read as Windows-1252; --encoding decides otherwise."],
    ),
    "comments": (
        b"# made by hand\n" + csv_of(*GOOD),
        {},
        [
            "A line that begins with # before the header is skipped; rows are counted from the"
            " header, which is row 1."
        ],
    ),
    "money": (
        with_x("$1,200", "$7.50", "-"),
        {},
        [
            "Column 'x' is read as numbers in $, with commas between thousands; --categorical x"
            " keeps the texts.",
            "'-' in column 'x' is read as missing; --categorical x keeps the texts.",
        ],
    ),
    "percentages": (
        with_x("7.5 %", "8 %", name="the rate"),
        {},
        ["Column 'the rate' is read as numbers in %; --categorical 'the rate' keeps the texts."],
    ),
    "missing tokens": (
        with_x(1, 2, "NA", "?"),
        {},
        ["'?', 'NA' in column 'x' are read as missing; --categorical x keeps the texts."],
    ),
    "missing tokens in several columns": (
        csv_of(
            ["x", "y", "letter", "target"],
            *(
                ["NA" if i == 3 else i % 4, "NA" if i == 4 else i % 5, "ab"[i % 2], i % 2]
                for i in range(20)
            ),
        ),
        {},
        ["'NA' in columns 'x', 'y' is read as missing; --categorical x keeps the texts of one."],
    ),
    "tokens in a category": (with_x("red", "NA", "none"), {}, []),
    "words for booleans": (
        with_x("Y", "N"),
        {},
        ["Column 'x' is read as booleans ('Y', 'N'); --categorical x keeps the texts."],
    ),
    "true and false": (with_x("TRUE", "False"), {}, []),
    "codes": (
        with_x("01234", "99999"),
        {},
        [
            "Column 'x' is read as categories: its digits begin with zeros, as codes do; --drop x"
            " leaves it out."
        ],
    ),
    "a column without a name": (
        with_x(1, 2, 4, name=""),
        {},
        [
            "Column 1 has no name and is called '(unnamed column 1)'; --drop '(unnamed column 1)'"
            " leaves it out."
        ],
    ),
    "labels that differ in blanks and normalization": (
        with_x(1, 2, 4, targets=["café", "cafe\u0301", "tea", "tea "]),
        {},
        [
            "Labels in column 'target' that differ only in blanks or in Unicode normalization are"
            " the same: 'cafe\u0301' is 'café', 'tea ' is 'tea'."
        ],
    ),
}


@pytest.mark.parametrize("case", NOTES)
def test_a_decision_is_noted(case: str, tmp_path: Path) -> None:
    """In one sentence each; a tidy table needs none."""
    content, options, notes = NOTES[case]
    decisions = read_content(tmp_path, content, **options).decisions
    assert decisions.notes == notes
    assert decisions.warnings == []


LEFT_OUT: dict[str, tuple[bytes, str, str]] = {
    "counts from 0": (with_x(*range(30)), "it counts the rows", "--include"),
    "counts from 1": (with_x(*range(1, 31)), "it counts the rows", "--include"),
    "an id": (
        with_x(*range(9000, 9030), name="customerId"),
        "it is an id, different in each row",
        "--include",
    ),
    "a constant number": (with_x(7), "it has the same value in every row", "--include"),
    "a constant text": (with_x("EUR"), "it has the same value in every row", "--include"),
    "names": (
        with_x(*(f"Mr. {i}" for i in range(30))),
        "it has 30 different texts in 30 rows: it names rows rather than groups them",
        "--categorical",
    ),
    "an empty column": (with_x("", " ", "NA", "?"), "it is empty", ""),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_a_column_that_says_nothing_is_left_out(case: str, tmp_path: Path) -> None:
    """That is noted, it is in the manifest's list, and the option named keeps the column."""
    content, reason, option = LEFT_OUT[case]
    name = content.split(b",")[0].decode()
    dataset = read_content(tmp_path, content)
    keeps = f"; {option} {name} keeps it" if option else ""
    assert dataset.decisions.notes == [f"Column '{name}' is left out: {reason}{keeps}."]
    assert dataset.decisions.columns_left_out == [LeftOutColumn(name, reason)]
    assert [feature.name for feature in dataset.features] == ["n"]
    if option:
        kept = read_content(tmp_path, content, **{option.removeprefix("--"): [name]})
        assert [feature.name for feature in kept.features] == [name, "n"]
        assert kept.decisions.columns_left_out == []


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (range(1990, 2020), "year"),
        ((3600 * i for i in range(30)), "time"),
        ((i * 7 + 1000 for i in range(30)), "amount_paid"),
        ((i + 0.5 for i in range(30)), "order_id"),
        ([*range(29), 31], "x"),
        ((29 - i for i in range(30)), "x"),
        ([i // 2 for i in range(30)], "customer_id"),
        ([i // 2 * "I" or "zero" for i in range(30)], "x"),
        ([*range(29), ""], "x"),
    ],
)
def test_a_number_that_merely_rises_is_kept(fields: Any, name: str, tmp_path: Path) -> None:
    """Years, times, numbers with fractions or repetitions, counters with a gap."""
    dataset = read_content(tmp_path, with_x(*fields, name=name))
    assert [feature.name for feature in dataset.features] == [name, "n"]
    assert dataset.decisions.notes == []


def read_labels(tmp_path: Path, labels: list[str], **options: Any) -> Dataset:
    """Read a table with this target."""
    rows = ([i % 5 + 0.5, label] for i, label in enumerate(labels))
    return read_content(tmp_path, csv_of(["n", "target"], *rows), **options)


def test_rows_without_a_target_are_left_out(tmp_path: Path) -> None:
    """Any number of them; the share is told, and what was taken for a missing target."""
    dataset = read_labels(tmp_path, ["yes", "no", "NA", "", "na"] * 8)
    assert dataset.decisions.notes == [
        "'NA' in column 'target' is read as a missing target (8 rows); --present NA makes it a"
        " class.",
        "'na' in column 'target' is read as a missing target (8 rows); --present na makes it a"
        " class.",
    ]
    assert dataset.decisions.warnings == [
        "24 of 40 rows (60.0%) have no 'target' and are left out."
    ]
    assert dataset.decisions.rows_left_out == [LeftOutRows(24, "they have no target")]
    assert dataset.frame["n"].tolist() == [0.5, 1.5] * 8


def test_a_missing_label_may_be_one(tmp_path: Path) -> None:
    """With --present; the other way round, --missing makes a label a missing one."""
    labels = ["yes", "NA", "?"] * 8
    present = read_labels(tmp_path, labels, present=["NA", "?"])
    assert present.classes == ("?", "NA", "yes")
    assert (present.decisions.notes, present.decisions.warnings) == ([], [])
    missing = read_labels(tmp_path, labels, present=["NA"], missing=["?"])
    assert missing.classes == ("NA", "yes")
    assert missing.decisions.notes == []
    assert missing.decisions.warnings == ["8 of 24 rows (33.3%) have no 'target' and are left out."]


def test_rows_of_rare_classes_are_left_out(tmp_path: Path) -> None:
    """The model never predicts these classes."""
    dataset = read_labels(tmp_path, [*["yes", "no"] * 8, "maybe", "never", "maybe"])
    assert dataset.classes == ("no", "yes")
    assert dataset.decisions.warnings == [
        "Classes in column 'target' with fewer than 4 rows are left out and never predicted:"
        " 'maybe' has 2 rows, 'never' has 1 row."
    ]
    assert dataset.decisions.rows_left_out == [LeftOutRows(3, "their classes have too few rows")]


def test_what_only_left_out_rows_hold_is_neither_learned_nor_refused(tmp_path: Path) -> None:
    """A last line with totals does no harm."""
    rows = [[f"{i % 7}", "ab"[i % 2], i % 2] for i in range(16)]
    content = csv_of(["x", "letter", "target"], *rows, ["Total", "all", ""])
    dataset = read_content(tmp_path, content)
    number, letter = dataset.features
    assert (number.type, number.nullable) == ("number", False)
    assert (letter.categories, letter.nullable) == (("a", "b"), False)


def test_a_token_that_matches_nothing_is_warned_of(tmp_path: Path) -> None:
    """In a column of numbers, in a category or in the target a token counts."""
    content = csv_of(
        ["x", "letter", "target"],
        *([-9 if i == 3 else i % 4, "?b"[i % 2], "abc"[i % 3]] for i in range(24)),
    )
    dataset = read_content(tmp_path, content, missing=["-9.0", "?", "c", "-1"])
    assert dataset.decisions.warnings == [
        "8 of 24 rows (33.3%) have no 'target' and are left out.",
        "--missing '-1' matches nothing.",
    ]
    assert [feature.nullable for feature in dataset.features] == [True, True]


def test_a_gzipped_table_is_read(tmp_path: Path) -> None:
    """As if it were unpacked; the digest is that of the file as it lies there."""
    plain = read_content(tmp_path, csv_of(*GOOD))
    packed = read_content(tmp_path, gzip.compress(csv_of(*GOOD)))
    assert packed.frame.equals(plain.frame)
    assert packed.sha256 != plain.sha256
    assert packed.decisions.notes == []
