"""A regression's curves → the paths that an SVG template draws, and the numbers in its text."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from app.store.curves import RegressionCurves
from app.store.target_numbers import TargetNumbers
from app.web.report.axes import Axis, Tick, make_axis, round_up, x_place, y_place
from app.web.report.plots import outline, shares_of


@dataclass(frozen=True)
class NumberPlots:
    """The validation set of a regression.

    Attributes
    ----------
    predicted, actual, errors, shares : tuple of Tick
        The axes: predicted numbers, true ones, errors, and shares of all rows.
    rows, residuals : tuple of (float, float)
        Dots: of each row in a sample its true number, and its error, over its prediction.
    diagonal : str
        The path where both numbers are equal.
    zero : float
        The height at which the error is none.
    band : tuple of float
        The heights of the ends of the prediction interval; empty if there is none.
    true_histogram, predicted_histogram : str
        Outlines.
    true_middle, predicted_middle : tuple of (float, float)
        Between which numbers the middle half of the sample lies.
    n_rows : int
        In the sample.
    """

    predicted: tuple[Tick, ...]
    actual: tuple[Tick, ...]
    errors: tuple[Tick, ...]
    both: tuple[Tick, ...]
    shares: tuple[Tick, ...]
    rows: tuple[tuple[float, float], ...]
    residuals: tuple[tuple[float, float], ...]
    diagonal: str
    zero: float
    band: tuple[float, ...]
    true_histogram: str
    predicted_histogram: str
    true_middle: tuple[float, float]
    predicted_middle: tuple[float, float]
    n_rows: int


def make_number_plots(curves: RegressionCurves, numbers: TargetNumbers) -> NumberPlots:
    """Return the plots of a manifest's curves."""
    predicted, actual = curves.predicted, curves.actual
    errors = [true - number for true, number in zip(actual, predicted, strict=True)]
    x, y = make_axis(predicted, x_place), make_axis(actual, y_place)
    half_width = numbers.interval.half_width if numbers.interval else None
    ends = [] if half_width is None else [half_width, -half_width]
    error_axis = make_axis([*errors, *ends, 0.0], y_place)
    histogram = curves.histogram
    both = make_axis(histogram.edges, x_place)
    edges = [both.share(edge) for edge in histogram.edges]
    true_shares, predicted_shares = shares_of(histogram.actual), shares_of(histogram.predicted)
    top = round_up(max(*true_shares, *predicted_shares))
    low, high = max(x.low, y.low), min(x.high, y.high)
    return NumberPlots(
        predicted=x.ticks,
        actual=y.ticks,
        errors=error_axis.ticks,
        both=both.ticks,
        shares=tuple(Tick(y_place(k / 4), f"{k / 4 * top * 100:g} %") for k in range(5)),
        rows=_dots(x, predicted, y, actual),
        residuals=_dots(x, predicted, error_axis, errors),
        diagonal="M"
        + "L".join(f"{x_place(x.share(end)):g},{y_place(y.share(end)):g}" for end in (low, high))
        if low < high
        else "",
        zero=y_place(error_axis.share(0.0)),
        band=tuple(y_place(error_axis.share(end)) for end in ends),
        true_histogram=outline(edges, true_shares, top),
        predicted_histogram=outline(edges, predicted_shares, top),
        true_middle=_middle(actual),
        predicted_middle=_middle(predicted),
        n_rows=len(actual),
    )


def _dots(
    x: Axis, xs: Sequence[float], y: Axis, ys: Sequence[float]
) -> tuple[tuple[float, float], ...]:
    return tuple(
        (x_place(x.share(right)), y_place(y.share(up))) for right, up in zip(xs, ys, strict=True)
    )


def _middle(numbers: Sequence[float]) -> tuple[float, float]:
    """Return between which numbers the middle half lies."""
    low, _, high = quantiles(numbers, n=4, method="inclusive")
    return low, high
