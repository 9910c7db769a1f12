"""Where work runs: in this process, in several, or on a Dask cluster.

What runs where, and what becomes of it when a worker dies, is the executor's and Dask's to decide.
"""

import logging
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

CONNECT_SECONDS = 10.0  # to reach a scheduler, and for it to have a worker
_AHEAD = 4  # tasks more than a cluster has cores that are on their way there or back

Result = TypeVar("Result")
RunAll = Callable[[Iterable[Any]], Iterator[tuple[Any, Result]]]


class UnusableCluster(Exception):
    """There is no cluster, or it cannot go on."""


@contextmanager
def runner(
    function: Callable[..., Result], shared: Any, workers: int, scheduler: str | None
) -> Iterator[RunAll[Result]]:
    """Give what runs a function on many tasks and yields each with its result, in order.

    Parameters
    ----------
    function : callable
        Of `shared` and what a task holds. It may be run again when a worker dies.
    shared : any
        The same for all tasks; sent to each worker once.
    workers : int
        Processes on this machine; 1 is this one itself.
    scheduler : str or None
        The address of a Dask scheduler, whose workers are taken instead.

    Raises
    ------
    UnusableCluster
        If there is no such cluster, or it dies.
    """
    if scheduler is not None:
        with cluster(scheduler) as client:
            # The result of a task and not data of the client's: it comes back if its worker goes.
            sent = client.submit(_same, shared, pure=False)
            at_once = sum(client.nthreads().values()) + _AHEAD
            # An executor fetches each result as soon as it is there, while others are written.
            executor = client.get_executor(pure=False)
            yield lambda tasks: _in_order(
                lambda task: executor.submit(function, sent, *task), tasks, at_once
            )
    elif workers > 1:
        context = get_context("spawn")  # a fork would copy the threads' locks, not the threads
        initial = (function, shared)
        try:
            executor = ProcessPoolExecutor(workers, context, _prepare_process, initial)
        except OSError as error:
            raise UnusableCluster(
                "Several processes need room in /dev/shm, but it cannot be used"
                f" ({error.strerror}). --workers 1 needs none."
            ) from error
        with executor as pool:
            # What is ignored when a process starts stays so in there: Ctrl+C is ours to handle.
            interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
            for _ in range(workers):
                pool.submit(int)
            signal.signal(signal.SIGINT, interrupt)
            try:
                yield lambda tasks: _in_order(
                    lambda task: pool.submit(_run_prepared, task), tasks, workers
                )
            except BrokenProcessPool as error:
                raise UnusableCluster("A worker process died; is there enough memory?") from error
            finally:
                pool.shutdown(cancel_futures=True)
    else:
        yield lambda tasks: ((task, function(shared, *task)) for task in tasks)


def _in_order(
    submit: Callable[[Any], Any], tasks: Iterable[Any], at_once: int
) -> Iterator[tuple[Any, Any]]:
    """Yield tasks with their results; that many are handed out before the first is taken back."""
    pending: deque[tuple[Any, Any]] = deque()
    for task in tasks:
        pending.append((task, submit(task)))
        if len(pending) > at_once:
            first, future = pending.popleft()
            yield first, future.result()
    while pending:
        first, future = pending.popleft()
        yield first, future.result()


@contextmanager
def cluster(scheduler: str) -> Iterator[Any]:
    """Give a client of the Dask cluster at an address such as tcp://10.0.0.1:8786."""
    try:
        from distributed import Client, KilledWorker
        from distributed.client import FutureCancelledError
    except ImportError as error:
        raise UnusableCluster(
            "A cluster needs Dask; install it with: pip install 'dask[distributed]'"
        ) from error
    for name in ("distributed", "distributed.client"):  # what it logs, we say in a line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError) as error:
        raise UnusableCluster(f"There is no Dask scheduler at {scheduler!r}.") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            yield client
        except TimeoutError as error:
            raise UnusableCluster(f"The Dask scheduler at {scheduler!r} has no worker.") from error
        except KilledWorker as error:
            raise UnusableCluster(
                "Dask gave up: one task after another lost its worker."
            ) from error
        except (CancelledError, FutureCancelledError) as error:
            raise UnusableCluster(f"The Dask scheduler at {scheduler!r} is gone.") from error


def _same(shared: Any) -> Any:
    return shared


_prepared: tuple[Callable[..., Any], Any]  # the function, and what is the same for all tasks


def _prepare_process(function: Callable[..., Any], shared: Any) -> None:
    global _prepared
    _prepared = function, shared


def _run_prepared(task: tuple[Any, ...]) -> Any:
    function, shared = _prepared
    return function(shared, *task)
