"""Whether probabilities can be believed: of rows that get 0.3, some 30 % must be of the class."""

import numpy as np
from numpy.typing import NDArray

from app.store.curves import CalibrationCurve
from app.store.intervals import wilson

N_BINS = 10
_DIGITS = 6


def calibrate(is_class: NDArray[np.bool_], probability: NDArray[np.float64]) -> CalibrationCurve:
    """Return predicted and observed shares in bins of about equal numbers of rows.

    Rows with the same probability stay in one bin, so there can be fewer than N_BINS.

    Parameters
    ----------
    is_class, probability : shape (n_samples,)
        Sorted by rising probability.
    """
    cuts = np.arange(N_BINS) * len(probability) // N_BINS
    starts = np.unique(np.searchsorted(probability, probability[cuts]))
    count = np.diff(np.append(starts, len(probability)))
    n_found = np.add.reduceat(is_class, starts, dtype=np.int64)
    predicted = np.add.reduceat(probability, starts) / count
    intervals = filter(None, map(wilson, n_found.tolist(), count.tolist()))  # no bin is empty
    low, high = np.array([(each.low, each.high) for each in intervals]).T
    return CalibrationCurve(
        predicted=_rounded(predicted),
        observed=_rounded(n_found / count),
        count=tuple(count.tolist()),
        low=_rounded(low),
        high=_rounded(high),
        error=float(np.average(np.abs(predicted - n_found / count), weights=count)),
    )


def _rounded(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(numbers.round(_DIGITS).tolist())
