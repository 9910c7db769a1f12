"""The interval of a share."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from app.store import intervals
from app.store.intervals import wilson


def test_wilson_is_written_as_its_docstring_says() -> None:
    """The examples of app/store/intervals.py."""
    assert doctest.testmod(intervals) == (0, 1)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_of_a_share_is_scipys(found: tuple[int, int]) -> None:
    """Of any share, and of none and all of the rows."""
    expected = binomtest(*found).proportion_ci(method="wilson")
    interval = wilson(*found)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
