"""95 % intervals in closed form, so that a million rows take no time."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

Z = 1.959963984540054  # of the standard normal distribution, 95 % lies within ± this


def wilson(n_found: Counts, n: Counts) -> tuple[Numbers, Numbers]:
    """Return the ends of the interval of a share, `n_found` of `n`, both of shape (n_shares,).

    It holds for small numbers and near 0 and 1, too: E. B. Wilson, "Probable inference, the law of
    succession, and statistical inference", JASA 22 (1927).
    """
    share = n_found / n
    middle = share + Z**2 / (2 * n)
    half = Z * np.sqrt(share * (1 - share) / n + (Z / (2 * n)) ** 2)
    scale = 1 + Z**2 / n
    # At 0 and 1 exactly so; the arithmetic is a little off there.
    low = np.where(n_found == 0, 0.0, (middle - half) / scale)
    high = np.where(n_found == n, 1.0, (middle + half) / scale)
    return low, high
