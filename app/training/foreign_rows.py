"""The rows of an example CSV as an estimator from elsewhere takes them.

The example is read as training reads its file. But such an estimator was most likely trained on
what `pandas.read_csv` makes of a file. So where that reads text, and we would read dates, booleans
or amounts, the estimator gets the text if it takes it. What it predicts is compared both ways.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from app.helpers.errors import InvalidDataset, InvalidModelFile, quote
from app.tables.columns import Columns
from app.tables.csv_table import open_table
from app.training.dataset import Dataset, read_dataset
from app.training.foreign_estimator import (
    ForeignEstimator,
    check_runs,
    known_classes,
    knows_numbers,
    match_classes,
    outputs,
    taking_arrays,
)

_COMPARED = 1000  # rows that are predicted both ways
_TOLERANCE = 1e-6  # of a probability, or of the largest number; some estimators compute in 32 bits


@dataclass(frozen=True)
class Fitting:
    """An example and an estimator that fit together.

    Attributes
    ----------
    dataset : Dataset
        The example, its columns in the estimator's order.
    columns : Columns
        How it was read.
    estimator : classifier or regressor
        As it was pickled, or wrapped if it writes the labels in another way.
    served : classifier or regressor
        The same, or wrapped if it takes arrays instead of data frames.
    """

    dataset: Dataset
    columns: Columns
    estimator: Any
    served: Any


def fit_together(
    foreign: ForeignEstimator, example: str, columns: Columns, *, labelled: bool
) -> Fitting:
    """Return the example as the estimator takes it.

    Without the target in the example, the classes are those that the estimator knows.

    Raises
    ------
    InvalidDataset
        If the example cannot be read.
    InvalidModelFile
        If the estimator does not take its rows, or predicts something else than for the rows that
        pandas reads.
    """
    dataset = read_dataset(example, columns, labelled=labelled)
    as_pandas = _read_with_pandas(example, dataset, columns)
    dates = tuple(feature.name for feature in dataset.features if feature.date_type)
    texts = tuple(
        feature.name
        for feature in dataset.features
        if feature.name in dates or _is_text(as_pandas, feature.name, feature.type)
    )
    refusal: InvalidDataset | InvalidModelFile | None = None
    for names in dict.fromkeys((texts, dates)):
        try:
            fitting = _match(foreign, example, columns, dataset, names, labelled)
        except (InvalidDataset, InvalidModelFile) as error:
            refusal = refusal or error
            continue
        _compare(fitting, as_pandas)
        return fitting
    assert refusal is not None  # noqa: S101 - there was something to try
    raise refusal


def _match(
    foreign: ForeignEstimator,
    example: str,
    columns: Columns,
    dataset: Dataset,
    texts: tuple[str, ...],
    labelled: bool,
) -> Fitting:
    """Return the example with these columns as text, and the estimator that takes it."""
    if texts:
        columns = replace(columns, categorical=(*columns.categorical, *texts))
        dataset = read_dataset(example, columns, labelled=labelled)
        dataset.decisions.notes += [
            f"Column {quote(name)} is given to the estimator as text, as pandas reads it."
            for name in texts
        ]
    if not labelled and foreign.task == "classification":
        dataset = replace(dataset, classes=known_classes(foreign.fitted))
    dataset, classes = _in_order(dataset, foreign), dataset.classes
    estimator = foreign.fitted
    if classes:
        estimator = match_classes(estimator, classes, columns.target)
        if knows_numbers(estimator, classes):
            shown = ", ".join(f"{place} for {quote(label)}" for place, label in enumerate(classes))
            dataset.decisions.notes.append(
                f"The estimator knows numbers instead of labels; they are taken so: {shown}."
            )
    served = estimator
    if foreign.names is None:
        served = taking_arrays(estimator, classes)
        check_runs(foreign, served, dataset.frame, classes)
        try:
            outputs(served, dataset.frame, classes)
            return Fitting(dataset, columns, estimator, served)
        except InvalidModelFile:
            served = estimator  # it may be one that takes data frames without knowing their names
    check_runs(foreign, served, dataset.frame, classes)
    outputs(served, dataset.frame, classes)
    return Fitting(dataset, columns, estimator, served)


def _in_order(dataset: Dataset, foreign: ForeignEstimator) -> Dataset:
    """Return the dataset with its columns in the order in which the estimator takes them."""
    if foreign.names is None:
        return dataset
    by_name = {feature.name: feature for feature in dataset.features}
    names = [name for name in foreign.names if name in by_name]
    names += [name for name in by_name if name not in names]
    features = tuple(by_name[name] for name in names)
    return replace(dataset, features=features, frame=dataset.frame[names])


def _read_with_pandas(example: str, dataset: Dataset, columns: Columns) -> pd.DataFrame | None:
    """Return the first used rows as pandas reads them; None if it does not read them."""
    rows = dataset.rows[:_COMPARED]
    with open_table(example, columns.encoding, columns.delimiter) as source:
        source.file.seek(source.start)
        try:
            frame = pd.read_csv(
                source.file,
                sep=dataset.dialect.delimiter,
                decimal=dataset.dialect.decimal,
                header=0,
                names=list(source.names),
                index_col=False,
                nrows=int(rows[-1]) + 1,
                skip_blank_lines=False,
            )
            return frame.iloc[rows]
        except Exception:  # whatever pandas does not like, it was not trained on that
            return None


def _is_text(as_pandas: pd.DataFrame | None, name: str, type_: str) -> bool:
    """Whether pandas reads text where we read something else."""
    if as_pandas is None or type_ in ("category", "text"):
        return False
    column = as_pandas[name]
    kind = column.dropna().infer_objects().dtype
    return not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind))


def _compare(fitting: Fitting, as_pandas: pd.DataFrame | None) -> None:
    """Raise unless the estimator predicts the same for rows as pandas reads them.

    If it does not take those, it was not trained on them.

    Raises
    ------
    InvalidModelFile
        If it predicts something else.
    """
    if as_pandas is None:
        return
    dataset, classes = fitting.dataset, fitting.dataset.classes
    ours = dataset.frame[: len(as_pandas)].reset_index(drop=True)
    theirs = as_pandas[list(ours.columns)].reset_index(drop=True)
    expected = outputs(fitting.served, ours, classes)
    scale = _TOLERANCE if classes else _TOLERANCE * max(1.0, float(np.abs(expected).max()))
    if _agrees(fitting, theirs, expected, scale):
        return
    differing = [
        name
        for name in ours.columns
        if not _agrees(fitting, ours.assign(**{name: theirs[name]}), expected, scale)
    ]
    _tell_differing(differing or list(ours.columns), ours, theirs)


def _agrees(fitting: Fitting, frame: pd.DataFrame, expected: Any, tolerance: float) -> bool:
    """Whether rows get the predictions expected, or none at all."""
    try:
        found = outputs(fitting.served, frame, fitting.dataset.classes)
    except InvalidModelFile:
        return True
    return bool(np.allclose(found, expected, rtol=0.0, atol=tolerance))


def _tell_differing(names: Sequence[str], ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    name = names[0]
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    is_other = ours[name].astype(str) != theirs[name].astype(str)
    row = int(is_other.to_numpy().argmax())
    raise InvalidModelFile(
        f"The estimator predicts something else if column {quote(name)}{more} is read as pandas"
        f" does: {quote(str(theirs[name].iloc[row]))} instead of"
        f" {quote(str(ours[name].iloc[row]))}. Write the column in the example in the way in which"
        " the estimator knows it."
    )
