"""How good a fitted estimator is on rows that it has not seen, whatever it predicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.store.curves import Curves, RegressionCurves
from app.store.fitted_estimator import class_probabilities
from app.store.intervals import Advantage, Intervals
from app.store.metrics import LabelMetrics, Metrics, figure_of
from app.store.target_numbers import TargetNumbers
from app.store.training_data import ClassRows
from app.training.baseline import classification_advantages, regression_advantages
from app.training.dataset import Dataset
from app.training.evaluation import evaluate, evaluate_baseline, make_curves
from app.training.regression import (
    describe_target,
    evaluate_regression,
    evaluate_regression_baseline,
    make_regression_curves,
)
from app.training.split import Split
from app.training.uncertainty import (
    classification_intervals,
    rate_labels,
    regression_intervals,
)


@dataclass(frozen=True)
class Quality:
    """What a manifest says about how good a model is.

    Attributes
    ----------
    metrics, baseline_metrics : ClassificationMetrics or RegressionMetrics
    curves : Curves or RegressionCurves
    intervals : ClassificationIntervals or RegressionIntervals
    advantages : mapping of str to Advantage
        Metric → how much better it is than the baseline's.
    classes : tuple of ClassRows
        Empty in a regression.
    label_metrics : LabelMetrics or None
        None without exactly two classes.
    numbers : TargetNumbers or None
        None in a classification.
    """

    metrics: Metrics
    baseline_metrics: Metrics
    curves: Curves | RegressionCurves
    intervals: Intervals
    advantages: Mapping[str, Advantage]
    classes: tuple[ClassRows, ...] = ()
    label_metrics: LabelMetrics | None = None
    numbers: TargetNumbers | None = None

    @property
    def figure(self) -> float:
        """The ROC AUC, or R² in a regression."""
        return figure_of(self.metrics)


def measure(
    estimator: Any,
    split: Split,
    dataset: Dataset,
    positive_index: int | None,
    threshold: float = 0.5,
) -> Quality:
    """Return how good a fitted estimator is on the validation set.

    Parameters
    ----------
    estimator : classifier or regressor
        Fitted on the training set.
    split : Split
    dataset : Dataset
        What both sets were made of.
    positive_index : int or None
        Of two classes, the number of the one that is predicted; None otherwise.
    threshold : float
        Of two classes, the probability from which on a row gets that one.
    """
    if dataset.task == "regression":
        return _measure_regression(estimator, split, dataset)
    probabilities = class_probabilities(estimator, split.X_validation, dataset.classes)
    order = np.argsort(probabilities[:, -1])  # the metrics sort a dozen times; now that is quick
    target, probabilities = split.y_validation[order], probabilities[order]
    metrics = evaluate(target, probabilities, positive_index, threshold=threshold)
    intervals = classification_intervals(metrics, target, probabilities, positive_index)
    curves = make_curves(target, probabilities, dataset.classes, positive_index, threshold)
    return Quality(
        metrics,
        evaluate_baseline(split.y_train, target, len(dataset.classes), positive_index),
        curves,
        intervals,
        classification_advantages(
            split.y_train, target, probabilities, metrics.roc_auc, intervals.roc_auc
        ),
        _count_rows(dataset.classes, split.y_train, target),
        None if positive_index is None else rate_labels(curves.confusion, positive_index),
    )


def _measure_regression(estimator: Any, split: Split, dataset: Dataset) -> Quality:
    target, training_target = split.y_validation, split.y_train
    predicted = np.asarray(estimator.predict(split.X_validation), np.float64).ravel()
    return Quality(
        evaluate_regression(target, predicted),
        evaluate_regression_baseline(training_target, target),
        make_regression_curves(target, predicted),
        regression_intervals(target, predicted),
        regression_advantages(training_target, target, predicted),
        numbers=describe_target(training_target, dataset.unit, target, predicted),
    )


def _count_rows(
    classes: Sequence[str], training_target: NDArray[np.int64], target: NDArray[np.int64]
) -> tuple[ClassRows, ...]:
    training = np.bincount(training_target, minlength=len(classes)).tolist()
    validation = np.bincount(target, minlength=len(classes)).tolist()
    return tuple(
        ClassRows(label, n_training + n_validation, n_validation)
        for label, n_training, n_validation in zip(classes, training, validation, strict=True)
    )
