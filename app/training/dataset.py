"""Turns a CSV into a DataFrame and features: decides what each column is, and notes it.

The csv module reads the file first: it sees what pandas would silently repair (rows of different
lengths, duplicate names). Then pandas reads it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.helpers.errors import InvalidDataset, enumerate_first, quote
from app.helpers.features import Feature, Format
from app.helpers.predictions import Task
from app.store.manifest import Manifest
from app.store.training_data import ClassRows, TrainingData
from app.tables.columns import Columns
from app.tables.csv_file import count_rows
from app.tables.csv_table import CsvTable, open_table
from app.tables.dates import DateOrder, find_order
from app.tables.dialect import DECIMAL_MARKS, Dialect
from app.tables.formats import normalize
from app.training.decimal_mark import read_with_mark
from app.training.decisions import Decisions
from app.training.left_out import find_uselessness
from app.training.likeness import roles_like, target_like, type_like
from app.training.raw_table import RawColumn, RawTable
from app.training.roles import Roles, choose_roles
from app.training.split_columns import choose_split_columns, read_groups, read_times
from app.training.table_notes import tell_columns, tell_dialect, tell_group
from app.training.target import Target, looks_like_quantities, read_target
from app.training.typed_column import ColumnTyper, TypedColumn


@dataclass(frozen=True)
class Dataset:
    """What a model is trained on.

    Attributes
    ----------
    frame : DataFrame of shape (n_samples, n_features)
        float64 for numbers, booleans, dates (days since 1970) and datetimes (seconds), object for
        categories and texts; where a value is missing NaN, or the empty text.
    target : array, shape (n_samples,)
        Each row's class as its place in `classes`, an int; or in a regression its number, a
        float64.
    classes : tuple of str, shape (n_classes,)
        The labels as the file has them, in sorted order; numbers by value. Empty in a regression.
    unit : str
        What the numbers of a regression's target are written with, such as "$".
    features : tuple of Feature, shape (n_features,)
    dialect : Dialect
        How the file is written.
    sha256 : str
        Of the file.
    decisions : Decisions
        What to tell about them, and what was left out.
    rows : array of int, shape (n_samples,)
        The rows of the file that they are, counted from 0.
    groups : array of int, shape (n_samples,), or None
        The group of each row, counted from 0, with `--group`.
    times : array of float, shape (n_samples,), or None
        What orders the rows, with `--validate-last`.
    """

    frame: pd.DataFrame
    target: NDArray[Any]
    classes: tuple[str, ...]
    unit: str
    features: tuple[Feature, ...]
    dialect: Dialect
    sha256: str
    decisions: Decisions
    rows: NDArray[np.intp]
    groups: NDArray[np.intp] | None = None
    times: NDArray[np.float64] | None = None

    @property
    def task(self) -> Task:
        """What a model of it predicts."""
        return "classification" if self.classes else "regression"

    def describe(
        self,
        file_name: str,
        training_rows: int = 0,
        validation_rows: int = 0,
        classes: tuple[ClassRows, ...] = (),
    ) -> TrainingData:
        """Return what a manifest says of it, and of how many rows are on each side of the split."""
        return TrainingData(
            file_name,
            self.sha256,
            len(self.frame),
            training_rows,
            validation_rows,
            dialect=self.dialect,
            columns_left_out=tuple(self.decisions.columns_left_out),
            rows_left_out=tuple(self.decisions.rows_left_out),
            classes=classes,
        )


def read_dataset(
    path: str,
    columns: Columns,
    progress: Callable[[int], object] = lambda n_bytes: None,
    like: Manifest | None = None,
    *,
    labelled: bool = True,
) -> Dataset:
    """Return what can be learned from a CSV.

    Parameters
    ----------
    path : str
        Of a regular file with a header, plain or gzipped.
    progress : callable
        Told from time to time how many bytes have been checked.
    like : Manifest, optional
        An older version that decides instead of the data; `columns` must be the options of that.
    labelled : bool
        Whether the file has the target; else the dataset has neither classes nor a true target.

    Raises
    ------
    InvalidDataset
        With all that is wrong, in one line, naming row and column where there is one.
    """
    decisions = Decisions()
    with open_table(path, columns.encoding, columns.delimiter) as source:
        roles = (
            roles_like(like, source.names, decisions)
            if like
            else choose_roles(source.names, columns, decisions, labelled=labelled)
        )
        split_by = choose_split_columns(source.names, columns, roles.target, decisions)
        known = Format(missing=_tokens(columns.missing), present=_tokens(columns.present))
        n_rows = count_rows(
            source.file,
            len(source.names),
            progress,
            delimiter=source.dialect.delimiter,
            start=source.start,
            n_named=source.n_named,
        )
        as_text = {*roles.categorical}
        if labelled and not _may_be_read_as_numbers(source, roles.target, known, columns):
            as_text.add(roles.target)
        table = RawTable(source, n_rows, known, as_text)
        targets = [roles.target] if labelled else []
        names = list(dict.fromkeys([*targets, *roles.features, *split_by.names]))
        raw, mark = read_with_mark(table, names, columns.decimal)
    dialect = replace(source.dialect, decimal=mark)
    known = replace(known, decimal=mark)
    tell_dialect(source, dialect, columns, decisions)
    raw_target = raw.pop(roles.target) if labelled else RawColumn()
    if labelled:
        target = read_target(roles.target, raw_target, known, columns.task, decisions)
    else:
        target = Target(np.arange(n_rows), np.zeros(n_rows))
    groups = times = None
    if split_by.group is not None:
        groups = read_groups(split_by.group, raw[split_by.group], target.rows, known, decisions)
    typer = ColumnTyper(target.rows, known, decisions, (columns.date_format, _order(raw)))
    if split_by.last is not None and split_by.last not in roles.features:
        ordered = typer.type_column(split_by.last, raw[split_by.last], categorical=False)
        if ordered:
            times = read_times(split_by.last, ordered, target.rows, decisions)
    kept = []
    if like:
        target = target_like(like, target, decisions)
        typed = (type_like(like, n, raw.pop(n), target.rows, decisions) for n in roles.features)
        for column in typed:
            if column:
                kept.append(column)
                if column.feature.name == split_by.last:
                    times = read_times(split_by.last, column, target.rows, decisions)
    else:
        for name in roles.features:
            column = typer.type_column(name, raw.pop(name), name in roles.categorical)
            if column and name == split_by.last:
                times = read_times(name, column, target.rows, decisions)
            if column and _is_kept(column, target.rows, roles, decisions):
                kept.append(column)
        for token in sorted(typer.unmatched - set(map(normalize, raw_target.texts))):
            decisions.warnings.append(f"--missing {quote(token)} matches nothing.")
        tell_columns(source, kept, decisions)
        if split_by.group in {column.feature.name for column in kept}:
            tell_group(str(split_by.group), decisions)
    if not kept and not decisions.faults:
        decisions.faults += [
            "There is no column to learn from beside the target.",
            *decisions.remedies,
        ]
    decisions.check()
    # One block: what takes rows of it, or hands it to scikit-learn, copies once and not by column.
    frame = pd.DataFrame({column.feature.name: column.values for column in kept})
    features = tuple(column.feature for column in kept)
    return Dataset(
        frame,
        target.values,
        target.classes,
        target.unit,
        features,
        dialect,
        source.sha256,
        decisions,
        target.rows,
        groups,
        times,
    )


def choose_positive_class(dataset: Dataset, label: str | None, target: str) -> str | None:
    """Return the positive class, by default the last; None with three or more, or a regression."""
    if label is None:
        return dataset.classes[-1] if len(dataset.classes) == 2 else None
    if dataset.task == "regression":
        raise InvalidDataset(
            f"There is no positive class in column {quote(target)}, which is predicted as a"
            " number; leave --positive-class out, or use --task classification."
        )
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


def _may_be_read_as_numbers(source: CsvTable, target: str, known: Format, columns: Columns) -> bool:
    """Whether the target is read as features are: numbers are read ten times as fast as text."""
    if columns.task == "classification" or known.missing:
        return False
    place = source.names.index(target)
    texts = list(dict.fromkeys(row[place] for row in source.head if place < len(row)))
    marks = [columns.decimal] if columns.decimal else DECIMAL_MARKS
    return any(looks_like_quantities(texts, replace(known, decimal=mark)) for mark in marks)


def _order(raw: Mapping[str, RawColumn]) -> DateOrder | None:
    """Return whether the day or the month comes first in the dates of a file, if they show it."""
    orders = {find_order(column.texts) for column in raw.values()} - {None}
    return orders.pop() if len(orders) == 1 else None


def _tokens(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(normalize, texts)))


def _is_kept(
    column: TypedColumn, rows: NDArray[np.intp], roles: Roles, decisions: Decisions
) -> bool:
    """Whether the model learns from a column; if not, add a note."""
    name = column.feature.name
    useless = find_uselessness(column, rows, name in roles.categorical)
    if useless is None:
        return True
    if name not in roles.include:
        decisions.leave_out(name, useless.reason, useless.option)
        return False
    if not useless.option:
        decisions.faults.append(f"Column {quote(name)} is empty; --include cannot keep it.")
    return True
