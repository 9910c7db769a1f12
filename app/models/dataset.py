"""CSV → DataFrame and Features, refusing what cannot be learned from.

The file is read twice through one open file: first by Python's csv module, which sees what pandas
would mend in silence (ragged rows, duplicate names), then by pandas. Rows are counted as
spreadsheets do: the header is row 1.
"""

import csv
import hashlib
import io
import itertools
import os
import shlex
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.helpers.errors import InvalidDataset, enumerate_first, quote
from app.helpers.features import Feature
from app.helpers.validation import MAX_ABSOLUTE_NUMBER

DEFAULT_ID = "id"  # a column that may be there, and is then no feature
MIN_CLASS_ROWS = 4  # a quarter of them, one, validates
MAX_CATEGORIES = 1000
MAX_DISTINCT_SHARE = 0.5  # a text column in which more of the rows differ is no category
_FIRST_ROW = 2  # the header is row 1
_CHUNK_ROWS = 65_536
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")


@dataclass(frozen=True)
class Columns:
    """How to read the columns of a CSV: the options of the command line."""

    target: str = "target"
    id: str = DEFAULT_ID
    drop: Sequence[str] = ()
    categorical: Sequence[str] = ()
    missing: Sequence[str] = ()


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
    with _open(path) as file:
        before = os.fstat(file.fileno())
        sha256 = hashlib.file_digest(cast(io.BufferedReader, file), "sha256").hexdigest()
        file.seek(0)
        names = _choose(_check_layout(file, progress), columns)
        table = _read_table(file, names, columns)
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise InvalidDataset("The file changed while it was read.")
    target, classes = _check_target(table.pop(columns.target), columns.target)
    features = []
    for name in names:
        table[name], feature = _check_feature(table[name], name in columns.categorical)
        features.append(feature)
    return Dataset(table[names], target, classes, tuple(features), sha256)


def _open(path: str) -> BinaryIO:
    if "://" in path:
        raise InvalidDataset(f"{quote(path)} is a URL; download it first.")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a FIFO would block
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidDataset(f"{quote(path)} cannot be read: {reason}.") from error
    file = open(descriptor, "rb")  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise InvalidDataset(f"{quote(path)} is not a regular file.")
    if file.read(8).startswith(_ARCHIVES):
        file.close()
        raise InvalidDataset(f"{quote(path)} is an archive or a spreadsheet, not a CSV.")
    file.seek(0)
    return file


def _check_layout(file: BinaryIO, progress: Callable[[int], object]) -> list[str]:
    """Return the header; every row has as many fields as it."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    rows = csv.reader(text, strict=True)
    row_number = 1
    try:
        header = next(rows, [])
        _check_names(header)
        blank_row = 0
        # Only the lengths are kept: a million lists at once would busy the garbage collector.
        while lengths := list(map(len, itertools.islice(rows, _CHUNK_ROWS))):
            if blank_row or set(lengths) != {len(header)}:
                for number, n_fields in enumerate(lengths, start=row_number + 1):
                    if n_fields and blank_row:
                        _refuse_ragged(blank_row, 0, header)
                    if n_fields not in (0, len(header)):
                        _refuse_ragged(number, n_fields, header)
                    blank_row = blank_row or (0 if n_fields else number)
            row_number += len(lengths)
            progress(file.tell())
    except csv.Error as error:
        raise InvalidDataset(f"Line {rows.line_num} is not valid CSV: {error}.") from error
    except UnicodeDecodeError as error:
        raise InvalidDataset(f"Line {_undecodable_line(file)} is not UTF-8 text.") from error
    finally:
        text.detach()
    if row_number == 1 or blank_row == _FIRST_ROW:
        raise InvalidDataset("The file has no rows below its header.")
    return header


def _refuse_ragged(row_number: int, n_fields: int, header: Sequence[str]) -> NoReturn:
    raise InvalidDataset(f"Row {row_number} has {n_fields} fields, the header has {len(header)}.")


def _undecodable_line(file: BinaryIO) -> int:
    file.seek(0)
    for number, line in enumerate(file, start=1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return number
    return 1


def _check_names(header: Sequence[str]) -> None:
    if not header:
        raise InvalidDataset("The file is empty.")
    for number, name in enumerate(header, start=1):
        if not name:
            raise InvalidDataset(f"Column {number} has no name.")
        if (first := header.index(name) + 1) != number:
            raise InvalidDataset(f"Columns {first} and {number} are both called {quote(name)}.")


def _choose(header: Sequence[str], columns: Columns) -> list[str]:
    """Return the names of the features."""
    optional_id = [] if columns.id == DEFAULT_ID else [columns.id]
    for name in (columns.target, *optional_id, *columns.drop, *columns.categorical):
        if name not in header:
            raise InvalidDataset(
                f"There is no column {quote(name)};"
                f" there are {enumerate_first(map(quote, header))}."
            )
    excluded = {columns.target, columns.id, *columns.drop}
    if columns.target in (columns.id, *columns.drop):
        raise InvalidDataset(f"Column {quote(columns.target)} cannot be the target and left out.")
    names = [name for name in header if name not in excluded]
    if not names:
        raise InvalidDataset("There is no column to learn from beside the target.")
    if "id" in names:
        raise InvalidDataset(
            "A feature cannot be called 'id', the name of a row's id in requests; rename it in the"
            " file or leave it out with --drop id."
        )
    return names


def _read_table(file: BinaryIO, names: Sequence[str], columns: Columns) -> pd.DataFrame:
    file.seek(0)
    try:
        return pd.read_csv(
            file,
            encoding="utf-8",
            usecols=[columns.target, *names],
            index_col=False,
            dtype=dict.fromkeys((columns.target, *columns.categorical), str),
            keep_default_na=False,
            na_values=["", *columns.missing],
            low_memory=False,  # else a column's type may change from chunk to chunk
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise InvalidDataset(f"The file cannot be read: {error}.") from error


def _check_target(target: "pd.Series[Any]", name: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the class of each row as a number, and the classes so numbered."""
    if (missing := target.isna()).any():
        raise InvalidDataset(f"{_cell(missing, name)} is empty: each row needs its target.")
    codes, labels = pd.factorize(target)
    classes = sort_labels(labels)
    places = np.array([classes.index(label) for label in labels])
    counts = dict(zip(labels, np.bincount(codes), strict=True))
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
    return places[codes], classes


