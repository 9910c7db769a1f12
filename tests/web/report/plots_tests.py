"""The plots of a model's page: one of each kind per class."""

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.web.report import axes
from app.web.report.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from app.web.report.plots import make_class_plots
from tests.support.class_curves import curves_of
from tests.support.pages import ACCEPT_JSON, get_page


def test_every_plot_has_a_text_alternative(page_client: FlaskClient) -> None:
    """Five plots of the positive class; the figures are the metrics'."""
    labels = [
        attributes["aria-label"]
        for tag, attributes in get_page(page_client, "/v0").elements
        if tag == "svg" and attributes.get("role") == "img"
    ]
    assert len(labels) == 5
    assert labels[0].startswith("ROC curve of 1. Area under the curve 0.988. With 5 % false")
    assert [label.split(" of ")[0] for label in labels[1:]] == [
        "Precision-recall curve",
        "Calibration curve",
        "Distribution",
        "Gain curve",
    ]


def test_three_classes_have_plots_each_and_a_confusion_matrix(page_client: FlaskClient) -> None:
    """One against the rest."""
    page = get_page(page_client, "/v1")
    labels = [
        attributes["aria-label"]
        for _, attributes in page.elements
        if attributes.get("role") == "img"
    ]
    roc = [label for label in labels if label.startswith("ROC curve of ")]
    assert {label.split()[3] for label in roc} == {"0.", "1.", "2."}
    assert "Predicted True class 0 1 2" in page.words


def test_many_classes_are_cut_short(page_client: FlaskClient) -> None:
    """The twelve most frequent are drawn, the worst confusions listed; the JSON has all."""
    page = get_page(page_client, "/v4")
    labels = [
        attributes["aria-label"]
        for _, attributes in page.elements
        if attributes.get("role") == "img"
    ]
    assert len(labels) == 12 * 4
    assert "here are the 12 most frequent of 40" in page.words
    assert "With 40 classes the matrix is too large to read" in page.words
    facts = page_client.get("/v4", headers=ACCEPT_JSON).get_json()
    assert len(facts["curves"]["classes"]) == 40
    assert "and 28 more classes" in page.words
    bars = [own for tag, own in page.elements if tag == "rect" and own.get("height") == "10"]
    assert len(bars) == 13


def test_the_axes_of_a_rare_class_end_where_its_data_do() -> None:
    """It does not sit in a corner, and the first found row does not stretch the axis."""
    plots = make_class_plots("yes", curves_of(100, 1900, [0.01, 0.04, 0.09], [0.0, 0.5, 1.0]))
    assert plots.precision_recall.y.high == pytest.approx(0.05)
    assert plots.calibration.x.high == plots.calibration.y.high == pytest.approx(0.1)
    assert plots.histograms.x.high == pytest.approx(0.1)
    assert max(x for x, _ in plots.calibration.dots) > 0.85 * (WIDTH - RIGHT)


def test_the_axes_of_a_common_class_end_at_one() -> None:
    """With the same ticks as the ROC curve."""
    plots = make_class_plots("yes", curves_of(1900, 100, [0.4, 0.97]))
    assert [tick.label for tick in plots.calibration.y.ticks] == ["0", "0.25", "0.5", "0.75", "1"]
    assert plots.histograms.x.ticks == axes.X_TICKS
    assert plots.precision_recall.y.ticks == axes.Y_TICKS


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.lists(st.floats(0, 1), min_size=1, max_size=10),
)
def test_nothing_is_drawn_outside_the_frame(
    n_rows: int, n_others: int, probability: list[float]
) -> None:
    """However rare the class is, and wherever its probabilities lie."""
    plots = make_class_plots("yes", curves_of(n_rows, n_others, sorted(probability)))
    histograms = plots.histograms.positive + plots.histograms.negative
    for x in map(float, re.findall(r"[MHL]([\d.]+)", histograms + plots.precision_recall.path)):
        assert LEFT <= x <= WIDTH - RIGHT
    for x, y in plots.calibration.dots:
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP <= y <= HEIGHT - BOTTOM
    assert TOP <= plots.precision_recall.guessing <= HEIGHT - BOTTOM


def test_the_page_says_where_an_axis_ends_before_one(page_client: FlaskClient) -> None:
    """In the captions of forty rare classes."""
    words = get_page(page_client, "/v4").words
    assert "The vertical axis ends at 0." in words
    assert "where the data do." in words


def test_a_few_rows_far_away_do_not_squeeze_the_others() -> None:
    """The histogram ends before them, and tells how many there are."""
    curves = curves_of(100, 1000, [0.01, 0.12])
    counts = {"positive": (60, 30, 8, *(0,) * 16, 2), "negative": (900, 99, *(0,) * 17, 1)}
    histogram = replace(curves.histogram, **counts)
    histograms = make_class_plots("yes", replace(curves, histogram=histogram)).histograms
    assert histograms.x.high == pytest.approx(0.15)
    assert histograms.beyond == pytest.approx((0.02, 0.001))


def test_rows_far_away_are_shown_where_they_are_many() -> None:
    """More than a twentieth of the class."""
    curves = curves_of(100, 1000, [0.01, 0.12])
    counts = {"positive": (60, 30, 4, *(0,) * 16, 6), "negative": (900, 100, *(0,) * 18)}
    histogram = replace(curves.histogram, **counts)
    histograms = make_class_plots("yes", replace(curves, histogram=histogram)).histograms
    assert histograms.x.high == 1.0
    assert histograms.beyond == (0.0, 0.0)
