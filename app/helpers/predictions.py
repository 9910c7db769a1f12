"""Model outputs → the prediction that is shown: the same in the API, files, pages and documents."""

from collections.abc import Callable, Sequence
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

    return _quickly(numbers, np.rint, 0.5, round_number)


def _quickly(
    numbers: "NDArray[np.float64]",
    to_whole: Callable[["NDArray[np.float64]"], "NDArray[np.float64]"],
    tie: float,
    one_by_one: Callable[[float], float],
) -> "NDArray[np.float64]":
    """Return numbers with DIGITS significant digits.

    Parameters
    ----------
    numbers : shape (n_numbers,)
    to_whole : callable
        Rounds to whole numbers.
    tie : float
        Where, from one whole number to the next, it changes its mind.
    one_by_one : callable
        Rounds a number to DIGITS exactly. It is asked near ties, and for numbers of a size for
        which powers of ten are not exact.
    """
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        power = DIGITS - 1 - np.floor(np.log10(np.abs(numbers)))
        # Dividing a whole number by an exact power of ten, or multiplying it, gives the very float
        # that is nearest to the decimal number.
        factor = 10.0 ** np.clip(np.abs(power), 0, _EXACT_POWERS)
        scaled = np.where(power >= 0, numbers * factor, numbers / factor)
        whole = to_whole(scaled)
        rounded: NDArray[np.float64] = np.where(power >= 0, whole / factor, whole * factor) + 0.0
        distance = np.abs(scaled - np.floor(scaled) - tie)
        near_tie = np.minimum(distance, 1.0 - distance) < _TIE_WIDTH
        slow = near_tie | ~(np.abs(power) <= _EXACT_POWERS)
    for place in np.flatnonzero(slow).tolist():
        rounded[place] = one_by_one(float(numbers[place]))
    return rounded


def make_interval(number: float, half_width: float) -> tuple[float, float]:
    """Return the ends of an interval around an unrounded number, rounded away from it.

    >>> make_interval(100.0, 1 / 3)
    (99.6666, 100.334)
    """
    return _round_down(number - half_width), _round_up(number + half_width)


def make_intervals(
    numbers: "NDArray[np.float64]", half_width: float
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return the lower and the upper ends of `make_interval` of each number: the same floats."""
    import numpy as np

    return (
        _quickly(numbers - half_width, np.floor, 0.0, _round_down),
        _quickly(numbers + half_width, np.ceil, 0.0, _round_up),
    )


def _round_down(number: float) -> float:
    return float(_FLOOR.create_decimal_from_float(number)) + 0.0


def _round_up(number: float) -> float:
    return float(_CEILING.create_decimal_from_float(number)) + 0.0


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
