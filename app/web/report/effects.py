"""What the features of a linear model do to its score: coefficients on a comparable scale.

The score is the number that a regression predicts, the log-odds of two classes, or one score per
class.

A linear model explains a row exactly, and what a feature contributes does not depend on the other
features. So it is enough to explain a few made-up rows: the typical row, one whose numbers are all
one standard deviation lower, and one for each category.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.helpers.errors import NotExplainable
from app.helpers.features import Feature, Value
from app.store.manifest import Manifest
from app.store.tfidf import WordWeights

if TYPE_CHECKING:
    from app.store.linear_scorer import LinearScore
    from app.store.trained_model import TrainedModel

MAX_LEVELS = 40  # categories per feature, the most frequent ones
MAX_WORDS = 10  # of a text, that raise a score, and as many that lower it
_MAX_CONTRIBUTIONS = 1_000_000  # per model


@dataclass(frozen=True)
class Level:
    """One value of a category or boolean, and its log-odds relative to the training mean."""

    name: str
    effect: float


@dataclass(frozen=True)
class Effect:
    """What one feature does to a class's log-odds (to its score with three or more classes).

    Attributes
    ----------
    feature : str
        Its name; of a date or datetime, that of one of its parts.
    strength : float
        The standard deviation of its contribution in the training set, by which features of all
        types can be compared.
    slope : float or None
        For a number: what one standard deviation more adds.
    levels : tuple of Level
        For a category or boolean: its values, the one with the highest effect first.
    words : tuple of Level
        For a text: the words that raise the score most and those that lower it most, in the same
        order. The effect of one is what a text of nothing else adds to a text without words.
    """

    feature: str
    strength: float
    slope: float | None = None
    levels: tuple[Level, ...] = ()
    words: tuple[Level, ...] = ()

    @property
    def lowest(self) -> float:
        """The lowest value that is drawn."""
        return min(self.slope or 0.0, *(each.effect for each in (*self.levels, *self.words)), 0.0)

    @property
    def highest(self) -> float:
        """The highest value that is drawn."""
        return max(self.slope or 0.0, *(each.effect for each in (*self.levels, *self.words)), 0.0)


def make_effects(model: "TrainedModel") -> dict[str, list[Effect]]:
    """Return the effects on each class, the strongest first; empty if the model is not linear.

    With two classes, only the effects on the positive class; in a regression, those on the target.
    """
    try:
        scores = model.scores()
    except NotExplainable:
        return {}
    n_levels = max(2, min(MAX_LEVELS, _MAX_CONTRIBUTIONS // (len(model.columns) * len(scores))))
    levels = [_levels(column)[:n_levels] for column in model.columns]
    contributions = [model.contributions(probe) for probe in _probes(model.columns, levels)]
    manifest = model.manifest
    names = manifest.classes
    if manifest.positive_class is not None or manifest.task == "regression":
        names = (manifest.positive_class or manifest.target,)
    return {
        name: sorted(
            [
                *_effects(model.columns, levels, [each[k] for each in contributions]),
                *_text_effects(manifest, k, score),
            ],
            key=lambda effect: -effect.strength,
        )
        for k, (name, score) in enumerate(zip(names, scores, strict=True))
    }


def _text_effects(manifest: Manifest, k: int, score: "LinearScore") -> Iterator[Effect]:
    """Yield the effect of each text on the score number k."""
    texts = manifest.weights.texts if manifest.weights else {}
    for feature, term in zip(manifest.columns, score.terms, strict=True):
        if isinstance(term.weights, WordWeights):
            by_weight = sorted(zip(term.weights.weights, feature.words, strict=True), reverse=True)
            raising = [pair for pair in by_weight if pair[0] > 0][:MAX_WORDS]
            lowering = [pair for pair in by_weight if pair[0] < 0][-MAX_WORDS:]
            words = tuple(Level(word, weight) for weight, word in (*raising, *lowering))
            strength = texts[feature.name].deviations[k] if texts else 0.0
            yield Effect(feature.name, strength, words=words)


def _levels(feature: Feature) -> list[tuple[Value, float]]:
    """Return the values of a category or boolean and their shares, the most frequent first."""
    if feature.type in ("number", "text"):
        return []
    if feature.type == "boolean":
        present = 1.0 - feature.missing
        truths = present * (feature.mean or 0.0)
        return [(True, truths), (False, present - truths)]
    shares = dict(zip(feature.categories, feature.shares, strict=True))
    levels: list[tuple[Value, float]] = [(name, shares[name]) for name in feature.shown]
    if feature.open:
        levels.append((feature.unseen, feature.rare))
    if feature.nullable:
        levels.append((None, feature.missing))
    return sorted(levels, key=lambda level: -level[1])


def _probes(
    columns: Sequence[Feature], levels: Sequence[Sequence[tuple[Value, float]]]
) -> list[list[Value]]:
    """Return the typical row, one whose numbers are a deviation lower, and rows for all levels.

    Each has the shape (n_columns,).
    """
    n_probes = max(2, *map(len, levels))
    return [
        [
            own[k % len(own)][0] if own else (_lower(column) if k == 1 else column.typical)
            for column, own in zip(columns, levels, strict=True)
        ]
        for k in range(n_probes)
    ]


def _lower(feature: Feature) -> Value:
    """Return a number one standard deviation below the typical one."""
    if feature.deviation is None:
        return feature.typical
    return float(feature.typical or 0.0) - feature.deviation


def _effects(
    columns: Sequence[Feature],
    levels: Sequence[Sequence[tuple[Value, float]]],
    contributions: Sequence[Sequence[float]],
) -> list[Effect]:
    """Return the effect of each column, given what it contributes in each probe."""
    effects = []
    for feature, own_levels, values in zip(
        columns, levels, zip(*contributions, strict=True), strict=True
    ):
        if feature.type == "text":
            continue
        if feature.type == "number":
            slope = values[0] - values[1]
            effects.append(Effect(feature.name, abs(slope), slope))
            continue
        pairs = [
            (value, share, effect)
            for (value, share), effect in zip(own_levels, values, strict=False)
        ]
        variance = math.fsum(share * effect**2 for _, share, effect in pairs)
        named = [Level(_name(value), effect) for value, _, effect in pairs]
        named.sort(key=lambda level: -level.effect)
        effects.append(Effect(feature.name, math.sqrt(variance), None, tuple(named)))
    return effects


def _name(value: Any) -> str:
    if value is None:
        return "missing"
    return str(value).lower() if isinstance(value, bool) else str(value)
