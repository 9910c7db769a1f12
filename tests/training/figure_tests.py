"""The figure of a model's outputs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score, roc_auc_score

from app.training.figure import allows_figure, figure_of_outputs

ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(-3, 3)), min_size=3, max_size=40)


@given(ROWS, st.sampled_from([0, 1]))
def test_with_two_classes_it_is_the_roc_auc_of_scikit_learn(
    rows: list[tuple[int, int]], positive_index: int
) -> None:
    """Ties count one half; either class may be the positive one."""
    rows = [(label % 2, score) for label, score in rows] + [(0, 0), (1, 0)]
    target, scores = np.array(rows, np.int64).T
    ours = figure_of_outputs(target, scores[np.newaxis].astype(float), positive_index)
    assert ours == pytest.approx(roc_auc_score(target == positive_index, scores))


@given(ROWS, st.integers(0, 2**32 - 1))
def test_with_more_classes_it_is_the_mean_of_each_against_the_rest(
    rows: list[tuple[int, int]], seed: int
) -> None:
    """As scikit-learn's."""
    target = np.array([label for label, _ in rows] + [0, 1, 2], np.int64)
    outputs = np.random.default_rng(seed).dirichlet(np.ones(3), len(target))
    expected = roc_auc_score(target, outputs, multi_class="ovr")
    assert figure_of_outputs(target, outputs.T, None) == pytest.approx(expected)


def test_a_class_without_rows_does_not_count() -> None:
    """A sample may miss a rare one."""
    target = np.array([0, 1, 0, 1], np.int64)
    outputs = np.array([[0.6, 0.1, 0.5, 0.4], [0.3, 0.8, 0.4, 0.5], [0.1, 0.1, 0.1, 0.1]])
    assert figure_of_outputs(target, outputs, None) == 1.0


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ([0, 1], True),
        ([1, 1], False),
        ([0.0, 1.0], True),
        ([5.0, 5.0], False),
        ([0, 1e-170], False),
    ],
)
def test_rows_that_do_not_differ_allow_no_figure(target: list[float], allowed: bool) -> None:
    """Squares of tiny differences are 0, too, and would be divided by."""
    assert allows_figure(np.array(target)) == allowed


@given(ROWS)
def test_in_a_regression_it_is_the_r2_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    """Below 0 if the mean would be better."""
    target, predicted = np.array([*rows, (5, 1)], np.float64).T
    ours = figure_of_outputs(target, predicted[np.newaxis], None)
    assert ours == pytest.approx(r2_score(target, predicted))
