"""Scoring: a folded pipeline gives its estimator's numbers, one row those of a batch, and shares.

Models are fitted once each, when a test first asks for them; hypothesis draws the rows.
"""

import functools
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)

from app.helpers.errors import NotExplainable
from app.helpers.features import Feature, make_feature_columns, make_feature_vector
from app.helpers.validation import MAX_ABSOLUTE_NUMBER
from app.models.estimators import build_classifier
from app.store.linear_fold import fold
from app.store.linear_scorer import LinearScorer
from app.store.manifest import Manifest
from app.store.trained_model import TrainedModel, make_frame
from app.training.profile import describe_features

Row = dict[str, Any]

N_ROWS = 160
TOLERANCE = 1e-9

settings.register_profile("scoring", deadline=None)
settings.load_profile("scoring")


# Models to score with


@dataclass(frozen=True)
class Case:
    """A fitted estimator, and the model made of it."""

    estimator: Any
    features: tuple[Feature, ...]
    training_rows: list[Row]
    positive: int | None
    model: TrainedModel

    def scorer(self) -> LinearScorer:
        """Return the folded estimator; fails if it is not linear."""
        scorer = fold(self.estimator, self.features, self.positive)
        assert scorer is not None
        return scorer

    def expected(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Return what the estimator itself predicts, shape (n_outputs, n_rows)."""
        frame = make_frame(make_feature_columns(rows, self.features), self.features)
        probabilities: NDArray[np.float64] = self.estimator.predict_proba(frame).T
        return probabilities if self.positive is None else probabilities[[self.positive]]


def make_manifest(features: tuple[Feature, ...], n_classes: int, positive: int | None) -> Manifest:
    """Return the manifest of a model that was never in a file."""
    classes = tuple(f"class {number}" for number in range(n_classes))
    return Manifest(
        version="v7",
        created_at="2026-01-01T00:00:00+00:00",
        training_data={},
        target="target",
        features=features,
        classes=classes,
        positive_class=None if positive is None else classes[positive],
        parameters={},
        metrics={},
        baseline_metrics={},
        curves={},
        libraries={},
        self_check={},
    )


def make_case(
    estimator: Any, features: Sequence[Feature], rows: list[Row], n_classes: int, positive: int = 1
) -> Case:
    """Fit an estimator to rows whose classes depend on them, by chance and not linearly."""
    frame = make_frame(make_feature_columns(rows, features), features)
    signal = np.zeros(len(rows))
    for number, column in enumerate(frame.columns):
        ranks = (
            frame[column].rank(na_option="top")
            if features[number].type != "category"
            else (
                frame[column]
                .map({name: i for i, name in enumerate(features[number].categories)})
                .fillna(9)
            )
        )
        signal += (-1.0) ** number * ((ranks - ranks.mean()) / (ranks.std() + 1e-9)).to_numpy()
    signal += np.random.default_rng(len(rows)).normal(size=len(rows))
    target = np.argsort(np.argsort(signal)) * n_classes // len(rows)
    described = describe_features(features, frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(frame, target)
    index = positive if n_classes == 2 else None
    model = TrainedModel(estimator, make_manifest(described, n_classes, index))
    return Case(estimator, described, rows, index, model)


MIXED = (
    Feature("age", "number", nullable=True),
    Feature("height", "number"),
    Feature("member", "boolean", nullable=True),
    Feature("color", "category", nullable=True, categories=("blue", "green", "red")),
    Feature("shape", "category", categories=("round", "square")),
)
NUMBERS = (Feature("x", "number"), Feature("y", "number"), Feature("z", "boolean"))
GAPS = (Feature("x", "number", nullable=True), Feature("y", "number", nullable=True))
OFFSETS = (Feature("unix time", "number"), Feature("serial number", "number"))


def make_rows(features: Sequence[Feature], seed: int = 0, n_rows: int = N_ROWS) -> list[Row]:
    """Return rows of random values; of a nullable feature one in six is missing."""
    rng = np.random.default_rng(seed)

    def value(number: int, feature: Feature) -> Any:
        if feature.nullable and rng.random() < 1 / 6:
            return None
        if feature.type == "category":
            return str(rng.choice(feature.categories))
        if feature.type == "boolean":
            return bool(rng.random() < 0.4)
        offset = {"unix time": 1.7e9, "serial number": 1e12}.get(feature.name, 3.0 * number)
        return float(offset + rng.normal() * (number + 1))

    return [
        {feature.name: value(number, feature) for number, feature in enumerate(features)}
        for _ in range(n_rows)
    ]


def legs(*transformers: tuple[Any, Any], model: Any = None, **options: Any) -> Pipeline:
    """Return a ColumnTransformer of (transformer, columns), and a model on what it makes."""
    named = [(f"leg{number}", *leg) for number, leg in enumerate(transformers)]
    return make_pipeline(
        ColumnTransformer(named, **options),
        LogisticRegression(max_iter=300) if model is None else model,
    )


def scaled(**imputer: Any) -> Pipeline:
    """Return an imputer and a scaler."""
    return make_pipeline(SimpleImputer(**imputer), StandardScaler())


def imputed_one_hot(imputer: dict[str, Any], **one_hot: Any) -> Pipeline:
    """Return an imputer and a one-hot encoder."""
    return make_pipeline(SimpleImputer(**imputer), OneHotEncoder(**one_hot))


N = ["age", "height", "member"]
C = ["color", "shape"]
ONE_HOT = (OneHotEncoder(handle_unknown="ignore"), C)
Builder = Callable[[], Any]

LINEAR: dict[str, tuple[tuple[Feature, ...], Builder]] = {
    "ours": (MIXED, lambda: build_classifier(MIXED)),
    "one-hot that refuses the unknown": (MIXED, lambda: legs((scaled(), N), (OneHotEncoder(), C))),
    "one-hot that ignores the unknown": (MIXED, lambda: legs((scaled(), N), ONE_HOT)),
    "one-hot that ignores the infrequent": (
        MIXED,
        lambda: legs((scaled(), N), (OneHotEncoder(handle_unknown="infrequent_if_exist"), C)),
    ),
    "one-hot that ignores the missing": (
        MIXED,
        lambda: legs(
            (scaled(), N),
            (OneHotEncoder(categories=[["blue"], ["round"]], handle_unknown="ignore"), C),
        ),
    ),
    "dense one-hot of whole numbers": (
        MIXED,
        lambda: legs((scaled(), N), (OneHotEncoder(sparse_output=False, dtype=np.int64), C)),
    ),
    "categories alone": (MIXED, lambda: legs(ONE_HOT)),
    "the most frequent category": (
        MIXED,
        lambda: legs((scaled(), N), (imputed_one_hot({"strategy": "most_frequent"}), C)),
    ),
    "a category for what is missing": (
        MIXED,
        lambda: legs(
            (scaled(), N), (imputed_one_hot({"strategy": "constant", "fill_value": "none"}), C)
        ),
    ),
    "a category for what is missing, unknown": (
        MIXED,
        lambda: legs(
            (scaled(), N),
            (
                imputed_one_hot(
                    {"strategy": "constant", "fill_value": "none"},
                    categories=[["red", "blue"], ["round"]],
                    handle_unknown="ignore",
                ),
                C,
            ),
        ),
    ),
    "levels of one category in two legs": (
        MIXED,
        lambda: legs(
            (scaled(), N),
            (OneHotEncoder(categories=[["red"]], handle_unknown="ignore"), ["color"]),
            (OneHotEncoder(categories=[["blue"]], handle_unknown="ignore"), ["color"]),
        ),
    ),
    "no scaler": (MIXED, lambda: legs((SimpleImputer(), N), ONE_HOT)),
    "scaler without mean": (
        MIXED,
        lambda: legs((make_pipeline(SimpleImputer(), StandardScaler(with_mean=False)), N), ONE_HOT),
    ),
    "scaler without deviation": (
        MIXED,
        lambda: legs((make_pipeline(SimpleImputer(), StandardScaler(with_std=False)), N), ONE_HOT),
    ),
    "scaler without either": (
        MIXED,
        lambda: legs(
            (
                make_pipeline(SimpleImputer(), StandardScaler(with_mean=False, with_std=False)),
                N,
            ),
            ONE_HOT,
        ),
    ),
    "median": (MIXED, lambda: legs((scaled(strategy="median"), N), ONE_HOT)),
    "mode": (MIXED, lambda: legs((scaled(strategy="most_frequent"), N), ONE_HOT)),
    "constant": (MIXED, lambda: legs((scaled(strategy="constant", fill_value=-5), N), ONE_HOT)),
    "imputed twice": (
        MIXED,
        lambda: legs(
            (
                make_pipeline(
                    SimpleImputer(strategy="constant", fill_value=-5), SimpleImputer(fill_value=8)
                ),
                N,
            ),
            ONE_HOT,
        ),
    ),
    "legs and columns in another order": (
        MIXED,
        lambda: legs(
            (OneHotEncoder(handle_unknown="ignore"), ["shape", "color"]),
            (scaled(), ["member", "age"]),
            (StandardScaler(), ["height"]),
        ),
    ),
    "columns left out": (MIXED, lambda: legs((scaled(), ["member"]), ("drop", ["height"]))),
    "no columns for a leg": (MIXED, lambda: legs((scaled(), N), (OneHotEncoder(), []))),
    "no columns for a leg, and a remainder": (
        NUMBERS,
        lambda: legs((scaled(), []), remainder=StandardScaler()),
    ),
    "columns by number": (NUMBERS, lambda: legs((StandardScaler(), [2, 0]))),
    "columns by number of what has no names": (
        GAPS,
        lambda: make_pipeline(
            SimpleImputer(),
            ColumnTransformer([("a", StandardScaler(), [1])], remainder="passthrough"),
            LogisticRegression(),
        ),
    ),
    "a column passed through": (
        MIXED,
        lambda: legs((scaled(), ["age"]), ("passthrough", ["height"]), ONE_HOT),
    ),
    "the remainder passed through": (
        MIXED,
        lambda: legs((scaled(), ["age", "member"]), ONE_HOT, remainder="passthrough"),
    ),
    "the remainder scaled": (MIXED, lambda: legs(ONE_HOT, remainder=scaled())),
    "a column transformer in another": (
        MIXED,
        lambda: legs(
            (ColumnTransformer([("a", scaled(), ["member"]), ("b", scaled(), ["age"])]), N),
            ONE_HOT,
        ),
    ),
    "pipelines in pipelines": (
        MIXED,
        lambda: legs((make_pipeline("passthrough", make_pipeline(scaled()), "passthrough"), N)),
    ),
    "columns by a callable": (
        MIXED,
        lambda: legs(
            (scaled(), make_column_selector(dtype_exclude=object)),
            (OneHotEncoder(), make_column_selector(dtype_include=object)),
        ),
    ),
    "frames between the steps": (
        MIXED,
        lambda: legs(
            (scaled(), N), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), C)
        ).set_output(transform="pandas"),
    ),
    "an imputer before the column transformer": (
        GAPS,
        lambda: make_pipeline(
            SimpleImputer().set_output(transform="pandas"),
            ColumnTransformer([("a", StandardScaler(), ["y"])], remainder="passthrough"),
            LogisticRegression(),
        ),
    ),
    "no intercept": (
        MIXED,
        lambda: legs((scaled(), N), ONE_HOT, model=LogisticRegression(fit_intercept=False)),
    ),
    "balanced classes": (
        MIXED,
        lambda: legs((scaled(), N), ONE_HOT, model=LogisticRegression(class_weight="balanced")),
    ),
    "elastic net": (
        MIXED,
        lambda: legs(
            (scaled(), N),
            ONE_HOT,
            model=LogisticRegression(solver="saga", l1_ratio=0.5, random_state=1),
        ),
    ),
    "lasso that leaves columns out": (
        MIXED,
        lambda: legs(
            (scaled(), N),
            ONE_HOT,
            model=LogisticRegression(C=0.02, solver="saga", l1_ratio=1.0, random_state=1),
        ),
    ),
    "hardly any penalty": (
        MIXED,
        lambda: legs((scaled(), N), ONE_HOT, model=LogisticRegression(C=1e6, max_iter=300)),
    ),
    "no column transformer": (GAPS, lambda: make_pipeline(scaled(), LogisticRegression())),
    "no pipeline": (NUMBERS, LogisticRegression),
    "an identity": (
        NUMBERS,
        lambda: make_pipeline(FunctionTransformer(), StandardScaler(), LogisticRegression()),
    ),
    "large offsets": (
        OFFSETS,
        lambda: make_pipeline(StandardScaler(), LogisticRegression(C=10.0)),
    ),
}

BINARY_LINEAR: dict[str, Builder] = {
    "a scaled intercept": lambda: legs(
        (scaled(), N),
        ONE_HOT,
        model=LogisticRegression(solver="liblinear", intercept_scaling=3.0),
    ),
    "Newton's method": lambda: legs(
        (scaled(), N), ONE_HOT, model=LogisticRegression(solver="newton-cholesky")
    ),
}


class OwnRegression(LogisticRegression):
    """A subclass that predicts something else."""

    def predict_proba(self, X: Any) -> Any:
        """Return probabilities nearer to each other."""
        return (super().predict_proba(X) + 1.0 / len(self.classes_)) / 2.0


class OwnScaler(StandardScaler):
    """A subclass that scales otherwise."""

    def transform(self, X: Any, copy: bool | None = None) -> Any:
        """Return the squares."""
        return super().transform(X, copy) ** 2


class OwnTransformer(TransformerMixin, BaseEstimator):
    """A transformer that nobody else knows."""

    def fit(self, X: Any, y: Any = None) -> "OwnTransformer":
        """Learn nothing."""
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:
        """Return the hyperbolic tangents."""
        return np.tanh(np.asarray(X, dtype=float))


class SparseRegression(LogisticRegression):
    """Makes a logistic regression whose coefficients are sparse."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "SparseRegression":
        """Fit, and then be a LogisticRegression."""
        super().fit(X, y, sample_weight)
        self.sparsify()
        self.__class__ = LogisticRegression  # type: ignore[assignment]
        return self


NOT_LINEAR: dict[str, tuple[tuple[Feature, ...], Builder]] = {
    "a random forest": (
        MIXED,
        lambda: legs(
            (SimpleImputer(), N), ONE_HOT, model=RandomForestClassifier(20, random_state=1)
        ),
    ),
    "gradient boosting on what is missing": (
        GAPS,
        lambda: HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5),
    ),
    "calibrated": (
        MIXED,
        lambda: legs(
            (scaled(), N), ONE_HOT, model=CalibratedClassifierCV(LogisticRegression(), cv=3)
        ),
    ),
    "a subclass of the model": (MIXED, lambda: legs((scaled(), N), ONE_HOT, model=OwnRegression())),
    "a model that chooses C": (
        NUMBERS,
        lambda: LogisticRegressionCV(
            Cs=2, cv=2, l1_ratios=(0.0,), use_legacy_attributes=False, scoring="neg_log_loss"
        ),
    ),
    "a grid search": (
        NUMBERS,
        lambda: GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.1, 1.0]}, cv=2),
    ),
    "one model a class": (NUMBERS, lambda: OneVsRestClassifier(LogisticRegression(max_iter=300))),
    "a pipeline as the model": (
        NUMBERS,
        lambda: make_pipeline(
            StandardScaler(), make_pipeline(MinMaxScaler(), LogisticRegression())
        ),
    ),
    "sparse coefficients": (NUMBERS, lambda: make_pipeline(StandardScaler(), SparseRegression())),
    "a subclass of the scaler": (NUMBERS, lambda: make_pipeline(OwnScaler(), LogisticRegression())),
    "another scaler": (NUMBERS, lambda: make_pipeline(MinMaxScaler(), LogisticRegression())),
    "products of columns": (
        NUMBERS,
        lambda: make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression()),
    ),
    "a transformer of one's own": (
        NUMBERS,
        lambda: make_pipeline(StandardScaler(), OwnTransformer(), LogisticRegression()),
    ),
    "a function": (
        NUMBERS,
        lambda: make_pipeline(StandardScaler(), FunctionTransformer(np.tanh), LogisticRegression()),
    ),
    "a union": (
        NUMBERS,
        lambda: make_pipeline(
            FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler())]), LogisticRegression()
        ),
    ),
    "no step": (NUMBERS, lambda: Pipeline([("a", None), ("b", LogisticRegression(max_iter=300))])),
    "scaled twice": (
        NUMBERS,
        lambda: make_pipeline(StandardScaler(), StandardScaler(), LogisticRegression()),
    ),
    "an indicator of what is missing": (
        GAPS,
        lambda: make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression()),
    ),
    "an imputer of another number": (
        GAPS,
        lambda: make_pipeline(
            SimpleImputer(strategy="constant", fill_value=0.5),
            FunctionTransformer(),
            SimpleImputer(missing_values=0.5, strategy="constant", fill_value=9.0),
            LogisticRegression(),
        ),
    ),
    "an imputer by neighbours": (GAPS, lambda: make_pipeline(KNNImputer(), LogisticRegression())),
    "scaled, then imputed": (
        GAPS,
        lambda: make_pipeline(
            StandardScaler(), SimpleImputer(strategy="constant", fill_value=2), LogisticRegression()
        ),
    ),
    "a column twice": (MIXED, lambda: legs((scaled(), N), (SimpleImputer(), ["age"]), ONE_HOT)),
    "a category twice": (MIXED, lambda: legs((scaled(), N), ONE_HOT, (OneHotEncoder(), ["color"]))),
    "a category imputed in two ways": (
        MIXED,
        lambda: legs(
            (scaled(), N),
            (
                imputed_one_hot(
                    {"strategy": "constant", "fill_value": "red"},
                    categories=[["red"]],
                    handle_unknown="ignore",
                ),
                ["color"],
            ),
            (
                imputed_one_hot(
                    {"strategy": "constant", "fill_value": "blue"},
                    categories=[["blue"]],
                    handle_unknown="ignore",
                ),
                ["color"],
            ),
        ),
    ),
    "weighted legs": (
        MIXED,
        lambda: legs((scaled(), N), ONE_HOT, transformer_weights={"leg0": 0.5, "leg1": 2.0}),
    ),
    "a first category dropped": (
        MIXED,
        lambda: legs((scaled(), N), (OneHotEncoder(drop="first"), C)),
    ),
    "one of two categories dropped": (
        MIXED,
        lambda: legs((scaled(), N), (OneHotEncoder(drop="if_binary"), C)),
    ),
    "rare categories together": (
        MIXED,
        lambda: legs((scaled(), N), (OneHotEncoder(max_categories=2), C)),
    ),
    "infrequent categories together": (
        MIXED,
        lambda: legs((scaled(), N), (OneHotEncoder(min_frequency=50), C)),
    ),
    "one-hot of booleans": (NUMBERS, lambda: legs((OneHotEncoder(), ["z"]))),
    "one-hot in single precision": (MIXED, lambda: legs((OneHotEncoder(dtype=np.float32), C))),
    "one-hot, then scaled": (
        MIXED,
        lambda: legs(
            (make_pipeline(OneHotEncoder(), StandardScaler(with_mean=False)), C), (scaled(), N)
        ),
    ),
    "a category that is None": (
        MIXED,
        lambda: legs(
            (scaled(), N),
            (
                OneHotEncoder(
                    categories=[["blue", "green", "red", None], ["round", "square"]],
                    handle_unknown="ignore",
                ),
                C,
            ),
        ),
    ),
    "one-hot, then imputed": (
        MIXED,
        lambda: legs((make_pipeline(OneHotEncoder(), SimpleImputer()), C), (scaled(), N)),
    ),
    "one-hot twice": (
        MIXED,
        lambda: legs(
            (make_pipeline(OneHotEncoder(sparse_output=False), OneHotEncoder()), C), (scaled(), N)
        ),
    ),
    "numbered categories": (MIXED, lambda: legs((scaled(), N), (OrdinalEncoder(), ["shape"]))),
    "columns by a slice": (NUMBERS, lambda: legs((StandardScaler(), slice(0, 2)))),
    "columns by a mask": (NUMBERS, lambda: legs((StandardScaler(), [True, False, True]))),
    "columns by a mask of numpy's": (
        NUMBERS,
        lambda: legs((StandardScaler(), list(np.array([True, False, True])))),
    ),
    "columns renamed": (
        (Feature("x", "number"), Feature("a__x", "number")),
        lambda: make_pipeline(
            ColumnTransformer([("a", make_pipeline("passthrough"), ["x", "a__x"])]).set_output(
                transform="pandas"
            ),
            ColumnTransformer([("b", StandardScaler(), ["a__x"])]),
            LogisticRegression(),
        ),
    ),
}

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
    if name in BINARY_LINEAR:
        features, build = MIXED, BINARY_LINEAR[name]
    else:
        features, build = (LINEAR | NOT_LINEAR)[name]
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
OTHER_CASES = [(name, 2 + number % 2, 1) for number, name in enumerate(NOT_LINEAR)]
OTHER_CASES += [("a random forest", 3, 1), ("a random forest", 2, 0)]

