"""What a fitted estimator relies on: permutation importance on held-out rows, in bounded time.

A linear model's score is a sum of contributions. To shuffle a feature's values is to shuffle its
contributions, so its pipeline is not called. Any other estimator predicts the shuffled rows, by
scikit-learn's `permutation_importance`. A date is shuffled as one feature, with all of its parts.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance
from threadpoolctl import threadpool_limits

from app.helpers.features import Feature, Value, columns_of, sum_parts
from app.store.fitted_estimator import estimator_outputs
from app.store.linear_fold import fold
from app.store.linear_scorer import LinearScorer
from app.store.reliance import Importance, Reliance
from app.training.date_parts import with_parts
from app.training.dependence import find_dependences
from app.training.figure import allows_figure, figure_of_outputs
from app.utils.notes import note

REPEATS = 5
MAX_ROWS = 5000
MIN_ROWS = 100
MAX_CELLS = 2_000_000  # rows × features × repeats × scores of a linear model; some 0.2 s
MAX_PREDICTIONS = 400_000  # of any other: rows × features × repeats × classes; some seconds
MAX_SECONDS = 30.0  # an estimator that is slower than most gets fewer rows
_SKIPPED = "Note: What the model relies on is not measured; {}."


class _Scored:
    """An estimator that is given features instead of columns, and its figure."""

    def __init__(
        self,
        estimator: Any,
        features: Sequence[Feature],
        classes: Sequence[str],
        positive_index: int | None,
    ) -> None:
        self._estimator = estimator
        self._features, self._classes = features, classes
        self._positive_index = positive_index

    def fit(self, X: Any, y: Any) -> None:
        """Do nothing; `permutation_importance` asks that there is such a method."""

    def outputs(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return probabilities or numbers, shape (n_outputs, n_samples)."""
        frame = with_parts(X, self._features)
        return estimator_outputs(self._estimator, frame, self._classes, self._positive_index)

    def figure(self, X: pd.DataFrame, y: NDArray[Any]) -> float:
        """Return the ROC AUC, or R²."""
        return figure_of_outputs(y, self.outputs(X), self._positive_index)


def measure_reliance(
    estimator: Any,
    X: pd.DataFrame,
    y: NDArray[Any],
    features: Sequence[Feature],
    classes: Sequence[str],
    positive_index: int | None,
    seed: int,
) -> Reliance | None:
    """Return what a fitted estimator relies on; None, with a note, if that would take too long.

    None, too, where the rows allow no figure, since all are of one class or have one number.

    Parameters
    ----------
    estimator : classifier or regressor
    X : DataFrame of shape (n_samples, n_features)
        Held-out rows, in random order, with dates as numbers.
    y : array of shape (n_samples,)
        As in a Split.
    features : shape (n_features,)
        Described.
    classes : shape (n_classes,)
        Empty in a regression.
    positive_index : int or None
    seed : int
    """
    scorer = fold(estimator, columns_of(features), classes, positive_index)
    n_scores = 1 if positive_index is not None else max(1, len(classes))
    n_cells = len(features) * REPEATS * n_scores
    budget = MAX_PREDICTIONS if scorer is None else MAX_CELLS
    n_rows = min(len(X), MAX_ROWS, budget // n_cells)
    if n_rows < min(len(X), MIN_ROWS):
        note(_SKIPPED.format(f"with {len(features):,} features it would take too long"))
        return None
    X, y = X[:n_rows], y[:n_rows]
    if not allows_figure(y):
        return None
    if scorer is not None:
        return _of_linear(scorer, X, y, features, positive_index, seed)
    scored = _Scored(estimator, features, classes, positive_index)
    with threadpool_limits(1):  # more threads make predictions of few rows slower
        started = time.perf_counter()
        scored.outputs(X)
        seconds = (time.perf_counter() - started) * len(features) * REPEATS
        if seconds > MAX_SECONDS:
            n_rows = int(n_rows * MAX_SECONDS / seconds)
            if n_rows < MIN_ROWS:
                note(_SKIPPED.format("this estimator takes too long to predict"))
                return None
            X, y = X[:n_rows], y[:n_rows]
        if not allows_figure(y):
            return None
        return _of_any(scored, X, y, features, seed)


def _of_linear(
    scorer: LinearScorer,
    X: pd.DataFrame,
    y: NDArray[Any],
    features: Sequence[Feature],
    positive_index: int | None,
    seed: int,
) -> Reliance:
    contributions = _contributions(scorer, X, features)
    scores = contributions.sum(axis=0) + [[score.baseline] for score in scorer.scores]

    def figure(scores: NDArray[np.float64]) -> float:
        # More than two classes are compared by probability, the others by the score itself.
        outputs = scores if len(scores) == 1 else _softmax(scores)
        return figure_of_outputs(y, outputs, positive_index)

    whole = figure(scores)
    generator = np.random.default_rng(seed)
    orders = [generator.permutation(len(X)) for _ in range(REPEATS)]
    falls = [
        [whole - figure(scores - own + own[:, order]) for order in orders] for own in contributions
    ]
    return Reliance(whole, len(X), REPEATS, _rank(features, np.array(falls)))


def _contributions(
    scorer: LinearScorer, X: pd.DataFrame, features: Sequence[Feature]
) -> NDArray[np.float64]:
    """Return what each feature adds to each score, shape (n_features, n_scores, n_samples)."""
    columns = columns_of(features)
    frame = with_parts(X, features)
    values = scorer.columns_with_words([_values(frame[column.name], column) for column in columns])
    by_score = [
        list(sum_parts(score.contributions_of_columns(values), features)) for score in scorer.scores
    ]
    return np.array(by_score).transpose(1, 0, 2)


def _values(column: "pd.Series[Any]", feature: Feature) -> Sequence[Value]:
    """Return the values of a frame's column as a row has them."""
    if feature.type not in ("category", "text"):
        return column.to_numpy(np.float64)  # type: ignore[return-value]  # the scorer takes both
    return [value if isinstance(value, str) else None for value in column.tolist()]


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    exps = np.exp(scores - scores.max(axis=0))
    outputs: NDArray[np.float64] = exps / exps.sum(axis=0)
    return outputs


def _of_any(
    scored: _Scored, X: pd.DataFrame, y: NDArray[Any], features: Sequence[Feature], seed: int
) -> Reliance:
    found = permutation_importance(
        scored,
        X,
        y,
        scoring=lambda scored, X, y: scored.figure(X, y),
        n_repeats=REPEATS,
        random_state=seed,
    )
    importances = _rank(features, found.importances)
    dependences, n_rows = find_dependences(scored.outputs, X, features, importances)
    return Reliance(scored.figure(X, y), len(X), REPEATS, importances, dependences, n_rows)


def _rank(features: Sequence[Feature], falls: NDArray[np.float64]) -> tuple[Importance, ...]:
    """Return the importances, falls of shape (n_features, n_repeats), the largest first."""
    found = [
        Importance(feature.name, float(own.mean()), float(own.std()))
        for feature, own in zip(features, falls, strict=True)
    ]
    return tuple(sorted(found, key=lambda importance: -importance.fall))
