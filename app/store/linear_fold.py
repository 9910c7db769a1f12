"""Folding a fitted scikit-learn pipeline into a LinearScorer, if it is one of the linear kind.

Only what is listed here by its exact type is folded: a subclass may do anything. Whatever is not
is scored by the estimator itself, and a loaded model proves its scorer on the self-check rows.
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
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from app.helpers.features import Feature
from app.store.linear_scorer import LinearScore, LinearScorer, LinearTerm, OpenWeights


class _Infrequent(Enum):
    """The level that a one-hot encoder makes of all that are infrequent, or unknown to it."""

    LEVEL = "infrequent"


class _NotLinearError(Exception):
    """The pipeline holds something that is not folded."""


@dataclass(frozen=True)
class _Column:
    """One column on its way through the pipeline: (x − shift) / scale, or whether x is `level`.

    Of a category there is one for each level, once it is encoded; before, no model takes it.
    """

    feature: Feature
    named: bool = True  # still under its feature's name
    fill: Any = None  # in place of what is missing
    shift: float = 0.0
    scale: float = 1.0
    scaled: bool = False
    level: str | _Infrequent | None = None  # None is the level of what is missing
    encoder: Any = None  # that made the level

    @property
    def is_category(self) -> bool:
        return self.feature.type == "category"


def fold(
    estimator: Any, features: Sequence[Feature], positive_index: int | None
) -> LinearScorer | None:
    """Return the scorer that equals the fitted estimator, or None if that is not linear.

    Parameters
    ----------
    features : shape (n_features,)
        With the mean or the shares of each in the training set.
    positive_index : int or None
        Of two classes, numbered 0 and 1, the one whose probability is scored; None with more.
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
            ]
        )
    except _NotLinearError:
        return None


def _weights(model: Any, positive_index: int | None) -> tuple[list[list[float]], list[float]]:
    """Return the coefficients, shape (n_scores, n_columns), and the intercepts, (n_scores,)."""
    if type(model) is not LogisticRegression:
        raise _NotLinearError
    # A sparse or float32 one computes otherwise than we do.
    if not isinstance(model.coef_, np.ndarray) or model.coef_.dtype != np.float64:
        raise _NotLinearError
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
        # By exact type: a mask's True would be taken for 1.
        if not isinstance(keys, list) or not {int, str}.issuperset(map(type, keys)):
            raise _NotLinearError
        try:
            chosen = [by_key[key] for key in keys]
        except KeyError:
            raise _NotLinearError from None
        if chosen:
            result += _transform(step, chosen)
    # By another name a column could be taken for the feature of that name.
    return [replace(column, named=False) for column in result]


def _identity(transformer: Any, columns: list[_Column]) -> list[_Column]:
    if transformer.func is not None:
        raise _NotLinearError
    return [replace(column, named=False) for column in columns]


def _imputer(imputer: Any, columns: list[_Column]) -> list[_Column]:
    # NaN is what the estimator is given where a value is missing.
    if imputer.add_indicator or not _is_nan(imputer.missing_values):
        raise _NotLinearError
    result = []
    for column, fill in zip(columns, imputer.statistics_.tolist(), strict=True):
        fits = isinstance(fill, str if column.is_category else int | float)
        if column.scaled or not fits or _is_nan(fill):
            raise _NotLinearError
        # After a first imputer nothing is missing.
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
    # Else what is infrequent and what is unknown are not the same.
    if encoder.drop is not None or (groups and encoder.handle_unknown != "infrequent_if_exist"):
        raise _NotLinearError
    ignores_unknown = encoder.handle_unknown in ("ignore", "infrequent_if_exist")
    infrequent = encoder.infrequent_categories_ if groups else [None] * len(columns)
    result = []
    for column, known, rare in zip(columns, encoder.categories_, infrequent, strict=True):
        levels: list[Any] = _levels(known)
        if not ignores_unknown and not _has_all(column, levels):
            raise _NotLinearError
        if rare is not None:  # they have one column together, the last
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
    ((column, weight), *others) = own
    if others or (feature.nullable and column.fill is None):
        raise _NotLinearError
    fill = None if column.fill is None else float(column.fill)
    center = feature.mean or 0.0
    if fill is not None:
        center = (1.0 - feature.missing) * center + feature.missing * fill
    slope = weight / column.scale
    return (center - column.shift) * slope, LinearTerm(None, fill, center, slope)


def _category_term(feature: Feature, own: list[tuple[_Column, float]]) -> tuple[float, LinearTerm]:
    """Return the mean contribution before centring, and the term."""
    by_level = {column.level: weight for column, weight in own}
    fills = {column.fill for column, _ in own}
    if len(by_level) < len(own) or len(fills) > 1:
        raise _NotLinearError
    rare = 0.0
    if _Infrequent.LEVEL in by_level:
        if len({id(column.encoder) for column, _ in own}) > 1:  # it is infrequent for one of them
            raise _NotLinearError
        rare = by_level.pop(_Infrequent.LEVEL)
    weights: dict[Any, float] = dict.fromkeys((*feature.categories, None), rare) | by_level
    fill = fills.pop() if own else None
    if fill is not None:
        weights[None] = weights.get(fill, rare)
    shares = zip((*feature.categories, None), (*feature.shares, feature.missing), strict=True)
    mean = math.fsum(weights[level] * share for level, share in shares)
    # If rare levels have weights of their own, their shares are taken to be equal.
    listed = {*feature.categories, fill, None}
    rare_weights = [weights[level] for level in weights.keys() - listed] or [rare]
    mean += feature.rare * math.fsum(rare_weights) / len(rare_weights)
    centered = {level: weight - mean for level, weight in weights.items()}
    return mean, LinearTerm(OpenWeights(centered, rare - mean) if feature.open else centered)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
