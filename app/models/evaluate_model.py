"""How good a model is: metrics beside a baseline's, and the points of the report's curves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

MAX_POINTS = 200
N_BINS = 10  # of the calibration curve
N_HISTOGRAM_BINS = 20

Probabilities = NDArray[np.float64]


def evaluate(target: NDArray[np.int64], probabilities: Probabilities) -> dict[str, float]:
    """Return the metrics of predicted probabilities.

    With two classes `roc_auc`, `average_precision`, `log_loss`, `brier_score` and `accuracy`; with
    three or more the macro average of one class against the rest where a metric is of two classes
    (scikit-learn, "Metrics and scoring").

    Parameters
    ----------
    target : array of int, shape (n_samples,)
        The true classes as numbers; with two classes 1 is the positive one.
    probabilities : array of shape (n_samples, n_classes)
    """
    n_classes = probabilities.shape[1]
    labels = list(range(n_classes))
    shared = {
        "log_loss": log_loss(target, probabilities, labels=labels),
        "accuracy": accuracy_score(target, probabilities.argmax(axis=1)),
    }
    if n_classes == 2:
        ranked = {
            "roc_auc": roc_auc_score(target, probabilities[:, 1]),
            "average_precision": average_precision_score(target, probabilities[:, 1]),
            "brier_score": brier_score_loss(target, probabilities[:, 1]),
        }
    else:
        one_hot = target[:, np.newaxis] == np.array(labels)
        ranked = {
            "roc_auc": roc_auc_score(target, probabilities, multi_class="ovr", labels=labels),
            "average_precision": average_precision_score(one_hot, probabilities),
            "brier_score": float(((probabilities - one_hot) ** 2).sum(axis=1).mean()),
        }
    return {name: float(value) for name, value in (ranked | shared).items()}


def baseline_probabilities(
    training_target: NDArray[np.int64], n_samples: int, n_classes: int
) -> Probabilities:
    """Return what a model predicts that knows only the classes' shares in the training set."""
    shares = np.bincount(training_target, minlength=n_classes) / len(training_target)
    return np.tile(shares, (n_samples, 1))


def make_curves(
    target: NDArray[np.int64], probabilities: Probabilities, classes: Sequence[str]
) -> dict[str, Any]:
    """Return the points of the report's curves on the validation set.

    For the positive class, or with three or more classes for each against the rest, by class:
    `roc`, `precision_recall`, `calibration` and `histogram`; and `confusion`, shape
    (n_classes, n_classes), a row a true class.

    Parameters
    ----------
    target, probabilities
        As for `evaluate`.
    classes : shape (n_classes,)
    """
    shown = [1] if len(classes) == 2 else range(len(classes))
    confusion = confusion_matrix(
        target, probabilities.argmax(axis=1), labels=list(range(len(classes)))
    )
    by_class = {classes[k]: _class_curves(target == k, probabilities[:, k]) for k in shown}
    return {"classes": by_class, "confusion": confusion.tolist()}


def _class_curves(is_class: NDArray[np.bool_], probability: NDArray[np.float64]) -> dict[str, Any]:
    false_positive_rate, true_positive_rate, _ = roc_curve(is_class, probability)
    precision, recall, _ = precision_recall_curve(is_class, probability)
    observed, predicted = calibration_curve(is_class, probability, n_bins=N_BINS)
    edges = np.linspace(0, 1, N_HISTOGRAM_BINS + 1)
    return {
        "roc": _points(
            false_positive_rate=false_positive_rate, true_positive_rate=true_positive_rate
        ),
        "precision_recall": _points(recall=recall[::-1], precision=precision[::-1]),
        "calibration": _points(predicted=predicted, observed=observed),
        "histogram": {
            "edges": edges.tolist(),
            "positive": np.histogram(probability[is_class], edges)[0].tolist(),
            "negative": np.histogram(probability[~is_class], edges)[0].tolist(),
        },
    }


def _points(**axes: NDArray[np.float64]) -> dict[str, list[float]]:
    """Return at most MAX_POINTS of a curve, evenly along its length, its ends among them."""
    x, y = axes.values()
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    n_points = min(len(x), MAX_POINTS)
    chosen = np.unique(np.searchsorted(length, np.linspace(0, length[-1], n_points)))
    return {name: values[chosen].round(6).tolist() for name, values in axes.items()}
