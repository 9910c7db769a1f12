"""How many rows a class gets at each threshold, and in each tenth of the rows."""

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from app.helpers.predictions import STEPS
from app.store.curves import Deciles, OperatingPoints

TENTHS = 10
_ALWAYS = (0.0, 0.5, 1.0)  # thresholds that are kept, however many others there are


def find_operating_points(
    is_class: NDArray[np.bool_],
    probability: NDArray[np.float64],
    n_points: int,
    thresholds: Collection[float] = (),
) -> OperatingPoints:
    """Return the counts of a class against the rest, at thresholds from 1 down to 0.

    They are counted on the probabilities as clients see them, of which there are STEPS + 1. So they
    are exact, and a million rows take some milliseconds.

    Parameters
    ----------
    is_class, probability : shape (n_samples,)
        Sorted by rising probability; of rows with the same one, the last are taken first.
    n_points : int
        About how many points to keep, spread evenly along the ROC curve.
    thresholds : collection of float
        More thresholds that are kept.
    """
    true_positives, false_positives = count_at_steps(is_class, probability)
    n_positives, n_negatives = int(true_positives[-1]), int(false_positives[-1])

    moves = np.hypot(
        np.diff(true_positives) / max(1, n_positives),
        np.diff(false_positives) / max(1, n_negatives),
    )
    length = np.concatenate([[0.0], np.cumsum(moves)])
    kept = {STEPS - step_of(threshold) for threshold in (*_ALWAYS, *thresholds)}
    n_spread = max(2, n_points - len(kept))
    spread = np.searchsorted(length, np.linspace(0.0, length[-1], n_spread))
    chosen = np.union1d(spread, np.fromiter(kept, np.int64))
    return OperatingPoints(
        threshold=tuple(((STEPS - chosen) / STEPS).tolist()),
        true_positives=tuple(true_positives[chosen].tolist()),
        false_positives=tuple(false_positives[chosen].tolist()),
        positives=n_positives,
        negatives=n_negatives,
        deciles=_count_tenths(is_class[::-1]),
    )


def count_at_steps(
    is_class: NDArray[np.bool_], probability: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return true and false positives at thresholds of 1, 1 - 1 / STEPS … 0, both (STEPS + 1,)."""
    steps = np.rint(probability * STEPS).astype(np.int64)
    return _at_least(steps[is_class]), _at_least(steps[~is_class])


def step_of(threshold: float) -> int:
    """Return the smallest whole number k for which k / STEPS is at least a threshold.

    >>> step_of(0.5), step_of(0.00001), step_of(0.07)
    (5000, 1, 700)
    """
    near = math.ceil(threshold * STEPS)
    return near - 1 if near and (near - 1) / STEPS >= threshold else near


def _at_least(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many are at least STEPS, STEPS - 1 … 0, shape (STEPS + 1,)."""
    counts: NDArray[np.int64] = np.bincount(steps, minlength=STEPS + 1)[::-1].cumsum()
    return counts


def _count_tenths(falling: NDArray[np.bool_]) -> Deciles:
    cuts = np.arange(TENTHS + 1) * len(falling) // TENTHS
    found = np.concatenate([[0], np.cumsum(falling)])[cuts]
    return Deciles(rows=tuple(np.diff(cuts).tolist()), positives=tuple(np.diff(found).tolist()))
