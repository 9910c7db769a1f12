"""The labels of classes as an estimator knows them, and which of its columns is which class.

An estimator learns the labels of the CSV, so that its pickle predicts them. scikit-learn sorts
texts as such ("10" before "2"), while a manifest sorts numbers by value: so a column of
`predict_proba` is found by its label.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import VotingClassifier
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch

from app.helpers.errors import InvalidModelFile

_MAX_WIDTH = 64  # characters; an array of longer labels would take much memory


def to_labels(classes: Sequence[str]) -> NDArray[Any]:
    """Return classes as an estimator learns them, shape (n_classes,), in the same order.

    Labels that are all whole numbers become ints, unless one of them is written in another way than
    a number is, such as `01`.
    """
    if all(_is_whole(label) for label in classes):
        return np.array([int(label) for label in classes])
    labels = np.array(classes)  # scikit-learn compares these ten times as fast as objects
    if max(map(len, classes)) > _MAX_WIDTH or labels.tolist() != list(classes):
        return np.array(classes, dtype=object)
    return labels


def class_places(estimator: Any, classes: Sequence[str]) -> list[int]:
    """Return the place of each class among the columns of `predict_proba`, shape (n_classes,).

    Estimators in older files know numbers instead of labels: the classes' places in the manifest.
    So does one that has no `classes_`.

    Raises
    ------
    InvalidModelFile
        If the estimator knows other classes.
    """
    known = getattr(estimator, "classes_", None)
    numbers = list(range(len(classes)))
    # Labels that are these very numbers are in this order, too.
    if known is None or list(known) == numbers:
        return numbers
    places = {label: place for place, label in enumerate(np.asarray(known).tolist())}
    labels = to_labels(classes).tolist()
    if set(labels) != places.keys():
        raise InvalidModelFile("its estimator has other classes than its manifest")
    return [places[label] for label in labels]


def with_labels(estimator: Any, encoder: LabelEncoder) -> VotingClassifier:
    """Return what predicts labels, of a fitted estimator that knows only their numbers.

    A soft vote of a single estimator gives its own probabilities. It is scikit-learn's class, so
    the pickle needs no code of ours.
    """
    voting = VotingClassifier([("estimator", estimator)], voting="soft")
    voting.estimators_ = [estimator]
    voting.named_estimators_ = Bunch(estimator=estimator)
    voting.le_, voting.classes_ = encoder, encoder.classes_
    return voting


def without_labels(estimator: Any) -> Any:
    """Return the estimator in `with_labels`; any other as it is."""
    if type(estimator) is VotingClassifier and estimator.voting == "soft":
        inside = estimator.estimators_
        return inside[0] if len(inside) == 1 else estimator
    return estimator


def _is_whole(label: str) -> bool:
    try:
        number = int(label)
    except ValueError:
        return False
    return str(number) == label and abs(number) < 2**63
