"""One loaded version: it predicts, explains, and is proven before it may serve."""

import logging
import platform
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import joblib
import numpy as np
import pandas as pd
import scipy
import sklearn
from numpy.typing import NDArray

from app.helpers.errors import InvalidModelFile, NotExplainable, quote
from app.helpers.features import Feature, Value, feature_vector_maker, make_feature_columns
from app.helpers.predictions import STEPS, Prediction, make_prediction
from app.helpers.validation import RowValidator
from app.store import model_file
from app.store.linear_fold import fold
from app.store.linear_scorer import LinearScore
from app.store.manifest import Manifest

SELF_CHECK_TOLERANCE = 1e-9
_TIE_WIDTH = 1e-6  # in steps of the rounding; far wider than the error of quick probabilities

log = logging.getLogger(__name__)


class TrainedModel:
    """One version, ready to predict.

    Attributes
    ----------
    manifest : Manifest
    features : tuple of Feature, shape (n_features,)
    classes : tuple of str, shape (n_classes,)
    validator : RowValidator
    make_vector : callable
        A valid row → its values in feature order, shape (n_features,).
    digest : str
        The first 12 hex digits of the pickle's SHA-256.
    """

    def __init__(self, estimator: Any, manifest: Manifest) -> None:
        self.manifest = manifest
        self.features = manifest.features
        self.classes = manifest.classes
        self.digest = manifest.digest
        self.validator = RowValidator(manifest.features)
        self.make_vector = feature_vector_maker(manifest.features)
        self._estimator = estimator
        self._scorer = fold(estimator, manifest.features, manifest.positive_index)

    def predict(self, row: Mapping[str, Any]) -> Prediction:
        """Return the rounded prediction of one valid row."""
        return self.predict_vector(self.make_vector(row))

    def predict_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """Return the rounded predictions of valid rows: the same numbers as row by row."""
        return self.predict_columns(make_feature_columns(rows, self.features))

    def predict_vector(self, vector: Sequence[Value]) -> Prediction:
        """Return the rounded prediction of one valid row, shape (n_features,)."""
        if self._scorer is None:
            return self.predict_columns([[value] for value in vector])[0]
        return make_prediction(self._scorer.of_row(vector), self.classes)

    def predict_columns(self, columns: Sequence[Sequence[Value]]) -> list[Prediction]:
        """Return the rounded predictions of valid rows by column, shape (n_features, n_rows)."""
        if not columns[0]:
            return []
        rounded = self.rounded_probabilities(columns).tolist()
        if len(rounded) == 1:
            predictions: list[Prediction] = rounded[0]
            return predictions
        return [dict(zip(self.classes, row, strict=True)) for row in zip(*rounded, strict=True)]

    def rounded_probabilities(self, columns: Sequence[Sequence[Value]]) -> NDArray[np.float64]:
        """Return `probabilities`, rounded like predictions."""
        if self._scorer is None:
            scaled = self.probabilities(columns) * STEPS
        else:
            scaled = self._scorer.of_columns(columns, quickly=True) * STEPS
            # Only near a tie could a quick probability be rounded to a different number.
            is_near = np.abs(scaled - np.floor(scaled) - 0.5) < _TIE_WIDTH
            if len(near := np.flatnonzero(is_near.any(axis=0)).tolist()):
                rows = [[column[i] for i in near] for column in columns]
                scaled[:, near] = self._scorer.of_columns(rows) * STEPS
        return np.rint(scaled) / STEPS

    def probabilities(self, columns: Sequence[Sequence[Value]]) -> NDArray[np.float64]:
        """Return the unrounded probabilities of valid rows by column.

        Parameters
        ----------
        columns : shape (n_features, n_rows)
            In feature order.

        Returns
        -------
        array of shape (n_outputs, n_rows)
            n_outputs is 1 with two classes, for the positive one; otherwise it is n_classes.
        """
        if self._scorer is not None:
            return self._scorer.of_columns(columns)
        frame = make_frame(columns, self.features)
        return estimator_probabilities(self._estimator, frame, self.manifest.positive_index)

    def explain(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return `baseline` and `contributions` of one valid row, in log-odds.

        With three or more classes, return one such object per class. Its numbers add up to the
        class's score; the softmax of all scores gives the probabilities.

        Raises
        ------
        NotExplainable
            If the model is not linear.
        """
        vector = self.make_vector(row)
        names = [feature.name for feature in self.features]
        explanations = [
            {
                "baseline": score.baseline,
                "contributions": dict(zip(names, score.contributions(vector), strict=True)),
            }
            for score in self.scores()
        ]
        if len(explanations) == 1:
            return explanations[0]
        return dict(zip(self.classes, explanations, strict=True))

    def scores(self) -> tuple[LinearScore, ...]:
        """Return the linear functions behind the probabilities; NotExplainable if it has none."""
        if self._scorer is None:
            raise NotExplainable(
                f"Trained model version {quote(self.manifest.version)} cannot explain its"
                " predictions: it is not a linear model."
            )
        return self._scorer.scores


def load_trained_model(file: BinaryIO, version: str, keys: Sequence[bytes]) -> TrainedModel:
    """Return a proven model: its signature, digest, libraries and self-check rows are right.

    Raises
    ------
    InvalidModelFile
        If one of these is wrong; the message says which.
    OSError
        If the file cannot be read.
    """
    return make_trained_model(*model_file.read_model_file(file, version, keys))


def make_trained_model(manifest: Manifest, pickle: bytes) -> TrainedModel:
    """Return a proven model from a verified manifest and pickle; raises InvalidModelFile."""
    try:
        _check_libraries(manifest)
        model = TrainedModel(model_file.unpickle(pickle), manifest)
        prove(model)
    except InvalidModelFile:
        raise
    except Exception as error:  # a fork's estimator may raise anything
        raise InvalidModelFile(f"its self-check failed: {error!r}") from error
    return model


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a pickle depends on."""
    return {
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "pandas": pd.__version__,
        "joblib": joblib.__version__,
    }


def _check_libraries(manifest: Manifest) -> None:
    ours, theirs = library_versions(), manifest.libraries
    if _minor(ours["scikit-learn"]) != _minor(theirs.get("scikit-learn", "")):
        raise InvalidModelFile(
            f"it was trained with scikit-learn {theirs.get('scikit-learn')}, here is"
            f" {ours['scikit-learn']}; train it again"
        )
    for library, version in theirs.items():
        if _minor(ours.get(library, "")) != _minor(version):
            log.warning(
                "%s was trained with %s %s, here is %s",
                manifest.version,
                library,
                version,
                ours.get(library),
            )


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def prove(model: TrainedModel) -> None:
    """Raise unless a model gives its self-check rows the probabilities of its training.

    Raises
    ------
    InvalidModelFile
        If it gives others.
    """
    checks = model.manifest.self_check
    rows = [check.row for check in checks]
    expected = np.array([check.probabilities for check in checks]).T
    actual = model.probabilities(make_feature_columns(rows, model.features))
    if actual.shape != expected.shape or not np.allclose(
        actual, expected, rtol=0, atol=SELF_CHECK_TOLERANCE
    ):
        raise InvalidModelFile("its self-check rows get other probabilities than in training")


def make_frame(columns: Sequence[Sequence[Value]], features: Sequence[Feature]) -> pd.DataFrame:
    """Return columns, shape (n_features, n_rows), as the DataFrame that estimators get."""
    return pd.DataFrame(
        {
            feature.name: pd.Series(
                [np.nan if value is None else value for value in column], dtype=object
            )
            if feature.type == "category"
            else np.array(column, dtype=np.float64)  # None becomes NaN
            for feature, column in zip(features, columns, strict=True)
        }
    )


def estimator_probabilities(
    estimator: Any, frame: pd.DataFrame, positive_index: int | None
) -> NDArray[np.float64]:
    """Return a fitted estimator's probabilities, shape (n_outputs, n_rows)."""
    probabilities: NDArray[np.float64] = estimator.predict_proba(frame).T
    return probabilities if positive_index is None else probabilities[[positive_index]]
