"""An estimator, fitted on the training set with the strength that was given, searched or chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.store.parameters import Regularization, SearchResult
from app.training.search import Search
from app.training.split import Split
from app.training.strength import DEFAULT_STRENGTH, choose_strength
from app.utils.notes import note


@dataclass(frozen=True)
class Fitted:
    """A fitted estimator, and how it is regularized.

    Attributes
    ----------
    estimator : classifier or regressor
    regularization : Regularization
    search : SearchResult or None
        What a search tried.
    strength : str
        How C was chosen by cross-validation; empty if it was not.
    """

    estimator: Any
    regularization: Regularization
    search: SearchResult | None = None
    strength: str = ""


def fit(
    build: Callable[[float], Any], split: Split, C: float | None, search: Search | None, seed: int
) -> Fitted:
    """Return an estimator that is fitted on the training set.

    Parameters
    ----------
    build : callable
        Of the inverse of the regularization's strength; returns an unfitted estimator.
    split : Split
        As the estimator gets it.
    C : float or None
        That inverse; None to choose it.
    search : Search or None
        Where to search for the regularization instead.
    seed : int
    """
    X, y = split.X_train, split.y_train
    estimator = build(C or DEFAULT_STRENGTH)
    regularization, found, reason = Regularization(C or DEFAULT_STRENGTH), None, ""
    if search is not None:
        found = search.run(estimator, X, y, seed, split.groups)
        regularization = found.best.regularization
    elif C is None and (strength := choose_strength(estimator, X, y, seed, split.groups)):
        estimator, regularization = build(strength.C), Regularization(strength.C)
        reason = strength.reason
        note(f"Note: {reason}; --C decides otherwise.")
    estimator.fit(X, y)
    return Fitted(estimator, regularization, found, reason)
