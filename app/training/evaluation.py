"""How good a model is: its metrics, those of a baseline, and the points of the report's curves."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    auc,
    average_precision_score,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from app.helpers.predictions import STEPS
from app.store.curves import (
    ClassCurves,
    Curves,
    Histogram,
    PrecisionRecallCurve,
    RocCurve,
)
from app.store.metrics import ClassificationMetrics
from app.training.calibration import calibrate
from app.training.operating_points import find_operating_points

MAX_POINTS = 200
N_HISTOGRAM_BINS = 20
_MAX_CURVES_POINTS = 40_000  # of all classes together, since the size of a manifest is limited

Probabilities = NDArray[np.float64]


def evaluate(
    target: NDArray[np.int64],
    probabilities: Probabilities,
    positive_index: int | None,
    weights: NDArray[np.int64] | None = None,
    threshold: float | None = None,
) -> ClassificationMetrics:
    """Return the metrics of predicted probabilities.

    Parameters
    ----------
    target : array of int, shape (n_samples,)
        The place of each row's true class.
    probabilities : array of shape (n_samples, n_classes)
    positive_index : int or None
        The place of the positive class; None with three or more classes.
    weights : array of int, shape (n_samples,), optional
        How often each row counts.
    threshold : float, optional
        Of two classes, the probability from which on a row gets the positive one. By default, a row
        gets the most probable one.
    """
    classes = list(range(probabilities.shape[1]))
    labels = choose_labels(probabilities, positive_index, threshold)
    # int8, because scikit-learn searches these arrays for distinct values several times.
    one_hot = (target[:, np.newaxis] == np.array(classes)).astype(np.int8)
    if positive_index is not None:
        is_class, scores = one_hot[:, positive_index], probabilities[:, positive_index]
        squares = (scores - is_class) ** 2
    else:
        is_class, scores = one_hot, probabilities
        squares = ((scores - is_class) ** 2).sum(axis=1)
    metrics = {
        "roc_auc": roc_auc_score(is_class, scores, sample_weight=weights),
        "average_precision": average_precision_score(is_class, scores, sample_weight=weights),
        "brier_score": np.average(squares, weights=weights),
        "log_loss": log_loss(target, probabilities, labels=classes, sample_weight=weights),
        "accuracy": np.average(labels == target, weights=weights),
    }
    return ClassificationMetrics(**{name: float(value) for name, value in metrics.items()})


def choose_labels(
    probabilities: Probabilities, positive_index: int | None, threshold: float | None
) -> NDArray[np.int64]:
    """Return the place of the class that each row gets, shape (n_samples,).

    That is the label of the API, chosen from the probabilities as clients see them.

    Parameters
    ----------
    probabilities, positive_index, threshold
        As for `evaluate`.
    """
    if positive_index is None or threshold is None:
        steps = probabilities * STEPS
        most_probable: NDArray[np.int64] = np.rint(steps, out=steps).argmax(axis=1)
        return most_probable
    is_positive = np.rint(probabilities[:, positive_index] * STEPS) / STEPS >= threshold
    return np.where(is_positive, positive_index, 1 - positive_index)


def evaluate_baseline(
    training_target: NDArray[np.int64],
    target: NDArray[np.int64],
    n_classes: int,
    positive_index: int | None,
) -> ClassificationMetrics:
    """Return the metrics of always predicting the classes' shares in the training set."""
    shares = np.bincount(training_target, minlength=n_classes) / len(training_target)
    # All rows get the same prediction, so one weighted row per class gives the same metrics.
    return evaluate(
        np.arange(n_classes),
        np.tile(shares, (n_classes, 1)),
        positive_index,
        np.bincount(target, minlength=n_classes),
    )


def make_curves(
    target: NDArray[np.int64],
    probabilities: Probabilities,
    classes: Sequence[str],
    positive_index: int | None,
    threshold: float | None = None,
) -> Curves:
    """Return the curves of the positive class, or with three or more classes of each class.

    Parameters
    ----------
    target, probabilities, positive_index, threshold
        As for `evaluate`.
    classes : shape (n_classes,)
    """
    shown = range(len(classes)) if positive_index is None else [positive_index]
    n_points = min(MAX_POINTS, _MAX_CURVES_POINTS // len(classes))
    labels = choose_labels(probabilities, positive_index, threshold)
    pairs = target * len(classes) + labels
    confusion = np.bincount(pairs, minlength=len(classes) ** 2).reshape(len(classes), -1)
    by_class = {
        classes[k]: _class_curves(target == k, probabilities[:, k], n_points, threshold)
        for k in shown
    }
    return Curves(by_class, tuple(map(tuple, confusion.tolist())))


def _class_curves(
    is_class: NDArray[np.bool_],
    probability: NDArray[np.float64],
    n_points: int,
    threshold: float | None,
) -> ClassCurves:
    order = np.argsort(probability)  # several sort these again, but what is sorted is quick
    is_class, probability = is_class[order], probability[order]
    false_positive_rate, true_positive_rate, _ = roc_curve(is_class, probability)
    precision, recall, _ = precision_recall_curve(is_class, probability)
    edges = np.linspace(0, 1, N_HISTOGRAM_BINS + 1)
    return ClassCurves(
        roc_auc=float(auc(false_positive_rate, true_positive_rate)),
        roc=RocCurve(*_points(n_points, false_positive_rate, true_positive_rate)),
        precision_recall=PrecisionRecallCurve(*_points(n_points, recall[::-1], precision[::-1])),
        calibration=calibrate(is_class, probability),
        points=find_operating_points(
            is_class, probability, n_points, () if threshold is None else (threshold,)
        ),
        histogram=Histogram(
            edges=tuple(edges.tolist()),
            positive=tuple(np.histogram(probability[is_class], edges)[0].tolist()),
            negative=tuple(np.histogram(probability[~is_class], edges)[0].tolist()),
        ),
    )


def _points(
    n_points: int, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return x and y of at most `n_points`, spread evenly along a curve and including its ends."""
    if len(x) > n_points:
        length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        chosen = np.unique(np.searchsorted(length, np.linspace(0, length[-1], n_points)))
        x, y = x[chosen], y[chosen]
    return tuple(x.round(6).tolist()), tuple(y.round(6).tolist())
