"""How good a regression is: metrics beside a baseline's, the report's points, and the interval."""

import math

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    mean_absolute_error,
    median_absolute_error,
    r2_score,
    root_mean_squared_error,
)

from app.helpers.predictions import MIN_INTERVAL_ROWS, round_numbers
from app.store.curves import NumberHistogram, RegressionCurves
from app.store.metrics import RegressionMetrics
from app.store.target_numbers import PredictionInterval, TargetNumbers

MAX_POINTS = 200
N_HISTOGRAM_BINS = 20
N_QUANTILES = 101  # 0 %, 1 % … 100 %
COVERAGE = 0.9  # of prediction intervals

Numbers = NDArray[np.float64]


def evaluate_regression(target: Numbers, predicted: Numbers) -> RegressionMetrics:
    """Return the metrics of predicted numbers, both of shape (n_samples,)."""
    return RegressionMetrics(
        r2=float(r2_score(target, predicted)),
        mean_absolute_error=float(mean_absolute_error(target, predicted)),
        root_mean_squared_error=float(root_mean_squared_error(target, predicted)),
        median_absolute_error=float(median_absolute_error(target, predicted)),
    )


def evaluate_regression_baseline(training_target: Numbers, target: Numbers) -> RegressionMetrics:
    """Return the best metrics of one number for all rows, learned from the training set.

    R² and the root mean squared error are those of its mean, the absolute errors those of its
    median.
    """
    mean = evaluate_regression(target, np.full(len(target), training_target.mean()))
    median = evaluate_regression(target, np.full(len(target), np.median(training_target)))
    return RegressionMetrics(
        r2=mean.r2,
        mean_absolute_error=median.mean_absolute_error,
        root_mean_squared_error=mean.root_mean_squared_error,
        median_absolute_error=median.median_absolute_error,
    )


def make_regression_curves(target: Numbers, predicted: Numbers) -> RegressionCurves:
    """Return what the report draws of predicted numbers.

    Parameters
    ----------
    target, predicted : shape (n_samples,)
        In random order: the first ones are a sample.
    """
    both = np.concatenate([target, predicted])
    edges = np.linspace(both.min(), both.max(), N_HISTOGRAM_BINS + 1)
    return RegressionCurves(
        predicted=tuple(round_numbers(predicted[:MAX_POINTS]).tolist()),
        actual=tuple(round_numbers(target[:MAX_POINTS]).tolist()),
        histogram=NumberHistogram(
            edges=tuple(edges.tolist()),
            actual=tuple(np.histogram(target, edges)[0].tolist()),
            predicted=tuple(np.histogram(predicted, edges)[0].tolist()),
        ),
    )


def describe_target(
    training_target: Numbers, unit: str, target: Numbers, predicted: Numbers
) -> TargetNumbers:
    """Return what the manifest keeps of a target.

    Parameters
    ----------
    training_target : shape (n_training_rows,)
    unit : str
    target, predicted : shape (n_validation_rows,)
        What the interval is made from.
    """
    quantiles = np.quantile(training_target, np.linspace(0, 1, N_QUANTILES))
    return TargetNumbers(tuple(quantiles.tolist()), unit, make_interval(target, predicted))


def make_interval(target: Numbers, predicted: Numbers) -> PredictionInterval | None:
    """Return the interval by split conformal prediction, None if there are too few rows.

    Of n absolute errors it takes the one of rank ⌈(n + 1) · coverage⌉. With fewer than 9 rows that
    rank is above n, and only all numbers together would hold the true one often enough.
    """
    errors = np.sort(np.abs(target - predicted))
    if len(errors) < MIN_INTERVAL_ROWS:
        return None
    rank = math.ceil(round((len(errors) + 1) * COVERAGE, 9))
    return PredictionInterval(COVERAGE, float(errors[rank - 1]))
