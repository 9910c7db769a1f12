"""The plots of a regression: where dots and lines lie, and how axes are labelled."""

import doctest
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.store.curves import NumberHistogram, RegressionCurves
from app.store.target_numbers import PredictionInterval, TargetNumbers
from app.web.report import axes
from app.web.report.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from app.web.report.number_plots import NumberPlots, make_number_plots

HISTOGRAM = NumberHistogram((0.0, 50.0, 100.0), (3, 1), (2, 2))


def plots_of(predicted: list[float], actual: list[float], half_width: float = 1.0) -> NumberPlots:
    """Return the plots of some rows."""
    return make_number_plots(
        RegressionCurves(tuple(predicted), tuple(actual), HISTOGRAM),
        TargetNumbers((0.0, 1.0), interval=PredictionInterval(0.9, half_width)),
    )


def test_labels_are_written_as_their_docstrings_say() -> None:
    """The examples of app/web/report/axes.py."""
    assert doctest.testmod(axes) == (0, 1)


@given(
    st.lists(st.tuples(st.floats(-1e15, 1e15), st.floats(-1e15, 1e15)), min_size=2, max_size=50),
    st.floats(0, 1e15),
)
@example([(0.0, 0.0001), (0.0, 0.0001)], 0.0)
def test_all_is_drawn_within_the_frame_on_round_axes(
    pairs: list[tuple[float, float]], half_width: float
) -> None:
    """Whatever the numbers: dots, the zero line and the ends of the interval."""
    predicted, actual = (list(each) for each in zip(*pairs, strict=True))
    plots = plots_of(predicted, actual, half_width)
    assert len(plots.rows) == len(plots.residuals) == len(pairs)
    for x, y in (*plots.rows, *plots.residuals):
        assert LEFT - 0.1 <= x <= WIDTH - RIGHT + 0.1
        assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1
    for height in (plots.zero, *plots.band):
        assert TOP - 0.1 <= height <= HEIGHT - BOTTOM + 0.1
    for ticks in (plots.predicted, plots.actual, plots.errors):
        assert 2 <= len(ticks) <= 7
        assert len({tick.label for tick in ticks}) == len(ticks) or max(map(abs, predicted)) > 1e4


def test_a_right_prediction_lies_on_the_diagonal_and_on_the_line_of_no_error() -> None:
    """The others lie above where the true number is higher."""
    plots = plots_of([10.0, 20.0, 30.0, 40.0], [10.0, 25.0, 30.0, 40.0])
    ends = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+),([\d.]+)", plots.diagonal)]
    (x0, y0), (x1, y1) = ends
    heights = [y0 + (x - x0) * (y1 - y0) / (x1 - x0) for x, _ in plots.rows]
    is_right = [True, False, True, True]
    for (_, y), height, right in zip(plots.rows, heights, is_right, strict=True):
        assert (y == pytest.approx(height, abs=0.2)) == right
    assert [y == plots.zero for _, y in plots.residuals] == is_right
    assert plots.rows[1][1] < heights[1]


def test_axes_have_round_ticks() -> None:
    """Up to six of them, that hold all numbers."""
    plots = plots_of([130.0, 410.0], [0.2, 0.7])
    assert [tick.label for tick in plots.predicted] == ["100", "200", "300", "400", "500"]
    assert [tick.label for tick in plots.actual] == ["0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]


def test_the_middle_half_is_told() -> None:
    """Between the quartiles."""
    plots = plots_of([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 10.0, 20.0, 30.0, 40.0])
    assert plots.true_middle == (10.0, 30.0)
    assert plots.predicted_middle == (1.0, 3.0)