linear_cases = st.sampled_from(LINEAR_CASES).map(lambda arguments: get_case(*arguments))


def rows_of(case: Case, reach: float) -> st.SearchStrategy[Row]:
    """Draw valid rows whose numbers are at most `reach` times as large as what training saw."""

    def value(feature: Feature) -> st.SearchStrategy[Any]:
        values: st.SearchStrategy[Any]
        if feature.type == "category":
            values = st.sampled_from(feature.categories)
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


# The same numbers


def assert_equal_to_estimator(case: Case, rows: Sequence[Row]) -> None:
    """Assert that probabilities are within 1e-9 of the estimator's, and predictions rounded."""
    expected = case.expected(rows)
    columns = make_feature_columns(rows, case.features)
    np.testing.assert_allclose(case.model.probabilities(columns), expected, rtol=0, atol=TOLERANCE)
    predictions = case.model.predict_rows(rows)
    if case.positive is not None:
        shown = np.array([predictions])
    else:
        assert all(list(row) == list(case.model.classes) for row in predictions)  # type: ignore[arg-type]
        shown = np.array([list(row.values()) for row in predictions]).T  # type: ignore[union-attr]
    np.testing.assert_allclose(shown, expected, rtol=0, atol=0.5e-4 + TOLERANCE)


@pytest.mark.parametrize("arguments", LINEAR_CASES + OTHER_CASES, ids=str)
def test_a_model_predicts_what_its_estimator_predicts(arguments: tuple[str, int, int]) -> None:
    """On the rows of the training set, and on some that differ from them."""
    case = get_case(*arguments)
    assert_equal_to_estimator(case, case.training_rows)
    assert_equal_to_estimator(case, make_rows(case.features, seed=99, n_rows=50))


