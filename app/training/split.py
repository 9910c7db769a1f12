"""The rows to train on, and those to validate with.

By default a random quarter validates. `--validate-last` holds out the latest rows instead, and
`--group` keeps the rows of one group together.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from app.helpers.errors import InvalidDataset, quote
from app.training.dataset import Dataset
from app.training.figure import allows_figure

SEED = 1  # of all random numbers in training
VALIDATION_SHARE = 0.25
_MIN_ROWS = 2  # on each side, for R²
_SHUFFLES = 30  # of groups, from which the best is chosen
_MIN_SHARE, _MAX_SHARE = 0.1, 0.5  # of validation rows, where groups and dates are to agree


@dataclass(frozen=True)
class Split:
    """The rows to train on and those to validate with: X (n_rows, n_features), y (n_rows,).

    y is of int64, the numbers of classes, or of float64 in a regression. `groups` has the group of
    each training row, if there are groups.
    """

    X_train: pd.DataFrame
    X_validation: pd.DataFrame
    y_train: NDArray[Any]
    y_validation: NDArray[Any]
    groups: NDArray[np.intp] | None = None


def split_rows(dataset: Dataset, seed: int) -> Split:
    """Return the rows in two sets; in a classification each has all classes.

    Raises
    ------
    InvalidDataset
        If groups or dates allow no such split, or the numbers that are held out no figure.
    """
    split = _split(dataset, seed)
    target = split.y_validation
    if dataset.task == "regression" and np.ptp(target) > 0.0 and not allows_figure(target):
        raise InvalidDataset(
            "The numbers that are held out are too close together to compute with; write the"
            " target in another unit."
        )
    return split


def _split(dataset: Dataset, seed: int) -> Split:
    groups, times = dataset.groups, dataset.times
    if times is not None:
        is_held_out = _latest(times, groups)
    elif groups is not None:
        is_held_out = _some_groups(dataset, groups, seed)
    else:
        return Split(
            *train_test_split(
                dataset.frame,
                dataset.target,
                test_size=VALIDATION_SHARE,
                random_state=seed,
                stratify=dataset.target if dataset.task == "classification" else None,
            )
        )
    _check_classes(dataset, is_held_out)
    shuffled = np.random.default_rng(seed).permutation(len(is_held_out))
    training, validation = shuffled[~is_held_out[shuffled]], shuffled[is_held_out[shuffled]]
    return Split(
        dataset.frame.iloc[training],
        dataset.frame.iloc[validation],
        dataset.target[training],
        dataset.target[validation],
        None if groups is None else groups[training],
    )


def _latest(times: NDArray[np.float64], groups: NDArray[np.intp] | None) -> NDArray[np.bool_]:
    """Return which rows are held out: all from a time on, as near to a quarter as can be."""
    moments, places, counts = np.unique(times, return_inverse=True, return_counts=True)
    if len(moments) == 1:
        raise InvalidDataset(
            "The column of --validate-last has the same value in every row; no row is later."
        )
    shares = counts[::-1].cumsum()[::-1] / len(times)
    is_cut = np.arange(len(moments)) > 0
    if groups is not None:
        first = np.full(groups.max() + 1, len(moments))
        last = np.zeros(len(first), np.intp)
        np.minimum.at(first, groups, places)
        np.maximum.at(last, groups, places)
        steps = np.bincount(first + 1, minlength=len(moments) + 2)
        steps -= np.bincount(last + 1, minlength=len(moments) + 2)
        crosses = steps.cumsum()[: len(moments)] > 0  # a group has rows on both sides of the cut
        is_cut &= ~crosses & (shares >= _MIN_SHARE) & (shares <= _MAX_SHARE)
        if not is_cut.any():
            raise InvalidDataset(
                "Wherever the latest rows begin, some groups have earlier and later rows; use"
                " --group or --validate-last alone."
            )
    cuts = np.flatnonzero(is_cut)
    is_latest: NDArray[np.bool_] = places >= cuts[np.abs(shares[cuts] - VALIDATION_SHARE).argmin()]
    return is_latest


def _some_groups(dataset: Dataset, groups: NDArray[np.intp], seed: int) -> NDArray[np.bool_]:
    """Return which rows are held out: of some shuffles of groups those with the nearest shares."""
    sizes = np.bincount(groups)
    if len(sizes) == 1:
        raise InvalidDataset("There is one group only; --group needs two or more.")
    is_regression = dataset.task == "regression"
    classes = np.zeros(len(groups), np.intp) if is_regression else dataset.target
    expected = VALIDATION_SHARE * (counts := np.bincount(classes))
    generator = np.random.default_rng(seed)
    best, least = np.zeros(len(sizes), bool), np.inf
    for _ in range(_SHUFFLES):
        order = generator.permutation(len(sizes))
        middles = sizes[order].cumsum() - sizes[order] / 2
        chosen = np.zeros(len(sizes), bool)
        chosen[order[middles <= VALIDATION_SHARE * len(groups)]] = True
        held_out = np.bincount(classes[chosen[groups]], minlength=len(counts))
        if not ((held_out > 0) & (held_out < counts)).all():
            continue
        if (distance := float((np.abs(held_out - expected) / expected).sum())) < least:
            best, least = chosen, distance
    if not best.any():
        raise InvalidDataset(
            "The groups cannot be split so that both sides have rows of every class; use another"
            " column for --group, or leave it out."
        )
    return best[groups]


def _check_classes(dataset: Dataset, is_held_out: NDArray[np.bool_]) -> None:
    if dataset.task == "regression" and min(is_held_out.sum(), (~is_held_out).sum()) < _MIN_ROWS:
        raise InvalidDataset(
            f"The split leaves fewer than {_MIN_ROWS} rows on one side; use another column, or"
            " leave --group and --validate-last out."
        )
    for place, label in enumerate(dataset.classes):
        sides = is_held_out[dataset.target == place]
        if sides.all() or not sides.any():
            where = "training set" if sides.all() else "latest rows"
            raise InvalidDataset(
                f"Class {quote(label)} has no row in the {where}; use another column for"
                " --validate-last, or leave it out."
            )
