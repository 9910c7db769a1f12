"""Folding a regression: weights, estimator, one row and many give the same numbers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.helpers.errors import NotExplainable
from app.helpers.features import make_feature_columns
from app.helpers.predictions import round_number
from app.store.linear_fold import fold
from app.store.linear_weights import to_scorer, to_weights
from tests.support.estimators import make_rows, predict_in_a_batch
from tests.support.regression_cases import LINEAR, OTHER, SCALE, get_regression

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=60)
@given(st.sampled_from([*LINEAR, *OTHER]), SEEDS)
def test_one_row_and_many_get_the_number_of_the_estimator(name: str, seed: int) -> None:
    """Within 1e-9 of the target's size, and rounded alike."""
    case = get_regression(name)
    rows = make_rows(case.features, seed, n_rows=3)
    expected = case.expected(rows)
    outputs = case.model.outputs(make_feature_columns(rows, case.features))
    np.testing.assert_allclose(outputs, [expected], rtol=0, atol=1e-9 * 10 * SCALE)
    alone = [case.model.predict(row) for row in rows]
    assert alone == predict_in_a_batch(case.model, rows)
    assert alone == [round_number(output) for output in outputs[0].tolist()]


@given(st.sampled_from([*LINEAR]), SEEDS)
def test_contributions_add_up_to_the_number(name: str, seed: int) -> None:
    """Exactly, as one adds floats."""
    case = get_regression(name)
    (row,) = make_rows(case.features, seed, n_rows=1)
    explanation = case.model.explain(row)
    total = explanation["baseline"]
    for contribution in explanation["contributions"].values():
        total += contribution
    assert [total] == case.model.outputs_of_rows([row])[0]


@given(st.sampled_from([*LINEAR, *OTHER]), SEEDS)
def test_intervals_lie_around_the_unrounded_number(name: str, seed: int) -> None:
    """As wide for one row as for many."""
    case = get_regression(name)
    rows = make_rows(case.features, seed, n_rows=20)
    columns = make_feature_columns(rows, case.features)
    outputs = case.model.outputs(columns)[0].tolist()
    intervals = case.model.intervals(columns)
    for (low, high), output in zip(intervals, outputs, strict=True):
        assert low <= output - SCALE <= output + SCALE <= high
        assert high - low == pytest.approx(2 * SCALE, rel=1e-4)
    assert case.model.intervals([column[:2] for column in columns]) == intervals[:2]


@pytest.mark.parametrize("name", LINEAR)
def test_its_weights_are_data(name: str) -> None:
    """They score what the folded estimator scores, and know that there is no sigmoid."""
    case = get_regression(name)
    scorer = fold(case.estimator, case.features, (), None)
    assert scorer is not None
    again = to_scorer(to_weights(scorer, case.features), case.features, "regression")
    for row in make_rows(case.features, n_rows=9):
        vector: Any = case.model.make_vector(row)
        assert again.of_row(vector) == scorer.of_row(vector)


@pytest.mark.parametrize("name", OTHER)
def test_any_other_regressor_is_asked_itself(name: str) -> None:
    """It has no exact contributions."""
    case = get_regression(name)
    assert fold(case.estimator, case.features, (), None) is None
    with pytest.raises(NotExplainable):
        case.model.explain(make_rows(case.features, n_rows=1)[0])
