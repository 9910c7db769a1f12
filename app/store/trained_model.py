"""One loaded version: what it accepts, and how it predicts and explains."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.helpers.errors import NotExplainable, quote
from app.helpers.features import (
    Value,
    feature_vector_maker,
    make_feature_columns,
    make_feature_vector,
    sum_parts,
)
from app.helpers.predictions import (
    STEPS,
    Prediction,
    make_interval,
    make_intervals,
    make_prediction,
    round_numbers,
)
from app.store.linear_scorer import LinearScore, LinearScorer
from app.store.manifest import Manifest
from app.store.rows import make_validator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.store.fitted_estimator import FittedEstimator

FEW_ROWS = 16
"""Up to this many rows are scored one by one, which is quicker and does not import numpy."""
_TIE_WIDTH = 1e-6  # in steps of the rounding; far wider than the error of quick probabilities


class TrainedModel:
    """One version, ready to predict.

    Parameters
    ----------
    manifest : Manifest
    scorer : LinearScorer or FittedEstimator
        Computes the outputs: from the weights of a linear model, or with its estimator.

    Attributes
    ----------
    manifest : Manifest
    features : tuple of Feature, shape (n_features,)
        What clients send.
    columns : tuple of Feature, shape (n_columns,)
        What the scorer is given: a date or datetime as its parts, all others as they are.
    classes : tuple of str, shape (n_classes,)
    validator : RowValidator
    make_vector : callable
        A valid row → its values in the order of columns, shape (n_columns,).
    digest : str
        The first 12 hex digits of the pickle's SHA-256.
    """

    def __init__(self, manifest: Manifest, scorer: "LinearScorer | FittedEstimator") -> None:
        self.manifest = manifest
        self.features = manifest.features
        self.columns = manifest.columns
        self.classes = manifest.classes
        self.digest = manifest.digest
        self.validator = make_validator(manifest)
        self.make_vector = feature_vector_maker(manifest.features)
        self._scorer = scorer
        self._linear = scorer if isinstance(scorer, LinearScorer) else None

    def predict(self, row: Mapping[str, Any]) -> Prediction:
        """Return the rounded prediction of one valid row."""
        return self.predict_vector(self.make_vector(row))

    def predict_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """Return the rounded predictions of valid rows: the same numbers as row by row."""
        return self.predict_columns(make_feature_columns(rows, self.features))

    def predict_vector(self, vector: Sequence[Value]) -> Prediction:
        """Return the rounded prediction of one valid row, shape (n_columns,)."""
        if self._linear is None:
            return self.predict_columns([[value] for value in vector])[0]
        return make_prediction(self._linear.of_row(vector), self.classes)

    def predict_columns(self, columns: Sequence[Sequence[Value]]) -> list[Prediction]:
        """Return the rounded predictions of valid rows by column, shape (n_columns, n_rows)."""
        n_rows = len(columns[0])
        if n_rows == 0:
            return []
        if self._linear is not None and n_rows <= FEW_ROWS:
            return [self.predict_vector(vector) for vector in zip(*columns, strict=True)]
        rounded = self.rounded_outputs(columns).tolist()
        if len(rounded) == 1:
            predictions: list[Prediction] = rounded[0]
            return predictions
        return [dict(zip(self.classes, row, strict=True)) for row in zip(*rounded, strict=True)]

    def rounded_outputs(self, columns: Sequence[Sequence[Value]]) -> "NDArray[np.float64]":
        """Return `outputs`, rounded like predictions."""
        import numpy as np

        if self.manifest.task == "regression":
            return np.array([round_numbers(row) for row in self.outputs(columns)])
        if self._linear is None:
            scaled = self.outputs(columns) * STEPS
        else:
            scaled = self._linear.of_columns(columns, quickly=True) * STEPS
            # Only near a tie could a quick probability be rounded to a different number.
            is_near = np.abs(scaled - np.floor(scaled) - 0.5) < _TIE_WIDTH
            if len(near := np.flatnonzero(is_near.any(axis=0)).tolist()):
                rows = [[column[i] for i in near] for column in columns]
                scaled[:, near] = self._linear.of_columns(rows) * STEPS
        rounded: NDArray[np.float64] = np.rint(scaled) / STEPS
        return rounded

    def outputs(self, columns: Sequence[Sequence[Value]]) -> "NDArray[np.float64]":
        """Return the unrounded probabilities, or numbers of a regression, of valid rows by column.

        Parameters
        ----------
        columns : shape (n_columns, n_rows)

        Returns
        -------
        array of shape (n_outputs, n_rows)
            n_outputs is 1 in a regression, and with two classes, for the positive one; otherwise
            it is n_classes.
        """
        return self._scorer.of_columns(columns)

    def outputs_of_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[list[float]]:
        """Return the unrounded outputs of a few valid rows, shape (n_rows, n_outputs)."""
        if self._linear is not None:
            return [self._linear.of_row(self.make_vector(row)) for row in rows]
        outputs = self.outputs(make_feature_columns(rows, self.features))
        by_row: list[list[float]] = outputs.T.tolist()
        return by_row

    def intervals(self, columns: Sequence[Sequence[Value]]) -> list[tuple[float, float]]:
        """Return where the true numbers of valid rows lie in 90 % of all cases, by column.

        Only a regression whose manifest has an interval can tell.
        """
        if self._linear is not None and len(columns[0]) <= FEW_ROWS:
            outputs = [self._linear.of_row(vector)[0] for vector in zip(*columns, strict=True)]
            return [make_interval(output, self._half_width) for output in outputs]
        low, high = self.interval_ends(columns)
        return list(zip(low.tolist(), high.tolist(), strict=True))

    def interval_ends(
        self, columns: Sequence[Sequence[Value]]
    ) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
        """Return the lower and the upper ends of `intervals`, both of shape (n_rows,)."""
        return make_intervals(self.outputs(columns)[0], self._half_width)

    @property
    def _half_width(self) -> float:
        numbers = self.manifest.numbers
        if numbers is None or numbers.interval is None:
            raise ValueError(f"{self.manifest.version} has no intervals")
        return numbers.interval.half_width

    def contributions(self, vector: Sequence[Value]) -> list[list[float]]:
        """Return what each column of one valid row, shape (n_columns,), adds to each score.

        Returns
        -------
        list, shape (n_scores, n_columns)

        Raises
        ------
        NotExplainable
            If the model is not linear.
        """
        linear = self._explainable()
        return [score.contributions(linear.with_words(vector)) for score in linear.scores]

    def explain(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return `baseline` and `contributions` of one valid row.

        In a regression they are in the target's unit and add up to the prediction; otherwise they
        are log-odds. With three or more classes, return one such object per class. Its numbers add
        up to the class's score; the softmax of all scores gives the probabilities. A model that
        learned from texts also returns `words`: what the strongest words of each text contribute.

        Raises
        ------
        NotExplainable
            If the model is not linear.
        """
        linear = self._explainable()
        vector = linear.with_words(make_feature_vector(row, self.features))
        names = [feature.name for feature in self.features]
        explanations = [
            {
                "baseline": score.baseline,
                "contributions": dict(
                    zip(names, sum_parts(score.contributions(vector), self.features), strict=True)
                ),
                **self._words(score, vector),
            }
            for score in linear.scores
        ]
        if len(explanations) == 1:
            return explanations[0]
        return dict(zip(self.classes, explanations, strict=True))

    def _words(self, score: LinearScore, vector: Sequence[Any]) -> dict[str, Any]:
        """Return `words` of an explanation, if there are texts."""
        words = {self.columns[place].name: each for place, each in score.words(vector)}
        return {"words": words} if words else {}

    def explain_columns(
        self, columns: Sequence[Sequence[Value]]
    ) -> "Iterator[tuple[float, Iterator[NDArray[np.float64]]]]":
        """Yield for each score the baseline, and what each feature adds to it, shape (n_rows,).

        Raises
        ------
        NotExplainable
            If the model is not linear.
        """
        linear = self._explainable()
        columns = linear.columns_with_words(columns)
        for score in linear.scores:
            by_column = score.contributions_of_columns(columns)
            yield score.baseline, sum_parts(by_column, self.features)

    def scores(self) -> tuple[LinearScore, ...]:
        """Return the linear functions behind the outputs; NotExplainable if it has none."""
        return self._explainable().scores

    def _explainable(self) -> LinearScorer:
        if self._linear is None:
            raise NotExplainable(
                f"Trained model version {quote(self.manifest.version)} cannot explain its"
                " predictions: it is not a linear model."
            )
        return self._linear
