"""Estimators that cannot be folded into a linear scorer, each for a reason of its own."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
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

from app.helpers.features import Feature
from tests.support.estimators import (
    GAPS,
    MIXED,
    NUMBERS,
    ONE_HOT,
    Builder,
    C,
    N,
    imputed_one_hot,
    legs,
    scaled,
)


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
        self.__class__ = LogisticRegression
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
    "a category that is infrequent in one of two legs": (
        MIXED,
        lambda: legs(
            (scaled(), N),
            (OneHotEncoder(categories=[["blue"]], handle_unknown="ignore"), ["color"]),
            (OneHotEncoder(max_categories=1, handle_unknown="infrequent_if_exist"), ["color"]),
        ),
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
