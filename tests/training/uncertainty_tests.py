"""The 95 % intervals of shares, losses and errors."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from app.store.intervals import RegressionIntervals, wilson
from app.training.evaluation import evaluate
from app.training.intervals import mean_interval, median_interval
from app.training.regression import evaluate_regression
from app.training.uncertainty import (
    classification_intervals,
    rate_labels,
    regression_intervals,
)
from tests.support.classifications import classified_rows, ends

NUMBERS = st.floats(-1e6, 1e6).map(
    lambda number: round(number, 6)
)  # their squares are numbers, too


def test_true_means_and_medians_are_in_95_percent_of_the_intervals() -> None:
    """Over many samples of 60 numbers; of medians in a little more, which need not be normal."""
    generator = np.random.default_rng(1)
    n_samples, held = 2000, np.zeros(2)
    for _ in range(n_samples):
        mean = mean_interval(generator.normal(3.0, 2.0, size=60))
        median = median_interval(generator.exponential(size=60))
        assert mean is not None
        assert median is not None
        held += (mean.low <= 3.0 <= mean.high, median.low <= np.log(2) <= median.high)
    assert held[0] / n_samples == pytest.approx(0.95, abs=0.015)
    assert 0.95 <= held[1] / n_samples < 0.98


def test_true_errors_are_in_95_percent_of_the_intervals() -> None:
    """Over many validation sets of 150 rows of which a model explains four fifths."""
    generator = np.random.default_rng(2)
    truth = {
        "r2": 0.8,
        "mean_absolute_error": np.sqrt(2 / np.pi),
        "root_mean_squared_error": 1.0,
        "median_absolute_error": norm.ppf(0.75),
    }
    n_sets, held = 500, dict.fromkeys(truth, 0)
    for _ in range(n_sets):
        predicted = generator.normal(0.0, 2.0, size=150)
        intervals = regression_intervals(predicted + generator.normal(size=150), predicted)
        for name, value in truth.items():
            interval = getattr(intervals, name)
            held[name] += interval.low <= value <= interval.high
    assert {name: n / n_sets for name, n in held.items()} == pytest.approx(
        dict.fromkeys(truth, 0.95), abs=0.03
    )


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=40))
def test_an_error_is_within_its_interval(rows: list[tuple[float, float]]) -> None:
    """Whatever the numbers, also where they are all the same or predicted perfectly."""
    target, predicted = np.array(rows).T
    metrics = evaluate_regression(target, predicted)
    intervals = regression_intervals(target, predicted)
    for name, value in asdict(metrics).items():
        interval = getattr(intervals, name)
        if interval is not None:
            slack = 1e-9 * (1 + abs(value))
            assert interval.low - slack <= value <= interval.high + slack


@pytest.mark.parametrize(("n_classes", "positive_index"), [(2, 1), (2, 0), (4, None)])
def test_each_metric_is_within_its_interval(n_classes: int, positive_index: int | None) -> None:
    """The losses are those of the metrics: their intervals are centred on them."""
    target, probabilities = classified_rows(500, n_classes, seed=5)
    metrics = evaluate(target, probabilities, positive_index, threshold=0.4)
    intervals = classification_intervals(metrics, target, probabilities, positive_index)
    for name, value in asdict(metrics).items():
        interval = getattr(intervals, name)
        assert interval.low < value < interval.high
    for name in ("brier_score", "log_loss"):
        interval = getattr(intervals, name)
        assert (interval.low + interval.high) / 2 == pytest.approx(getattr(metrics, name))


def test_one_row_has_no_intervals() -> None:
    """Except shares, which nearly anything is possible for."""
    assert regression_intervals(np.array([1.0]), np.array([2.0])) == RegressionIntervals(
        None, None, None, None
    )
    assert ends(wilson(1, 1)) == pytest.approx((0.2065, 1.0), abs=1e-4)


def test_the_labels_are_rated_by_the_confusion_matrix() -> None:
    """Of 20 rows of the positive class 15 are found, with 5 false alarms among 80 others."""
    rates = rate_labels([[75, 5], [5, 15]], 1)
    assert {name: rate and rate.value for name, rate in vars(rates).items()} == {
        "precision": 0.75,
        "recall": 0.75,
        "specificity": 75 / 80,
        "f1": pytest.approx(0.75),
        "flagged": 0.2,
    }
    expected = binomtest(15, 20).proportion_ci(method="wilson")
    assert rates.recall is not None
    assert rates.recall.interval.low == pytest.approx(expected.low)
    assert rates.f1 is not None
    shared = binomtest(15, 25).proportion_ci(method="wilson")
    assert rates.f1.interval.low == pytest.approx(2 * shared.low / (1 + shared.low))
    assert rate_labels([[15, 5], [5, 75]], 0) == rates


def test_labels_without_rows_have_no_rate() -> None:
    """The precision where no row gets the positive class."""
    rates = rate_labels([[9, 0], [1, 0]], 1)
    assert rates.precision is None
    assert rates.recall is not None
    assert rates.recall.value == 0.0
