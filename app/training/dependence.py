"""Partial dependence: what a model predicts on average at each value of a feature."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.helpers.dates import TO_TEXT
from app.helpers.features import Feature, Value
from app.store.reliance import Dependence, Importance

FEATURES = 5  # the most important ones
ROWS = 500
N_QUANTILES = 15
MAX_LEVELS = 12  # of a category, the most frequent ones
MAX_OUTPUTS = 10_000  # of all features and classes together, since a manifest's size is limited

Outputs = Callable[[pd.DataFrame], NDArray[np.float64]]


def find_dependences(
    outputs: Outputs,
    X: pd.DataFrame,
    features: Sequence[Feature],
    importances: Sequence[Importance],
) -> tuple[tuple[Dependence, ...], int]:
    """Return the dependences on the most important features, and of how many rows they are means.

    A text has none, since it has no values that many rows share.

    Parameters
    ----------
    outputs : callable
        Of rows; returns what the model predicts, shape (n_outputs, n_samples).
    X : DataFrame of shape (n_samples, n_features)
        In random order, with dates as numbers.
    features : shape (n_features,)
    importances : sequence of Importance
        The most important one first.
    """
    by_name = {feature.name: feature for feature in features}
    rows, n_outputs = X[:ROWS], len(outputs(X[:1]))
    found: list[Dependence] = []
    n_left = MAX_OUTPUTS
    for importance in importances:
        feature = by_name[importance.feature]
        if len(grid := list(_grid(feature, X[feature.name]))) < 2:
            continue
        n_left -= len(grid) * n_outputs
        if len(found) == FEATURES or n_left < 0:
            break
        means = _means(outputs, rows, feature.name, [set_ for _, set_ in grid])
        found.append(Dependence(feature.name, tuple(value for value, _ in grid), means))
    return tuple(found), len(rows) if found else 0


def _means(
    outputs: Outputs, rows: pd.DataFrame, name: str, grid: Sequence[Any]
) -> tuple[tuple[float, ...], ...]:
    """Return the mean outputs, shape (n_outputs, n_values), if all rows had each value."""
    repeated = rows.iloc[np.tile(np.arange(len(rows)), len(grid))].reset_index(drop=True)
    dtype = np.float64 if rows[name].dtype.kind == "f" else object
    repeated[name] = np.repeat(np.array(grid, dtype=dtype), len(rows))
    predicted = outputs(repeated).reshape(-1, len(grid), len(rows)).mean(axis=2)
    return tuple(map(tuple, predicted.tolist()))


def _grid(feature: Feature, column: "pd.Series[Any]") -> Iterator[tuple[Value, Any]]:
    """Yield some values of a feature, as a row has them and as a frame has them."""
    if feature.type == "text":
        return
    if feature.type == "category":
        yield from _levels(feature)
    elif feature.type == "boolean":
        yield from ((True, 1.0), (False, 0.0))
        if feature.nullable:
            yield None, np.nan
    else:
        numbers = column.dropna().to_numpy(np.float64)
        for number in _quantiles(numbers):
            if feature.date_type is None:
                yield number, number
            else:
                yield TO_TEXT[feature.date_type](number), number


def _quantiles(numbers: NDArray[np.float64]) -> list[float]:
    """Return some numbers of a column, as many below as above each, without its extremes."""
    if not len(numbers):
        return []
    shares = np.linspace(0.02, 0.98, N_QUANTILES)
    found: list[float] = np.unique(np.quantile(numbers, shares, method="nearest")).tolist()
    return found


def _levels(feature: Feature) -> Iterator[tuple[Value, Any]]:
    """Yield the levels that may be shown to anyone, the most frequent first."""
    shares = dict(zip(feature.categories, feature.shares, strict=True))
    shown = sorted(feature.shown, key=lambda level: -shares[level])[:MAX_LEVELS]
    yield from zip(shown, shown, strict=True)
    if feature.open:
        yield feature.unseen, feature.unseen
    if feature.nullable:
        yield None, np.nan
