"""Folding a fitted scikit-learn pipeline into a LinearScorer, if it is one of the linear kind.

Only what is listed here by its exact type is folded: a subclass may do anything. Whatever is not
is scored by the estimator itself, and a loaded model proves its scorer on the self-check rows.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from app.helpers.features import Feature
from app.models.linear_scorer import LinearScore, LinearScorer, LinearTerm


class _NotLinearError(Exception):
    """The pipeline holds a step that is not on the list."""


@dataclass(frozen=True)
class _Column:
    """One column on its way through the pipeline: (x − shift) / scale, or whether x is `level`."""

    feature: Feature
    fill: Any = None
    shift: float = 0.0
    scale: float = 1.0
    scaled: bool = False
    one_hot: bool = False
    level: str | None = None


def fold(
    estimator: Any, features: Sequence[Feature], positive_class: int | None
) -> LinearScorer | None:
    """Return the scorer that equals the fitted estimator, or None if that is not linear.

    Parameters
    ----------
    features : shape (n_features,)
        With the mean or the shares of each in the training set.
    positive_class : int or None
        Of two classes, numbered 0 and 1, the one whose probability is scored; None with more.
    """
    steps = [step for _, step in estimator.steps] if type(estimator) is Pipeline else [estimator]
    model = steps.pop()
    if type(model) is not LogisticRegression:
        return None
    try:
        columns = [_Column(feature) for feature in features]
        for step in steps:
            columns = _transform(step, columns)
        sign = -1.0 if positive_class == 0 else 1.0
        coefficients, intercepts = sign * model.coef_, sign * model.intercept_
        return LinearScorer(
            [
                _score(features, columns, row, intercept)
                for row, intercept in zip(coefficients.tolist(), intercepts.tolist(), strict=True)
            ]
        )
    except _NotLinearError:
        return None


def _transform(step: Any, columns: list[_Column]) -> list[_Column]:
    if isinstance(step, str):
        return columns if step == "passthrough" else []
    try:
        return _TRANSFORMS[type(step)](step, columns)
    except KeyError:
        raise _NotLinearError from None


def _pipeline(pipeline: Any, columns: list[_Column]) -> list[_Column]:
    for _, step in pipeline.steps:
        columns = _transform(step, columns)
    return columns


def _column_transformer(transformer: Any, columns: list[_Column]) -> list[_Column]:
    if any(column != _Column(column.feature) for column in columns):
        raise _NotLinearError
    by_name = {column.feature.name: column for column in columns}
    result = []
    for _, step, names in transformer.transformers_:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise _NotLinearError
        if names:
            result += _transform(step, [by_name[name] for name in names])
    return result


def _imputer(imputer: Any, columns: list[_Column]) -> list[_Column]:
    fills = imputer.statistics_.tolist()
    raw = all(not column.scaled and not column.one_hot for column in columns)
    if imputer.add_indicator or not raw or any(map(_is_missing, fills)):
        raise _NotLinearError
    return [replace(column, fill=fill) for column, fill in zip(columns, fills, strict=True)]


def _scaler(scaler: Any, columns: list[_Column]) -> list[_Column]:
    if any(
        column.scaled or column.one_hot or column.feature.type == "category" for column in columns
    ):
        raise _NotLinearError
    shifts = scaler.mean_.tolist() if scaler.with_mean else [0.0] * len(columns)
    scales = scaler.scale_.tolist() if scaler.with_std else [1.0] * len(columns)
    return [
        replace(column, shift=shift, scale=scale, scaled=True)
        for column, shift, scale in zip(columns, shifts, scales, strict=True)
    ]


def _one_hot(encoder: Any, columns: list[_Column]) -> list[_Column]:
    grouped = encoder.min_frequency is not None or encoder.max_categories is not None
    raw = all(
        column.feature.type == "category" and not column.one_hot and not column.scaled
        for column in columns
    )
    if encoder.drop is not None or grouped or not raw:
        raise _NotLinearError
    result = []
    for column, levels in zip(columns, encoder.categories_, strict=True):
        known = [None if _is_missing(level) else str(level) for level in levels]
        if column.fill is not None and column.fill not in known:
            raise _NotLinearError
        if encoder.handle_unknown != "ignore" and not set(column.feature.categories) <= set(known):
            raise _NotLinearError
        result += [replace(column, one_hot=True, level=level) for level in known]
    return result


_TRANSFORMS: dict[type, Callable[[Any, list[_Column]], list[_Column]]] = {
    Pipeline: _pipeline,
    ColumnTransformer: _column_transformer,
    SimpleImputer: _imputer,
    StandardScaler: _scaler,
    OneHotEncoder: _one_hot,
}


def _score(
    features: Sequence[Feature], columns: list[_Column], coefficients: list[float], intercept: float
) -> LinearScore:
    weighted: dict[str, list[tuple[_Column, float]]] = {feature.name: [] for feature in features}
    for column, weight in zip(columns, coefficients, strict=True):
        weighted[column.feature.name].append((column, weight))
    baseline, terms = intercept, []
    for feature in features:
        make_term = _category_term if feature.type == "category" else _number_term
        mean, term = make_term(feature, weighted[feature.name])
        baseline += mean
        terms.append(term)
    return LinearScore(baseline, terms)


def _number_term(feature: Feature, own: list[tuple[_Column, float]]) -> tuple[float, LinearTerm]:
    """Return the mean contribution before centring, and the term."""
    if not own:
        return 0.0, LinearTerm(fill=0.0)
    if len(own) > 1 or own[0][0].one_hot:
        raise _NotLinearError
    (column, weight) = own[0]
    if feature.nullable and column.fill is None:
        raise _NotLinearError
    slope = weight / column.scale
    center = column.shift if column.scaled else (feature.mean or 0.0)
    return (center - column.shift) * slope, LinearTerm(None, column.fill, center, slope)


def _category_term(feature: Feature, own: list[tuple[_Column, float]]) -> tuple[float, LinearTerm]:
    """Return the mean contribution before centring, and the term."""
    if not all(column.one_hot for column, _ in own) or len({c.level for c, _ in own}) < len(own):
        raise _NotLinearError
    weights: dict[str | None, float] = dict.fromkeys((*feature.categories, None), 0.0)
    weights |= {column.level: weight for column, weight in own}
    if own and own[0][0].fill is not None:
        weights[None] = weights[own[0][0].fill]
    shares = zip((*feature.categories, None), (*feature.shares, feature.missing), strict=True)
    mean = math.fsum(weights[category] * share for category, share in shares)
    return mean, LinearTerm({level: weight - mean for level, weight in weights.items()})


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
