"""Features, rows and estimators to score with.

A case is an estimator that was fitted to such rows, and the model made of it.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from app.helpers.features import Feature, make_feature_columns
from app.helpers.predictions import Prediction
from app.store.fitted_estimator import make_frame
from app.store.linear_fold import fold
from app.store.linear_scorer import LinearScorer
from app.store.loading import model_of
from app.store.manifest import Manifest
from app.store.trained_model import FEW_ROWS, TrainedModel
from app.training.profile import describe_features
from tests.support.manifests import UNTRAINED

Row = dict[str, Any]
Builder = Callable[[], Any]
N_ROWS = 160
TOLERANCE = 1e-9

MIXED = (
    Feature("age", "number", nullable=True),
    Feature("height", "number"),
    Feature("member", "boolean", nullable=True),
    Feature("color", "category", nullable=True, categories=("blue", "green", "red")),
    Feature("shape", "category", categories=("round", "square")),
)

OPEN = (
    Feature("age", "number", nullable=True),
    Feature("town", "category", nullable=True, categories=tuple("abcdefghijklmnopqrst"), open=True),
    Feature("shape", "category", categories=("round", "square")),
)
NUMBERS = (Feature("x", "number"), Feature("y", "number"), Feature("z", "boolean"))
GAPS = (Feature("x", "number", nullable=True), Feature("y", "number", nullable=True))
OFFSETS = (Feature("unix time", "number"), Feature("serial number", "number"))
N = ["age", "height", "member"]
C = ["color", "shape"]


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
        scorer = fold(self.estimator, self.features, self.model.classes, self.positive)
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
        features=features,
        classes=classes,
        positive_class=None if positive is None else classes[positive],
        libraries={},
        self_check=(),
        **UNTRAINED,
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
    model = model_of(make_manifest(described, n_classes, index), estimator)
    return Case(estimator, described, rows, index, model)


def predict_in_a_batch(model: TrainedModel, rows: list[Row]) -> list[Prediction]:
    """Return the predictions of rows, of which at least one is given, among many others."""
    times = FEW_ROWS // len(rows) + 1
    predictions = model.predict_rows(rows * times)
    assert predictions == predictions[: len(rows)] * times
    return predictions[: len(rows)]


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


ONE_HOT = (OneHotEncoder(handle_unknown="ignore"), C)
