"""How good a regression is: its metrics, its baseline, its points and its interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.training.regression import (
    COVERAGE,
    describe_target,
    evaluate_regression,
    evaluate_regression_baseline,
    make_interval,
    make_regression_curves,
)

TARGET = np.array([1.0, 2.0, 3.0, 10.0])
PREDICTED = np.array([1.5, 2.0, 2.0, 8.0])


def test_the_metrics_are_those_of_the_textbook() -> None:
    """Computed by hand: errors of 0.5, 0, 1 and 2."""
    metrics = evaluate_regression(TARGET, PREDICTED)
    assert metrics.mean_absolute_error == 3.5 / 4
    assert metrics.median_absolute_error == 0.75
    assert metrics.root_mean_squared_error == pytest.approx((5.25 / 4) ** 0.5)
    assert metrics.r2 == pytest.approx(1 - 5.25 / 50)


def test_the_baseline_knows_the_mean_and_the_median_of_the_training_set_alone() -> None:
    """Mean 3 for R² and squares, median 1 for absolute errors."""
    baseline = evaluate_regression_baseline(np.array([0.0, 1.0, 8.0]), TARGET)
    assert baseline.mean_absolute_error == np.abs(TARGET - 1).mean()
    assert baseline.median_absolute_error == np.median(np.abs(TARGET - 1))
    assert baseline.root_mean_squared_error == pytest.approx(((TARGET - 3) ** 2).mean() ** 0.5)
    assert baseline.r2 == pytest.approx(1 - ((TARGET - 3) ** 2).sum() / 50)


@given(st.integers(1, 400))
def test_the_report_draws_at_most_200_points_and_counts_all_rows(n_rows: int) -> None:
    """In twenty bins that hold the true and the predicted numbers."""
    generator = np.random.default_rng(n_rows)
    target, predicted = generator.normal(size=(2, n_rows))
    curves = make_regression_curves(target, predicted)
    assert len(curves.actual) == len(curves.predicted) == min(n_rows, 200)
    assert sum(curves.histogram.actual) == sum(curves.histogram.predicted) == n_rows


def test_an_interval_holds_nine_of_ten_new_numbers() -> None:
    """Over many tables of 100 rows, and never much fewer; errors need not be normal."""
    generator = np.random.default_rng(1)
    covered = []
    for _ in range(400):
        errors = generator.standard_t(2, size=600)
        interval = make_interval(errors[:100], np.zeros(100))
        assert interval is not None
        assert interval.coverage == COVERAGE
        covered.append((np.abs(errors[100:]) <= interval.half_width).mean())
    assert np.mean(covered) == pytest.approx(0.901, abs=0.005)


@pytest.mark.parametrize(("n_rows", "rank"), [(8, None), (9, 9), (10, 10), (19, 18), (99, 90)])
def test_the_half_width_is_the_error_of_rank_nine_tenths_of_n_plus_one(
    n_rows: int, rank: int | None
) -> None:
    """Rounded up; with fewer than nine rows there is no such rank."""
    interval = make_interval(np.arange(1.0, n_rows + 1), np.zeros(n_rows))
    assert (interval and interval.half_width) == rank


def test_the_target_is_described_by_its_percentiles() -> None:
    """From the least number to the largest."""
    described = describe_target(np.arange(1001.0), "$", TARGET, PREDICTED)
    assert described.quantiles == pytest.approx(range(0, 1001, 10))
    assert (described.unit, described.interval, described.largest) == ("$", None, 1000.0)
