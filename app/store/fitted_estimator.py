"""A version that has no weights: its estimator is unpickled and called directly.

Importing this module imports scikit-learn and pandas, some 130 MB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.helpers.features import Feature, Value
from app.store.class_labels import class_places
from app.store.linear_fold import fold
from app.store.linear_scorer import LinearScorer
from app.store.manifest import Manifest


@dataclass(frozen=True)
class FittedEstimator:
    """A fitted estimator as a model's scorer; without classes it is a regressor."""

    estimator: Any
    columns: tuple[Feature, ...]
    classes: tuple[str, ...]
    positive_index: int | None

    def of_columns(self, columns: Sequence[Sequence[Value]]) -> NDArray[np.float64]:
        """Return the outputs, shape (n_outputs, n_rows), of (n_columns, n_rows) columns."""
        frame = make_frame(columns, self.columns)
        return estimator_outputs(self.estimator, frame, self.classes, self.positive_index)


def scorer_of(estimator: Any, manifest: Manifest) -> LinearScorer | FittedEstimator:
    """Return what scores as the estimator does: its weights if it is linear, else itself."""
    known = manifest.columns, manifest.classes, manifest.positive_index
    return fold(estimator, *known) or FittedEstimator(estimator, *known)


def make_frame(columns: Sequence[Sequence[Value]], described: Sequence[Feature]) -> pd.DataFrame:
    """Return columns, shape (n_columns, n_rows), as the DataFrame that estimators get."""
    return pd.DataFrame(
        {
            feature.name: _make_series(column, feature)
            for feature, column in zip(described, columns, strict=True)
        }
    )


def _make_series(column: Sequence[Value], feature: Feature) -> "pd.Series[Any] | NDArray[Any]":
    if feature.type not in ("category", "text"):
        return np.array(column, dtype=np.float64)  # None becomes NaN
    missing = "" if feature.type == "text" else np.nan
    return pd.Series([missing if value is None else value for value in column], dtype=object)


def estimator_outputs(
    estimator: Any, frame: pd.DataFrame, classes: Sequence[str], positive_index: int | None
) -> NDArray[np.float64]:
    """Return a fitted estimator's probabilities or numbers, shape (n_outputs, n_rows)."""
    if not classes:
        return np.asarray(estimator.predict(frame), np.float64).reshape(1, -1)
    probabilities = class_probabilities(estimator, frame, classes).T
    return probabilities if positive_index is None else probabilities[[positive_index]]


def class_probabilities(
    estimator: Any, frame: pd.DataFrame, classes: Sequence[str]
) -> NDArray[np.float64]:
    """Return a fitted classifier's probabilities, shape (n_rows, n_classes), in that order."""
    probabilities = np.asarray(estimator.predict_proba(frame), np.float64)
    places = class_places(estimator, classes)
    if places == list(range(probabilities.shape[1])):
        return probabilities
    return probabilities[:, places]