@settings(max_examples=200)
@given(st.data())
def test_a_folded_pipeline_predicts_what_it_predicts_far_outside_of_what_it_saw(
    data: st.DataObject,
) -> None:
    """Within 1e-9 up to a million times as far.

    Not where numbers near 1e12 go on to 1e15: two such that cancel leave nobody any digits.
    """
    case = data.draw(linear_cases.filter(lambda case: case.features[0].name != "unix time"))
    assert_equal_to_estimator(case, data.draw(st.lists(rows_of(case, 1e6), min_size=1, max_size=8)))


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


@pytest.mark.parametrize("names", [["a"], ["b", "a"]])
def test_a_vector_has_the_values_in_feature_order(names: list[str]) -> None:
    """However many features there are; what else the row has is left out."""
    features = [Feature(name, "number") for name in names]
    row = {"id": "1", "a": 1.5, "b": None}
    assert make_feature_vector(row, features) == tuple(row[name] for name in names)


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
    assert np.isfinite(case.model.probabilities(columns)).all()


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


def test_a_pipeline_with_a_cache_is_folded(tmp_path: Path) -> None:
    """What it holds are fitted transformers all the same."""
    steps = legs((scaled(), N), ONE_HOT).steps
    case = make_case(Pipeline(steps, memory=str(tmp_path)), MIXED, make_rows(MIXED), 2)
    assert_equal_to_estimator(case, case.training_rows)
    assert case.model.explain(case.training_rows[0])


