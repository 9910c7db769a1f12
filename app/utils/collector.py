"""Python's garbage collector in a process that serves requests."""

import gc
import sys
from collections.abc import Callable

THRESHOLD = 50_000  # new objects before a collection; Python's default is 700 or 2,000


def collector_sparer() -> Callable[[], None]:
    """Return a function for a server to call whenever it may have imported libraries.

    It exempts all objects that exist from garbage collection: scikit-learn and pandas alone are
    200,000, and a full collection that walks them stops all threads, under load for some 90 ms.
    It also makes collections rarer: under load, many records wait to be logged, and each collection
    would walk them in vain. The function does nothing if no module was imported since its last
    call.
    """
    n_modules = 0

    def spare_the_collector() -> None:
        nonlocal n_modules
        if len(sys.modules) != n_modules:
            n_modules = len(sys.modules)
            gc.collect()
            gc.freeze()
            gc.set_threshold(THRESHOLD)

    return spare_the_collector
