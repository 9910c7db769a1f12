"""A fitted scikit-learn pipeline → a LinearScorer, if the pipeline is linear.

Only the exact types that are listed here are folded, because a subclass may do anything. All other
estimators predict by themselves. A loaded model proves its scorer on the self-check rows.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from app.helpers.features import Feature
from app.store.linear_scorer import LinearScore, LinearScorer, LinearTerm, OpenWeights

_REGRESSORS = (LinearRegression, Ridge)


class _Infrequent(Enum):
    """The one level into which a one-hot encoder puts all infrequent and unknown categories."""

    LEVEL = "infrequent"


class _NotLinearError(Exception):
    """The pipeline has a step that cannot be folded."""


@dataclass(frozen=True)
class _Column:
    """One column on its way through the pipeline: (x − shift) / scale, or whether x is `level`.

    A one-hot encoder turns the column of a category into one column for each level.
    """

    feature: Feature
    named: bool = True  # whether steps can still select it by its feature's name
    fill: Any = None  # what an imputer puts in place of a missing value
    shift: float = 0.0
    scale: float = 1.0
    scaled: bool = False
    level: str | _Infrequent | None = None  # None is the level of missing values
    encoder: Any = None  # the encoder that made the level

    @property
    def is_category(self) -> bool:
        return self.feature.type == "category"


_Weighted = tuple[_Column, float]
"""A column that reaches the model, and the model's coefficient for it."""


def fold(
    estimator: Any, features: Sequence[Feature], positive_index: int | None
) -> LinearScorer | None:
    """Return a scorer that predicts what the fitted estimator does; None if it is not linear.

    Parameters
    ----------
    features : shape (n_features,)
        Described: with the mean, or the shares of the categories, in the training set.
    positive_index : int or None
        The place of the positive class, 0 or 1; None with three or more classes, and in a
        regression.
    """
    steps = [step for _, step in estimator.steps] if type(estimator) is Pipeline else [estimator]
    model = steps.pop()
    try:
        coefficients, intercepts = _weights(model, positive_index)
        columns = [_Column(feature) for feature in features]
        for step in steps:
            columns = _transform(step, columns)
        return LinearScorer(
            [
                _score(features, columns, row, intercept)
                for row, intercept in zip(coefficients, intercepts, strict=True)
            ],
            "regression" if type(model) in _REGRESSORS else "classification",
        )
    except _NotLinearError:
        return None


def _weights(model: Any, positive_index: int | None) -> tuple[list[list[float]], list[float]]:
    """Return the coefficients, shape (n_scores, n_columns), and the intercepts, (n_scores,)."""
    if type(model) not in (LogisticRegression, *_REGRESSORS):
        raise _NotLinearError
    # Sparse or float32 coefficients give other rounding errors than ours.
    if not isinstance(model.coef_, np.ndarray) or model.coef_.dtype != np.float64:
        raise _NotLinearError
    if type(model) in _REGRESSORS:
        coefficients, intercepts = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
        if len(coefficients) != 1:
            raise _NotLinearError
        return coefficients.tolist(), intercepts.tolist()
    n_classes = 2 if positive_index is not None else len(model.coef_)
    if model.classes_.tolist() != list(range(n_classes)):
        raise _NotLinearError
    sign = -1.0 if positive_index == 0 else 1.0
    return (sign * model.coef_).tolist(), (sign * model.intercept_).tolist()


def _transform(step: Any, columns: list[_Column]) -> list[_Column]:
    if isinstance(step, str) and step == "passthrough":
        return columns
    transform = _TRANSFORMS.get(type(step))
    if transform is None:
        raise _NotLinearError
    return transform(step, columns)


def _pipeline(pipeline: Any, columns: list[_Column]) -> list[_Column]:
    for _, step in pipeline.steps:
        columns = _transform(step, columns)
    return columns


def _column_transformer(transformer: Any, columns: list[_Column]) -> list[_Column]:
    if transformer.transformer_weights:
        raise _NotLinearError
    by_key: dict[Any, _Column] = dict(enumerate(columns))
    by_key |= {column.feature.name: column for column in columns if column.named}
    result = []
    for _, step, keys in transformer.transformers_:
        if isinstance(step, str) and step == "drop":
            continue
        # By exact type, since the True of a mask is an int, too.
        if not isinstance(keys, list) or not {int, str}.issuperset(map(type, keys)):
            raise _NotLinearError
        try:
            chosen = [by_key[key] for key in keys]
        except KeyError:
            raise _NotLinearError from None
        if chosen:
            result += _transform(step, chosen)
    # The output's columns have other names; one of them could be the name of another feature.
    return [replace(column, named=False) for column in result]


def _identity(transformer: Any, columns: list[_Column]) -> list[_Column]:
    if transformer.func is not None:
        raise _NotLinearError
    return [replace(column, named=False) for column in columns]


def _imputer(imputer: Any, columns: list[_Column]) -> list[_Column]:
    # The estimator gets NaN where a value is missing.
    if imputer.add_indicator or not _is_nan(imputer.missing_values):
        raise _NotLinearError
    result = []
    for column, fill in zip(columns, imputer.statistics_.tolist(), strict=True):
        fits = isinstance(fill, str if column.is_category else int | float)
        if column.scaled or not fits or _is_nan(fill):
            raise _NotLinearError
        # A second imputer finds nothing to fill.
        result.append(replace(column, fill=fill) if column.fill is None else column)
    return result