def test_a_column_that_training_never_saw_is_imputed_all_the_same() -> None:
    """The CSV had values, the rows that were trained on had none."""
    rows = [{**row, "x": None} for row in make_rows(GAPS)]
    case = make_case(build_classifier(GAPS), GAPS, rows, 2)
    assert case.features[0].mean is None
    assert_equal_to_estimator(case, [*rows[:10], {"x": 5.0, "y": 1.0}])
    assert case.model.explain({"x": 5.0, "y": None})["contributions"]["x"] == 0.0


def test_a_category_that_training_never_saw_is_scored_where_the_encoder_can() -> None:
    """Ours knows every category of the CSV; one that learns them by itself may refuse."""
    features = (Feature("x", "number"), Feature("color", "category", categories=("blue", "red")))
    rows = [{**row, "color": "blue"} for row in make_rows(features)]
    unseen = {"x": 0.5, "color": "red"}
    for estimator in (
        build_classifier(features),
        legs((StandardScaler(), ["x"]), (OneHotEncoder(handle_unknown="ignore"), ["color"])),
    ):
        case = make_case(estimator, features, rows, 2)
        assert_equal_to_estimator(case, [*rows[:10], unseen])
        assert case.model.explain(unseen)
    case = make_case(legs((OneHotEncoder(), ["color"])), features, rows, 2)
    with pytest.raises(ValueError, match="Found unknown categories"):
        case.model.predict(unseen)


