"""What happened to each request, on its way to the log and the metrics.

Requests leave a record without taking a lock; one thread per process passes the records on. Routes
and statuses are only labels here, except that a status of 500 or above is an error.
"""

import logging
import os
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from multiprocessing.util import Finalize
from typing import Any, NamedTuple, TypeVar

from app.helpers.features import Feature

log = logging.getLogger(__name__)

Row = TypeVar("Row", "Record", "Outcome")

BATCH_SIZE = 1024
"""Records that a sink gets at once, at most."""

_PAUSE = 0.001
"""Seconds between two batches, in which the interpreter is free for requests."""

_REST = 0.02
"""Seconds between two drains, even if there are many errors."""


class Outcome(NamedTuple):
    """What a model predicted for a request."""

    version: str | None = None
    """The version that predicted, never an alias such as `latest`; None if none did."""
    digest: str = ""
    """The first 12 hex digits of the model's SHA-256."""
    features: Sequence[Feature] = ()
    """What the model is given, shape (n_features,); a date or datetime as its parts."""
    predictions: Sequence[Any] = ()
    """Shape (n_rows,): a probability or, with three or more classes, class → probability.

    In a regression, a number.
    """
    columns: Sequence[Sequence[Any]] = ()
    """Shape (n_features, n_rows): the values that many rows' predictions were made from."""
    vector: Sequence[Any] = ()
    """Shape (n_features,): the values of a single row."""
    quantiles: Sequence[float] = ()
    """Of a regression: the target's in the training set, evenly spaced; else empty."""


NO_OUTCOME = Outcome()


class Record(NamedTuple):
    """What is kept of one request."""

    time: float
    """When it was answered, in seconds since 1970-01-01 UTC."""
    remote_addr: str
    method: str
    scheme: str
    path: str
    """WSGI's PATH_INFO: decoded, one character per byte, without the query."""
    route: str
    """What the path was matched to, such as `/<version>/predict`; empty if nothing."""
    status: int
    duration: float
    """Seconds from the request's arrival to its answer."""
    request_id: str
    outcome: Outcome = NO_OUTCOME
    traceparent: str = ""
    """The header of that name as the client sent it, which names the trace of the request."""


def transpose(rows: Sequence[Row]) -> Any:
    """Return records, or outcomes, as one whose fields hold the values of all of them.

    At least one is needed.
    """
    return type(rows[0])(*zip(*rows, strict=True))


Sink = Callable[[Sequence[Record]], object]
"""A function that takes a batch of records, oldest first; one thread at a time calls it."""


class Records:
    """The records on their way from the requests to the sinks.

    Every process has its own thread, which its first record starts and which sleeps while there
    are none. Records that still wait when a process exits are passed on then. A forked child leaves
    its parent's records to the parent. Keep a reference to the instance as long as there are
    requests: its thread ends with it.

    Parameters
    ----------
    sinks : iterable of callable
        Each gets every record once. If one raises, neither the others nor any request notice.
    capacity : int
        Records that may wait. Further ones are dropped, so that a disk that hangs does not fill
        the memory.
    interval : float
        Seconds that a record waits for others, unless it is an error. The default is so short that
        they are still in the processor's cache.

    Attributes
    ----------
    dropped : int
        Records for which there was no room.
    failures : int
        Batches on which a sink raised.
    """

    def __init__(
        self, sinks: Iterable[Sink], *, capacity: int = 65_536, interval: float = 0.02
    ) -> None:
        self.dropped = 0
        self.failures = 0
        self._sinks = tuple(sinks)
        self._failed_sinks: list[Sink] = []
        self._capacity = capacity
        self._interval = interval
        self._queue: deque[Record] = deque()
        self._begin_anew()
        _instances.add(self)
        _begin_anew_in_children()

    def _begin_anew(self) -> None:
        """Start without records, thread and taken locks, as a forked process must, too."""
        self._queue.clear()
        self._has_thread = False
        self._is_asleep = True
        self._start_lock = threading.Lock()
        self._drain_lock = threading.Lock()
        self._work = threading.Event()
        self._hurry = threading.Event()

    def add(self, record: Record) -> None:
        """Take a record, without a lock unless it has to wake the thread or is an error."""
        if len(self._queue) < self._capacity:
            self._queue.append(record)
        else:
            self.dropped += 1
        if self._is_asleep:
            self._wake_up()
        if record.status >= 500:
            self._hurry.set()

    def flush(self) -> None:
        """Pass all records that were added before this call to the sinks."""
        with self._drain_lock:
            # Records that arrive meanwhile wait for the next time, so that this ends under load.
            waiting = len(self._queue)
            while waiting > 0:
                size = min(waiting, BATCH_SIZE)
                self._hand_over([self._queue.popleft() for _ in range(size)])
                waiting -= size
                if waiting > 0:
                    time.sleep(_PAUSE)

    def _hand_over(self, batch: list[Record]) -> None:
        for sink in self._sinks:
            try:
                sink(batch)
            except Exception:
                self.failures += 1
                if sink not in self._failed_sinks:
                    self._failed_sinks.append(sink)
                    log.exception("A sink of records failed; it is logged once, then counted.")

    def _wake_up(self) -> None:
        with self._start_lock:
            if self._is_asleep and (self._has_thread or self._start()):
                self._is_asleep = False
                self._work.set()

    def _start(self) -> bool:
        """Start the thread; return whether that worked. If not, the next record tries again."""
        work, is_finalizing = self._work, sys.is_finalizing

        def wake_up(_: object) -> None:
            # When Python ends it stops the thread wherever that is, perhaps with the event's lock.
            if not is_finalizing():
                work.set()

        drain = threading.Thread(
            target=_drain_forever,
            # Weak, so that the thread ends when nobody holds the instance any more.
            args=(weakref.ref(self, wake_up), work, self._hurry, self._interval),
            name="records",
            daemon=True,
        )
        try:
            drain.start()
        except RuntimeError:  # no more threads
            return False
        # This runs when any process exits: multiprocessing does it in its children, where atexit
        # never runs, and uses atexit everywhere else. It cannot be done earlier, because a child
        # starts by forgetting everything that was registered in its parent.
        Finalize(None, _flush_all, exitpriority=0)
        self._has_thread = True
        return True


def _drain_forever(
    reference: weakref.ref[Records], work: threading.Event, hurry: threading.Event, interval: float
) -> None:
    while True:
        work.wait()
        work.clear()
        hurry.wait(interval)
        hurry.clear()
        records = reference()
        if records is None:
            return
        records._is_asleep = True  # the next record to be added wakes this thread again
        records.flush()
        del records
        time.sleep(_REST)


_instances: weakref.WeakSet[Records] = weakref.WeakSet()


def _flush_all() -> None:
    for records in list(_instances):
        records.flush()


@cache
def _begin_anew_in_children() -> None:
    os.register_at_fork(after_in_child=_begin_all_anew)


def _begin_all_anew() -> None:
    for records in list(_instances):
        records._begin_anew()
