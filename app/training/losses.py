"""How wrong the probabilities of each row are: the losses whose means are metrics."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def log_losses(target: NDArray[np.int64], probabilities: Numbers) -> Numbers:
    """Return the log loss of each row, shape (n_samples,).

    Parameters
    ----------
    target : array of int, shape (n_samples,)
        The place of each row's true class.
    probabilities : array of shape (n_samples, n_classes)
    """
    epsilon = np.finfo(np.float64).eps  # as scikit-learn does
    of_truth = probabilities[np.arange(len(target)), target]
    losses: Numbers = -np.log(np.clip(of_truth, epsilon, 1 - epsilon))
    return losses


def brier_scores(target: NDArray[np.int64], probabilities: Numbers) -> Numbers:
    """Return the Brier score of each row, shape (n_samples,).

    With two classes it is the squared error of one of their probabilities, otherwise the sum over
    all classes.
    """
    of_truth = probabilities[np.arange(len(target)), target]
    if probabilities.shape[1] == 2:
        scores: Numbers = (1 - of_truth) ** 2
        return scores
    # The truth counts (1 - p)² instead of p².
    squares: Numbers = np.einsum("ij,ij->i", probabilities, probabilities)
    return squares + 1 - 2 * of_truth
