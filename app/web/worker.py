"""A worker process of the production server: it imports the application and answers requests."""

import importlib
import multiprocessing
import os
import signal
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from threading import Thread, local
from typing import TYPE_CHECKING, Any

from app.utils.collector import collector_sparer
from app.utils.cores import nth_core
from app.utils.tokens import Tokens

if TYPE_CHECKING:
    from app.settings import Settings


def load(
    target: str, number: int, config: "Settings", import_failed: Tokens, first_starts: Tokens
) -> Any:
    """Return the WSGI callable in a new worker; if that fails, say why and stop the server."""
    _guard_stopping()
    # Said by each worker where /dev/shm is full or read-only. It is enough for a prediction.
    warnings.filterwarnings("ignore", ".*joblib will operate in serial mode")
    module_name, _, name = target.partition(":")
    try:
        module = importlib.import_module(module_name)
        if not first_starts.take() and hasattr(module, "warm_up"):
            # It gets its share of the requests at once, and they would wait for the model.
            module.warm_up()
        collector_sparer()()  # now, and not while the first request waits
        app = getattr(module, name)
        if not config.cpu_affinity:
            return app
        # Each worker gets another core, and so do those of a server on the next port.
        return _on_core(nth_core(config.port * config.web_concurrency + number), app)
    except BaseException:
        if import_failed.take():
            traceback.print_exc()
            os.kill(os.getppid(), signal.SIGTERM)
        signal.pause()  # until SIGTERM arrives; ending before that would look like a crash
        raise SystemExit(1) from None


def _guard_stopping() -> None:
    """Make sure that this worker stops when it is told to, and finishes its requests before."""
    # Ctrl+C goes to the whole process group of a terminal, but only the server should stop workers:
    # one hangs at its third signal, and one that ends on its own counts as crashed.
    os.setpgid(0, 0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Signal handlers run in the main thread. A signal that arrives just before that thread starts
    # to wait does not wake it, so wake it every second.
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)
    Thread(target=_follow_parent, daemon=True).start()


def _on_core(core: int, app: Callable[..., Any]) -> Callable[..., Any]:
    """Return a WSGI callable whose threads all stay on one core (sched_setaffinity(2)).

    Only one thread can run Python at a time. If the threads are spread over several cores, one that
    releases the interpreter's lock wakes one on another core, which usually finds the lock taken
    again. That halves the requests per second and doubles the latency. The kernel still places
    granian's own threads, which run no Python.
    """
    placed = local()

    def on_core(environ: Any, start_response: Any) -> Any:
        if not hasattr(placed, "core"):
            placed.core = core
            with suppress(OSError):  # the core may have been taken from this process
                os.sched_setaffinity(0, {core})
        return app(environ, start_response)

    return on_core if hasattr(os, "sched_setaffinity") else app


def _follow_parent() -> None:
    """Stop this worker if the server is killed; otherwise it would run on and hold the port."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
