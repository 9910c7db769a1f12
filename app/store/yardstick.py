"""What gradient boosting reaches on the same rows: whether a straight line is enough."""

from dataclasses import dataclass
from typing import Literal

from app.store.intervals import Interval


@dataclass(frozen=True)
class Yardstick:
    """How good gradient boosting with scikit-learn's defaults is beside the model.

    Attributes
    ----------
    figure, model_figure : float
        The ROC AUC, or R² in a regression, of gradient boosting and of the model, on the same
        held-out rows.
    interval : Interval
        Of the first less the second.
    training_rows, validation_rows : int
        How many rows gradient boosting was fitted on, and how many both were compared on.
    left_out : tuple of str
        The features that it does not use: texts.
    """

    figure: float
    model_figure: float
    interval: Interval
    training_rows: int
    validation_rows: int
    left_out: tuple[str, ...] = ()

    @property
    def difference(self) -> float:
        """By how much gradient boosting is better; below 0 it is worse."""
        return self.figure - self.model_figure

    @property
    def better(self) -> Literal["boosting", "model"] | None:
        """Which of the two is better; None if these rows cannot tell."""
        if self.interval.low <= 0 <= self.interval.high:
            return None
        return "boosting" if self.interval.low > 0 else "model"
