"""An estimator as text."""

import re
from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from app.helpers.features import Feature
from app.models.estimators import build_classifier, build_regressor
from app.training.estimator_text import MAX_LAST, MAX_WHOLE, describe_estimator

NUMBERS = tuple(Feature(f"x_{k}", "number") for k in range(40))
MIXED = (
    *NUMBERS,
    Feature("town", "category", categories=("one household", "two")),
    Feature("comment", "text", words=("hello", "there")),
)


class Raises(BaseEstimator):
    """An estimator that does not keep to scikit-learn's rules."""

    def get_params(self, deep: bool = True) -> Any:
        """Raise."""
        raise RuntimeError("on purpose")


@pytest.mark.parametrize(
    "estimator",
    [
        build_classifier(NUMBERS, C=0.3),
        build_regressor(NUMBERS, C=0.3),
        MLPClassifier((5,), random_state=1),
        CalibratedClassifierCV(LogisticRegression(C=3), cv=3),
        VotingClassifier([("a", LogisticRegression(C=5)), ("b", RandomForestClassifier(7))]),
        make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=5)),
        LogisticRegression(class_weight={0: 1.0, 1: 5.0}),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_an_estimator_is_written_as_scikit_learn_prints_it(estimator: Any) -> None:
    """Up to white space, and a comma at the end of a line."""

    def squeeze(text: str) -> str:
        return re.sub(r",(?=[)\]])", "", "".join(text.split()))

    described = describe_estimator(estimator)
    assert squeeze(described.whole) == squeeze(estimator.__repr__(N_CHAR_MAX=10**6))
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    assert described.last == " ".join(repr(last).split())


def test_neither_levels_nor_words_are_written() -> None:
    """Few rows may have them, and anyone may read the text."""
    described = describe_estimator(build_classifier(MIXED))
    assert "OneHotEncoder(categories=[…]), ['town']" in described.whole
    assert "vocabulary=[…]" in described.whole
    for level in ("household", "hello"):
        assert level not in described.whole
    encoder = OneHotEncoder(categories=[["one household"]])
    assert describe_estimator(encoder).last == "OneHotEncoder(categories=[…])"


def test_the_text_is_bounded() -> None:
    """However many steps and however long names there are."""
    estimator = make_pipeline(
        *(StandardScaler() for _ in range(1000)), MLPClassifier(tuple(range(1000)))
    )
    described = describe_estimator(estimator)
    assert len(described.whole) <= MAX_WHOLE
    assert len(described.last) <= MAX_LAST
    long = describe_estimator(LogisticRegression(solver="s" * 9999))
    assert len(long.whole) == MAX_WHOLE
    assert len(long.last) == MAX_LAST


def test_long_names_leave_room_for_the_last_step() -> None:
    """Which is the model."""
    features = [Feature(f"{k} {'of a long name' * 20}", "number") for k in range(60)]
    described = describe_estimator(build_classifier(features, C=0.3))
    assert "['0 of a long name" in described.whole
    assert ", ...]" in described.whole
    assert described.last in described.whole


@pytest.mark.parametrize("estimator", [Raises(), object()])
def test_of_a_strange_estimator_the_class_is_named(estimator: Any) -> None:
    """Training does not fail for it."""
    described = describe_estimator(estimator)
    assert described.whole == described.last == type(estimator).__name__


def test_a_function_is_written_without_its_address() -> None:
    """Which would be another one each time."""
    described = describe_estimator(FunctionTransformer(describe_estimator))
    assert described.last == "FunctionTransformer(func=<function describe_estimator>)"
