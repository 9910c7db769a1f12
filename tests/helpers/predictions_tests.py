"""Predictions as they are shown: rounded in one way, alone and by the thousands."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.helpers.predictions import (
    choose_label,
    make_interval,
    make_intervals,
    make_prediction,
    round_number,
    round_numbers,
)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
ORDINARY = st.floats(-1e18, 1e18)


@given(st.lists(NUMBERS | ORDINARY, max_size=20))
@example([1000005.0, 100000.5, 1.000005, -0.0, 0.0, 1e-310, 1.7976931348623157e308])
@example([999999.5, 9999995.0, 999.9999999, 1e22, 1e23, 123456.5, 0.1234565])
def test_many_numbers_are_rounded_like_each(numbers: list[float]) -> None:
    """To the same floats, bit for bit."""
    many = round_numbers(np.array(numbers, dtype=np.float64))
    alone = [round_number(number) for number in numbers]
    assert many.tolist() == alone
    assert [math.copysign(1, x) for x in many] == [math.copysign(1, x) for x in alone]


@given(ORDINARY)
def test_a_number_keeps_six_digits(number: float) -> None:
    """It is the float that six significant digits name."""
    assert make_prediction([number], ()) == float(f"{number:.6g}")


@given(ORDINARY, st.floats(0, 1e18))
def test_an_interval_is_never_rounded_to_a_narrower_one(number: float, half_width: float) -> None:
    """Its ends go away from the prediction, by less than a unit of the sixth digit."""
    low, high = make_interval(number, half_width)
    assert low <= number - half_width <= number + half_width <= high
    for end, exact in ((low, Decimal(number - half_width)), (high, Decimal(number + half_width))):
        unit = max(abs(exact) * Decimal("1e-5"), Decimal("1e-12"))
        assert abs(Decimal(str(end)) - exact) <= unit


@given(st.lists(NUMBERS | ORDINARY, max_size=20), st.floats(0, 1e18) | st.just(0.0))
@example([1.0, 0.0, -0.0, 123456.0, 1234565.0, 0.1, 999999.5, -1e-310, 1e23], 0.0)
def test_many_intervals_are_rounded_like_each(numbers: list[float], half_width: float) -> None:
    """To the same floats, bit for bit."""
    low, high = make_intervals(np.array(numbers, dtype=np.float64), half_width)
    alone = [make_interval(number, half_width) for number in numbers]
    assert list(zip(low.tolist(), high.tolist(), strict=True)) == alone
    assert all(math.copysign(1, end) == 1 for end in [*low, *high] if end == 0)


@pytest.mark.parametrize(
    ("prediction", "positive", "threshold", "label"),
    [
        (0.5, "yes", 0.5, "yes"),
        (0.4999, "yes", 0.5, "no"),
        (0.2, "no", 0.2, "no"),
        (0.1, "no", 0.2, "yes"),
        (0.0, "yes", 0.0, "yes"),
    ],
)
def test_the_label_is_the_positive_class_from_the_threshold_on(
    prediction: float, positive: str, threshold: float, label: str
) -> None:
    """As the client sees the probability."""
    assert choose_label(prediction, ("no", "yes"), positive, threshold) == label


def test_of_several_classes_the_most_probable_one_is_the_label() -> None:
    """Of equal ones the first."""
    probabilities = {"a": 0.2, "b": 0.4, "c": 0.4}
    assert choose_label(probabilities, ("a", "b", "c"), None, 0.5) == "b"
