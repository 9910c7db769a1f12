"""How sure a manifest's metrics are: 95 % intervals, and the difference to the baseline."""

import math
from dataclasses import dataclass

Z = 1.959963984540054  # of the standard normal distribution, 95 % lies within ± this


@dataclass(frozen=True)
class Interval:
    """Where a metric lies with 95 % certainty, on any number of rows like the held-out ones."""

    low: float
    high: float


@dataclass(frozen=True)
class ClassificationIntervals:
    """The interval of each of the ClassificationMetrics; None with too few rows of a class."""

    roc_auc: Interval | None
    average_precision: Interval | None
    brier_score: Interval | None
    log_loss: Interval | None
    accuracy: Interval | None


@dataclass(frozen=True)
class RegressionIntervals:
    """The interval of each of the RegressionMetrics; None with too few rows."""

    r2: Interval | None
    mean_absolute_error: Interval | None
    root_mean_squared_error: Interval | None
    median_absolute_error: Interval | None


Intervals = ClassificationIntervals | RegressionIntervals


@dataclass(frozen=True)
class Advantage:
    """How much better than its baseline a model is by one metric, row by row on the same rows.

    Attributes
    ----------
    difference : float
        In the metric's unit; above 0 the model is better, whether more or less of it is good.
    interval : Interval or None
        Of the difference; None with too few rows.
    """

    difference: float
    interval: Interval | None

    @property
    def is_certain(self) -> bool:
        """Whether the model is better, and not just by chance."""
        return self.interval is not None and self.interval.low > 0


def wilson(n_found: int, n: int) -> Interval | None:
    """Return the interval of a share, `n_found` of `n`; None of no rows.

    It holds for small numbers and near 0 and 1, too: E. B. Wilson, "Probable inference, the law of
    succession, and statistical inference", JASA 22 (1927).

    >>> wilson(0, 10), wilson(0, 0)
    (Interval(low=0.0, high=0.2775327998628892), None)
    """
    if n == 0:
        return None
    share = n_found / n
    middle = share + Z**2 / (2 * n)
    half = Z * math.sqrt(share * (1 - share) / n + (Z / (2 * n)) ** 2)
    scale = 1 + Z**2 / n
    # At 0 and 1 exactly so; the arithmetic is a little off there.
    low = 0.0 if n_found == 0 else (middle - half) / scale
    return Interval(low, 1.0 if n_found == n else (middle + half) / scale)


def f1_of(jaccard: float) -> float:
    """Return F1 = 2J / (1 + J): J is the share of right ones among rows of the class or flagged."""
    return 2 * jaccard / (1 + jaccard)
