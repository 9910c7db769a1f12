"""What a model relies on: how much worse it is without each feature, and what some of them do."""

from dataclasses import dataclass

from app.helpers.features import Value


@dataclass(frozen=True)
class Importance:
    """How much a model relies on one feature: permutation importance.

    L. Breiman, "Random forests", Machine Learning 45 (2001), section 10; for any model A. Fisher,
    C. Rudin, F. Dominici, "All models are wrong, but many are useful", JMLR 20 (2019).

    Attributes
    ----------
    feature : str
    fall : float
        How far the ROC AUC, or R² in a regression, falls when the feature's values are shuffled
        among the rows; the mean of several shuffles.
    deviation : float
        Their standard deviation.
    """

    feature: str
    fall: float
    deviation: float


@dataclass(frozen=True)
class Dependence:
    """What a model predicts on average if all rows have the same value of one feature.

    J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of
    Statistics 29 (2001), section 8.2.

    Attributes
    ----------
    feature : str
    values : tuple of float, bool, str or None, shape (n_values,)
        Of a number or date by size; of others the most frequent first. None is a missing one.
    outputs : tuple of tuple of float, shape (n_outputs, n_values)
        The mean probability of the positive class, or of each of three or more classes; the mean
        number that a regression predicts.
    """

    feature: str
    values: tuple[Value, ...]
    outputs: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Reliance:
    """What a model relies on.

    Attributes
    ----------
    figure : float
        The ROC AUC, or R², of the rows that were shuffled.
    n_rows, n_repeats : int
        How many held-out rows were shuffled, and how often.
    importances : tuple of Importance, shape (n_features,)
        The most important feature first.
    dependences : tuple of Dependence
        Of the most important features of a model that is not linear; a linear one has weights.
    n_dependence_rows : int
        Over how many held-out rows their means are.
    """

    figure: float
    n_rows: int
    n_repeats: int
    importances: tuple[Importance, ...]
    dependences: tuple[Dependence, ...] = ()
    n_dependence_rows: int = 0
