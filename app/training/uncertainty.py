"""The 95 % interval of each metric, all in closed form."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.store.intervals import (
    ClassificationIntervals,
    Interval,
    RegressionIntervals,
    f1_of,
    wilson,
)
from app.store.metrics import ClassificationMetrics, LabelMetrics, Rate
from app.training.intervals import (
    Numbers,
    around,
    mean_interval,
    median_interval,
    standard_error,
)
from app.training.losses import brier_scores, log_losses
from app.training.rank_intervals import rank_intervals


def classification_intervals(
    metrics: ClassificationMetrics,
    target: NDArray[np.int64],
    probabilities: Numbers,
    positive_index: int | None,
) -> ClassificationIntervals:
    """Return the intervals of metrics: of shares Wilson's, of losses by the central limit theorem.

    Parameters
    ----------
    metrics : ClassificationMetrics
    target, probabilities, positive_index
        As for `evaluate`.
    """
    n_classes = probabilities.shape[1]
    shown = range(n_classes) if positive_index is None else [positive_index]
    roc_auc, average_precision = rank_intervals(
        metrics.roc_auc, metrics.average_precision, target, probabilities, shown
    )
    return ClassificationIntervals(
        roc_auc=roc_auc,
        average_precision=average_precision,
        brier_score=_at_least_0(mean_interval(brier_scores(target, probabilities))),
        log_loss=_at_least_0(mean_interval(log_losses(target, probabilities))),
        accuracy=wilson(round(metrics.accuracy * len(target)), len(target)),
    )


def rate_labels(confusion: Sequence[Sequence[int]], positive_index: int) -> LabelMetrics:
    """Return how good the labels of two classes are, with Wilson's intervals.

    F1 = 2J / (1 + J), where J is the share of right ones among the rows that are of the positive
    class or get it. So its interval comes from the one of J.

    Parameters
    ----------
    confusion : shape (2, 2)
        Number of rows by true class (first axis) and label (second).
    positive_index : int
    """
    positive, negative = positive_index, 1 - positive_index
    found, missed = confusion[positive][positive], confusion[positive][negative]
    alarmed, spared = confusion[negative][positive], confusion[negative][negative]
    return LabelMetrics(
        precision=_rate(found, found + alarmed),
        recall=_rate(found, found + missed),
        specificity=_rate(spared, alarmed + spared),
        f1=_f1(_rate(found, found + missed + alarmed)),
        flagged=_rate(found + alarmed, found + missed + alarmed + spared),
    )


def _rate(n_found: int, n: int) -> Rate | None:
    interval = wilson(n_found, n)
    return None if interval is None else Rate(n_found / n, interval)


def _f1(jaccard: Rate | None) -> Rate | None:
    if jaccard is None:
        return None
    ends = Interval(f1_of(jaccard.interval.low), f1_of(jaccard.interval.high))
    return Rate(f1_of(jaccard.value), ends)


def regression_intervals(target: Numbers, predicted: Numbers) -> RegressionIntervals:
    """Return the intervals of the metrics; of squared errors on the scale of their logarithms.

    R² is 1 minus the ratio of two means, of the squared errors and of the squares around the
    target's mean, whose logarithm is about normal (delta method; Casella, Berger, *Statistical
    Inference*, section 5.5.4).

    Parameters
    ----------
    target, predicted : shape (n_samples,)
    """
    errors = np.abs(target - predicted)
    squares, around_mean = errors**2, (target - target.mean()) ** 2
    ratio, square = _log_scaled(squares, around_mean), _log_scaled(squares)
    return RegressionIntervals(
        r2=ratio and Interval(1.0 - ratio.high, 1.0 - ratio.low),
        mean_absolute_error=_at_least_0(mean_interval(errors)),
        root_mean_squared_error=square and Interval(math.sqrt(square.low), math.sqrt(square.high)),
        median_absolute_error=median_interval(errors),
    )


def _log_scaled(values: Numbers, others: Numbers | None = None) -> Interval | None:
    """Return the interval of a mean of values, or of its ratio to the mean of others."""
    mean, scale = float(values.mean()), 1.0 if others is None else float(others.mean())
    if len(values) < 2 or scale == 0.0:
        return None
    if mean == 0.0:
        return Interval(0.0, 0.0)
    relative = values / mean
    if others is not None:
        relative -= others / scale
    logs = around(math.log(mean / scale), standard_error(relative), len(values))
    return Interval(math.exp(logs.low), math.exp(logs.high))


def _at_least_0(interval: Interval | None) -> Interval | None:
    return interval and Interval(max(0.0, interval.low), interval.high)