def sort_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Return labels in sorted order: by value if all are numbers, else as text."""
    labels = sorted(map(str, labels))
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(labels)


def _check_feature(column: "pd.Series[Any]", categorical: bool) -> tuple["pd.Series[Any]", Feature]:
    """Return a column as the estimator gets it, and what it is; row i of it is row i + 2."""
    name = str(column.name)
    missing = column.isna()
    nullable = bool(missing.any())
    if missing.all():
        raise InvalidDataset(f"Column {quote(name)} is empty; leave it out with {_drop(name)}.")
    if pd.api.types.is_bool_dtype(column.dropna().infer_objects()):
        return column.astype(np.float64), Feature(name, "boolean", nullable)
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.astype(np.float64)
        if (beyond := numbers.abs() > MAX_ABSOLUTE_NUMBER).any():
            raise InvalidDataset(
                f"{_cell(beyond, name)} is infinite or beyond ±{MAX_ABSOLUTE_NUMBER:.0e}."
            )
        return numbers, Feature(name, "number", nullable)
    texts = column.astype(object)
    categories = tuple(sorted(texts[~missing].unique()))
    if not categorical:
        _refuse_spoiled_number(texts, missing)
    _refuse_identifier(name, len(categories), int((~missing).sum()), categorical)
    return texts, Feature(name, "category", nullable, categories)


def _refuse_spoiled_number(texts: "pd.Series[Any]", missing: "pd.Series[bool]") -> None:
    no_number = pd.to_numeric(texts, errors="coerce").isna() & ~missing
    if no_number.sum() <= (~missing).sum() / 2:
        name = str(texts.name)
        raise InvalidDataset(
            f"{_cell(no_number, name)} is not a number, as most of the column is; mend it, declare"
            f" it missing with --missing TOKEN, or use --categorical {shlex.quote(name)}."
        )


def _refuse_identifier(name: str, n_categories: int, n_values: int, categorical: bool) -> None:
    too_distinct = n_categories > MAX_DISTINCT_SHARE * n_values and not categorical
    if n_categories > MAX_CATEGORIES or too_distinct:
        raise InvalidDataset(
            f"Column {quote(name)} has {n_categories} different texts in {n_values} rows: it"
            f" names rows rather than groups them; leave it out with {_drop(name)}."
        )


def _cell(wrong: "pd.Series[bool]", name: str) -> str:
    return f"Row {int(wrong.to_numpy().argmax()) + _FIRST_ROW}, column {quote(name)}"


def _drop(name: str) -> str:
    return f"--drop {shlex.quote(name)}"
