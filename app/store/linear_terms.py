"""The columns that reach a linear model, with its coefficients → a LinearScore of the features."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from app.helpers.features import Feature, FeatureType
from app.store.linear_scorer import LinearScore, LinearTerm, OpenWeights
from app.store.tfidf import TfIdf, WordWeights


class Infrequent(Enum):
    """The one level into which a one-hot encoder puts all infrequent and unknown categories."""

    LEVEL = "infrequent"


class NotLinearError(Exception):
    """The pipeline has a step that cannot be folded."""


@dataclass(frozen=True)
class Column:
    """One column on its way through the pipeline: (x − shift) / scale, or whether x is `level`.

    A one-hot encoder turns the column of a category into one column for each level, a vectorizer
    that of a text into one for each word.
    """

    feature: Feature
    named: bool = True  # whether steps can still select it by its feature's name
    fill: Any = None  # what an imputer puts in place of a missing value
    shift: float = 0.0
    scale: float = 1.0
    scaled: bool = False
    level: str | Infrequent | None = None  # None is the level of missing values
    encoder: Any = None  # the encoder or vectorizer that made it
    word: int | None = None  # the place of the word in the vectorizer's vocabulary

    @property
    def is_category(self) -> bool:
        return self.feature.type == "category"


_Weighted = tuple[Column, float]
"""A column that reaches the model, and the model's coefficient for it."""


def make_score(
    features: Sequence[Feature], columns: list[Column], coefficients: list[float], intercept: float
) -> LinearScore:
    """Return one score of a model; NotLinearError if a feature is used in a way not known here."""
    weighted: dict[str, list[_Weighted]] = {feature.name: [] for feature in features}
    for column, weight in zip(columns, coefficients, strict=True):
        weighted[column.feature.name].append((column, weight))
    baseline, terms = intercept, []
    for feature in features:
        make_term = _MAKE_TERM[feature.type]
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
        raise NotLinearError
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
        raise NotLinearError
    rare = 0.0
    if Infrequent.LEVEL in by_level:
        if len({id(column.encoder) for column, _ in weighted}) > 1:  # they may group differently
            raise NotLinearError
        rare = by_level.pop(Infrequent.LEVEL)
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


def _text_term(feature: Feature, weighted: Sequence[_Weighted]) -> tuple[float, LinearTerm]:
    """Return 0, since the texts of the training set are not known here, and the feature's term."""
    places = [column.word for column, _ in weighted]
    if places != list(range(len(feature.words))):
        if places:
            raise NotLinearError
        return 0.0, LinearTerm(WordWeights(feature.words, [0.0] * len(feature.words)))
    return 0.0, LinearTerm(WordWeights(feature.words, [weight for _, weight in weighted]))


def find_words(feature: Feature, columns: Sequence[Column]) -> TfIdf:
    """Return what finds the words of a text."""
    for column in columns:
        if column.feature is feature and column.word is not None:
            return TfIdf(feature.words, column.encoder.idf_.tolist())
    return TfIdf(feature.words, [1.0] * len(feature.words))


_MAKE_TERM: dict[FeatureType, Callable[[Feature, list[_Weighted]], tuple[float, LinearTerm]]] = {
    "number": _number_term,
    "boolean": _number_term,
    "category": _category_term,
    "text": _text_term,
}
