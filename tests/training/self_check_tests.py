"""The rows of the self-check: few, made up, and enough to notice another model."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from app.helpers.errors import InvalidModelFile
from app.helpers.features import Feature, Value
from app.helpers.validation import RowValidator, validate
from app.models.estimators import build_classifier
from app.store.loading import model_of, prove
from app.training.self_check import MAX_ROWS, make_rows, make_self_check
from tests.support.estimators import MIXED, Case, make_case
from tests.support.estimators import make_rows as make_training_rows

Drawn = list[tuple[dict[str, Any], bool]]
NUMBERS = st.floats(-1e9, 1e9)


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what is known of a column of numbers."""
    whole = draw(st.booleans())
    low, typical, high = sorted(draw(st.lists(NUMBERS, min_size=3, max_size=3)))
    if whole:
        low, typical, high = float(round(low)), float(round(typical)), float(round(high))
    deviation = draw(st.floats(0, 1e6))
    return {
        "type": "number",
        "whole": whole,
        "minimum": low,
        "maximum": high,
        "typical": typical,
        "deviation": deviation,
    }


@st.composite
def categories(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what is known of a column of categories."""
    levels = draw(st.lists(st.text(max_size=3), min_size=1, max_size=60, unique=True))
    shares = draw(st.permutations(range(len(levels))))
    return {
        "type": "category",
        "categories": tuple(sorted(levels)),
        "shares": tuple(share / len(levels) for share in shares),
        "typical": draw(st.sampled_from(levels)),
        "open": draw(st.booleans()),
    }


@st.composite
def dates(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what is known of a column of dates."""
    first, typical, last = sorted(draw(st.lists(st.dates().map(str), min_size=3, max_size=3)))
    parts = (Feature("days", "number", part="days"),)
    return {"type": "date", "first": first, "last": last, "typical": typical, "parts": parts}


BOOLEANS = st.booleans().map(lambda typical: {"type": "boolean", "typical": typical})
TEXTS = st.lists(st.text("ab", min_size=2), min_size=1, max_size=30, unique=True).map(
    lambda words: {"type": "text", "words": tuple(words), "typical": words[0]}
)
COLUMNS = st.lists(
    st.tuples(numbers() | categories() | dates() | BOOLEANS | TEXTS, st.booleans()),
    min_size=1,
    max_size=8,
)


def make_features(columns: Drawn) -> tuple[Feature, ...]:
    """Return features of drawn columns; each may hold gaps."""
    return tuple(
        Feature(name=f"column {place}", nullable=nullable, **known)
        for place, (known, nullable) in enumerate(columns)
    )


def values_to_cover(feature: Feature) -> set[Value]:
    """Return what a feature may be: its categories, a gap, the ends of its range."""
    ends: set[Value] = {feature.first, feature.last} if feature.type == "date" else set()
    if feature.type == "number":
        ends = {feature.minimum, feature.maximum}
    unseen = {feature.unseen} if feature.open else set()
    return ends | unseen | {*feature.categories} | ({None} if feature.nullable else set())


@given(COLUMNS)
def test_the_rows_cover_categories_gaps_and_ends(
    columns: list[tuple[dict[str, Any], bool]],
) -> None:
    """All of a column's, unless it has more than there are rows; then so many."""
    features = make_features(columns)
    rows = make_rows(features, MAX_ROWS)
    assert rows[0] == {feature.name: feature.typical for feature in features}
    assert len(rows) <= MAX_ROWS
    for feature in features:
        found = {row[feature.name] for row in rows}
        wanted = values_to_cover(feature)
        assert len(wanted & found) >= min(len(wanted), MAX_ROWS - 1)
    assert make_rows(features, MAX_ROWS) == rows
    validate([{"id": 1, **row} for row in rows], RowValidator(features))


def check(case: Case) -> Any:
    """Return a case's model with its self-check rows."""
    rows = make_self_check(case.estimator, case.features, case.model.classes, case.positive)
    return replace(case.model.manifest, self_check=rows)


def is_noticed(manifest: Any, estimator: Any) -> bool:
    """Whether an estimator that predicts otherwise fails the self-check."""
    try:
        prove(model_of(manifest, estimator))
    except InvalidModelFile:
        return True
    return False


@pytest.mark.parametrize("n_classes", [2, 3])
def test_each_changed_weight_of_a_linear_model_is_noticed(n_classes: int) -> None:
    """However small the change, and however rare the category."""
    case = make_case(build_classifier(MIXED), MIXED, make_training_rows(MIXED), n_classes)
    manifest = check(case)
    assert not is_noticed(manifest, case.estimator)
    coefficients = case.estimator[-1].coef_
    for place in np.ndindex(*coefficients.shape):
        coefficients[place] += 1e-6
        assert is_noticed(manifest, case.estimator), place
        coefficients[place] -= 1e-6


def test_each_changed_tree_is_noticed() -> None:
    """Of gradient boosting on numbers with gaps, where each tree knows them all."""
    features = tuple(feature for feature in MIXED if feature.type == "number")
    boosting = HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=5)
    case = make_case(boosting, features, make_training_rows(features), 2)
    manifest = check(case)
    assert not is_noticed(manifest, case.estimator)
    for (predictor,) in case.estimator._predictors:
        predictor.nodes["value"] += 1e-7
        assert is_noticed(manifest, case.estimator)
        predictor.nodes["value"] -= 1e-7


def test_changed_categories_are_noticed() -> None:
    """If two of forty are taken for each other, whichever they are."""
    levels = tuple(f"level {place:02d}" for place in range(40))
    features = (Feature("level", "category", categories=levels),)
    rows = [{"level": levels[place % 40]} for place in range(400)]
    steps = [("one_hot", OneHotEncoder(categories=[[*levels]])), ("model", LogisticRegression(C=9))]
    case = make_case(Pipeline(steps), features, rows, 2)
    manifest = check(case)
    known = case.estimator[0].categories_[0]
    coefficients = case.estimator[-1].coef_[0]
    for place in range(39):
        if abs(coefficients[place] - coefficients[place + 1]) > 1e-6:
            known[[place, place + 1]] = known[[place + 1, place]]
            assert is_noticed(manifest, case.estimator), place
            known[[place, place + 1]] = known[[place + 1, place]]
