"""Model outputs → the prediction that is shown: the same in the API, files, pages and documents."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Task = Literal["classification", "regression"]
"""What a model predicts: classes or a number."""

STEPS = 10_000
"""A rounded probability is a whole number divided by this."""

DIGITS = 6
"""A rounded number of a regression has so many significant digits."""

MIN_INTERVAL_ROWS = 9
"""With fewer validation rows no interval holds the true number in nine of ten cases."""

Prediction = float | dict[str, float]
"""The positive class's probability, with three or more classes class → probability, or a number."""

_FLOOR = Context(prec=DIGITS, rounding=ROUND_FLOOR)
_CEILING = Context(prec=DIGITS, rounding=ROUND_CEILING)
_TIE_WIDTH = 1e-6  # in units of the last digit; far more than what is lost by being quick
_EXACT_POWERS = 22  # powers of ten up to this are exact as floats


def make_prediction(outputs: Sequence[float], classes: Sequence[str]) -> Prediction:
    """Return the prediction for one row.

    Parameters
    ----------
    outputs : shape (n_outputs,)
        Probabilities, with two classes the positive one's alone; or the number of a regression.
    classes : shape (n_classes,)
        Empty in a regression.
    """
    if not classes:
        return round_number(outputs[0])
    if len(outputs) == 1:
        return _round(outputs[0])
    return dict(zip(classes, map(_round, outputs), strict=True))


def _round(probability: float) -> float:
    # A tie goes to the even one, as with np.rint; round(p, 4) and np.round(p, 4) do not agree.
    return round(probability * STEPS) / STEPS


def round_number(number: float) -> float:
    """Return a number with DIGITS significant digits.

    >>> round_number(1234567.0), round_number(-0.012345678), round_number(-1e-400)
    (1234570.0, -0.0123457, 0.0)
    """
    return float(f"{number:.{DIGITS}g}") + 0.0  # -0.0 + 0.0 is 0.0


def round_numbers(numbers: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return `round_number` of each number: the same floats, twenty times as fast."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        power = DIGITS - 1 - np.floor(np.log10(np.abs(numbers)))
        # Dividing a whole number by an exact power of ten, or multiplying it, gives the very float
        # that is nearest to the decimal number.
        factor = 10.0 ** np.clip(np.abs(power), 0, _EXACT_POWERS)
        scaled = np.where(power >= 0, numbers * factor, numbers / factor)
        whole = np.rint(scaled)
        rounded: NDArray[np.float64] = np.where(power >= 0, whole / factor, whole * factor) + 0.0
        near_tie = np.abs(scaled - np.floor(scaled) - 0.5) < _TIE_WIDTH
        slow = near_tie | ~(np.abs(power) <= _EXACT_POWERS)
    for place in np.flatnonzero(slow).tolist():
        rounded[place] = round_number(float(numbers[place]))
    return rounded


def make_interval(number: float, half_width: float) -> tuple[float, float]:
    """Return the ends of an interval around an unrounded number, rounded away from it.

    >>> make_interval(100.0, 1 / 3)
    (99.6666, 100.334)
    """
    low, high = number - half_width, number + half_width
    return (
        float(_FLOOR.create_decimal_from_float(low)) + 0.0,
        float(_CEILING.create_decimal_from_float(high)) + 0.0,
    )


def choose_label(
    prediction: Prediction, classes: Sequence[str], positive_class: str | None, threshold: float
) -> str:
    """Return the class that a model would choose, from the probabilities as they are shown.

    With two classes it is the positive one if its probability is at least the threshold; with more
    the most probable one, of equal ones the first.
    """
    if isinstance(prediction, dict):
        return max(prediction, key=prediction.__getitem__)
    first, second = classes
    positive, negative = (first, second) if positive_class == first else (second, first)
    return positive if prediction >= threshold else negative
