"""An estimator, fitted on the training set with the strength that was given, searched or chosen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.preprocessing import LabelEncoder

from app.helpers.errors import ApplicationError
from app.store.class_labels import to_labels, with_labels, without_labels
from app.store.parameters import Regularization, SearchResult
from app.training.search import Search
from app.training.split import Split
from app.training.strength import DEFAULT_STRENGTH, choose_strength
from app.utils.notes import note
from app.utils.parallel import UnusableCluster


@dataclass(frozen=True)
class Fitted:
    """A fitted estimator, and how it is regularized.

    Attributes
    ----------
    estimator : classifier or regressor
        A classifier predicts the labels of the CSV.
    regularization : Regularization
    search : SearchResult or None
        What a search tried.
    strength : str
        How C was chosen by cross-validation; empty if it was not.
    learned : array of shape (n_classes,) or None
        What the estimator learned in place of each class: its label, or a number if it refuses
        labels. None for a regressor.
    """

    estimator: Any
    regularization: Regularization
    search: SearchResult | None = None
    strength: str = ""
    learned: NDArray[Any] | None = None

    @property
    def name(self) -> str:
        """The name of the estimator's class."""
        return type(without_labels(self.estimator)).__name__

    def refit(self, X: pd.DataFrame, y: NDArray[Any]) -> None:
        """Fit the estimator again on other rows, whose y are as in a Split."""
        without_labels(self.estimator).fit(X, y if self.learned is None else self.learned[y])

    def fit_copy(self, X: pd.DataFrame, y: NDArray[Any]) -> Any:
        """Return an estimator of the same parameters that is fitted on other rows."""
        inside = without_labels(self.estimator)
        # Of an estimator that does not have scikit-learn's methods, it is a plain copy.
        copy = clone(inside, safe=False).fit(X, y if self.learned is None else self.learned[y])
        return copy if inside is self.estimator else with_labels(copy, self.estimator.le_)


def fit(
    build: Callable[[float], Any],
    split: Split,
    classes: Sequence[str],
    C: float | None,
    search: Search | None,
    seed: int,
) -> Fitted:
    """Return an estimator that is fitted on the training set.

    A classifier learns the labels. If it refuses them, or does not tell its `classes_`, it learns
    their numbers, and is wrapped in what predicts the labels.

    Parameters
    ----------
    build : callable
        Of the inverse of the regularization's strength; returns an unfitted estimator.
    split : Split
        As the estimator gets it.
    classes : shape (n_classes,)
        Empty in a regression.
    C : float or None
        That inverse; None to choose it.
    search : Search or None
        Where to search for the regularization instead.
    seed : int
    """
    if not classes:
        return _fit(build, split, C, search, seed)
    labels, refusal = to_labels(classes), None
    try:
        fitted = _fit(build, split, C, search, seed, labels)
        if hasattr(fitted.estimator, "classes_"):
            return fitted
    except (ApplicationError, UnusableCluster):
        raise
    except Exception as error:  # a fork's estimator may raise anything
        refusal = error
    encoder = LabelEncoder().fit(labels)
    try:
        fitted = _fit(build, split, C, search, seed, encoder.transform(labels))
    except Exception as error:
        raise refusal or error from None  # it is not about labels
    return replace(fitted, estimator=with_labels(fitted.estimator, encoder))


def _fit(
    build: Callable[[float], Any],
    split: Split,
    C: float | None,
    search: Search | None,
    seed: int,
    learned: NDArray[Any] | None = None,
) -> Fitted:
    X, y = split.X_train, split.y_train if learned is None else learned[split.y_train]
    estimator = build(C or DEFAULT_STRENGTH)
    regularization, found, reason = Regularization(_strength_of(estimator, C)), None, ""
    if search is not None:
        found = search.run(estimator, X, y, seed, split.groups)
        regularization = found.best.regularization
    elif C is None and (strength := choose_strength(estimator, X, y, seed, split.groups)):
        estimator, regularization = build(strength.C), Regularization(strength.C)
        reason = strength.reason
        note(f"Note: {reason}; --C decides otherwise.")
    estimator.fit(X, y)
    return Fitted(estimator, regularization, found, reason, learned)


def _strength_of(estimator: Any, C: float | None) -> float | None:
    """Return the strength that an estimator was built with, None if it takes none."""
    names = estimator.get_params() if hasattr(estimator, "get_params") else ()
    takes_one = any(name.rpartition("__")[2] in ("C", "alpha") for name in names)
    return C or (DEFAULT_STRENGTH if takes_one else None)
