"""The intervals of the two metrics that depend on how rows are ranked."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.store.intervals import Interval
from app.training.intervals import Numbers, logit_interval

MAX_CELLS = 25_000_000  # rows × classes; some seconds of sorting


def roc_auc_interval(
    roc_auc: float, target: NDArray[np.int64], probabilities: Numbers, shown: Sequence[int]
) -> Interval | None:
    """Return the interval of a ROC AUC, or of the mean of several classes' against the rest.

    DeLong, DeLong, Clarke-Pearson (1988), "Comparing the areas under two or more correlated
    receiver operating characteristic curves", Biometrics 44, from mid-ranks as in Sun, Xu (2014),
    "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21. On the scale of
    log-odds: Pepe (2003), *The Statistical Evaluation of Medical Tests for Classification and
    Prediction*, section 5.2. A mean is a sum over the rows, too: of what each row adds to the
    areas of all classes. So the areas may depend on each other.

    Parameters
    ----------
    roc_auc : float
    target : array of int, shape (n_samples,)
        The place of each row's true class.
    probabilities : array of shape (n_samples, n_classes)
    shown : sequence of int
        The places of the classes whose areas were averaged.
    """
    counts = np.bincount(target, minlength=probabilities.shape[1])
    if counts.min() < 2 or probabilities.size > MAX_CELLS:
        return None
    error = area_error(target, shares_of_area(target, probabilities.T[list(shown)], shown))
    return logit_interval(roc_auc, error, int(counts.min()))


def shares_of_area(target: NDArray[np.int64], scores: Numbers, shown: Sequence[int]) -> Numbers:
    """Return what each row adds to the mean area of some classes, shape (n_samples,).

    Parameters
    ----------
    target : array of int, shape (n_samples,)
    scores : array of shape (n_shown, n_samples)
    shown : sequence of int, shape (n_shown,)
        The places of these classes.
    """
    added = np.zeros(len(target))
    for k, score in zip(shown, scores, strict=True):
        added += _placements(target == k, score) / len(shown)
    return added


def area_error(target: NDArray[np.int64], added: Numbers) -> float:
    """Return the standard error of an area, or of a difference of two, by what each row adds to it.

    Each class has at least two rows.
    """
    # The number of rows of each class is given, so only how they vary within it counts.
    counts = np.bincount(target)
    means = np.bincount(target, added) / counts
    squares = np.bincount(target, (added - means[target]) ** 2)
    return math.sqrt(float((squares * counts / (counts - 1)).sum()))


def _placements(is_class: NDArray[np.bool_], probability: Numbers) -> Numbers:
    """Return what each row adds to an area, shape (n_samples,).

    That is the share of the other side's rows that it is ranked correctly against, where a tie
    counts one half, divided by the number of rows on its own side.
    """
    order = np.argsort(probability, kind="stable")
    rising, of_class = probability[order], is_class[order]
    starts = np.flatnonzero(np.diff(rising, prepend=-1.0))  # of rows that are tied
    sizes = np.diff(np.append(starts, len(rising)))
    n_class = np.add.reduceat(of_class, starts, dtype=np.int64)
    n_rest = sizes - n_class
    rest_below = n_rest.cumsum() - n_rest / 2
    class_above = n_class.sum() - n_class.cumsum() + n_class / 2
    sides = n_class.sum() * n_rest.sum()
    placements = np.empty(len(rising))
    placements[order] = np.where(
        of_class, np.repeat(rest_below / sides, sizes), np.repeat(class_above / sides, sizes)
    )
    return placements


def average_precision_interval(
    average_precision: float, by_class: Sequence[float], n_positives: Sequence[int]
) -> Interval | None:
    """Return the interval of an average precision, or of the mean of several classes'.

    Boyd, Eng, Page (2013), "Area under the precision-recall curve: point estimates and confidence
    intervals", ECML PKDD: the variance of a share among the positive rows, on the scale of
    log-odds. A class's figure rests above all on its own rows, so those of several classes count
    as independent.

    Parameters
    ----------
    average_precision : float
    by_class : sequence of float, shape (n_classes,)
        The figures that it is the mean of.
    n_positives : sequence of int, shape (n_classes,)
        How many rows each class has.
    """
    if min(n_positives) < 2:
        return None
    variances = [share * (1 - share) / n for share, n in zip(by_class, n_positives, strict=True)]
    error = math.sqrt(sum(variances)) / len(by_class)
    return logit_interval(average_precision, error, min(n_positives))
