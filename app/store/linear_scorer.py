"""A fitted linear pipeline as plain weights: the same numbers in microseconds, and explanations.

A linear model scores a row as z = intercept + Σ wᵢ·tᵢ(xᵢ), where tᵢ is what the pipeline does to
feature i (impute, scale, one-hot). Around the training mean of each tᵢ this is z = baseline + Σ cᵢ,
and cᵢ is what feature i contributes. A linear regression predicts z itself, in the target's unit.
In a logistic regression z and its parts are log-odds, and the probability is 1/(1 + e^−z). With
three or more classes there is one z per class, and the probabilities are their softmax (Hastie,
Tibshirani, Friedman, *The Elements of Statistical Learning*, section 4.4).

The mean is subtracted from the value before the slope multiplies it. If the mean were part of the
intercept instead, large values would lose digits (1.7e9 ± 1 loses nine of them).

Only many rows at once need numpy, which takes 12 MB, so the first of them import it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from app.helpers.predictions import Task
from app.store.tfidf import TfIdf, WordWeights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class OpenWeights(dict[str | None, float]):
    """The weights of an open column's levels, and one weight for all other texts."""

    __slots__ = ("rare",)

    def __init__(self, weights: Mapping[str | None, float], rare: float) -> None:
        super().__init__(weights)
        self.rare = rare

    def __missing__(self, level: str | None) -> float:
        return self.rare


class LinearTerm(NamedTuple):
    """What one feature contributes to one score.

    A number x contributes (x − center) · slope, where x is `fill` if the value is missing. A
    category contributes its weight; a missing one has the key None. The weights of an open column
    are `OpenWeights`. Those of a text are `WordWeights`, and it comes as `WordNumbers`.
    """

    weights: dict[str | None, float] | WordWeights | None = None
    fill: Any = None  # a number; None if the value is never missing
    center: float = 0.0
    slope: float = 0.0


class LinearScore:
    """A linear function of a row: `baseline`, the average row's score, and one term per feature.

    One row and many rows are scored by the same operations in the same order, so the numbers are
    equal to the last digit.
    """

    def __init__(self, baseline: float, terms: Sequence[LinearTerm]) -> None:
        self.baseline = baseline
        self._terms = tuple(map(tuple, terms))  # unpacked three times faster than LinearTerms

    @property
    def terms(self) -> tuple[LinearTerm, ...]:
        """What each feature contributes, shape (n_features,)."""
        return tuple(map(LinearTerm._make, self._terms))

    def contributions(self, vector: Sequence[Any]) -> list[float]:
        """Return what each feature of a row adds to the baseline; both have shape (n_features,)."""
        return [
            ((fill if value is None else value) - center) * slope
            if weights is None
            else weights[value]
            for value, (weights, fill, center, slope) in zip(vector, self._terms, strict=True)
        ]

    def words(self, vector: Sequence[Any]) -> Iterator[tuple[int, dict[str, float]]]:
        """Yield the place of each text of a row, and what its strongest words contribute."""
        for place, (value, (weights, *_)) in enumerate(zip(vector, self._terms, strict=True)):
            if isinstance(weights, WordWeights):
                yield place, weights.strongest(value)

    def of_row(self, vector: Sequence[Any]) -> float:
        """Return the score of one row, shape (n_features,): the baseline plus all contributions.

        Not with sum(): since Python 3.12 it compensates rounding errors, which a batch does not.
        """
        z = self.baseline
        for value, (weights, fill, center, slope) in zip(vector, self._terms, strict=True):
            if weights is None:
                z += ((fill if value is None else value) - center) * slope
            else:
                z += weights[value]
        return z

    def of_columns(self, columns: Sequence[Sequence[Any]]) -> "NDArray[np.float64]":
        """Return the scores, shape (n_rows,), of columns, shape (n_features, n_rows)."""
        import numpy as np

        z = np.full(len(columns[0]), self.baseline)
        for contribution in self.contributions_of_columns(columns):
            z += contribution
        return z

    def contributions_of_columns(
        self, columns: Sequence[Sequence[Any]]
    ) -> "Iterator[NDArray[np.float64]]":
        """Yield what each feature adds to the baseline, shape (n_rows,), feature by feature."""
        import numpy as np

        for column, (weights, fill, center, slope) in zip(columns, self._terms, strict=True):
            if weights is None:
                numbers = np.array(column, dtype=np.float64)  # None becomes NaN
                if fill is not None:
                    numbers[np.isnan(numbers)] = fill
                yield (numbers - center) * slope
            else:
                yield np.fromiter(map(weights.__getitem__, column), np.float64, len(column))


