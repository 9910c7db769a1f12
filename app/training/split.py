"""The rows to train on, and those to validate with."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from app.training.dataset import Dataset

VALIDATION_SHARE = 0.25


@dataclass(frozen=True)
class Split:
    """The rows to train on and those to validate with: X (n_rows, n_features), y (n_rows,)."""

    X_train: pd.DataFrame
    X_validation: pd.DataFrame
    y_train: NDArray[np.int64]
    y_validation: NDArray[np.int64]


def split_rows(dataset: Dataset, seed: int) -> Split:
    """Return the rows in two sets, shuffled, each with the classes' shares of all."""
    return Split(
        *train_test_split(
            dataset.frame,
            dataset.target,
            test_size=VALIDATION_SHARE,
            random_state=seed,
            stratify=dataset.target,
        )
    )
