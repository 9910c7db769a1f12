"""The threshold of a version: given, or chosen on predictions of rows that were not trained on.

It is chosen on the training set, by cross-validation. So the validation set knows nothing of it,
and the figures at that threshold are honest.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from app.helpers.errors import ApplicationError
from app.helpers.predictions import STEPS
from app.store.fitted_estimator import class_probabilities
from app.store.manifest import Manifest
from app.training.dataset import Dataset
from app.training.fitting import Fitted
from app.training.folds import make_folds
from app.training.operating_points import count_at_steps, step_of
from app.training.split import Split

DEFAULT = 0.5
MAX_ROWS = 200_000  # to choose on
MIN_FLAGGED = 10  # rows; of fewer, the precision is chance
_FOLDS = 5
_ROUNDING = 1e-9

Aim = Literal["recall", "precision", "flagged"]


class UnusableThreshold(ApplicationError):
    """The threshold that was asked for cannot be used."""


@dataclass(frozen=True)
class Rule:
    """What a threshold is to reach, such as a recall of 0.8.

    Attributes
    ----------
    aim : "recall", "precision" or "flagged"
        The last is the share of all rows that get the positive class.
    share : float
        Above 0, at most 1.
    """

    aim: Aim
    share: float

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Return the rule of a text such as recall=0.8; raise UnusableThreshold otherwise."""
        aim, _, number = text.partition("=")
        try:
            share = float(number)
        except ValueError:
            share = 0.0
        for known in get_args(Aim):
            if aim == known and 0.0 < share <= 1.0:
                return cls(known, share)
        raise UnusableThreshold(
            "--threshold-for must be recall=, precision= or flagged= and a share above 0 and at"
            " most 1, such as recall=0.8."
        )

    def __str__(self) -> str:
        return f"{self.aim}={self.share:g}"


@dataclass(frozen=True)
class Threshold:
    """The probability from which on a row gets the positive class, and how it was chosen.

    Attributes
    ----------
    value : float
        A probability that clients can see: a multiple of 1 / STEPS.
    rule : str
        What it was chosen for; empty if it was given, or is the default.
    note : str
        What it reaches, in a sentence without a full stop; empty likewise.
    """

    value: float = DEFAULT
    rule: str = ""
    note: str = ""


def read_threshold(value: float | None, rule: str | None) -> Threshold | Rule | None:
    """Return the threshold or the rule that was asked for; None if neither was.

    Raises
    ------
    UnusableThreshold
        If both were, or it is none.
    """
    if rule is not None:
        if value is not None:
            raise UnusableThreshold("--threshold-for chooses the threshold; say one or the other.")
        return Rule.parse(rule)
    if value is None:
        return None
    if not 0.0 <= value <= 1.0:  # nor NaN
        raise UnusableThreshold("--threshold must be a number between 0 and 1.")
    return Threshold(step_of(value) / STEPS)


def plan_threshold(
    asked: Threshold | Rule | None, dataset: Dataset, old: Manifest | None
) -> Threshold | Rule:
    """Return the threshold, or the rule by which to choose it.

    Parameters
    ----------
    asked : Threshold, Rule or None
    dataset : Dataset
    old : Manifest or None
        Of the version to train like, which decides if nothing was asked for.

    Raises
    ------
    UnusableThreshold
        If the model does not have two classes.
    """
    if asked is None:
        if old is None or old.positive_class is None:
            return Threshold()
        rule = old.parameters.threshold_for
        return Rule.parse(rule) if rule else Threshold(old.threshold)
    option = "--threshold" if isinstance(asked, Threshold) else "--threshold-for"
    if dataset.task == "regression":
        raise UnusableThreshold(f"{option} is for classifications, and a number is predicted.")
    if (n_classes := len(dataset.classes)) != 2:
        raise UnusableThreshold(f"{option} is for two classes, and there are {n_classes}.")
    return asked


def settle_threshold(
    plan: Threshold | Rule,
    fitted: Fitted,
    split: Split,
    classes: tuple[str, ...],
    positive_index: int | None,
    seed: int,
) -> Threshold:
    """Return the threshold that was planned; for a rule, choose it on the training set.

    Raises
    ------
    UnusableThreshold
        If there are too few rows, or no threshold reaches what is asked for.
    """
    if isinstance(plan, Threshold):
        return plan
    assert positive_index is not None  # noqa: S101 - there are two classes
    rows = np.arange(len(split.y_train))
    if len(rows) > MAX_ROWS:
        rows, _ = train_test_split(
            rows, train_size=MAX_ROWS, random_state=seed, stratify=split.y_train
        )
    X, y = split.X_train.iloc[rows], split.y_train[rows]
    groups = None if split.groups is None else split.groups[rows]
    n_folds = min(_FOLDS, int(np.bincount(y).min()))
    folds = make_folds(y, n_folds, seed, groups, is_regression=False) if n_folds > 1 else []
    if not folds:
        raise UnusableThreshold(
            "There are too few rows or groups to choose a threshold by cross-validation; say"
            " --threshold instead."
        )
    probability = np.empty(len(y))
    for training, validation in folds:
        model = fitted.fit_copy(X.iloc[training], y[training])
        found = class_probabilities(model, X.iloc[validation], classes)
        probability[validation] = found[:, positive_index]
    return choose_threshold(plan, y == positive_index, probability)


def choose_threshold(
    rule: Rule, is_class: NDArray[np.bool_], probability: NDArray[np.float64]
) -> Threshold:
    """Return the threshold that reaches what a rule asks for, at the least cost.

    For a recall it is the highest one, which flags the fewest rows. For a precision, it is the one
    with the highest recall; and for a share of flagged rows, the one that comes nearest to it from
    below.

    Parameters
    ----------
    rule : Rule
    is_class, probability : shape (n_samples,)

    Raises
    ------
    UnusableThreshold
        If there is none.
    """
    true_positives, false_positives = count_at_steps(is_class, probability)
    flagged = true_positives + false_positives
    n_rows, n_positives = len(is_class), int(is_class.sum())
    if rule.aim == "recall":
        reaches = true_positives >= rule.share * n_positives - _ROUNDING
        place = int(reaches.argmax())
    elif rule.aim == "precision":
        precision = true_positives / np.maximum(flagged, 1)
        enough = flagged >= MIN_FLAGGED
        reaches = enough & (precision >= rule.share - _ROUNDING)
        if not reaches.any():
            best = float(precision[enough].max(initial=0.0))
            raise UnusableThreshold(
                f"No threshold reaches a precision of {rule.share:g} on the training set: the"
                f" highest that at least {MIN_FLAGGED} rows have is {best:.3g}."
            )
        place = int(np.where(reaches, true_positives, -1).argmax())
    else:
        fits = (flagged <= rule.share * n_rows + _ROUNDING) & (flagged > 0)
        if not fits.any():
            least = int(flagged[flagged > 0][0])
            raise UnusableThreshold(
                f"No threshold flags {rule.share:.3g} of the rows or fewer: already"
                f" {least / n_rows:.3g} of them have the highest probability."
            )
        place = int(np.where(fits, flagged, -1).argmax())
    value = (STEPS - place) / STEPS
    found, n_flagged = int(true_positives[place]), int(flagged[place])
    return Threshold(
        value,
        str(rule),
        f"The threshold is {value:g}, chosen for {rule} by cross-validation on the training set:"
        f" recall {found / n_positives:.3g}, precision {found / max(1, n_flagged):.3g},"
        f" {n_flagged / n_rows:.1%} of the rows flagged",
    )
