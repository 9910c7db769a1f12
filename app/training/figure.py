"""The one number that says how good a model is: its ROC AUC, or R² in a regression."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Numbers = NDArray[np.float64]


def allows_figure(target: NDArray[Any]) -> bool:
    """Whether rows differ enough for a figure: in their class, or in their number.

    Numbers must vary by more than squares of them can be computed with.
    """
    if target.dtype.kind == "f":
        return bool(np.var(target) >= np.finfo(np.float64).tiny)
    return len(np.unique(target)) > 1


def figure_of_outputs(target: NDArray[Any], outputs: Numbers, positive_index: int | None) -> float:
    """Return the figure of a model's outputs, or of any scores that rank rows as they do.

    With three or more classes it is the mean of those that some rows have.

    Parameters
    ----------
    target : array of shape (n_samples,)
        Of int64, the number of each row's class; or of float64 in a regression. It allows a figure.
    outputs : array of shape (n_outputs, n_samples)
        With two classes that of the positive one, otherwise one for each class; in a regression
        the predicted number.
    positive_index : int or None
        Of two classes, the number of the positive one.
    """
    if target.dtype.kind == "f":
        return r2(target, outputs[0])
    shown = range(len(outputs)) if positive_index is None else [positive_index]
    by_class = ((target == k, output) for k, output in zip(shown, outputs, strict=True))
    areas = [roc_auc(is_class, output) for is_class, output in by_class if is_class.any()]
    return float(np.mean(areas))


def roc_auc(is_class: NDArray[np.bool_], score: Numbers) -> float:
    """Return the ROC AUC, as the Mann–Whitney statistic; scikit-learn takes ten times as long."""
    n, n_rest = int(is_class.sum()), int((~is_class).sum())
    return float((rankdata(score)[is_class].sum() / n - (n + 1) / 2) / n_rest)


def r2(target: Numbers, predicted: Numbers) -> float:
    """Return R², the share of the target's variance that is explained."""
    return 1.0 - float(((target - predicted) ** 2).sum() / ((target - target.mean()) ** 2).sum())
