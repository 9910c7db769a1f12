"""The folds of a cross-validation: stratified in a classification, with groups kept whole."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

_MAX_STRATIFIED_GROUPS = 1000  # more take seconds, and have about equal shares of classes anyway

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


def make_folds(
    y: NDArray[Any],
    n_folds: int,
    seed: int,
    groups: NDArray[np.intp] | None = None,
    *,
    is_regression: bool,
) -> list[Fold]:
    """Return the rows to train on and to validate with, fold by fold.

    With groups there are at most as many folds as groups, and none if there is only one group, or
    a class is missing on one side of a fold.
    """
    if groups is None:
        kind = KFold if is_regression else StratifiedKFold
        return list(kind(n_folds, shuffle=True, random_state=seed).split(y, y))
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        return []
    few = not is_regression and n_groups <= _MAX_STRATIFIED_GROUPS
    by_group = (StratifiedGroupKFold if few else GroupKFold)(
        min(n_folds, n_groups), shuffle=True, random_state=seed
    )
    folds = list(by_group.split(y, y, groups))
    if is_regression:
        return folds
    n_classes = len(np.unique(y))
    sides = (side for fold in folds for side in fold)
    return folds if all(len(np.unique(y[side])) == n_classes for side in sides) else []
