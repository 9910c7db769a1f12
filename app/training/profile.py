"""Statistics of each feature, the rows of the self-check, and warnings about columns."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from app.helpers.dates import SECONDS_OF_DAY, TO_NUMBER, TO_TEXT, UNITS, DateType
from app.helpers.errors import quote
from app.helpers.features import (
    MIN_LEVEL_ROWS,
    Feature,
    Value,
    columns_of,
    make_feature_columns,
)
from app.store.fitted_estimator import estimator_outputs, make_frame
from app.store.manifest import CheckedRow
from app.training.date_parts import with_parts
from app.training.figure import roc_auc
from app.training.levels import frequent_levels
from app.training.words import describe_texts, varied_texts

MAX_TYPICAL_ROWS = 200
MAX_TYPICAL_VALUES = 20_000  # in all rows together, since the size of a manifest is limited
_DATES = 12  # of each feature, in rows that are made up
_MAX_DATE: Mapping[DateType, float] = {"date": 2e6, "datetime": 2e6 * SECONDS_OF_DAY}
_TYPICAL_SAMPLE = 100_000  # rows; a median sorts them, which takes long for more
LEAKAGE_AUC = 0.999  # of a single feature
_LEAKAGE_CELLS = 80_000  # rows × features to check; more give the same result
_LEAKAGE_ROWS = 1000  # to check at least, however many features there are
_MIN_LEAKAGE_ROWS = 20  # with fewer, a feature may tell the target by chance


def describe_features(features: Sequence[Feature], frame: pd.DataFrame) -> tuple[Feature, ...]:
    """Return the features with the statistics of their columns.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_features)
        In random order, since medians are taken from the first rows.
    """
    parts = with_parts(frame, features)
    return tuple(
        _describe_date(feature, frame[feature.name], parts)
        if feature.date_type is not None
        else _describe(feature, frame[feature.name])
        for feature in features
    )


def _describe_date(feature: Feature, column: "pd.Series[Any]", parts: pd.DataFrame) -> Feature:
    assert feature.date_type is not None  # noqa: S101 - who asks has looked
    sample = column[:_TYPICAL_SAMPLE]
    median = float(sample.median()) if sample.notna().any() else 0.0
    return replace(
        feature,
        missing=float(column.isna().mean()),
        typical=TO_TEXT[feature.date_type](float(math.floor(median))),
        # All of its months are public: they are those of the calendar.
        parts=tuple(
            replace(_describe(part, parts[part.name]), rare_categories=()) for part in feature.parts
        ),
    )


def _describe(feature: Feature, column: "pd.Series[Any]") -> Feature:
    feature = replace(feature, missing=float(column.isna().mean()))
    if feature.type == "category":
        return _describe_levels(feature, column)
    if feature.type == "text":
        return describe_texts(feature, column)
    sample = column[:_TYPICAL_SAMPLE]
    median, deviation = 0.0, 0.0
    if sample.notna().any():
        median, deviation = float(sample.median()), float(sample.std(ddof=0))
    if feature.type == "boolean":
        feature = replace(feature, typical=median >= 0.5)
    else:
        whole = _are_whole(sample) and _are_whole(column)
        median = math.floor(median) if whole else median
        feature = replace(feature, typical=float(median), deviation=deviation, whole=whole)
    if feature.missing == 1.0:
        return feature
    return replace(
        feature,
        minimum=float(column.min()),
        maximum=float(column.max()),
        mean=float(column.mean()),
    )


def _are_whole(column: "pd.Series[Any]") -> bool:
    numbers = column.to_numpy(np.float64)
    present = numbers[~np.isnan(numbers)]
    return bool(len(present)) and bool((present == np.floor(present)).all())


def _describe_levels(feature: Feature, column: "pd.Series[Any]") -> Feature:
    counts = column.value_counts()
    categories = frequent_levels(counts) if feature.open else feature.categories
    rows = [int(counts.get(name, 0)) for name in categories]
    feature = replace(
        feature, categories=categories, shares=tuple(n_rows / len(column) for n_rows in rows)
    )
    typical = categories[int(np.argmax(rows))] if categories else feature.unseen
    if feature.open:
        rare = (int(counts.sum()) - sum(rows)) / len(column)
        return replace(feature, typical=typical, rare=rare)
    is_rare = dict(zip(categories, (n_rows < MIN_LEVEL_ROWS for n_rows in rows), strict=True))
    return replace(feature, typical=typical, rare_categories=tuple(filter(is_rare.get, categories)))


def typical_rows(features: Sequence[Feature], n_classes: int) -> list[dict[str, Value]]:
    """Return the row of medians and most frequent values, and variations of it.

    Some differ from it in every feature, others in one. All rows are made up from statistics; none
    is a row of the data.
    """
    values = {feature.name: [feature.typical, *_variations(feature)] for feature in features}
    typical = {feature.name: feature.typical for feature in features}
    n_variations = max(map(len, values.values()))
    n_rows = max(n_variations, MAX_TYPICAL_VALUES // (len(features) + n_classes))
    together = (
        {name: each[k % len(each)] for name, each in values.items()} for k in range(n_variations)
    )
    alone = ({**typical, name: value} for name, (_, *each) in values.items() for value in each)
    return list(itertools.islice(itertools.chain(together, alone), min(n_rows, MAX_TYPICAL_ROWS)))


def _variations(feature: Feature) -> list[Value]:
    """Return values that differ from the typical one."""
    missing: list[Value] = [None] if feature.nullable else []
    if feature.type == "text":
        return [*varied_texts(feature), *missing]
    if feature.type == "category":
        others = (name for name in feature.shown if name != feature.typical)
        unseen = [feature.unseen] if feature.open and feature.categories else []
        return [*itertools.islice(others, 9), *unseen, *missing]
    if feature.type == "boolean":
        return [not feature.typical, *missing]
    if feature.date_type is not None:
        return [*_other_dates(feature, feature.date_type), *missing]
    return [*_other_numbers(feature), *missing]


def _other_numbers(feature: Feature) -> list[Value]:
    """Return numbers that a row of the data could have, below the typical one and above it."""
    median, deviation = float(feature.typical or 0.0), feature.deviation or 1.0
    if feature.whole:
        deviation = float(max(1, round(deviation)))
    others = [median - deviation, median + deviation]
    if feature.minimum is None or feature.maximum is None:
        return [*others]
    within = [min(max(other, feature.minimum), feature.maximum) for other in others]
    return [other for other in within if other != median] or [*others]


def _other_dates(feature: Feature, type_: DateType) -> list[Value]:
    """Return dates or datetimes from the first to the last, and one beyond."""
    first, last = map(TO_NUMBER[type_], (feature.first, feature.last))
    steps = range(_DATES + 1)
    between = [math.floor(first + (last - first) * step / _DATES) for step in steps]
    beyond = last + 1000 * UNITS[type_]
    texts = [TO_TEXT[type_](number) for number in [*between, beyond] if number <= _MAX_DATE[type_]]
    return [text for text in dict.fromkeys(texts) if text != feature.typical]


def make_self_check(
    estimator: Any,
    features: Sequence[Feature],
    classes: Sequence[str],
    positive_index: int | None,
) -> tuple[CheckedRow, ...]:
    """Return made-up rows with their outputs, which a loaded model must reproduce.

    Parameters
    ----------
    classes : shape (n_classes,)
        Empty in a regression.
    """
    rows = typical_rows(features, len(classes))
    frame = make_frame(make_feature_columns(rows, features), columns_of(features))
    outputs = estimator_outputs(estimator, frame, classes, positive_index).T.tolist()
    return tuple(CheckedRow(row, tuple(each)) for row, each in zip(rows, outputs, strict=True))


def find_leaks(
    features: Sequence[Feature], frame: pd.DataFrame, target: NDArray[np.int64]
) -> Iterator[str]:
    """Yield a warning for each column that alone is enough to tell the target.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_features)
        In random order, since only the first rows are checked.
    target : array of int, shape (n_samples,)
    """
    n_rows = max(_LEAKAGE_CELLS // len(features), _LEAKAGE_ROWS)
    frame, target = frame[:n_rows], target[:n_rows]
    if len(frame) < _MIN_LEAKAGE_ROWS or len(np.unique(target)) < 2:
        return
    for feature in features:
        if feature.type == "text":
            continue
        shares = _category_shares if feature.type == "category" else _range_shares
        if _tell(shares(frame[feature.name], target), target):
            yield (
                f"Column {quote(feature.name)} alone tells the target almost perfectly; is it known"
                " at the time of the prediction?"
            )


def _tell(shares: Iterator[NDArray[np.float64]], target: NDArray[np.int64]) -> bool:
    """Whether the ROC AUC of the shares, averaged over the classes, is at least LEAKAGE_AUC."""
    classes = np.unique(target)
    shortfall = (1.0 - LEAKAGE_AUC) * len(classes)
    n_scored = 0
    for n_scored, share in enumerate(shares, start=1):
        shortfall -= 1.0 - roc_auc(target == classes[n_scored - 1], share)
        if shortfall < 0.0:
            return False
    return n_scored == len(classes)


def _range_shares(
    column: "pd.Series[Any]", target: NDArray[np.int64]
) -> Iterator[NDArray[np.float64]]:
    """Yield for each class its share in each row's range of numbers.

    A small tree finds the ranges; missing values are one of them. Yield nothing if the rows, sorted
    by the number, change their class so often that ranges cannot tell the classes.
    """
    numbers = column.to_numpy(np.float64)
    n_classes = len(np.unique(target))
    n_changes = np.count_nonzero(np.diff(target[np.argsort(numbers)]))
    if n_changes > n_classes + 0.05 * len(target):
        return
    tree = DecisionTreeClassifier(max_leaf_nodes=n_classes + 1, random_state=0)
    yield from tree.fit(numbers[:, np.newaxis], target).predict_proba(numbers[:, np.newaxis]).T


def _category_shares(
    column: "pd.Series[Any]", target: NDArray[np.int64]
) -> Iterator[NDArray[np.float64]]:
    """Yield for each class its share among the other rows of each row's category."""
    codes, _ = pd.factorize(column, use_na_sentinel=False)
    n_others = np.bincount(codes)[codes] - 1
    for k in np.unique(target):
        is_class = target == k
        others = np.bincount(codes, weights=is_class)[codes] - is_class
        yield (others + is_class.mean()) / (n_others + 1)
