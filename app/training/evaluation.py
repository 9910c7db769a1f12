"""How good a model is: metrics beside a baseline's, and the points of the report's curves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    average_precision_score,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

MAX_POINTS = 200
N_BINS = 10  # of the calibration curve
N_HISTOGRAM_BINS = 20
_MAX_CURVES_POINTS = 40_000  # of all classes together: the manifest has its limit

Probabilities = NDArray[np.float64]


def evaluate(
    target: NDArray[np.int64],
    probabilities: Probabilities,
    positive_class: int | None,
    weights: NDArray[np.int64] | None = None,
) -> dict[str, float]:
    """Return the metrics of predicted probabilities.

    With two classes `roc_auc`, `average_precision`, `log_loss`, `brier_score` and `accuracy`; with
    three or more the macro average of one class against the rest where a metric is of two classes
    (scikit-learn, "Metrics and scoring").

    Parameters
    ----------
    target : array of int, shape (n_samples,)
        The true classes as numbers.
    probabilities : array of shape (n_samples, n_classes)
    positive_class : int or None
        Of two classes, the number of the one that is predicted; None with three or more.
    weights : array of int, shape (n_samples,), optional
        How often each row counts.
    """
    labels = list(range(probabilities.shape[1]))
    # The smallest integers: scikit-learn looks several times for what values there are.
    one_hot = (target[:, np.newaxis] == np.array(labels)).astype(np.int8)
    if positive_class is not None:
        is_class, scores = one_hot[:, positive_class], probabilities[:, positive_class]
        squares = (scores - is_class) ** 2
    else:
        is_class, scores = one_hot, probabilities
        squares = ((scores - is_class) ** 2).sum(axis=1)
    metrics = {
        "roc_auc": roc_auc_score(is_class, scores, sample_weight=weights),
        "average_precision": average_precision_score(is_class, scores, sample_weight=weights),
        "brier_score": np.average(squares, weights=weights),
        "log_loss": log_loss(target, probabilities, labels=labels, sample_weight=weights),
        "accuracy": np.average(probabilities.argmax(axis=1) == target, weights=weights),
    }
    return {name: float(value) for name, value in metrics.items()}


def evaluate_baseline(
    training_target: NDArray[np.int64],
    target: NDArray[np.int64],
    n_classes: int,
    positive_class: int | None,
) -> dict[str, float]:
    """Return the metrics of what knows only the classes' shares in the training set."""
    shares = np.bincount(training_target, minlength=n_classes) / len(training_target)
    # All rows of a class are predicted alike: one of each, weighted, says the same at once.
    return evaluate(
        np.arange(n_classes),
        np.tile(shares, (n_classes, 1)),
        positive_class,
        np.bincount(target, minlength=n_classes),
    )


def make_curves(
    target: NDArray[np.int64],
    probabilities: Probabilities,
    classes: Sequence[str],
    positive_class: int | None,
) -> dict[str, Any]:
    """Return the points of the report's curves on the validation set.

    `classes` holds, for the positive class or with three or more classes for each against the
    rest, `roc`, `precision_recall`, `calibration` and `histogram`; `confusion` the number of rows
    by true class (first axis) and most probable class, shape (n_classes, n_classes).

    Parameters
    ----------
    target, probabilities, positive_class
        As for `evaluate`.
    classes : shape (n_classes,)
    """
    shown = range(len(classes)) if positive_class is None else [positive_class]
    n_points = min(MAX_POINTS, _MAX_CURVES_POINTS // len(classes))
    pairs = target * len(classes) + probabilities.argmax(axis=1)
    confusion = np.bincount(pairs, minlength=len(classes) ** 2).reshape(len(classes), -1)
    by_class = {
        classes[k]: _class_curves(target == k, probabilities[:, k], n_points) for k in shown
    }
    return {"classes": by_class, "confusion": confusion.tolist()}


def _class_curves(
    is_class: NDArray[np.bool_], probability: NDArray[np.float64], n_points: int
) -> dict[str, Any]:
    false_positive_rate, true_positive_rate, _ = roc_curve(is_class, probability)
    precision, recall, _ = precision_recall_curve(is_class, probability)
    observed, predicted = calibration_curve(is_class, probability, n_bins=N_BINS)
    edges = np.linspace(0, 1, N_HISTOGRAM_BINS + 1)
    return {
        "roc": _points(
            n_points, false_positive_rate=false_positive_rate, true_positive_rate=true_positive_rate
        ),
        "precision_recall": _points(n_points, recall=recall[::-1], precision=precision[::-1]),
        "calibration": _points(n_points, predicted=predicted, observed=observed),
        "histogram": {
            "edges": edges.tolist(),
            "positive": np.histogram(probability[is_class], edges)[0].tolist(),
            "negative": np.histogram(probability[~is_class], edges)[0].tolist(),
        },
    }


def _points(n_points: int, **axes: NDArray[np.float64]) -> dict[str, list[float]]:
    """Return at most `n_points` of a curve, evenly along its length, its ends among them."""
    x, y = axes.values()
    if len(x) <= n_points:
        return {name: values.round(6).tolist() for name, values in axes.items()}
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    distances = np.linspace(0, length[-1], n_points)
    chosen = np.unique(np.searchsorted(length, distances))
    return {name: values[chosen].round(6).tolist() for name, values in axes.items()}
