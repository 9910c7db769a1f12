"""How good a model is, in numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassificationMetrics:
    """How good probabilities are on the validation set.

    With two classes of the positive one; with three or more, what is a metric of two classes is
    the macro average of each class against the rest (scikit-learn, "Metrics and scoring").
    """

    roc_auc: float
    average_precision: float
    brier_score: float
    log_loss: float
    accuracy: float


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


Metrics = ClassificationMetrics | RegressionMetrics


def figure_of(metrics: Metrics) -> float:
    """Return the ROC AUC, or R² in a regression."""
    return metrics.r2 if isinstance(metrics, RegressionMetrics) else metrics.roc_auc
