"""The intervals of ROC AUC and average precision."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from app.store.intervals import Interval
from app.training.rank_intervals import MAX_CELLS, rank_intervals
from tests.support.classifications import classified_rows, ends, ranked_rows

Z = 1.959963984540054


def roc_auc_interval(
    area: float, target: NDArray[np.int64], probabilities: NDArray[np.float64], shown: list[int]
) -> Interval | None:
    """Return the first of the two."""
    return rank_intervals(area, 0.5, target, probabilities, shown)[0]


def slow_error(is_class: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Return DeLong's standard error as the paper defines it, by comparing all pairs."""
    pairs = probability[is_class][:, np.newaxis] - probability[~is_class]
    wins = (pairs > 0) + (pairs == 0) / 2
    variances = [wins.mean(axis=axis).var(ddof=1) / wins.shape[1 - axis] for axis in (1, 0)]
    return math.sqrt(sum(variances))


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=4, max_size=50).filter(
        lambda rows: 2 <= sum(is_class for is_class, _ in rows) <= len(rows) - 2
    )
)
def test_the_interval_of_two_classes_is_delongs(rows: list[tuple[bool, int]]) -> None:
    """On the scale of log-odds, with ties, and whichever class is the positive one."""
    is_class, eighths = map(np.array, zip(*rows, strict=True))
    second = eighths / 8
    probabilities = np.column_stack([1 - second, second])
    target = is_class.astype(np.int64)
    area = float(roc_auc_score(target, second))
    low, high = ends(roc_auc_interval(area, target, probabilities, [1]))
    assert low <= area <= high
    if 0 < area < 1:
        half = Z * slow_error(is_class, second) / (area * (1 - area))
        middle = math.log(area / (1 - area))
        expected = [1 / (1 + math.exp(-end)) for end in (middle - half, middle + half)]
        assert (low, high) == pytest.approx(expected, abs=1e-9)
    other = ends(roc_auc_interval(area, target, probabilities, [0]))
    assert other == pytest.approx((low, high), abs=1e-9)


def test_the_mean_of_two_classes_is_as_sure_as_one_of_them() -> None:
    """Their areas are the same number, so taking both for independent would be wrong."""
    target, probabilities = classified_rows(300, 2, seed=2)
    area = float(roc_auc_score(target, probabilities[:, 1]))
    one = ends(roc_auc_interval(area, target, probabilities, [1]))
    both = ends(roc_auc_interval(area, target, probabilities, [0, 1]))
    assert both == pytest.approx(one, abs=1e-9)


def test_a_perfect_ranking_of_few_rows_is_not_certain() -> None:
    """The variance is zero there; Wilson's interval of the smaller class is taken instead."""
    target = np.array([0, 0, 0, 1, 1])
    probabilities = np.column_stack([1 - target, target]).astype(float)
    interval = roc_auc_interval(1.0, target, probabilities, [1])
    assert ends(interval) == pytest.approx((2 / (2 + Z**2), 1.0))


@pytest.mark.parametrize("n_positives", [0, 1])
def test_a_class_of_a_single_row_has_no_interval(n_positives: int) -> None:
    """Nothing is known of how it varies."""
    target = (np.arange(5) < n_positives).astype(np.int64)
    probabilities = np.full((5, 2), 0.5)
    assert rank_intervals(0.5, 0.5, target, probabilities, [1]) == (None, None)


def test_too_many_rows_and_classes_have_no_interval() -> None:
    """Sorting them would take long; a zero in memory that is not there is enough to see it."""
    n_classes = 1000
    n_rows = MAX_CELLS // n_classes + 1
    target = np.arange(n_rows) % n_classes
    probabilities = np.broadcast_to(np.float64(0.001), (n_rows, n_classes))
    assert rank_intervals(0.5, 0.5, target, probabilities, range(n_classes)) == (None, None)


@pytest.mark.parametrize(("n_classes", "shares"), [(2, (0.9, 0.1)), (3, (0.6, 0.25, 0.15))])
def test_the_true_figures_are_in_95_percent_of_the_intervals(
    n_classes: int, shares: tuple[float, ...]
) -> None:
    """Over many validation sets of 400 rows; the truth comes from 60,000."""
    shown = [1] if n_classes == 2 else list(range(n_classes))

    def figures(
        target: NDArray[np.int64], probabilities: NDArray[np.float64]
    ) -> tuple[float, float]:
        of_class = [(target == k, probabilities[:, k]) for k in shown]
        area, precision = (
            float(np.mean([figure(*each) for each in of_class]))
            for figure in (roc_auc_score, average_precision_score)
        )
        return area, precision

    truth = figures(*ranked_rows(60_000, shares, seed=0))
    held = np.zeros(2)
    n_sets = 120
    for seed in range(1, n_sets + 1):
        target, probabilities = ranked_rows(400, shares, seed=seed)
        intervals = rank_intervals(*figures(target, probabilities), target, probabilities, shown)
        for place, interval in enumerate(intervals):
            low, high = ends(interval)
            held[place] += low <= truth[place] <= high
    assert held / n_sets == pytest.approx(0.95, abs=0.045)


@pytest.mark.parametrize("n_positives", [3, 40, 160])
def test_the_interval_of_an_average_precision_is_that_of_a_share_of_its_rows(
    n_positives: int,
) -> None:
    """On the scale of log-odds; it holds the figure, with ties, too."""
    generator = np.random.default_rng(n_positives)
    target = (np.arange(200) < n_positives).astype(np.int64)
    second = generator.integers(0, 9, 200) / 8
    probabilities = np.column_stack([1 - second, second])
    precision = float(average_precision_score(target, second))
    low, high = ends(rank_intervals(0.5, precision, target, probabilities, [1])[1])
    middle = math.log(precision / (1 - precision))
    half = Z / math.sqrt(n_positives * precision * (1 - precision))
    expected = [1 / (1 + math.exp(-end)) for end in (middle - half, middle + half)]
    assert (low, high) == pytest.approx(expected, abs=1e-9)
