"""A fitted scikit-learn pipeline → a LinearScorer, if the pipeline is linear.

Only the exact types that are listed here are folded, because a subclass may do anything. All other
estimators predict by themselves. A loaded model proves its scorer on the self-check rows.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from app.helpers.features import Feature
from app.store.class_labels import class_places, without_labels
from app.store.linear_scorer import LinearScorer
from app.store.linear_terms import Column, Infrequent, NotLinearError, find_words, make_score

_REGRESSORS = (LinearRegression, Ridge)


def fold(
    estimator: Any,
    features: Sequence[Feature],
    classes: Sequence[str],
    positive_index: int | None,
) -> LinearScorer | None:
    """Return a scorer that predicts what the fitted estimator does; None if it is not linear.

    Parameters
    ----------
    features : shape (n_features,)
        Described: with the mean, or the shares of the categories, in the training set.
    classes : shape (n_classes,)
        Empty in a regression.
    positive_index : int or None
        The place of the positive class, 0 or 1; None with three or more classes, and in a
        regression.

    Raises
    ------
    InvalidModelFile
        If the estimator has other classes.
    """
    places = class_places(estimator, classes) if classes else []
    estimator = without_labels(estimator)
    steps = [step for _, step in estimator.steps] if type(estimator) is Pipeline else [estimator]
    model = steps.pop()
    try:
        coefficients, intercepts = _weights(model, places, positive_index)
        columns = [Column(feature) for feature in features]
        for step in steps:
            columns = _transform(step, columns)
        return LinearScorer(
            [
                make_score(features, columns, row, intercept)
                for row, intercept in zip(coefficients, intercepts, strict=True)
            ],
            "regression" if type(model) in _REGRESSORS else "classification",
            {
                place: find_words(feature, columns)
                for place, feature in enumerate(features)
                if feature.type == "text"
            },
        )
    except NotLinearError:
        return None


def _weights(
    model: Any, places: list[int], positive_index: int | None
) -> tuple[list[list[float]], list[float]]:
    """Return the coefficients, shape (n_scores, n_columns), and the intercepts, (n_scores,).

    The places are those of the classes among the model's own.
    """
    if type(model) not in (LogisticRegression, *_REGRESSORS):
        raise NotLinearError
    # Sparse or float32 coefficients give other rounding errors than ours.
    if not isinstance(model.coef_, np.ndarray) or model.coef_.dtype != np.float64:
        raise NotLinearError
    if type(model) in _REGRESSORS:
        coefficients, intercepts = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
        if len(coefficients) != 1:
            raise NotLinearError
        return coefficients.tolist(), intercepts.tolist()
    n_classes = 2 if positive_index is not None else len(model.coef_)
    if len(places) != n_classes or len(model.classes_) != n_classes:
        raise NotLinearError
    if positive_index is None:
        return model.coef_[places].tolist(), model.intercept_[places].tolist()
    sign = 1.0 if places[positive_index] == 1 else -1.0
    return (sign * model.coef_).tolist(), (sign * model.intercept_).tolist()


def _transform(step: Any, columns: list[Column]) -> list[Column]:
    if isinstance(step, str) and step == "passthrough":
        return columns
    transform = _TRANSFORMS.get(type(step))
    if transform is None:
        raise NotLinearError
    return transform(step, columns)


def _pipeline(pipeline: Any, columns: list[Column]) -> list[Column]:
    for _, step in pipeline.steps:
        columns = _transform(step, columns)
    return columns


def _column_transformer(transformer: Any, columns: list[Column]) -> list[Column]:
    if transformer.transformer_weights:
        raise NotLinearError
    by_key: dict[Any, Column] = dict(enumerate(columns))
    by_key |= {column.feature.name: column for column in columns if column.named}
    result = []
    for _, step, keys in transformer.transformers_:
        if isinstance(step, str) and step == "drop":
            continue
        if type(keys) is str and type(step) is TfidfVectorizer:  # which takes a single column
            result += _vectorizer(step, by_key.get(keys))
            continue
        # By exact type, since the True of a mask is an int, too.
        if not isinstance(keys, list) or not {int, str}.issuperset(map(type, keys)):
            raise NotLinearError
        try:
            chosen = [by_key[key] for key in keys]
        except KeyError:
            raise NotLinearError from None
        if chosen:
            result += _transform(step, chosen)
    # The output's columns have other names; one of them could be the name of another feature.
    return [replace(column, named=False) for column in result]


def _identity(transformer: Any, columns: list[Column]) -> list[Column]:
    if transformer.func is not None:
        raise NotLinearError
    return [replace(column, named=False) for column in columns]


def _imputer(imputer: Any, columns: list[Column]) -> list[Column]:
    # The estimator gets NaN where a value is missing.
    if imputer.add_indicator or not _is_nan(imputer.missing_values):
        raise NotLinearError
    result = []
    for column, fill in zip(columns, imputer.statistics_.tolist(), strict=True):
        fits = isinstance(fill, str if column.is_category else int | float)
        if column.scaled or not fits or _is_nan(fill):
            raise NotLinearError
        # A second imputer finds nothing to fill.
        result.append(replace(column, fill=fill) if column.fill is None else column)
    return result


def _scaler(scaler: Any, columns: list[Column]) -> list[Column]:
    if any(column.scaled or column.is_category for column in columns):
        raise NotLinearError
    shifts = scaler.mean_.tolist() if scaler.with_mean else [0.0] * len(columns)
    scales = scaler.scale_.tolist() if scaler.with_std else [1.0] * len(columns)
    return [
        replace(column, shift=shift, scale=scale, scaled=True)
        for column, shift, scale in zip(columns, shifts, scales, strict=True)
    ]


def _one_hot(encoder: Any, columns: list[Column]) -> list[Column]:
    groups = encoder.min_frequency is not None or encoder.max_categories is not None
    # Otherwise infrequent and unknown categories would be encoded differently.
    if encoder.drop is not None or (groups and encoder.handle_unknown != "infrequent_if_exist"):
        raise NotLinearError
    ignores_unknown = encoder.handle_unknown in ("ignore", "infrequent_if_exist")
    infrequent = encoder.infrequent_categories_ if groups else [None] * len(columns)
    result = []
    for column, known, rare in zip(columns, encoder.categories_, infrequent, strict=True):
        levels: list[Any] = _levels(known)
        if not ignores_unknown and not _has_all(column, levels):
            raise NotLinearError
        if rare is not None:  # they share one column, the last one
            together = set(_levels(rare))
            levels = [level for level in levels if level not in together] + [Infrequent.LEVEL]
        result += [replace(column, named=False, level=level, encoder=encoder) for level in levels]
    return result


def _levels(categories: NDArray[Any]) -> list[str | None]:
    """Return an encoder's categories as levels: None for NaN."""
    known = categories.tolist()
    if not all(isinstance(category, str) or _is_nan(category) for category in known):
        raise NotLinearError
    return [None if _is_nan(category) else category for category in known]


