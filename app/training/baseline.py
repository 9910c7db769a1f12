"""Whether a model is better than its baseline: row by row, on the same held-out rows.

Accuracy is left out: where a class is rare, a model that is useful has no better one than its
baseline.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from app.store.intervals import Advantage, Interval
from app.training.intervals import Numbers, around, mean_interval, standard_error
from app.training.losses import log_losses


def classification_advantages(
    training_target: NDArray[np.int64],
    target: NDArray[np.int64],
    probabilities: Numbers,
    roc_auc: float,
    roc_auc_interval: Interval | None,
) -> Mapping[str, Advantage]:
    """Return the advantage over always predicting the classes' shares in the training set.

    Parameters
    ----------
    training_target : array of int, shape (n_training_rows,)
    target, probabilities
        As for `evaluate`.
    roc_auc, roc_auc_interval
        Of the model. The baseline ranks all rows alike: its ROC AUC is one half, exactly.

    Returns
    -------
    mapping of str to Advantage
        By the name of the metric.
    """
    shares = np.bincount(training_target, minlength=probabilities.shape[1]) / len(training_target)
    gains = -np.log(shares[target]) - log_losses(target, probabilities)
    half = roc_auc_interval and Interval(roc_auc_interval.low - 0.5, roc_auc_interval.high - 0.5)
    return {
        "roc_auc": Advantage(roc_auc - 0.5, half),
        "log_loss": Advantage(float(gains.mean()), mean_interval(gains)),
    }


def regression_advantages(
    training_target: Numbers, target: Numbers, predicted: Numbers
) -> Mapping[str, Advantage]:
    """Return the advantage over always predicting the mean, or for absolute errors the median.

    Parameters
    ----------
    training_target : shape (n_training_rows,)
    target, predicted : shape (n_samples,)

    Returns
    -------
    mapping of str to Advantage
        By the name of the metric.
    """
    absolute = np.abs(target - np.median(training_target)) - np.abs(target - predicted)
    squares = (target - training_target.mean()) ** 2 - (target - predicted) ** 2
    return {
        "r2": _explained(squares, (target - target.mean()) ** 2),
        "mean_absolute_error": Advantage(float(absolute.mean()), mean_interval(absolute)),
    }


def _explained(gains: Numbers, around_mean: Numbers) -> Advantage:
    """Return the ratio of two means, with its interval by the delta method."""
    if not (scale := float(around_mean.mean())):
        return Advantage(0.0, None)
    ratio, n = float(gains.mean()) / scale, len(gains)
    error = standard_error((gains - ratio * around_mean) / scale) if n > 1 else 0.0
    return Advantage(ratio, around(ratio, error, n) if n > 1 else None)
