"""An estimator that was fitted elsewhere: loaded from its pickle, and asked what it takes.

Loading a pickle runs whatever code is in it. Nothing here makes that safe.
"""

import os
import platform
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_regressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder

from app.helpers.errors import ApplicationError, InvalidModelFile, enumerate_first, quote
from app.helpers.predictions import Task
from app.store.class_labels import class_places, to_labels, with_labels
from app.store.fitted_estimator import class_probabilities
from app.store.pickling import carries_code
from app.training.labels import sort_labels
from app.utils.child import survives

_MAX_REASON = 200  # characters of somebody else's message
_TOLERANCE = 1e-6  # of the sum of a row's probabilities; some estimators compute in 32 bits


@dataclass(frozen=True)
class ForeignEstimator:
    """A fitted estimator from elsewhere.

    Attributes
    ----------
    fitted : classifier or regressor
        As it was pickled; of a search the best estimator.
    task : "classification" or "regression"
    names : tuple of str or None
        The columns that it takes, in its order; None if it does not know their names.
    n_columns : int or None
        How many; None if it does not know that, either.
    carries_code : bool
        Whether its pickle holds code, which crashes another Python than it was made with.
    """

    fitted: Any
    task: Task
    names: tuple[str, ...] | None
    n_columns: int | None
    carries_code: bool


def load_estimator(path: str) -> ForeignEstimator:
    """Return what is in a pickle, which runs its code.

    Raises
    ------
    InvalidModelFile
        If it cannot be loaded, or is no fitted classifier with `predict_proba` and no regressor.
    """
    name = repr(path)
    _check_file(path, name)
    try:
        fitted = joblib.load(path)
    except (Exception, SystemExit) as error:  # it runs somebody's code, which may even exit
        raise InvalidModelFile(f"{name} cannot be loaded: {reason_of(error)}") from error
    fitted = getattr(fitted, "best_estimator_", fitted)  # of a search
    names = getattr(fitted, "feature_names_in_", None)
    n_columns = getattr(fitted, "n_features_in_", None)
    return ForeignEstimator(
        fitted,
        _find_task(fitted, name),
        None if names is None else tuple(map(str, names)),
        None if n_columns is None else int(n_columns),
        carries_code(Path(path).read_bytes()),
    )


def _check_file(path: str, name: str) -> None:
    try:
        status = os.stat(path)
    except OSError as error:
        raise InvalidModelFile(f"{name} cannot be read: {error.strerror}.") from error
    if not stat.S_ISREG(status.st_mode):
        raise InvalidModelFile(f"{name} is not a regular file.")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if status.st_size > memory:
        raise InvalidModelFile(f"{name} is larger than the memory of this machine.")


def _find_task(fitted: Any, name: str) -> Task:
    kind = type(fitted).__name__
    predicts = hasattr(fitted, "predict_proba") or hasattr(fitted, "predict")
    if isinstance(fitted, type) or not predicts:
        raise InvalidModelFile(f"{name} holds a {kind}, which is no classifier and no regressor.")
    if hasattr(fitted, "predict_proba"):
        if any(map(np.ndim, getattr(fitted, "classes_", ()))):  # the classes of each target
            raise InvalidModelFile(f"The {kind} in {name} predicts several columns, not one.")
        return "classification"
    if isinstance(fitted, BaseEstimator) and not is_regressor(fitted):
        raise InvalidModelFile(
            f"The {kind} in {name} has no predict_proba, and is no regressor. Around a classifier,"
            " CalibratedClassifierCV adds it."
        )
    return "regression"


def reason_of(error: BaseException) -> str:
    """Return the first sentence of somebody else's error."""
    text = " ".join(str(error).split()).partition(". ")[0].removesuffix(".")
    text = f"{type(error).__name__}{': ' if text else ''}{text}"
    return f"{text[:_MAX_REASON]}{'…' if len(text) > _MAX_REASON else ''}."


