"""Made-up rows of a validation set: their true classes, and what a model says of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.store.intervals import Interval


def classified_rows(
    n_rows: int, n_classes: int, *, seed: int, skill: float = 0.5
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return classes, shape (n_rows,), and probabilities, shape (n_rows, n_classes).

    The more skill, the more probable is the true class.
    """
    generator = np.random.default_rng(seed)
    target = generator.integers(0, n_classes, n_rows)
    probabilities = generator.dirichlet(np.ones(n_classes), n_rows)
    probabilities[np.arange(n_rows), target] += skill
    return target, probabilities / (1 + skill)


def ranked_rows(
    n_rows: int, shares: Sequence[float], *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return classes that come in given shares, and probabilities from normal scores."""
    generator = np.random.default_rng(seed)
    target = generator.choice(len(shares), n_rows, p=shares)
    scores = generator.normal(size=(n_rows, len(shares)))
    scores[np.arange(n_rows), target] += 1.0
    odds = np.exp(scores)
    return target, odds / odds.sum(axis=1, keepdims=True)


def ends(interval: Interval | None) -> tuple[float, float]:
    """Return both ends of an interval that must be there."""
    assert interval is not None
    return interval.low, interval.high