def test_a_missing_category_that_training_never_saw_is_not_scored_where_the_encoder_refuses() -> (
    None
):
    """It is the encoder's to decide, not ours."""
    features = (Feature("color", "category", nullable=True, categories=("blue", "red")),)
    rows = [{"color": color} for color in ("blue", "red") * 20]
    case = make_case(legs((OneHotEncoder(), ["color"])), features, rows, 2)
    with pytest.raises(ValueError, match="Found unknown categories"):
        case.model.predict({"color": None})


def test_classes_that_are_not_numbered_are_not_folded() -> None:
    """Nobody could say which one a score speaks for."""
    case = get_case("no pipeline")
    assert fold(case.estimator, case.features, 1) is not None
    assert fold(case.estimator, case.features, None) is None
    labelled = LogisticRegression().fit([[0.0], [1.0]], ["no", "yes"])
    assert fold(labelled, [Feature("x", "number")], 1) is None


# Rounding


def make_sigmoid(positive: int = 1) -> TrainedModel:
    """Return a model whose probability is the sigmoid of its only feature."""
    regression = LogisticRegression()
    regression.classes_ = np.array([0, 1])
    regression.coef_ = np.array([[1.0]])
    regression.intercept_ = np.array([0.0])
    regression.n_features_in_ = 1
    features = (Feature("x", "number", mean=0.0),)
    return TrainedModel(regression, make_manifest(features, 2, positive))


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
    assert [prediction] == SIGMOID.predict_rows([row])
    assert isinstance(prediction, float)
    assert float(f"{prediction:.4f}") == prediction
    assert abs(prediction - probability) <= 0.5e-4 + TOLERANCE


