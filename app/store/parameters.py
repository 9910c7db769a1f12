"""How a model was trained, as its manifest describes it."""

from dataclasses import dataclass

from app.tables.columns import Columns


@dataclass(frozen=True)
class Regularization:
    """How strongly a linear model is held back from fitting its training set too closely.

    Attributes
    ----------
    C : float or None
        Its inverse strength; None of a model that was trained elsewhere.
    l1_ratio : float or None
        The share of the L1 penalty, 0 to 1; None if the estimator's own is kept.
    solver : str or None
        The solver that the L1 penalty needs; None if the estimator's own is kept.
    """

    C: float | None
    l1_ratio: float | None = None
    solver: str | None = None

    def parameters(self) -> dict[str, float | str]:
        """Return the estimator's parameters that are set, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Parameters:
    """How a model was trained.

    Attributes
    ----------
    classifier : str
        The name of the estimator's class.
    regularization : Regularization
    strength : str
        How its C was chosen by cross-validation; empty if it was not.
    seed : int
        The seed of all random numbers.
    refit_on_all : bool
        Whether the published model was fitted on all rows, after it was evaluated.
    columns : Columns
    threshold_for : str
        What the version's threshold was chosen for on the training set, such as recall=0.8; empty
        if it was given, or nobody asked for another one.
    """

    classifier: str
    regularization: Regularization
    seed: int
    columns: Columns
    refit_on_all: bool = False
    strength: str = ""
    threshold_for: str = ""


@dataclass(frozen=True)
class Trial:
    """One candidate of a search.

    Attributes
    ----------
    regularization : Regularization
    log_loss : float or None
        Mean over the folds of cross-validation; None in a regression.
    deviation : float
        Standard deviation of the loss over the folds.
    squared_error : float or None
        In a regression, the mean over the folds of the mean squared error.
    """

    regularization: Regularization
    log_loss: float | None
    deviation: float
    squared_error: float | None = None

    @property
    def loss(self) -> float:
        """What the search makes small: the log loss, or the squared error in a regression."""
        return (self.squared_error if self.log_loss is None else self.log_loss) or 0.0


@dataclass(frozen=True)
class SearchResult:
    """What a search for the regularization tried: all trials, and how many folds it used."""

    folds: int
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The trial with the lowest loss."""
        return min(self.trials, key=lambda trial: trial.loss)
