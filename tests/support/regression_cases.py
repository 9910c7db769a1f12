"""Regressors, fitted to rows of random values, and the models made of them."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from app.helpers.features import Feature, make_feature_columns
from app.models.estimators import build_regressor
from app.store.fitted_estimator import make_frame
from app.store.loading import model_of
from app.store.manifest import Manifest
from app.store.target_numbers import PredictionInterval, TargetNumbers
from app.store.trained_model import TrainedModel
from app.training.profile import describe_features
from tests.support.estimators import (
    GAPS,
    MIXED,
    OFFSETS,
    ONE_HOT,
    OPEN,
    N,
    Row,
    legs,
    make_rows,
    scaled,
)
from tests.support.manifests import UNTRAINED

SCALE = 1e5  # of the target


@dataclass(frozen=True)
class RegressionCase:
    """A fitted regressor, and the model made of it."""

    estimator: Any
    features: tuple[Feature, ...]
    model: TrainedModel

    def expected(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Return what the estimator itself predicts, shape (n_rows,)."""
        frame = make_frame(make_feature_columns(rows, self.features), self.features)
        predicted: NDArray[np.float64] = self.estimator.predict(frame)
        return predicted


def build_boosting(features: Sequence[Feature], C: float = 0.1) -> Any:
    """Return a gradient boosting that takes columns of every type: a fork's build_regressor()."""
    categories = [feature.name for feature in features if feature.type == "category"]
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
    )
    columns = make_column_transformer((codes, categories), remainder="passthrough")
    return make_pipeline(columns, HistGradientBoostingRegressor(max_iter=20, random_state=1))


LINEAR: dict[str, tuple[tuple[Feature, ...], Callable[[], Any]]] = {
    "ours": (MIXED, lambda: build_regressor(MIXED)),
    "ours, open": (OPEN, lambda: build_regressor(OPEN)),
    "ours, gaps": (GAPS, lambda: build_regressor(GAPS)),
    "ours, large offsets": (OFFSETS, lambda: build_regressor(OFFSETS)),
    "least squares": (MIXED, lambda: legs((scaled(), N), ONE_HOT, model=LinearRegression())),
    "no intercept": (
        MIXED,
        lambda: legs((scaled(), N), ONE_HOT, model=Ridge(fit_intercept=False)),
    ),
}
OTHER: dict[str, tuple[tuple[Feature, ...], Callable[[], Any]]] = {
    "boosting": (MIXED, lambda: build_boosting(MIXED)),
    "logarithms": (
        MIXED,
        lambda: TransformedTargetRegressor(
            build_regressor(MIXED), func=np.cbrt, inverse_func=lambda x: x**3
        ),
    ),
    "its own choice": (MIXED, lambda: legs((scaled(), N), ONE_HOT, model=RidgeCV())),
}


@functools.cache
def get_regression(name: str) -> RegressionCase:
    """Return a case by its name, fitted once."""
    features, build = (LINEAR | OTHER)[name]
    rows = make_rows(features)
    frame = make_frame(make_feature_columns(rows, features), features)
    target = SCALE * np.random.default_rng(1).normal(size=len(rows))
    for k, column in enumerate(frame.columns):
        if features[k].type != "category":
            values = frame[column].fillna(0.0).to_numpy(np.float64)
            target += SCALE * (values - values.mean()) / (values.std() + 1e-9)
    estimator = build().fit(frame, target)
    described = describe_features(features, frame)
    quantiles = tuple(np.quantile(target, np.linspace(0, 1, 101)).tolist())
    manifest = Manifest(
        version="v7",
        features=described,
        classes=(),
        positive_class=None,
        libraries={},
        self_check=(),
        task="regression",
        numbers=TargetNumbers(quantiles, "", PredictionInterval(0.9, SCALE)),
        **UNTRAINED,
    )
    return RegressionCase(estimator, described, model_of(manifest, estimator))