def test_every_number_of_four_places_survives_rounding() -> None:
    """Those are the numbers that clients see."""
    for number in range(1, 10_000):
        probability = number / 10_000
        row = {"x": math.log(probability / (1.0 - probability))}
        assert SIGMOID.predict(row) == probability


# Explanations


def softmax(scores: Sequence[float]) -> list[float]:
    """Return e^z / Σ e^z."""
    exps = [math.exp(score - max(scores)) for score in scores]
    return [exp / math.fsum(exps) for exp in exps]


def sigmoid(z: float) -> float:
    """Return 1 / (1 + e^−z)."""
    return softmax([0.0, z])[1]


@settings(max_examples=300)
@given(st.data())
def test_an_explanation_adds_up_to_the_probability(data: st.DataObject) -> None:
    """As the sigmoid of baseline and contributions, or the softmax of each class's sum."""
    case = data.draw(linear_cases)
    row = data.draw(rows_of(case, data.draw(st.sampled_from([1.0, 1e6, math.inf]))))
    explanation = case.model.explain(row)
    explanations = [explanation] if case.positive is not None else list(explanation.values())
    if case.positive is None:
        assert list(explanation) == list(case.model.classes)
    names = [feature.name for feature in case.features]
    assert all(list(one["contributions"]) == names for one in explanations)
    assert all(set(one) == {"baseline", "contributions"} for one in explanations)
    scores = [one["baseline"] + math.fsum(one["contributions"].values()) for one in explanations]
    size = max(math.fsum(map(abs, one["contributions"].values())) for one in explanations)
    probabilities = [sigmoid(scores[0])] if len(scores) == 1 else softmax(scores)
    expected = case.model.probabilities(make_feature_columns([row], case.features))[:, 0]
    assert probabilities == pytest.approx(expected.tolist(), rel=0, abs=TOLERANCE * (1 + size))


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


