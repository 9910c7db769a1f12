"""The calibration curve: predicted and observed shares, and how sure the latter are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from app.training.calibration import N_BINS, calibrate
from tests.support.classifications import classified_rows

ROWS = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60)


@given(ROWS)
def test_every_row_is_in_one_bin_and_equal_probabilities_are_together(
    rows: list[tuple[bool, float]],
) -> None:
    """At most ten bins; their predicted shares rise, each one within its interval."""
    is_class, probability = map(np.array, zip(*rows, strict=True))
    curve = calibrate(is_class, probability)
    assert sum(curve.count) == len(rows)
    assert 1 <= len(curve.count) <= N_BINS
    assert min(curve.count) > 0
    assert list(curve.predicted) == sorted(curve.predicted)
    rising = np.sort(probability)
    ends = np.cumsum(curve.count)
    assert all(rising[end - 1] < rising[end] for end in ends[:-1])
    for low, observed, high in zip(curve.low, curve.observed, curve.high, strict=True):
        assert 0 <= low <= observed <= high <= 1


def test_distinct_probabilities_make_ten_bins_of_equal_counts() -> None:
    """The mean probability and the share of the class in each tenth of the rows."""
    target, probabilities = classified_rows(1000, 2, seed=6)
    probability = probabilities[:, 1]
    curve = calibrate(target == 1, probability)
    tenths = np.split(np.argsort(probability), 10)
    assert curve.count == (100,) * 10
    assert curve.predicted == pytest.approx([probability[t].mean() for t in tenths], abs=1e-6)
    assert curve.observed == pytest.approx([target[t].mean() for t in tenths], abs=1e-6)
    gaps = [abs(probability[t].mean() - target[t].mean()) for t in tenths]
    assert curve.error == pytest.approx(np.mean(gaps))


def test_the_intervals_are_those_of_scipy() -> None:
    """Wilson's, which SciPy computes for one share at a time."""
    target, probabilities = classified_rows(300, 2, seed=7)
    curve = calibrate(target == 1, probabilities[:, 1])
    for count, observed, low, high in zip(
        curve.count, curve.observed, curve.low, curve.high, strict=True
    ):
        expected = binomtest(round(observed * count), count).proportion_ci(method="wilson")
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_a_rare_class_gets_an_error_weighted_by_rows() -> None:
    """A few rows that are far off do not make a model look bad where nearly all others fit."""
    is_class = np.zeros(1000, bool)
    is_class[:5] = True
    probability = np.where(np.arange(1000) < 5, 0.9, 0.0)
    curve = calibrate(is_class, probability)
    assert curve.count == (1000,)
    assert curve.error == pytest.approx(abs(is_class.mean() - probability.mean()))
