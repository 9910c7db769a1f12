"""What the training set looks like: each feature's statistics, typical rows, and warnings."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from app.helpers.errors import quote
from app.helpers.features import Feature, Value

MAX_TYPICAL_ROWS = 200
LEAKAGE_AUC = 0.999  # of one feature alone
_LEAKAGE_SAMPLE = 100_000  # rows


def describe_features(features: Sequence[Feature], frame: pd.DataFrame) -> tuple[Feature, ...]:
    """Return the features with what was seen of each in a frame, (n_samples, n_features)."""
    return tuple(_describe(feature, frame[feature.name]) for feature in features)


def _describe(feature: Feature, column: "pd.Series[Any]") -> Feature:
    missing = float(column.isna().mean())
    if feature.type == "category":
        counts = column.value_counts()
        shares = tuple(int(counts.get(name, 0)) / len(column) for name in feature.categories)
        return replace(feature, missing=missing, shares=shares)
    if missing == 1.0:
        return replace(feature, missing=missing)
    return replace(
        feature,
        missing=missing,
        minimum=float(column.min()),
        maximum=float(column.max()),
        mean=float(column.mean()),
    )


def typical_rows(features: Sequence[Feature], frame: pd.DataFrame) -> list[dict[str, Value]]:
    """Return the row of medians and modes, then rows that differ from it in one feature.

    Made up from statistics, so that no row of the data is among them.
    """
    typical = {feature.name: _typical(feature, frame[feature.name]) for feature in features}
    rows = [typical]
    for feature in features:
        rows += [
            {**typical, feature.name: value} for value in _variations(feature, frame[feature.name])
        ]
    return rows[:MAX_TYPICAL_ROWS]


def _typical(feature: Feature, column: "pd.Series[Any]") -> Value:
    if feature.type == "category":
        return feature.categories[int(np.argmax(feature.shares))]
    median = float(column.median()) if column.notna().any() else 0.0
    return median >= 0.5 if feature.type == "boolean" else median


def _variations(feature: Feature, column: "pd.Series[Any]") -> Iterator[Value]:
    if feature.nullable:
        yield None
    match feature.type:
        case "number":
            deviation = float(column.std(ddof=0)) if column.notna().any() else 1.0
            yield from (float(column.median()) + sign * deviation for sign in (-1, 1))
        case "boolean":
            yield from (False, True)
        case "category":
            yield from feature.categories[:10]


def find_suspects(
    features: Sequence[Feature], frame: pd.DataFrame, target: NDArray[np.int64]
) -> Iterator[str]:
    """Yield a warning for each constant column and for each that tells the target by itself."""
    frame, target = frame[:_LEAKAGE_SAMPLE], target[:_LEAKAGE_SAMPLE]
    for feature in features:
        column = frame[feature.name]
        if column.nunique(dropna=False) == 1:
            yield f"Column {quote(feature.name)} has the same value in every row."
        elif _tells_target(column, target):
            yield (
                f"Column {quote(feature.name)} alone tells the target almost perfectly; is it known"
                " at the time of the prediction?"
            )


def _tells_target(column: "pd.Series[Any]", target: NDArray[np.int64]) -> bool:
    """Whether the macro one-vs-rest ROC AUC of the column alone is near 1."""
    aucs = []
    for k in np.unique(target):
        is_class = target == k
        if column.dtype == object:
            ranks = column.map(pd.Series(is_class).groupby(column.to_numpy()).mean()).fillna(0.0)
        else:
            ranks = column.fillna(column.median())
        auc = roc_auc_score(is_class, ranks)
        aucs.append(max(auc, 1.0 - auc))
    return float(np.mean(aucs)) >= LEAKAGE_AUC
