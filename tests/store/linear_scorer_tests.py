"""The linear scorer: one row as in a batch, and large numbers without loss of digits."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.helpers.features import make_feature_columns, make_feature_vector
from tests.support.estimator_cases import (
    LINEAR_CASES,
    assert_equal_to_estimator,
    get_case,
    linear_cases,
    rows_of,
)
from tests.support.estimators import TOLERANCE, predict_in_a_batch


@settings(max_examples=300)
@given(st.data())
def test_one_row_gets_the_number_that_it_gets_in_a_batch(data: st.DataObject) -> None:
    """Exactly, before rounding and after, finite and without a warning as far as numbers go."""
    case = data.draw(linear_cases)
    rows = data.draw(st.lists(rows_of(case, math.inf), min_size=1, max_size=8))
    scorer = case.scorer()
    vectors = [make_feature_vector(row, case.features) for row in rows]
    one_by_one = [scorer.of_row(vector) for vector in vectors]
    batch = scorer.of_columns(make_feature_columns(rows, case.features))
    assert one_by_one == batch.T.tolist()
    assert np.isfinite(batch).all()
    assert [case.model.predict(row) for row in rows] == case.model.predict_rows(rows)
    assert predict_in_a_batch(case.model, rows) == case.model.predict_rows(rows)


@given(st.data())
def test_large_offsets_keep_their_precision(data: st.DataObject) -> None:
    """Beside exact fractions, computed as the pipeline's parameters say."""
    case = get_case("large offsets")
    scaler, model = (step for _, step in case.estimator.steps)
    row = data.draw(
        st.fixed_dictionaries(
            {
                "unix time": st.floats(1.7e9 - 10, 1.7e9 + 10),
                "serial number": st.floats(1e12 - 10, 1e12 + 10),
            }
        )
    )
    parameters = zip(row.values(), scaler.mean_, scaler.scale_, model.coef_[0], strict=True)
    z = Fraction(model.intercept_[0]) + sum(
        (Fraction(x) - Fraction(mean)) / Fraction(scale) * Fraction(weight)
        for x, mean, scale, weight in parameters
    )
    (score,) = case.scorer().scores
    assert score.of_row(list(row.values())) == pytest.approx(float(z), rel=1e-13, abs=1e-13)
    assert_equal_to_estimator(case, [row])


@pytest.mark.parametrize("arguments", LINEAR_CASES, ids=str)
def test_contributions_are_relative_to_the_training_mean(arguments: tuple[str, int, int]) -> None:
    """Over the training set each feature's contributions cancel, as far as it can be written."""
    case = get_case(*arguments)
    # A float near 1e12 is off by a ten thousandth.
    tolerance = 1e-4 if "offsets" in arguments[0] else TOLERANCE
    for score in case.scorer().scores:
        contributions = np.array(
            [
                score.contributions(make_feature_vector(row, case.features))
                for row in case.training_rows
            ]
        )
        size = np.abs(contributions).mean(axis=0)
        assert (np.abs(contributions.mean(axis=0)) <= tolerance * (1 + size)).all()
