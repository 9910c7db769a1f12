"""The rows to train on, and those to validate with."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from app.training.dataset import Dataset

VALIDATION_SHARE = 0.25


@dataclass(frozen=True)
class Split:
    """The rows to train on and those to validate with: X (n_rows, n_features), y (n_rows,).

    y is of int64, the numbers of classes, or of float64 in a regression.
    """

    X_train: pd.DataFrame
    X_validation: pd.DataFrame
    y_train: NDArray[Any]
    y_validation: NDArray[Any]


def split_rows(dataset: Dataset, seed: int) -> Split:
    """Return the rows in two sets, shuffled; in a classification each has all classes' shares."""
    return Split(
        *train_test_split(
            dataset.frame,
            dataset.target,
            test_size=VALIDATION_SHARE,
            random_state=seed,
            stratify=dataset.target if dataset.task == "classification" else None,
        )
    )