class LinearScorer:
    """The outputs of rows: probabilities, or the number that a regression predicts.

    Probabilities are made from one score (two classes) or one per class (three or more); the one
    score of a regression is the output itself. n_outputs is 1 in a regression, and with two
    classes, for the positive one; otherwise it is n_classes.

    Parameters
    ----------
    scores : sequence of LinearScore
    task : "classification" or "regression"
    texts : mapping of int to TfIdf
        For each feature that is a text its place, and what finds its words.
    """

    def __init__(
        self,
        scores: Sequence[LinearScore],
        task: Task = "classification",
        texts: Mapping[int, TfIdf] | None = None,
    ) -> None:
        self.scores = tuple(scores)
        self.task = task
        self.texts = dict(texts or {})

    def with_words(self, vector: Sequence[Any]) -> Sequence[Any]:
        """Return a row as the scores take it, shape (n_features,): of each text its words."""
        if not self.texts:
            return vector
        return [
            self.texts[place].of_text(value) if place in self.texts else value
            for place, value in enumerate(vector)
        ]

    def columns_with_words(self, columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Return columns as the scores take them, shape (n_features, n_rows)."""
        if not self.texts:
            return columns
        return [
            list(map(self.texts[place].of_text, column)) if place in self.texts else column
            for place, column in enumerate(columns)
        ]

    def of_row(self, vector: Sequence[Any]) -> list[float]:
        """Return the outputs, shape (n_outputs,), of one row, shape (n_features,)."""
        if self.texts:
            vector = self.with_words(vector)
        if self.task == "regression":
            return [self.scores[0].of_row(vector)]
        if len(self.scores) == 1:
            return [_sigmoid(self.scores[0].of_row(vector))]
        return _softmax([score.of_row(vector) for score in self.scores])

    def of_columns(
        self, columns: Sequence[Sequence[Any]], *, quickly: bool = False
    ) -> "NDArray[np.float64]":
        """Return the outputs, shape (n_outputs, n_rows), of (n_features, n_rows) columns.

        The numbers are those of `of_row`; with `quickly` they may differ by 1e-15.
        """
        import numpy as np

        columns = self.columns_with_words(columns)
        exp = np.exp if quickly else _exp
        scores = np.array([score.of_columns(columns) for score in self.scores])
        if self.task == "regression":
            return scores
        if len(scores) == 1:
            exp_z = exp(-np.abs(scores))
            return np.where(scores >= 0, 1.0, exp_z) / (1.0 + exp_z)
        exps = exp(scores - scores.max(axis=0))
        total = np.zeros(exps.shape[1])
        for exp in exps:
            total += exp
        return exps / total


def _exp(matrix: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return math.exp of each element; np.exp is 80 times faster, but differs in the last digit."""
    import numpy as np

    return np.array([list(map(math.exp, row)) for row in matrix.tolist()])


def _sigmoid(z: float) -> float:
    exp_z = math.exp(-abs(z))  # the exponent is never positive, so this cannot overflow
    return (1.0 if z >= 0 else exp_z) / (1.0 + exp_z)


def _softmax(scores: Sequence[float]) -> list[float]:
    highest = max(scores)
    exps = [math.exp(score - highest) for score in scores]
    total = 0.0
    for exp in exps:
        total += exp
    return [exp / total for exp in exps]
