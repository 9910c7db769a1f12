"""CSV → DataFrame and Features, refusing what cannot be learned from.

The file is first read as csv reads it, which sees what pandas would mend in silence (ragged rows,
duplicate names), then by pandas.
"""

import os
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.helpers.errors import InvalidDataset, enumerate_first, quote
from app.helpers.features import Feature
from app.helpers.validation import MAX_ABSOLUTE_NUMBER
from app.tables.columns import DEFAULT_ID, Columns
from app.tables.csv_file import FIRST_ROW, check_bytes, count_rows, open_csv, read_header

MIN_CLASS_ROWS = 4  # a quarter of them, one, validates
MAX_CLASSES = 1000
MAX_DISTINCT_SHARE = 0.5  # a text column in which more of the rows differ is no category


@dataclass(frozen=True)
class Dataset:
    """What a model is trained on.

    Attributes
    ----------
    frame : DataFrame of shape (n_samples, n_features)
        float64 for numbers and booleans, object for categories, NaN where a value is missing.
    target : array of int, shape (n_samples,)
        Each row's class as its place in `classes`.
    classes : tuple of str, shape (n_classes,)
        The labels as the file has them, in sorted order; numbers by value.
    features : tuple of Feature, shape (n_features,)
    sha256 : str
        Of the file.
    """

    frame: pd.DataFrame
    target: NDArray[np.int64]
    classes: tuple[str, ...]
    features: tuple[Feature, ...]
    sha256: str


def read_dataset(
    path: str, columns: Columns, progress: Callable[[int], object] = lambda n_bytes: None
) -> Dataset:
    """Return what can be learned from a CSV.

    Parameters
    ----------
    path : str
        Of a regular file: UTF-8, comma separated, with a header (RFC 4180).
    progress : callable
        Told from time to time how many bytes have been checked.

    Raises
    ------
    InvalidDataset
        With what is wrong, in one line, naming row and column where there is one.
    """
    try:
        with open_csv(path) as file:
            before = os.fstat(file.fileno())
            sha256 = check_bytes(file)
            header = read_header(file)
            names = _choose(header, columns)
            n_rows = count_rows(file, len(header), progress)
            table = dict(_read_table(file, header, n_rows, names, columns).items())
            after = os.fstat(file.fileno())
    except OSError as error:
        raise InvalidDataset(f"{path!r} cannot be read: {error.strerror}.") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InvalidDataset("The file changed while it was read.")
    target, classes = _check_target(table.pop(columns.target), columns.target)
    checked = [_check_feature(table.pop(name), name in columns.categorical) for name in names]
    # One block: what takes rows of it, or hands it to scikit-learn, copies once and not by column.
    frame = pd.DataFrame({feature.name: column for column, feature in checked})
    return Dataset(frame, target, classes, tuple(feature for _, feature in checked), sha256)


def choose_positive_class(dataset: Dataset, label: str | None, target: str) -> str | None:
    """Return the positive class, by default the last; None with three or more classes."""
    if label is None:
        return dataset.classes[-1] if len(dataset.classes) == 2 else None
    if label not in dataset.classes:
        raise InvalidDataset(
            f"There is no class {quote(label)} in column {quote(target)};"
            f" there are {enumerate_first(map(quote, dataset.classes))}."
        )
    if len(dataset.classes) > 2:
        raise InvalidDataset(
            f"There is no positive class among {len(dataset.classes)}; leave --positive-class out."
        )
    return label


def _choose(header: Sequence[str], columns: Columns) -> list[str]:
    """Return the names of the features."""
    optional_id = [] if columns.id == DEFAULT_ID else [columns.id]
    by_option = (*columns.drop, *columns.categorical, *columns.open, *columns.closed)
    for name in (columns.target, *optional_id, *by_option):
        if name not in header:
            raise InvalidDataset(
                f"There is no column {quote(name)};"
                f" there are {enumerate_first(map(quote, header))}."
            )
    if columns.target == columns.id:
        raise InvalidDataset(
            f"Column {quote(columns.target)} cannot be both the target and the id; name another"
            " with --target or --id."
        )
    if columns.target in columns.drop:
        raise InvalidDataset(f"Column {quote(columns.target)} is the target; it cannot be dropped.")
    excluded = {columns.target, columns.id, *columns.drop}
    names = [name for name in header if name not in excluded]
    if not names:
        raise InvalidDataset("There is no column to learn from beside the target.")
    if "id" in names:
        raise InvalidDataset(
            "A feature cannot be called 'id', the name of a row's id in requests; rename it in the"
            " file or leave it out with --drop id."
        )
    return names


