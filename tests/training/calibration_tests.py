"""The calibration curve: predicted and observed shares, and how sure the latter are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest

from app.training.calibration import N_BINS, calibrate
from tests.support.classifications import classified_rows

ROWS = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60)


def sorted_rows(n_rows: int, *, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return rows of two classes by rising probability of the second one."""
    target, probabilities = classified_rows(n_rows, 2, seed=seed)
    order = np.argsort(probabilities[:, 1])
    return target[order], probabilities[order, 1]


@given(ROWS)
def test_every_row_is_in_one_bin_and_equal_probabilities_are_together(
    rows: list[tuple[bool, float]],
) -> None:
    """At most ten bins; their predicted shares rise, each one within its interval."""
    rows = sorted(rows, key=lambda row: row[1])
    is_class, probability = map(np.array, zip(*rows, strict=True))
    curve = calibrate(is_class, probability)
    assert sum(curve.count) == len(rows)
    assert 1 <= len(curve.count) <= N_BINS
    assert min(curve.count) > 0
    assert list(curve.predicted) == sorted(curve.predicted)
    ends = np.cumsum(curve.count)
    assert all(probability[end - 1] < probability[end] for end in ends[:-1])
    for low, observed, high in zip(curve.low, curve.observed, curve.high, strict=True):
        assert 0 <= low <= observed <= high <= 1


def test_distinct_probabilities_make_ten_bins_of_equal_counts() -> None:
    """The mean probability and the share of the class in each tenth of the rows."""
    target, probability = sorted_rows(1000, seed=6)
    curve = calibrate(target == 1, probability)
    tenths = np.split(np.arange(1000), 10)
    assert curve.count == (100,) * 10
    assert curve.predicted == pytest.approx([probability[t].mean() for t in tenths], abs=1e-6)
    assert curve.observed == pytest.approx([target[t].mean() for t in tenths], abs=1e-6)
    gaps = [abs(probability[t].mean() - target[t].mean()) for t in tenths]
    assert curve.error == pytest.approx(np.mean(gaps))


def test_the_intervals_are_those_of_scipy() -> None:
    """Wilson's, which SciPy computes for one share at a time."""
    target, probability = sorted_rows(300, seed=7)
    curve = calibrate(target == 1, probability)
    for count, observed, low, high in zip(
        curve.count, curve.observed, curve.low, curve.high, strict=True
    ):
        expected = binomtest(round(observed * count), count).proportion_ci(method="wilson")
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_a_rare_class_gets_an_error_weighted_by_rows() -> None:
    """A few rows that are far off do not make a model look bad where nearly all others fit."""
    is_class = np.arange(1000) >= 995
    probability = np.where(is_class, 0.9, 0.0)
    curve = calibrate(is_class, probability)
    assert curve.count == (1000,)
    assert curve.error == pytest.approx(abs(is_class.mean() - probability.mean()))