def match_classes(estimator: Any, classes: Sequence[str], target: str) -> Any:
    """Return the estimator, wrapped if it writes the labels of the example in another way.

    Raises
    ------
    InvalidModelFile
        If it knows other classes.
    """
    try:
        class_places(estimator, classes)
    except InvalidModelFile as error:
        known = [_label(label) for label in np.asarray(estimator.classes_).tolist()]
        if sorted(known) != sorted(classes):
            raise InvalidModelFile(
                f"The estimator knows the classes {enumerate_first(map(quote, known))}; column"
                f" {quote(target)} has {enumerate_first(map(quote, classes))}."
            ) from error
        encoder = LabelEncoder()
        encoder.classes_ = to_labels(known)
        return with_labels(estimator, encoder)
    return estimator


def _label(label: Any) -> str:
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def known_classes(estimator: Any) -> tuple[str, ...]:
    """Return the labels that a classifier knows, in sorted order.

    Raises
    ------
    InvalidModelFile
        If it knows none.
    """
    if not hasattr(estimator, "classes_"):
        raise InvalidModelFile(
            f"The {type(estimator).__name__} does not tell its classes; give an example that has"
            " the target."
        )
    return sort_labels(map(_label, np.asarray(estimator.classes_).tolist()))


def knows_numbers(estimator: Any, classes: Sequence[str]) -> bool:
    """Whether a classifier knows its classes by their numbers, 0, 1 …, instead of their labels."""
    known = getattr(estimator, "classes_", None)
    if known is None:
        return True
    return sorted(_label(label) for label in np.asarray(known).tolist()) != sorted(classes)


def taking_arrays(estimator: Any, classes: Sequence[str]) -> Pipeline:
    """Return a pipeline that gives an estimator arrays instead of data frames."""
    to_array = FunctionTransformer(np.asarray)
    if hasattr(estimator, "fit"):
        return Pipeline([("to_array", to_array), ("estimator", estimator)])
    encoder = LabelEncoder()  # a pipeline ends with an estimator of scikit-learn's kind
    encoder.classes_ = to_labels(classes)
    return Pipeline([("to_array", to_array), ("estimator", with_labels(estimator, encoder))])


@contextmanager
def failing_as_refusal(estimator: Any) -> Iterator[None]:
    """Turn whatever an estimator's code raises into a refusal of one line."""
    try:
        yield
    except ApplicationError:
        raise
    except Exception as error:  # it is somebody's code
        raise InvalidModelFile(
            f"The {type(estimator).__name__} fails: {reason_of(error)}"
        ) from error


def check_runs(
    foreign: ForeignEstimator, estimator: Any, frame: pd.DataFrame, classes: Sequence[str]
) -> None:
    """Raise InvalidModelFile if the code in a pickle would crash this process when it is called."""
    if foreign.carries_code and not survives(lambda: outputs(estimator, frame[:1], classes)):
        raise InvalidModelFile(
            f"The {type(foreign.fitted).__name__} crashes Python {platform.python_version()}: its"
            " pickle holds code, probably of another Python."
        )


def outputs(estimator: Any, frame: pd.DataFrame, classes: Sequence[str]) -> NDArray[np.float64]:
    """Return probabilities, shape (n_rows, n_classes), or numbers, shape (n_rows, 1).

    Raises
    ------
    InvalidModelFile
        If the estimator fails, or gives something else.
    """
    kind = type(estimator).__name__
    try:
        if classes:
            found = np.asarray(class_probabilities(estimator, frame, classes), np.float64)
        else:
            found = np.asarray(estimator.predict(frame), np.float64).reshape(len(frame), -1)
    except Exception as error:  # it is somebody's code
        raise InvalidModelFile(
            f"The {kind} does not take the rows of the example: {reason_of(error)}"
        ) from error
    expected = (len(frame), max(len(classes), 1))
    if found.shape != expected:
        raise InvalidModelFile(f"The {kind} gives {found.shape} numbers instead of {expected}.")
    if not np.isfinite(found).all():
        raise InvalidModelFile(f"The {kind} gives NaN or infinity for some rows of the example.")
    if classes and not np.allclose(found.sum(axis=1), 1.0, rtol=0.0, atol=_TOLERANCE):
        raise InvalidModelFile(f"The {kind} gives probabilities that do not add up to 1.")
    return found