def _vectorizer(vectorizer: Any, column: Column | None) -> list[Column]:
    """Return a column for each word of a text, if the words are the feature's own."""
    if column is None or column.feature.type != "text" or column != Column(column.feature):
        raise NotLinearError
    # What these choose is the vocabulary, which is compared below.
    free = dict.fromkeys(("vocabulary", "max_features", "min_df", "max_df"))
    if vectorizer.get_params() | free != TfidfVectorizer(sublinear_tf=True).get_params() | free:
        raise NotLinearError
    if vectorizer.vocabulary_ != {word: k for k, word in enumerate(column.feature.words)}:
        raise NotLinearError
    n_words = len(column.feature.words)
    return [replace(column, named=False, word=k, encoder=vectorizer) for k in range(n_words)]


def _has_all(column: Column, levels: Sequence[str | None]) -> bool:
    """Whether a column can hold nothing but these levels."""
    missing = [column.fill] if column.feature.nullable else []
    return not column.feature.open and {*column.feature.categories, *missing} <= set(levels)


_TRANSFORMS: dict[type, Callable[[Any, list[Column]], list[Column]]] = {
    Pipeline: _pipeline,
    ColumnTransformer: _column_transformer,
    FunctionTransformer: _identity,
    SimpleImputer: _imputer,
    StandardScaler: _scaler,
    OneHotEncoder: _one_hot,
}


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
