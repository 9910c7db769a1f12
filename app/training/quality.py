"""How good a fitted estimator is on rows that it has not seen, whatever it predicts."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.store.curves import Curves, RegressionCurves
from app.store.fitted_estimator import class_probabilities
from app.store.metrics import Metrics, figure_of
from app.store.target_numbers import TargetNumbers
from app.training.dataset import Dataset
from app.training.evaluation import evaluate, evaluate_baseline, make_curves
from app.training.regression import (
    describe_target,
    evaluate_regression,
    evaluate_regression_baseline,
    make_regression_curves,
)
from app.training.split import Split


@dataclass(frozen=True)
class Quality:
    """What a manifest says about how good a model is.

    Attributes
    ----------
    metrics, baseline_metrics : ClassificationMetrics or RegressionMetrics
    curves : Curves or RegressionCurves
    numbers : TargetNumbers or None
        None in a classification.
    """

    metrics: Metrics
    baseline_metrics: Metrics
    curves: Curves | RegressionCurves
    numbers: TargetNumbers | None = None

    @property
    def figure(self) -> float:
        """The ROC AUC, or R² in a regression."""
        return figure_of(self.metrics)


def measure(estimator: Any, split: Split, dataset: Dataset, positive_index: int | None) -> Quality:
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
    """
    if dataset.task == "regression":
        target, training_target = split.y_validation, split.y_train
        predicted = np.asarray(estimator.predict(split.X_validation), np.float64).ravel()
        return Quality(
            evaluate_regression(target, predicted),
            evaluate_regression_baseline(training_target, target),
            make_regression_curves(target, predicted),
            describe_target(training_target, dataset.unit, target, predicted),
        )
    probabilities = class_probabilities(estimator, split.X_validation, dataset.classes)
    order = np.argsort(probabilities[:, -1])  # the metrics sort a dozen times; now that is quick
    target, probabilities = split.y_validation[order], probabilities[order]
    return Quality(
        evaluate(target, probabilities, positive_index),
        evaluate_baseline(split.y_train, target, len(dataset.classes), positive_index),
        make_curves(target, probabilities, dataset.classes, positive_index),
    )
