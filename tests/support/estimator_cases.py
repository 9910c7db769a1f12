"""Every estimator of `linear_estimators` and `other_estimators`, fitted once when first used.

Hypothesis draws the rows that they score.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from app.helpers.features import Feature, make_feature_columns
from app.helpers.validation import MAX_ABSOLUTE_NUMBER
from tests.support.estimators import (
    MIXED,
    TOLERANCE,
    Case,
    Row,
    imputed_one_hot,
    legs,
    make_case,
    make_rows,
    predict_in_a_batch,
)
from tests.support.linear_estimators import BINARY_LINEAR, LINEAR
from tests.support.other_estimators import NOT_LINEAR

RANDOM = [f"random {seed}" for seed in range(24)]


def make_random_case(seed: int) -> Case:
    """Return one of the pipelines that are folded, on data of its own, all by chance."""
    rng = np.random.default_rng(seed)
    features = [
        Feature(
            f"f{number}",
            kind := str(rng.choice(["number", "boolean", "category"])),  # type: ignore[arg-type]
            nullable=bool(rng.random() < 0.5),
            categories=tuple("abcdefgh"[: rng.integers(2, 8)]) if kind == "category" else (),
        )
        for number in range(rng.integers(1, 7))
    ]
    transformers: list[tuple[Any, list[str]]] = []
    for feature in features:
        if feature.type == "category":
            leg = [
                OneHotEncoder(handle_unknown="ignore"),
                imputed_one_hot({"strategy": "most_frequent"}, handle_unknown="ignore"),
                imputed_one_hot(
                    {"strategy": "constant", "fill_value": "none"}, handle_unknown="ignore"
                ),
            ][rng.integers(3)]
        else:
            imputer = SimpleImputer(strategy=str(rng.choice(["mean", "median", "most_frequent"])))
            scaler = StandardScaler(
                with_mean=bool(rng.random() < 0.7), with_std=bool(rng.random() < 0.8)
            )
            steps: list[Any] = [imputer] if feature.nullable or rng.random() < 0.5 else []
            leg = make_pipeline(*steps, scaler if rng.random() < 0.8 else "passthrough")
        transformers.append((leg, [feature.name]))
    n_classes = int(rng.integers(2, 6))
    model = LogisticRegression(
        C=float(rng.choice([0.01, 0.1, 1.0, 100.0])),
        fit_intercept=bool(rng.random() < 0.8),
        max_iter=300,
    )
    order = rng.permutation(len(transformers))
    estimator = legs(*[transformers[place] for place in order], model=model)
    rows = make_rows(features, seed)
    return make_case(estimator, features, rows, n_classes, positive=int(rng.integers(2)))


@functools.cache
def get_case(name: str, n_classes: int = 2, positive: int = 1) -> Case:
    """Return a case by its name, fitted once."""
    if name in RANDOM:
        return make_random_case(int(name.split()[1]))
    cases = LINEAR | NOT_LINEAR | {key: (MIXED, build) for key, build in BINARY_LINEAR.items()}
    features, build = cases[name]
    return make_case(build(), features, make_rows(features), n_classes, positive)


LINEAR_CASES = [
    *((name, 2 + number % 2, 1) for number, name in enumerate(LINEAR)),
    *((name, 2, 1) for name in BINARY_LINEAR),
    *(("ours", n_classes, 1) for n_classes in (3, 4, 5)),
    ("ours", 2, 0),
    ("no pipeline", 2, 0),
    ("large offsets", 2, 1),
    ("large offsets", 2, 0),
    *((name, 2, 1) for name in RANDOM),
]

OTHER_CASES = [
    *((name, 2 + number % 2, 1) for number, name in enumerate(NOT_LINEAR)),
    ("a random forest", 3, 1),
    ("a random forest", 2, 0),
]

linear_cases = st.sampled_from(LINEAR_CASES).map(lambda arguments: get_case(*arguments))


def rows_of(case: Case, reach: float) -> st.SearchStrategy[Row]:
    """Draw valid rows whose numbers are at most `reach` times as large as what training saw."""

    def value(feature: Feature) -> st.SearchStrategy[Any]:
        values: st.SearchStrategy[Any]
        if feature.type == "category":
            values = st.sampled_from(feature.categories)
            if feature.open:
                values |= st.sampled_from("abcdefghijklmnopqrst") | st.text(max_size=3)
        elif feature.type == "boolean":
            values = st.booleans()
        else:
            assert feature.minimum is not None
            assert feature.maximum is not None
            largest = max(abs(feature.minimum), abs(feature.maximum))
            limit = min(reach * largest, MAX_ABSOLUTE_NUMBER)
            values = st.one_of(
                st.floats(feature.minimum, feature.maximum),
                st.floats(-limit, limit),
                st.integers(math.ceil(-limit), math.floor(limit)),
                st.sampled_from([-limit, limit, 0, -0.0, largest]),
            )
        return values | st.none() if feature.nullable else values

    return st.fixed_dictionaries({feature.name: value(feature) for feature in case.features})


def assert_equal_to_estimator(case: Case, rows: Sequence[Row]) -> None:
    """Assert that probabilities are within 1e-9 of the estimator's, and predictions rounded."""
    expected = case.expected(rows)
    columns = make_feature_columns(rows, case.features)
    np.testing.assert_allclose(case.model.outputs(columns), expected, rtol=0, atol=TOLERANCE)
    predictions = predict_in_a_batch(case.model, list(rows))
    if case.positive is not None:
        shown = np.array([predictions])
    else:
        assert all(list(row) == list(case.model.classes) for row in predictions)  # type: ignore[arg-type]
        shown = np.array([list(row.values()) for row in predictions]).T  # type: ignore[union-attr]
    np.testing.assert_allclose(shown, expected, rtol=0, atol=0.5e-4 + TOLERANCE)
