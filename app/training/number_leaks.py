"""Columns that tell a number to predict by themselves, and so are likely not known in time."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from app.helpers.errors import quote
from app.helpers.features import Feature

LEAKAGE_SHARE = 0.999  # of the variance of the target's ranks, by one feature alone
_MAX_ROWS = 10_000  # that are looked at
_MIN_ROWS = 20  # of fewer, a feature tells the target by chance


def find_number_leaks(
    features: Sequence[Feature], frame: pd.DataFrame, target: NDArray[np.float64]
) -> Iterator[str]:
    """Yield a warning for each column that tells the target by itself.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_features)
        In random order: a sample is looked at.
    target : array of float, shape (n_samples,)
    """
    frame, ranks = frame[:_MAX_ROWS], rankdata(target[:_MAX_ROWS])
    if len(frame) < _MIN_ROWS or ranks.std() == 0.0:
        return
    for feature in features:
        if feature.type == "text":
            continue
        share = _of_category if feature.type == "category" else _of_number
        if share(frame[feature.name], ranks) >= LEAKAGE_SHARE:
            yield (
                f"Column {quote(feature.name)} alone tells the target almost perfectly; is it known"
                " at the time of the prediction?"
            )


def _of_number(column: "pd.Series[Any]", ranks: NDArray[np.float64]) -> float:
    """Return the squared rank correlation with the target of the rows that have a value."""
    numbers = column.to_numpy(np.float64)
    is_present = ~np.isnan(numbers)
    if np.count_nonzero(is_present) < _MIN_ROWS:
        return 0.0
    numbers, ranks = rankdata(numbers[is_present]), rankdata(ranks[is_present])
    if numbers.std() == 0.0 or ranks.std() == 0.0:
        return 0.0
    return float(np.corrcoef(numbers, ranks)[0, 1] ** 2)


def _of_category(column: "pd.Series[Any]", ranks: NDArray[np.float64]) -> float:
    """Return the share of the variance that the mean of the other rows of a category explains."""
    codes, _ = pd.factorize(column, use_na_sentinel=False)
    n_others = np.bincount(codes)[codes] - 1
    sums = np.bincount(codes, weights=ranks)[codes] - ranks
    others = np.where(n_others > 0, sums / np.maximum(n_others, 1), ranks.mean())
    return float(1.0 - ((ranks - others) ** 2).mean() / ranks.var())
