"""A trained model predicts what its estimator predicts, for one row as for many."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from app.helpers.features import Feature, make_feature_columns
from app.helpers.validation import MAX_ABSOLUTE_NUMBER
from app.store.loading import model_of
from app.store.trained_model import TrainedModel
from tests.support.estimator_cases import (
    LINEAR_CASES,
    OTHER_CASES,
    assert_equal_to_estimator,
    get_case,
)
from tests.support.estimators import (
    TOLERANCE,
    make_manifest,
    make_rows,
    predict_in_a_batch,
)


@pytest.mark.parametrize("arguments", LINEAR_CASES + OTHER_CASES, ids=str)
def test_a_model_predicts_what_its_estimator_predicts(arguments: tuple[str, int, int]) -> None:
    """On the rows of the training set, and on some that differ from them."""
    case = get_case(*arguments)
    assert_equal_to_estimator(case, case.training_rows)
    assert_equal_to_estimator(case, make_rows(case.features, seed=99, n_rows=50))


def test_no_rows_get_no_predictions() -> None:
    """By either door."""
    for name in ("ours", "a random forest"):
        assert get_case(name).model.predict_rows([]) == []


@pytest.mark.parametrize("n_classes", [2, 3])
def test_one_row_gets_the_number_that_it_gets_in_a_batch_by_the_estimators_door(
    n_classes: int,
) -> None:
    """A random forest's trees know no neighbours."""
    case = get_case("a random forest", n_classes)
    rows = case.training_rows[:20]
    assert [case.model.predict(row) for row in rows] == case.model.predict_rows(rows)


@pytest.mark.parametrize("arguments", OTHER_CASES, ids=str)
def test_what_is_not_linear_is_finite_without_a_warning(arguments: tuple[str, int, int]) -> None:
    """As far as numbers go, where the estimator is."""
    case = get_case(*arguments)
    numbers = [f.name for f in case.features if f.type == "number"]
    rows = [
        {**case.training_rows[0], **dict.fromkeys(numbers, value)}
        for value in (MAX_ABSOLUTE_NUMBER, -MAX_ABSOLUTE_NUMBER, 0)
    ]
    columns = make_feature_columns(rows, case.features)
    assert np.isfinite(case.model.outputs(columns)).all()


# Rounding


def make_sigmoid(positive: int = 1) -> TrainedModel:
    """Return a model whose probability is the sigmoid of its only feature."""
    regression = LogisticRegression()
    regression.classes_ = np.array([0, 1])
    regression.coef_ = np.array([[1.0]])
    regression.intercept_ = np.array([0.0])
    regression.n_features_in_ = 1
    features = (Feature("x", "number", mean=0.0),)
    return model_of(make_manifest(features, 2, positive), regression)


SIGMOID = make_sigmoid()


@settings(max_examples=500)
@given(st.integers(0, 19_999), st.integers(-5, 5))
def test_rounding_is_the_same_for_one_row_and_a_batch(half_places: int, ulps: int) -> None:
    """Near every number of 4 places, and near every tie between two of them."""
    probability = (half_places + 0.5 * (half_places == 0)) / 20_000
    x = math.log(probability / (1.0 - probability))
    for _ in range(abs(ulps)):
        x = math.nextafter(x, math.copysign(math.inf, ulps))
    row = {"x": x}
    prediction = SIGMOID.predict(row)
    assert [prediction] == SIGMOID.predict_rows([row]) == predict_in_a_batch(SIGMOID, [row])
    assert isinstance(prediction, float)
    assert float(f"{prediction:.4f}") == prediction
    assert abs(prediction - probability) <= 0.5e-4 + TOLERANCE


def test_every_number_of_four_places_survives_rounding() -> None:
    """Those are the numbers that clients see."""
    for number in range(1, 10_000):
        probability = number / 10_000
        row = {"x": math.log(probability / (1.0 - probability))}
        assert SIGMOID.predict(row) == probability