def _read_table(
    file: BinaryIO, header: Sequence[str], n_rows: int, names: Sequence[str], columns: Columns
) -> pd.DataFrame:
    file.seek(0)
    as_text = {columns.target, *columns.categorical} & {columns.target, *names}
    try:
        table: pd.DataFrame = pd.read_csv(
            file,
            encoding="utf-8",
            names=list(header),
            header=0,
            nrows=n_rows,
            usecols=[columns.target, *names],
            index_col=False,
            dtype=dict.fromkeys(as_text, str),  # not category, which takes 01 for 1
            keep_default_na=False,
            na_values=["", *columns.missing],
            low_memory=False,  # else a column's type may change from chunk to chunk
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise InvalidDataset(f"The file cannot be read: {' '.join(str(error).split())}.") from error
    if len(table) != n_rows:
        raise InvalidDataset(f"The file has {n_rows} rows or {len(table)}: its quoting is unclear.")
    return table


def _check_target(target: "pd.Series[Any]", name: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the class of each row as a number, and the classes so numbered."""
    if (missing := target.isna()).any():
        raise InvalidDataset(f"{_cell(missing, name)} is empty: each row needs its target.")
    codes, labels = pd.factorize(target)
    counts = dict(zip(labels, np.bincount(codes), strict=True))
    classes = sort_labels(labels)
    if len(classes) < 2:
        raise InvalidDataset(
            f"Column {quote(name)} holds one class only, {quote(classes[0])}; there must be two"
            " or more to tell apart."
        )
    if few := [label for label in classes if counts[label] < MIN_CLASS_ROWS]:
        raise InvalidDataset(
            f"{len(few)} of {len(classes)} classes in column {quote(name)} have fewer than"
            f" {MIN_CLASS_ROWS} rows: {enumerate_first(map(quote, few))}. A target is a class; to"
            " predict a number, group it first."
        )
    if len(classes) > MAX_CLASSES:
        raise InvalidDataset(
            f"Column {quote(name)} has {len(classes)} classes, more than {MAX_CLASSES}; to predict"
            " a number, group it first."
        )
    for label, next_label in pairwise(classes):
        if (number := _to_number(label)) is not None and number == _to_number(next_label):
            raise InvalidDataset(
                f"Classes {quote(label)} and {quote(next_label)} in column {quote(name)} are the"
                " same number; write it one way."
            )
    places = {label: place for place, label in enumerate(classes)}
    return np.array([places[label] for label in labels])[codes], classes


def sort_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Return labels in sorted order: by value if all are numbers, else as text."""
    texts = sorted(labels)
    numbers = {text: _to_number(text) for text in texts}
    if None in numbers.values():
        return tuple(texts)
    return tuple(sorted(texts, key=numbers.__getitem__))  # type: ignore[arg-type]


def _to_number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)  # a float would take two large integers for one
    except InvalidOperation:
        return None
    return None if number.is_nan() else number


def _check_feature(column: "pd.Series[Any]", categorical: bool) -> tuple["pd.Series[Any]", Feature]:
    """Return a column as the estimator gets it, and what it is; row i of it is row i + 2."""
    name = str(column.name)
    missing = column.isna()
    nullable = bool(missing.any())
    if missing.all():
        raise InvalidDataset(
            f"Column {quote(name)} is empty; leave it out with {option('--drop', name)}."
        )
    if not categorical:
        if pd.api.types.infer_dtype(column, skipna=True) == "boolean":
            return column.astype(np.float64), Feature(name, "boolean", nullable)
        numbers = pd.to_numeric(column, errors="coerce")
        no_number = numbers.isna() & ~missing
        if not no_number.any():
            _refuse_huge(numbers, name)
            return numbers.astype(np.float64), Feature(name, "number", nullable)
        if no_number.sum() <= (~missing).sum() / 2:
            raise InvalidDataset(
                f"{_cell(no_number, name)} is not a number, as most of the column is; mend it,"
                f" declare it missing with --missing TOKEN, or use"
                f" {option('--categorical', name)}."
            )
    texts = column.astype(object)
    categories = tuple(sorted(texts[~missing].unique()))
    _refuse_identifier(name, len(categories), int((~missing).sum()), categorical)
    return texts, Feature(name, "category", nullable, categories)


def _refuse_huge(numbers: "pd.Series[Any]", name: str) -> None:
    if (huge := numbers.abs() > MAX_ABSOLUTE_NUMBER).any():
        raise InvalidDataset(
            f"{_cell(huge, name)} is infinite or beyond ±{MAX_ABSOLUTE_NUMBER:.0e}; mend it or"
            " declare it missing with --missing TOKEN."
        )


def _refuse_identifier(name: str, n_categories: int, n_values: int, categorical: bool) -> None:
    if n_categories > MAX_DISTINCT_SHARE * n_values and not categorical:
        raise InvalidDataset(
            f"Column {quote(name)} has {n_categories} different texts in {n_values} rows: it names"
            f" rows rather than groups them; leave it out with {option('--drop', name)}, or keep"
            f" it with {option('--categorical', name)}."
        )


def _cell(wrong: "pd.Series[bool]", name: str) -> str:
    return f"Row {int(wrong.to_numpy().argmax()) + FIRST_ROW}, column {quote(name)}"


def option(option: str, name: str) -> str:
    """Return an option to be pasted into a shell, as far as a name can be."""
    shown = shlex.quote(name) if name.isprintable() and len(name) <= 64 else "COLUMN"
    return f"{option} {shown}"