def _scaler(scaler: Any, columns: list[_Column]) -> list[_Column]:
    if any(column.scaled or column.is_category for column in columns):
        raise _NotLinearError
    shifts = scaler.mean_.tolist() if scaler.with_mean else [0.0] * len(columns)
    scales = scaler.scale_.tolist() if scaler.with_std else [1.0] * len(columns)
    return [
        replace(column, shift=shift, scale=scale, scaled=True)
        for column, shift, scale in zip(columns, shifts, scales, strict=True)
    ]


def _one_hot(encoder: Any, columns: list[_Column]) -> list[_Column]:
    groups = encoder.min_frequency is not None or encoder.max_categories is not None
    # Otherwise infrequent and unknown categories would be encoded differently.
    if encoder.drop is not None or (groups and encoder.handle_unknown != "infrequent_if_exist"):
        raise _NotLinearError
    ignores_unknown = encoder.handle_unknown in ("ignore", "infrequent_if_exist")
    infrequent = encoder.infrequent_categories_ if groups else [None] * len(columns)
    result = []
    for column, known, rare in zip(columns, encoder.categories_, infrequent, strict=True):
        levels: list[Any] = _levels(known)
        if not ignores_unknown and not _has_all(column, levels):
            raise _NotLinearError
        if rare is not None:  # they share one column, the last one
            together = set(_levels(rare))
            levels = [level for level in levels if level not in together] + [_Infrequent.LEVEL]
        result += [replace(column, named=False, level=level, encoder=encoder) for level in levels]
    return result


def _levels(categories: NDArray[Any]) -> list[str | None]:
    """Return an encoder's categories as levels: None for NaN."""
    known = categories.tolist()
    if not all(isinstance(category, str) or _is_nan(category) for category in known):
        raise _NotLinearError
    return [None if _is_nan(category) else category for category in known]


def _has_all(column: _Column, levels: Sequence[str | None]) -> bool:
    """Whether a column can hold nothing but these levels."""
    missing = [column.fill] if column.feature.nullable else []
    return not column.feature.open and {*column.feature.categories, *missing} <= set(levels)


_TRANSFORMS: dict[type, Callable[[Any, list[_Column]], list[_Column]]] = {
    Pipeline: _pipeline,
    ColumnTransformer: _column_transformer,
    FunctionTransformer: _identity,
    SimpleImputer: _imputer,
    StandardScaler: _scaler,
    OneHotEncoder: _one_hot,
}


def _score(
    features: Sequence[Feature], columns: list[_Column], coefficients: list[float], intercept: float
) -> LinearScore:
    weighted: dict[str, list[_Weighted]] = {feature.name: [] for feature in features}
    for column, weight in zip(columns, coefficients, strict=True):
        weighted[column.feature.name].append((column, weight))
    baseline, terms = intercept, []
    for feature in features:
        make_term = _category_term if feature.type == "category" else _number_term
        mean, term = make_term(feature, weighted[feature.name])
        baseline += mean
        terms.append(term)
    return LinearScore(baseline, terms)


def _number_term(feature: Feature, weighted: Sequence[_Weighted]) -> tuple[float, LinearTerm]:
    """Return the feature's mean contribution, which belongs to the baseline, and its term."""
    if not weighted:
        return 0.0, LinearTerm(fill=0.0)
    ((column, weight), *others) = weighted
    if others or (feature.nullable and column.fill is None):
        raise _NotLinearError
    fill = None if column.fill is None else float(column.fill)
    center = feature.mean or 0.0
    if fill is not None:
        center = (1.0 - feature.missing) * center + feature.missing * fill
    slope = weight / column.scale
    return (center - column.shift) * slope, LinearTerm(None, fill, center, slope)


def _category_term(feature: Feature, weighted: Sequence[_Weighted]) -> tuple[float, LinearTerm]:
    """Return the feature's mean contribution, which belongs to the baseline, and its term."""
    by_level = {column.level: weight for column, weight in weighted}
    fills = {column.fill for column, _ in weighted}
    if len(by_level) < len(weighted) or len(fills) > 1:
        raise _NotLinearError
    rare = 0.0
    if _Infrequent.LEVEL in by_level:
        if len({id(column.encoder) for column, _ in weighted}) > 1:  # they may group differently
            raise _NotLinearError
        rare = by_level.pop(_Infrequent.LEVEL)
    weights: dict[Any, float] = dict.fromkeys((*feature.categories, None), rare) | by_level
    fill = fills.pop() if weighted else None
    if fill is not None:
        weights[None] = weights.get(fill, rare)
    shares = zip((*feature.categories, None), (*feature.shares, feature.missing), strict=True)
    mean = math.fsum(weights[level] * share for level, share in shares)
    # If rare levels have different weights, assume that all of them are equally frequent.
    listed = {*feature.categories, fill, None}
    rare_weights = [weights[level] for level in weights.keys() - listed] or [rare]
    mean += feature.rare * math.fsum(rare_weights) / len(rare_weights)
    centered = {level: weight - mean for level, weight in weights.items()}
    return mean, LinearTerm(OpenWeights(centered, rare - mean) if feature.open else centered)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
