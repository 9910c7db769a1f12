"""The intervals of the two metrics that depend on how rows are ranked."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.store.intervals import Interval
from app.training.intervals import Numbers, logit_interval

MAX_CELLS = 25_000_000  # rows × classes; some seconds of sorting


def rank_intervals(
    roc_auc: float,
    average_precision: float,
    target: NDArray[np.int64],
    probabilities: Numbers,
    shown: Sequence[int],
) -> tuple[Interval | None, Interval | None]:
    """Return the intervals of a ROC AUC and of an average precision.

    Either may be the mean of several classes' against the rest. There are none if a class has fewer
    than two rows, or where sorting would take too long.

    Of the area: DeLong, DeLong, Clarke-Pearson (1988), "Comparing the areas under two or more
    correlated receiver operating characteristic curves", Biometrics 44, from mid-ranks as in Sun,
    Xu (2014), "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21. On
    the scale of log-odds: Pepe (2003), *The Statistical Evaluation of Medical Tests for
    Classification and Prediction*, section 5.2. A mean is a sum over the rows, too: of what each
    row adds to the areas of all classes. So the areas may depend on each other.

    Parameters
    ----------
    roc_auc, average_precision : float
    target : array of int, shape (n_samples,)
        The place of each row's true class.
    probabilities : array of shape (n_samples, n_classes)
    shown : sequence of int
        The places of the classes whose figures were averaged.
    """
    counts = np.bincount(target, minlength=probabilities.shape[1])
    if counts.min() < 2 or len(target) * len(shown) > MAX_CELLS:
        return None, None
    added, precisions = np.zeros(len(target)), []
    for k in shown:
        of_class, precision = _rank(target == k, probabilities[:, k])
        added += of_class / len(shown)
        precisions.append(precision)
    return (
        logit_interval(roc_auc, area_error(target, added), int(counts.min())),
        _average_precision_interval(average_precision, precisions, counts[list(shown)].tolist()),
    )


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
        added += _rank(target == k, score)[0] / len(shown)
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


def _rank(is_class: NDArray[np.bool_], score: Numbers) -> tuple[Numbers, float]:
    """Return what each row adds to the area of a class, and the class's average precision.

    A row adds the share of the other side's rows that it is ranked correctly against, where a tie
    counts one half, divided by the number of rows on its own side.
    """
    order = np.argsort(score)
    rising, of_class = score[order], is_class[order]
    starts = np.flatnonzero(np.append(True, np.diff(rising) > 0))  # of rows that are tied
    sizes = np.diff(np.append(starts, len(rising)))
    n_class = np.add.reduceat(of_class, starts, dtype=np.int64)
    n_rest = sizes - n_class
    rest_below = n_rest.cumsum() - n_rest / 2
    class_from = n_class[::-1].cumsum()[::-1]
    sides = n_class.sum() * n_rest.sum()
    added = np.empty(len(rising))
    added[order] = np.where(
        of_class,
        np.repeat(rest_below / sides, sizes),
        np.repeat((class_from - n_class / 2) / sides, sizes),
    )
    precisions = class_from / sizes[::-1].cumsum()[::-1]
    return added, float(np.average(precisions, weights=n_class))


def _average_precision_interval(
    average_precision: float, by_class: Sequence[float], n_positives: Sequence[int]
) -> Interval | None:
    """Return the interval of an average precision, from those of the classes and their rows.

    Boyd, Eng, Page (2013), "Area under the precision-recall curve: point estimates and confidence
    intervals", ECML PKDD: the variance of a share among the positive rows, on the scale of
    log-odds. A class's figure rests above all on its own rows, so those of several classes count
    as independent.
    """
    variances = (share * (1 - share) / n for share, n in zip(by_class, n_positives, strict=True))
    error = math.sqrt(sum(variances)) / len(by_class)
    return logit_interval(average_precision, error, min(n_positives))
