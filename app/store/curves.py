"""The report's curves as points: data that pages draw, not pictures."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class RocCurve:
    """The points of a ROC curve, each of shape (n_points,), from (0, 0) to (1, 1)."""

    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """The points of a precision-recall curve, each of shape (n_points,), by ascending recall."""

    recall: tuple[float, ...]
    precision: tuple[float, ...]


@dataclass(frozen=True)
class CalibrationCurve:
    """Mean predicted probability and observed share of each bin, all of shape (n_bins,).

    Attributes
    ----------
    predicted, observed : tuple of float
        The bins have about the same number of rows each; in older files they are equally wide.
    count : tuple of int
        The rows of each bin; empty in older files.
    low, high : tuple of float
        The 95 % interval of each observed share; empty in older files.
    error : float or None
        The difference between predicted and observed share, averaged over the rows; None in older
        files.
    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    count: tuple[int, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    error: float | None = None


@dataclass(frozen=True)
class Histogram:
    """How the probabilities of a class's own rows and of all other rows are distributed.

    Attributes
    ----------
    edges : tuple of float, shape (n_bins + 1,)
    positive, negative : tuple of int, shape (n_bins,)
        How many rows of the class, and how many other rows, fall between two edges.
    """

    edges: tuple[float, ...]
    positive: tuple[int, ...]
    negative: tuple[int, ...]


@dataclass(frozen=True)
class Deciles:
    """How a class is spread over the tenths of the validation set, by falling probability.

    Attributes
    ----------
    rows, positives : tuple of int, shape (10,)
        How many rows each tenth has, and how many of them are of the class.
    """

    rows: tuple[int, ...]
    positives: tuple[int, ...]


@dataclass(frozen=True)
class OperatingPoints:
    """What happens at a threshold: how many rows get the class, rightly and wrongly.

    Attributes
    ----------
    threshold : tuple of float, shape (n_points,)
        Falling from 1 to 0. A row gets the class if its probability, rounded as clients see it, is
        at least this.
    true_positives, false_positives : tuple of int, shape (n_points,)
        Rows of the class, and other rows, that get it.
    positives, negatives : int
        All rows of the class, and all other rows.
    deciles : Deciles
    """

    threshold: tuple[float, ...]
    true_positives: tuple[int, ...]
    false_positives: tuple[int, ...]
    positives: int
    negatives: int
    deciles: Deciles


@dataclass(frozen=True)
class ClassCurves:
    """One class against the rest.

    Attributes
    ----------
    roc_auc : float
        The area under the ROC curve of all validation rows, not only of the points kept here.
    points : OperatingPoints or None
        None in older files.
    """

    roc_auc: float
    roc: RocCurve
    precision_recall: PrecisionRecallCurve
    calibration: CalibrationCurve
    histogram: Histogram
    points: OperatingPoints | None = None


@dataclass(frozen=True)
class Curves:
    """All that the report draws of the validation set.

    Attributes
    ----------
    classes : mapping of str to ClassCurves
        With two classes only the positive one.
    confusion : tuple of tuple of int, shape (n_classes, n_classes)
        Number of rows by true class (first axis) and label (second), both in the order of the
        manifest's `classes`. With two classes the label is the one at the version's threshold.
    """

    classes: Mapping[str, ClassCurves]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class NumberHistogram:
    """How the true and the predicted numbers are distributed.

    Attributes
    ----------
    edges : tuple of float, shape (n_bins + 1,)
    actual, predicted : tuple of int, shape (n_bins,)
        How many validation rows fall between two edges.
    """

    edges: tuple[float, ...]
    actual: tuple[int, ...]
    predicted: tuple[int, ...]


@dataclass(frozen=True)
class RegressionCurves:
    """All that the report draws of the validation set of a regression.

    Attributes
    ----------
    predicted, actual : tuple of float, shape (n_points,)
        Of a sample of its rows.
    histogram : NumberHistogram
        Of all of its rows.
    """

    predicted: tuple[float, ...]
    actual: tuple[float, ...]
    histogram: NumberHistogram
