"""The target: what is predicted, a class or a number, and which rows have it.

The column decides: numbers with fractions, or more than 20 different ones, are predicted as numbers
(a regression); anything else is a class (a classification). `--task` decides otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.helpers.errors import enumerate_first, quote
from app.helpers.features import Format, Value
from app.helpers.predictions import Task
from app.helpers.validation import MAX_ABSOLUTE_NUMBER
from app.tables.csv_file import FIRST_ROW
from app.tables.formats import find_format, normalize, parse
from app.training.decisions import Decisions, option
from app.training.figure import allows_figure
from app.training.labels import read_labels, tell_left_out
from app.training.raw_table import RawColumn, are_whole

MAX_CLASS_NUMBERS = 20  # more different numbers are no classes
MIN_REGRESSION_ROWS = 8  # a quarter of them, two, validates


@dataclass(frozen=True)
class Target:
    """The target of the rows that have one.

    Attributes
    ----------
    rows : array of int, shape (n_used,)
        The rows of the file that are used, counted from 0.
    values : array, shape (n_used,)
        Each row's class as its place in `classes`, an int; or its number, a float64.
    classes : tuple of str, shape (n_classes,)
        In sorted order; numbers by value. Empty in a regression.
    unit : str
        What numbers are written with: "%", a currency such as "$", or "".
    """

    rows: NDArray[np.intp]
    values: NDArray[Any]
    classes: tuple[str, ...] = ()
    unit: str = ""

    @property
    def task(self) -> Task:
        """What a model of it predicts."""
        return "classification" if self.classes else "regression"


@dataclass(frozen=True)
class _Numbers:
    """A column that may be one of numbers.

    Attributes
    ----------
    values : array of float, shape (n_texts,)
        What each different text means; NaN if it is missing, or no number.
    strays : list of int
        Places of the texts that are no numbers.
    unit : str
    """

    values: NDArray[np.float64]
    strays: Sequence[int]
    unit: str = ""

    def are_quantities(self) -> bool:
        """Whether they have fractions, or are too many to be classes."""
        present = np.unique(self.values[~np.isnan(self.values)])
        return len(present) > MAX_CLASS_NUMBERS or not are_whole(present)


def read_target(
    name: str, raw: RawColumn, known: Format, task: Task | None, decisions: Decisions
) -> Target:
    """Return the target; add to the decisions what was decided, and what is wrong as faults.

    Parameters
    ----------
    known : Format
        The file's decimal mark and the user's tokens.
    task : "classification", "regression" or None
        None if the column decides.
    """
    numbers = None if task == "classification" else _read_numbers(raw, known, task)
    if numbers is not None and (task is not None or numbers.are_quantities()):
        return _regression(name, raw, numbers, task, decisions)
    if task == "regression":
        _tell_no_numbers(name, raw, decisions)
        return Target(np.arange(_count_rows(raw)), np.zeros(_count_rows(raw)))
    labels = read_labels(name, raw, known, decisions)
    n_numbers = len(labels.classes)
    if task is None and numbers is not None and n_numbers > 2 and not numbers.strays:
        decisions.warnings.append(
            f"Column {quote(name)} holds {n_numbers} different whole numbers, which are taken for"
            " classes; --task regression predicts a number."
        )
    return Target(labels.rows, labels.target, labels.classes)


def looks_like_quantities(texts: Sequence[str], known: Format) -> bool:
    """Whether the first fields of a column are numbers with fractions, or more than 20."""
    raw = RawColumn(codes=np.arange(len(texts)), texts=texts)
    numbers = _read_numbers(raw, known, None)
    return numbers is not None and not numbers.strays and numbers.are_quantities()


def _count_rows(raw: RawColumn) -> int:
    return len(raw.codes if raw.codes is not None else raw.numbers or ())


def _read_numbers(raw: RawColumn, known: Format, task: Task | None) -> _Numbers | None:
    """Return a column's numbers, None if it is not one of numbers."""
    if raw.numbers is not None:
        return _Numbers(raw.numbers, ())
    counts = np.bincount(raw.codes if raw.codes is not None else [], minlength=len(raw.texts))
    finding = find_format(raw.texts, counts.tolist(), known)
    values: Sequence[Value] = finding.values
    if finding.is_code and task == "regression":
        values = parse(raw.texts, "number", known)
    elif finding.type != "number":
        return None
    is_number = [isinstance(value, float | int) for value in values]
    if not any(is_number):
        return None
    numbers = [
        float(value) if fits else np.nan  # type: ignore[arg-type]  # it is a number
        for value, fits in zip(values, is_number, strict=True)
    ]
    return _Numbers(np.array(numbers), finding.strays, finding.format.unit)


