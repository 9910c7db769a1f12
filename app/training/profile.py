"""Statistics of each feature, and warnings about columns."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from app.helpers.dates import TO_TEXT
from app.helpers.errors import quote
from app.helpers.features import (
    MIN_LEVEL_ROWS,
    Feature,
)
from app.training.date_parts import with_parts
from app.training.figure import roc_auc
from app.training.levels import frequent_levels
from app.training.words import describe_texts

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
