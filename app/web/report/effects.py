"""The coefficients of a linear model on a comparable scale: what its features do to the log-odds.

A model explains a row exactly, and a feature's part does not depend on the other features. So a
few made-up rows tell everything: the typical one, one a standard deviation lower in each number,
and one for each category.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.helpers.errors import NotExplainable
from app.helpers.features import Feature, Value

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel

MAX_LEVELS = 40  # categories of a feature that are looked at, the most frequent ones
_MAX_CONTRIBUTIONS = 1_000_000  # that are computed for one model


@dataclass(frozen=True)
class Level:
    """One value of a category or boolean, and its log-odds relative to the training mean."""

    name: str
    effect: float


@dataclass(frozen=True)
class Effect:
    """What one feature does to one class's log-odds (its score with three or more classes).

    Attributes
    ----------
    feature : str
    strength : float
        The standard deviation of its contribution in the training set: features of all types
        compare by it.
    slope : float or None
        Of a number, what one standard deviation more of it adds.
    levels : tuple of Level
        Of a category or boolean, the highest first.
    """

    feature: str
    strength: float
    slope: float | None = None
    levels: tuple[Level, ...] = ()

    @property
    def lowest(self) -> float:
        """The least that is drawn."""
        return min(self.slope or 0.0, *(level.effect for level in self.levels), 0.0)

    @property
    def highest(self) -> float:
        """The most that is drawn."""
        return max(self.slope or 0.0, *(level.effect for level in self.levels), 0.0)


def make_effects(model: "TrainedModel") -> dict[str, list[Effect]]:
    """Return the effects on each class, the strongest first; empty if the model is not linear.

    With two classes, those on the positive one alone.
    """
    manifest = model.manifest
    per_row = len(manifest.features) * len(manifest.classes)
    n_levels = max(2, min(MAX_LEVELS, _MAX_CONTRIBUTIONS // per_row))
    levels = {feature.name: _levels(feature)[:n_levels] for feature in manifest.features}
    try:
        explanations = [model.explain(row) for row in _probes(manifest.self_check["rows"], levels)]
    except NotExplainable:
        return {}
    if manifest.positive_class is not None:
        explanations = [{manifest.positive_class: each} for each in explanations]
    return {
        label: _effects(
            manifest.features, levels, [each[label]["contributions"] for each in explanations]
        )
        for label in explanations[0]
    }


def _levels(feature: Feature) -> list[tuple[Value, float]]:
    """Return the values of a category or boolean and their shares, the most frequent first."""
    if feature.type == "number":
        return []
    if feature.type == "boolean":
        present = 1.0 - feature.missing
        truths = present * (feature.mean or 0.0)
        return [(True, truths), (False, present - truths)]
    levels: list[tuple[Value, float]] = [*zip(feature.categories, feature.shares, strict=True)]
    if feature.nullable:
        levels.append((None, feature.missing))
    return sorted(levels, key=lambda level: -level[1])


def _probes(
    self_check_rows: Sequence[Mapping[str, Value]],
    levels: Mapping[str, Sequence[tuple[Value, float]]],
) -> list[dict[str, Value]]:
    """Return the typical row, one a standard deviation below it, and rows for all levels.

    The self-check rows begin with the first two (`profile_data.typical_rows`).
    """
    typical, lower = self_check_rows[0], self_check_rows[min(1, len(self_check_rows) - 1)]
    n_probes = max(2, *map(len, levels.values()))
    return [
        {
            name: own[k % len(own)][0] if own else (lower if k == 1 else typical)[name]
            for name, own in levels.items()
        }
        for k in range(n_probes)
    ]


def _effects(
    features: Sequence[Feature],
    levels: Mapping[str, Sequence[tuple[Value, float]]],
    contributions: Sequence[Mapping[str, float]],
) -> list[Effect]:
    effects = []
    for feature in features:
        own = levels[feature.name]
        if not own:
            slope = contributions[0][feature.name] - contributions[1][feature.name]
            effects.append(Effect(feature.name, abs(slope), slope))
            continue
        values = [contributions[k][feature.name] for k in range(len(own))]
        variance = math.fsum(
            share * value**2 for (_, share), value in zip(own, values, strict=True)
        )
        named = [Level(_name(level), value) for (level, _), value in zip(own, values, strict=True)]
        named.sort(key=lambda level: -level.effect)
        effects.append(Effect(feature.name, math.sqrt(variance), None, tuple(named)))
    return sorted(effects, key=lambda effect: -effect.strength)


def _name(value: Any) -> str:
    if value is None:
        return "missing"
    return str(value).lower() if isinstance(value, bool) else str(value)
