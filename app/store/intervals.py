"""How sure a manifest's metrics are: 95 % intervals, and the difference to the baseline."""

from dataclasses import dataclass


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
