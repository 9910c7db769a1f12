"""The strength of the regularization where nobody gave one: chosen by cross-validation.

The one-standard-error rule (Hastie, Tibshirani, Friedman, *The Elements of Statistical Learning*,
section 7.10): of all values whose mean loss lies within one standard error of the best one's, the
strongest regularization. The error is that of their difference, fold by fold, since a fold that is
hard for one value is hard for all. It takes a second or two at most: it looks at a sample of the
training set, and fits what comes before the last step of a pipeline once per fold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from app.training.folds import make_folds

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
DEFAULT_STRENGTH = 1.0  # scikit-learn's own, where there is too little or too much to choose from
MAX_ROWS = 20_000
MIN_CLASS_ROWS = 50
MIN_ROWS = 100  # of a regression
FOLDS = 5
MAX_CELLS = 10_000_000  # rows × columns × classes; some two seconds
_SPARSE_COST = 20  # so many dense cells take as long as one word of a text


@dataclass(frozen=True)
class Strength:
    """A choice of `C`, the inverse of the regularization's strength.

    Attributes
    ----------
    C : float
    reason : str
        How it was chosen, or why it was not, without a full stop.
    losses : tuple of float, shape (n_strengths,)
        The mean loss of each value of STRENGTHS; empty if nothing was compared.
    """

    C: float
    reason: str
    losses: tuple[float, ...] = ()


def choose_strength(
    estimator: Any,
    X: pd.DataFrame,
    y: NDArray[Any],
    seed: int,
    groups: NDArray[np.intp] | None = None,
) -> Strength | None:
    """Return the `C` to fit an unfitted estimator with, None if it has none to choose.

    The same data gives the same choice.

    Parameters
    ----------
    estimator : classifier or regressor
        One that is, or ends with, a LogisticRegression or a Ridge, whose `alpha` is 1 / C.
    X : DataFrame of shape (n_samples, n_features)
    y : array of shape (n_samples,)
    seed : int
    groups : array of int, shape (n_samples,), optional
        Rows of one group stay in one fold.
    """
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if not _parameters(last, DEFAULT_STRENGTH):
        return None
    stratify = y if is_classifier(estimator) else None
    n_outputs = len(np.unique(y)) if stratify is not None else 1
    if few := _few_rows(y, is_regression=stratify is None):
        return Strength(
            DEFAULT_STRENGTH,
            f"C is {DEFAULT_STRENGTH:g}: with {few} there are too few to choose it by"
            " cross-validation",
        )
    if len(X) > MAX_ROWS:
        some, _ = train_test_split(
            np.arange(len(X)), train_size=MAX_ROWS, random_state=seed, stratify=stratify
        )
        X, y, groups = X.iloc[some], y[some], None if groups is None else groups[some]
    folds = make_folds(y, FOLDS, seed, groups, is_regression=stratify is None)
    if not folds:
        return Strength(
            DEFAULT_STRENGTH,
            f"C is {DEFAULT_STRENGTH:g}: there are too few groups to choose it by cross-validation",
        )
    losses = []
    with threadpool_limits(1):  # more threads make small fits slower
        for training, validation in folds:
            sets = _transformed(estimator, X.iloc[training], y[training], X.iloc[validation])
            if _count_cells(sets[0]) * n_outputs > MAX_CELLS:
                return Strength(
                    DEFAULT_STRENGTH,
                    f"C is {DEFAULT_STRENGTH:g}: choosing it by cross-validation would take too"
                    f" long with {sets[0].shape[1]} columns",
                )
            losses.append(list(_losses(last, *sets, y[training], y[validation])))
    return _choose(np.array(losses))


def _choose(losses: NDArray[np.float64]) -> Strength:
    """Return the choice from losses of shape (n_folds, n_strengths)."""
    means = losses.mean(axis=0)
    differences = losses - losses[:, [int(means.argmin())]]
    errors = differences.std(axis=0, ddof=1) / np.sqrt(len(losses))
    chosen = int(np.argmax(differences.mean(axis=0) <= errors))  # the first: the smallest C
    return Strength(
        STRENGTHS[chosen],
        f"C is {STRENGTHS[chosen]:g}, chosen by {len(losses)}-fold cross-validation",
        tuple(means.tolist()),
    )


def _parameters(last: Any, C: float) -> dict[str, float]:
    """Return what sets an estimator's strength; empty for other kinds, which may be slow."""
    match last:
        case LogisticRegression():
            return {"C": C}
        case Ridge():
            return {"alpha": 1.0 / C}
        case _:
            return {}


def _few_rows(y: NDArray[Any], *, is_regression: bool) -> str:
    """Return how many rows there are if they are too few to compare anything, else nothing."""
    if is_regression:
        return f"{len(y)} rows" if len(y) < MIN_ROWS else ""
    fewest = int(np.unique(y, return_counts=True)[1].min())
    return f"{fewest} rows of a class" if fewest < MIN_CLASS_ROWS else ""


def _transformed(
    estimator: Any, X: pd.DataFrame, y: NDArray[Any], X_validation: pd.DataFrame
) -> tuple[Any, Any]:
    """Return both sets as the last step of the pipeline gets them."""
    if not isinstance(estimator, Pipeline) or len(estimator) == 1:
        return X, X_validation
    before = clone(estimator[:-1])
    return before.fit_transform(X, y), before.transform(X_validation)


def _count_cells(X: Any) -> int:
    """Return how many numbers a fit computes with; one of a sparse matrix takes longer."""
    n_cells: int = _SPARSE_COST * X.nnz if issparse(X) else X.shape[0] * X.shape[1]
    return n_cells


def _losses(
    last: Any, X: Any, X_validation: Any, y: NDArray[Any], y_validation: NDArray[Any]
) -> Iterator[float]:
    """Yield the loss on the validation set at each of STRENGTHS."""
    model = clone(last)
    if "warm_start" in model.get_params():
        model.set_params(warm_start=True)  # from one value to the next it is a short way
    for C in STRENGTHS:
        model.set_params(**_parameters(model, C)).fit(X, y)
        if is_classifier(model):
            yield log_loss(y_validation, model.predict_proba(X_validation), labels=model.classes_)
        else:
            yield mean_squared_error(y_validation, model.predict(X_validation))
