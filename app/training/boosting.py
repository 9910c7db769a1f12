"""Gradient boosting with scikit-learn's defaults, for the columns that an estimator is given.

To publish such a model, return `boosted_classifier(features)` from `build_classifier` in
`app/models/estimators.py`, or `boosted_regressor(features)` from `build_regressor`.
"""

import math
from collections.abc import Sequence
from typing import Any

from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from app.helpers.features import Feature

SEED = 1
_MAX_LEVELS = 254  # of a category; scikit-learn takes 255, and the rare ones together are one


def boosted_classifier(features: Sequence[Feature], seed: int = SEED) -> Pipeline:
    """Return an unfitted classifier; it leaves texts out.

    Parameters
    ----------
    features : shape (n_columns,)
        The columns, as `build_classifier` gets them.
    seed : int
    """
    return _boosted(features, HistGradientBoostingClassifier, seed)


def boosted_regressor(features: Sequence[Feature], seed: int = SEED) -> Pipeline:
    """Return an unfitted regressor; it leaves texts out."""
    return _boosted(features, HistGradientBoostingRegressor, seed)


def usable_columns(features: Sequence[Feature]) -> list[str]:
    """Return the names of the columns that are learned from, categories first."""
    categories = [feature.name for feature in features if feature.type == "category"]
    return categories + [f.name for f in features if f.type in ("number", "boolean")]


def _boosted(features: Sequence[Feature], model: Any, seed: int) -> Pipeline:
    categories = [feature.name for feature in features if feature.type == "category"]
    numbers = [name for name in usable_columns(features) if name not in set(categories)]
    # To gradient boosting, unknown levels are missing ones.
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=math.nan, max_categories=_MAX_LEVELS
    )
    by_place = {"categorical_features": list(range(len(categories)))} if categories else {}
    return make_pipeline(
        make_column_transformer((codes, categories), ("passthrough", numbers)),
        model(**by_place, random_state=seed),
    )
