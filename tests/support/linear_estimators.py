"""Estimators that can be folded into a linear scorer."""

import numpy as np
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from app.helpers.features import Feature
from app.models.estimators import build_classifier
from tests.support.estimators import (
    GAPS,
    MIXED,
    NUMBERS,
    OFFSETS,
    ONE_HOT,
    OPEN,
    Builder,
    C,
    N,
    imputed_one_hot,
    legs,
    scaled,
)

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
    "infrequent and unknown categories together": (
        MIXED,
        lambda: legs(
            (scaled(), N),
            (OneHotEncoder(min_frequency=50, handle_unknown="infrequent_if_exist"), C),
        ),
    ),
    "all but one category together": (
        MIXED,
        lambda: legs(
            (scaled(), N),
            (OneHotEncoder(max_categories=2, handle_unknown="infrequent_if_exist"), C),
        ),
    ),
    "ours of an open category": (OPEN, lambda: build_classifier(OPEN)),
    "an open category of which all is rare, gaps too": (
        OPEN,
        lambda: legs(
            (scaled(), ["age"]),
            (
                OneHotEncoder(min_frequency=60, handle_unknown="infrequent_if_exist"),
                ["town", "shape"],
            ),
        ),
    ),
    "an open category that is imputed": (
        OPEN,
        lambda: legs(
            (scaled(), ["age"]),
            (
                imputed_one_hot(
                    {"strategy": "most_frequent"},
                    min_frequency=8,
                    handle_unknown="infrequent_if_exist",
                ),
                ["town", "shape"],
            ),
        ),
    ),
    "an open category that is imputed by another level": (
        OPEN,
        lambda: legs(
            (scaled(), ["age"]),
            (
                imputed_one_hot(
                    {"strategy": "constant", "fill_value": "none"},
                    min_frequency=5,
                    handle_unknown="infrequent_if_exist",
                ),
                ["town"],
            ),
        ),
    ),
    "an open category that is imputed by a rare level": (
        OPEN,
        lambda: legs(
            (scaled(), ["age"]),
            (
                imputed_one_hot(
                    {"strategy": "constant", "fill_value": "none"},
                    min_frequency=60,
                    handle_unknown="infrequent_if_exist",
                ),
                ["town"],
            ),
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
