"""What the manifest says of each threshold, and of each tenth of the rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.helpers.predictions import choose_label, make_prediction
from app.store.curves import OperatingPoints
from app.training.evaluation import MAX_POINTS
from app.training.operating_points import find_operating_points, step_of
from tests.support.classifications import classified_rows

ROWS = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60)


def find(rows: list[tuple[bool, float]], *thresholds: float) -> OperatingPoints:
    """Return the points of some rows: whether each is of the class, and its probability."""
    is_class, probability = zip(*sorted(rows, key=lambda row: row[1]), strict=True)
    return find_operating_points(np.array(is_class), np.array(probability), MAX_POINTS, thresholds)


@given(ROWS, st.floats(0, 1))
def test_each_point_counts_the_rows_that_get_the_label_at_its_threshold(
    rows: list[tuple[bool, float]], threshold: float
) -> None:
    """The label is the one of the API, so the points agree with what clients are sent."""
    points = find(rows, threshold)
    for at, true_positives, false_positives in zip(
        points.threshold, points.true_positives, points.false_positives, strict=True
    ):
        flagged = [
            is_class
            for is_class, probability in rows
            if choose_label(make_prediction([probability], ("a", "b")), ("a", "b"), "b", at) == "b"
        ]
        assert (sum(flagged), len(flagged) - sum(flagged)) == (true_positives, false_positives)
    assert points.positives == sum(is_class for is_class, _ in rows)
    assert points.positives + points.negatives == len(rows)


@given(ROWS, st.floats(0, 1))
def test_the_thresholds_fall_from_1_to_0(rows: list[tuple[bool, float]], threshold: float) -> None:
    """Among them are one half, and one that gives the same labels as the threshold asked for."""
    points = find(rows, threshold)
    assert points.threshold[0] == 1.0
    assert points.threshold[-1] == 0.0
    assert list(points.threshold) == sorted(set(points.threshold), reverse=True)
    assert {0.5, step_of(threshold) / 10_000} <= set(points.threshold)


@given(st.floats(0, 1))
def test_the_step_of_a_threshold_is_the_first_probability_that_reaches_it(threshold: float) -> None:
    """Of the probabilities that clients can see, with four places."""
    step = step_of(threshold)
    assert step / 10_000 >= threshold
    assert step == 0 or (step - 1) / 10_000 < threshold


def test_many_rows_are_few_points_close_to_each_other() -> None:
    """At most 200, and from one to the next few rows of the class change sides."""
    target, probabilities = classified_rows(40_000, 2, seed=4)
    order = np.argsort(probabilities[:, 1])
    points = find_operating_points(target[order] == 1, probabilities[order, 1], MAX_POINTS)
    assert 150 < len(points.threshold) <= MAX_POINTS
    recall = np.array(points.true_positives) / points.positives
    assert np.diff(recall).max() < 0.02


@given(ROWS)
def test_the_tenths_are_counted_by_falling_probability(rows: list[tuple[bool, float]]) -> None:
    """Of equal probabilities, the last ones are taken first."""
    deciles = find(rows).deciles
    falling = sorted(rows, key=lambda row: row[1])[::-1]
    assert sum(deciles.rows) == len(rows)
    assert len(deciles.rows) == len(deciles.positives) == 10
    assert max(deciles.rows) - min(deciles.rows) <= 1
    start = 0
    for n_rows, n_positives in zip(deciles.rows, deciles.positives, strict=True):
        assert sum(is_class for is_class, _ in falling[start : start + n_rows]) == n_positives
        start += n_rows
