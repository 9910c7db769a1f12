"""Made-up rows of a validation set: their true classes, and what a model says of them."""

import numpy as np
from numpy.typing import NDArray


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
