"""A linear model as data: what a manifest holds of it, and a server needs to score and explain."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.helpers.features import Feature
from app.helpers.predictions import Task
from app.store.linear_scorer import LinearScore, LinearScorer, LinearTerm, OpenWeights
from app.store.tfidf import TfIdf, WordWeights


@dataclass(frozen=True)
class NumberWeights:
    """What a number adds to each score: (x − center) · slope. A boolean counts 0 or 1.

    Attributes
    ----------
    slopes : tuple of float, shape (n_scores,)
    center : float
        Its mean in the training set, for which it adds nothing.
    fill : float or None
        The number that stands for a missing one; None if none can be missing.
    """

    slopes: tuple[float, ...]
    center: float = 0.0
    fill: float | None = None


@dataclass(frozen=True)
class CategoryWeights:
    """What each level of a category adds to each score.

    Attributes
    ----------
    levels : tuple of str, shape (n_levels,)
    weights : tuple of tuple of float, shape (n_scores, n_levels)
    missing : tuple of float, shape (n_scores,)
        What a missing one adds.
    other : tuple of float, shape (n_scores,), or None
        Of an open column, what any other text adds; None if the column is closed.
    """

    levels: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]
    missing: tuple[float, ...]
    other: tuple[float, ...] | None = None


@dataclass(frozen=True)
class TextWeights:
    """What the words of a text add to each score: the sum of weight · TF-IDF, less the center.

    Attributes
    ----------
    idf : tuple of float, shape (n_words,)
        Of the feature's words.
    weights : tuple of tuple of float, shape (n_scores, n_words)
    centers : tuple of float, shape (n_scores,)
        What the texts of the training set add on average.
    deviations : tuple of float, shape (n_scores,)
        The standard deviation of what they add.
    """

    idf: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    centers: tuple[float, ...]
    deviations: tuple[float, ...]


@dataclass(frozen=True)
class LinearWeights:
    """A linear model.

    Its scores are the log-odds of two classes, one score for each of more, or the number that a
    regression predicts.

    Attributes
    ----------
    baselines : tuple of float, shape (n_scores,)
        The scores of the average training row.
    numbers, categories, texts : mapping of str
        Feature name → what it adds. Every feature is in one of them.
    """

    baselines: tuple[float, ...]
    numbers: Mapping[str, NumberWeights] = field(default_factory=dict)
    categories: Mapping[str, CategoryWeights] = field(default_factory=dict)
    texts: Mapping[str, TextWeights] = field(default_factory=dict)

    def count(self) -> int:
        """Return how many weights there are in all."""
        per_score = len(self.numbers) + sum(
            len(weights.levels) for weights in self.categories.values()
        )
        per_score += sum(len(weights.idf) for weights in self.texts.values())
        return per_score * len(self.baselines)


def to_weights(scorer: LinearScorer, features: Sequence[Feature]) -> LinearWeights:
    """Return a scorer as data; `to_scorer` makes one of it that computes the same numbers."""
    numbers: dict[str, NumberWeights] = {}
    categories: dict[str, CategoryWeights] = {}
    texts: dict[str, TextWeights] = {}
    by_feature = zip(*(score.terms for score in scorer.scores), strict=True)
    for place, (feature, terms) in enumerate(zip(features, by_feature, strict=True)):
        if feature.type == "text":
            words = [term.weights for term in terms if isinstance(term.weights, WordWeights)]
            texts[feature.name] = TextWeights(
                idf=scorer.texts[place].idf,
                weights=tuple(each.weights for each in words),
                centers=tuple(each.center for each in words),
                deviations=(0.0,) * len(words),
            )
        elif feature.type == "category":
            levels = [term.weights for term in terms if isinstance(term.weights, dict)]
            categories[feature.name] = _category_weights(levels)
        else:
            slopes = tuple(term.slope for term in terms)
            numbers[feature.name] = NumberWeights(slopes, terms[0].center, terms[0].fill)
    baselines = tuple(score.baseline for score in scorer.scores)
    return LinearWeights(baselines, numbers, categories, texts)


def _category_weights(of_scores: Sequence[dict[str | None, float]]) -> CategoryWeights:
    levels = tuple(level for level in of_scores[0] if level is not None)
    others = tuple(each.rare for each in of_scores if isinstance(each, OpenWeights))
    return CategoryWeights(
        levels=levels,
        weights=tuple(tuple(each[level] for level in levels) for each in of_scores),
        missing=tuple(each[None] for each in of_scores),
        other=others or None,
    )


def to_scorer(
    weights: LinearWeights, features: Sequence[Feature], task: Task = "classification"
) -> LinearScorer:
    """Return what scores rows, shape (n_features,), by the weights.

    Raises
    ------
    LookupError, ValueError
        If they are not weights for these features.
    """
    return LinearScorer(
        [
            LinearScore(baseline, list(_terms(weights, features, k)))
            for k, baseline in enumerate(weights.baselines)
        ],
        task,
        {
            place: TfIdf(feature.words, weights.texts[feature.name].idf)
            for place, feature in enumerate(features)
            if feature.type == "text"
        },
    )


def _terms(weights: LinearWeights, features: Sequence[Feature], k: int) -> Iterator[LinearTerm]:
    """Yield each feature's term in the score number k."""
    for feature in features:
        if feature.type == "text":
            words = weights.texts[feature.name]
            yield LinearTerm(WordWeights(feature.words, words.weights[k], words.centers[k]))
        elif feature.type == "category":
            category = weights.categories[feature.name]
            by_level: dict[str | None, float] = dict(
                zip(category.levels, category.weights[k], strict=True)
            )
            by_level[None] = category.missing[k]
            if category.other is not None:
                by_level = OpenWeights(by_level, category.other[k])
            yield LinearTerm(by_level)
        else:
            number = weights.numbers[feature.name]
            yield LinearTerm(None, number.fill, number.center, number.slopes[k])
