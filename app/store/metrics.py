"""How good a model is, in numbers."""

import math
from dataclasses import dataclass

from app.store.intervals import Interval


@dataclass(frozen=True)
class ClassificationMetrics:
    """How good probabilities are on the validation set.

    With two classes of the positive one; with three or more, what is a metric of two classes is
    the macro average of each class against the rest (scikit-learn, "Metrics and scoring").

    Attributes
    ----------
    roc_auc, average_precision, brier_score, log_loss : float
    accuracy : float
        The share of rows that get the right label: with two classes at the version's threshold.
    """

    roc_auc: float
    average_precision: float
    brier_score: float
    log_loss: float
    accuracy: float


@dataclass(frozen=True)
class Rate:
    """A share of some of the validation set's rows, and its 95 % interval."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class LabelMetrics:
    """How good the labels of two classes are at the version's threshold.

    Each is None if there are no rows of which it is a share.

    Attributes
    ----------
    precision : Rate or None
        Of the rows that get the positive class, how many are of it.
    recall, specificity : Rate or None
        Of the positive class's rows, and of the others, how many get the right label.
    f1 : Rate or None
        The harmonic mean of precision and recall.
    flagged : Rate or None
        Of all rows, how many get the positive class.
    """

    precision: Rate | None
    recall: Rate | None
    specificity: Rate | None
    f1: Rate | None
    flagged: Rate | None


@dataclass(frozen=True)
class RegressionMetrics:
    """How good predicted numbers are on the validation set; all but R² in the target's unit.

    Attributes
    ----------
    r2 : float
        The share of the target's variance that is explained: 1 is perfect, 0 is no better than
        the mean, below 0 is worse.
    mean_absolute_error, root_mean_squared_error, median_absolute_error : float
    """

    r2: float
    mean_absolute_error: float
    root_mean_squared_error: float
    median_absolute_error: float


@dataclass(frozen=True)
class Unmeasured:
    """In place of metrics if nobody knows how good a model is, and why not."""

    reason: str


Metrics = ClassificationMetrics | RegressionMetrics | Unmeasured


def figure_of(metrics: Metrics) -> float:
    """Return the ROC AUC, or R² in a regression; NaN if it was not measured."""
    match metrics:
        case Unmeasured():
            return math.nan
        case RegressionMetrics():
            return metrics.r2
    return metrics.roc_auc


def name_of(metric: str) -> str:
    """Return what sentences call a metric.

    >>> name_of("roc_auc"), name_of("log_loss")
    ('ROC AUC', 'log loss')
    """
    names = {"roc_auc": "ROC AUC", "brier_score": "Brier score", "r2": "R²"}
    return names.get(metric, metric.replace("_", " "))