def _regression(
    name: str, raw: RawColumn, numbers: _Numbers, task: Task | None, decisions: Decisions
) -> Target:
    values = numbers.values if raw.codes is None else numbers.values[raw.codes]
    rows = np.flatnonzero(~np.isnan(values))
    if raw.codes is not None and numbers.strays:
        _tell_strays(name, raw.codes, raw.texts, numbers, decisions)
    elif (huge := np.abs(values) > MAX_ABSOLUTE_NUMBER).any():
        decisions.faults.append(
            f"Row {int(huge.argmax()) + FIRST_ROW}, column {quote(name)} is beyond"
            f" ±{MAX_ABSOLUTE_NUMBER:.0e}; correct it or leave the row out."
        )
    elif len(rows) < MIN_REGRESSION_ROWS:
        decisions.faults.append(
            f"Column {quote(name)} has a number in {len(rows)} rows; to predict one takes at least"
            f" {MIN_REGRESSION_ROWS}."
        )
    elif (values[rows] == values[rows[0]]).all():
        decisions.faults.append(
            f"Column {quote(name)} holds one number only, {values[rows[0]]:g}; there is nothing to"
            " predict."
        )
    elif not allows_figure(values[rows]):
        decisions.faults.append(
            f"Column {quote(name)} holds numbers that are too close together to compute with;"
            " write them in another unit."
        )
    else:
        tell_left_out(name, len(values) - len(rows), len(values), decisions)
    if task is None:
        holds = (
            "numbers with fractions"
            if not are_whole(values[rows])
            else f"more than {MAX_CLASS_NUMBERS} different numbers"
        )
        decisions.notes.append(
            f"Column {quote(name)} holds {holds}, so a number is predicted;"
            " --task classification takes them for classes."
        )
    if decisions.faults:  # the columns' own can still be told
        rows = np.arange(len(values))
    return Target(rows, values[rows], unit=numbers.unit)


def _tell_strays(
    name: str,
    codes: NDArray[np.intp],
    all_texts: Sequence[str],
    numbers: _Numbers,
    decisions: Decisions,
) -> None:
    texts = list(dict.fromkeys(normalize(all_texts[place]) for place in numbers.strays))
    row = int(np.isin(codes, numbers.strays).argmax()) + FIRST_ROW
    others = ""
    if len(texts) > 1:
        others = f" ({len(texts) - 1} other text{'s are' if len(texts) > 2 else ' is'}, too)"
    decisions.faults.append(
        f"Row {row}, column {quote(name)} is not a number, as most of the column is{others};"
        f" correct it, leave such rows out with {option('--missing', texts[0], 'TOKEN')}, or use"
        " --task classification."
    )


def _tell_no_numbers(name: str, raw: RawColumn, decisions: Decisions) -> None:
    texts = dict.fromkeys(filter(None, map(normalize, raw.texts)))
    found = f"does not hold numbers but {enumerate_first(map(quote, texts))}"
    decisions.faults.append(
        f"Column {quote(name)} {found if texts else 'is empty'}; --task regression needs numbers."
    )