def test_an_explanation_by_hand() -> None:
    """One feature of each type, weighed as the coefficients say."""
    case = get_case("one-hot that refuses the unknown")
    columns, model = (step for _, step in case.estimator.steps)
    imputer, scaler = (step for _, step in columns.named_transformers_["leg0"].steps)
    # age, height, member, then blue, green, red, none, then round, square
    weights = model.coef_[0]
    row = {"age": None, "height": 4.0, "member": True, "color": None, "shape": "square"}
    frame = pd.DataFrame(case.training_rows)
    color_mean = weights[3:7] @ [
        (frame.color == "blue").mean(),
        (frame.color == "green").mean(),
        (frame.color == "red").mean(),
        frame.color.isna().mean(),
    ]
    shape_mean = weights[7:] @ [(frame["shape"] == name).mean() for name in ("round", "square")]
    assert case.model.explain(row) == {
        "baseline": pytest.approx(model.intercept_[0] + color_mean + shape_mean),
        "contributions": {
            "age": pytest.approx(
                (imputer.statistics_[0] - scaler.mean_[0]) / scaler.scale_[0] * weights[0],
                abs=1e-12,
            ),
            "height": pytest.approx((4.0 - scaler.mean_[1]) / scaler.scale_[1] * weights[1]),
            "member": pytest.approx((1.0 - scaler.mean_[2]) / scaler.scale_[2] * weights[2]),
            "color": pytest.approx(weights[6] - color_mean),
            "shape": pytest.approx(weights[8] - shape_mean),
        },
    }


def test_the_other_class_is_explained_by_the_opposite() -> None:
    """What speaks for one of two classes speaks against the other."""
    first, second = get_case("ours", 2, 0), get_case("ours", 2, 1)
    row = second.training_rows[0]
    against, pro = first.model.explain(row), second.model.explain(row)
    assert against["baseline"] == -pro["baseline"]
    assert against["contributions"] == {k: -c for k, c in pro["contributions"].items()}


@pytest.mark.parametrize("arguments", LINEAR_CASES, ids=str)
def test_what_is_linear_is_explained(arguments: tuple[str, int, int]) -> None:
    """So nothing that is on the list goes by the slow door."""
    case = get_case(*arguments)
    assert case.model.explain(case.training_rows[0])


@pytest.mark.parametrize("arguments", OTHER_CASES, ids=str)
def test_what_is_not_linear_is_not_explained(arguments: tuple[str, int, int]) -> None:
    """It says why."""
    case = get_case(*arguments)
    with pytest.raises(NotExplainable) as caught:
        case.model.explain(case.training_rows[0])
    assert str(caught.value) == (
        "Trained model version 'v7' cannot explain its predictions: it is not a linear model."
    )


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
