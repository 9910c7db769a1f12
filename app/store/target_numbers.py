"""What a manifest holds of a target that is a number, and how far predictions are off."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PredictionInterval:
    """The interval around a prediction that holds the true number in a given share of cases.

    Split conformal prediction (Lei, G'Sell, Rinaldo, Tibshirani, Wasserman, 2018,
    "Distribution-free predictive inference for regression", section 2.2): the half width is a
    quantile of the absolute errors on rows that the model was not fitted on. It holds whatever the
    model, as long as new rows come from where the validation rows came from.

    Attributes
    ----------
    coverage : float
        In what share of all cases, 0 to 1, it holds the true number.
    half_width : float
        In the target's unit.
    """

    coverage: float
    half_width: float


@dataclass(frozen=True)
class TargetNumbers:
    """A target that is a number.

    Attributes
    ----------
    quantiles : tuple of float, shape (n_quantiles,)
        Of the training set's target, evenly spaced: the first is the least number, the last the
        largest.
    unit : str
        What each number in the CSV is written with: "%", a currency such as "$", or "".
    interval : PredictionInterval or None
        None if there are too few validation rows for one.
    """

    quantiles: tuple[float, ...]
    unit: str = ""
    interval: PredictionInterval | None = None

    @property
    def largest(self) -> float:
        """The largest absolute value in the training set."""
        return max(abs(self.quantiles[0]), abs(self.quantiles[-1]))
