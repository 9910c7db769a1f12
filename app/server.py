"""The production server: one small process that keeps granian's workers running.

Each worker imports the application for itself; this process never needs it.
"""

import errno
import importlib
import multiprocessing
import os
import resource
import signal
import socket
import time
import traceback
from contextlib import suppress
from functools import partial
from multiprocessing.synchronize import Lock
from threading import Thread
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from app.settings import Settings

_REFUSALS = {
    errno.EADDRINUSE: "port {port} on {host} is already in use; stop what runs there or set PORT.",
    errno.EACCES: "this user may not listen on port {port}; set PORT to 1024 or above.",
    errno.EADDRNOTAVAIL: "{host} is not an address of this machine; set HOST.",
    socket.EAI_NONAME: "host {host} is unknown; set HOST to an address of this machine.",
    None: "there is no port {port}; set PORT to 65535 or below.",
}
_STDERR = {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys.stderr"}


def serve(config: Settings, target: str = "app.app:app") -> None:
    """Answer requests until SIGTERM or Ctrl+C, then finish those in hand.

    Parameters
    ----------
    config : Settings
    target : str
        The WSGI callable, `module:name`; only the workers import it.

    Raises
    ------
    SystemExit
        With status 1 and the reason on stderr when the address cannot be listened on, the
        application cannot be imported or a worker dies again and again.
    """
    address = _check_address(config.host, config.port)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # BLAS threads fight the workers
    _let_new_workers_be_stopped()
    server = _make_server(config, address, target)
    server.on_startup(Thread(target=_announce, args=(config, address), daemon=True).start)
    import_failed = multiprocessing.Lock()
    try:
        server.serve(target_loader=partial(_load, import_failed=import_failed))
    except SystemExit:
        # A SIGTERM to the whole process group ends workers unasked, which granian calls a crash.
        if not server.interrupt_signal:
            raise
    if not import_failed.acquire(block=False):
        raise SystemExit(1)


def _check_address(host: str, port: int) -> str:
    """Return the host as an IP address; SystemExit unless the port can be listened on.

    granian sets SO_REUSEPORT, with which two servers share one port in silence. With SO_REUSEADDR
    alone a port that somebody listens on is refused, and one in TIME_WAIT is not.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        family, _, _, _, (address, *_) = min(found)  # IPv4 first
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except (OSError, OverflowError) as error:
        reason = _REFUSALS.get(getattr(error, "errno", None), f"cannot listen: {error}.")
        raise SystemExit("Error: " + reason.format(host=host, port=port)) from None
    return str(address)


def _make_server(config: Settings, address: str, target: str) -> MPServer:
    # A connection is an open file; past the limit, granian would spin on a failing accept().
    connections = min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
    return MPServer(
        target,
        address=address,
        port=config.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=config.web_concurrency,
        blocking_threads=config.blocking_threads,
        backlog=1024,
        backpressure=connections,
        respawn_failed_workers=True,
        workers_kill_timeout=config.shutdown_timeout,
        log_level=LogLevels.error,
        log_dictconfig={"handlers": {"console": _STDERR, "access": _STDERR}},
    )


def _let_new_workers_be_stopped() -> None:
    """Let SIGTERM end a worker that has no handler of its own yet.

    A forked worker starts with this process's handler, which would swallow the signal.
    """
    change = partial(signal.pthread_sigmask, signal.SIG_BLOCK, {signal.SIGTERM})
    undo = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, {signal.SIGTERM})

    def after_in_child() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        undo()

    os.register_at_fork(before=change, after_in_parent=undo, after_in_child=after_in_child)


def _announce(config: Settings, address: str) -> None:
    """Say where the server runs, once a worker answers there."""
    while True:
        with suppress(OSError), socket.create_connection((address, config.port)):
            break
        time.sleep(0.02)
    host = f"[{config.host}]" if ":" in config.host else config.host
    print(f" * Running on http://{host}:{config.port}/ (Press CTRL+C to quit)", flush=True)


def _load(target: str, import_failed: Lock) -> Any:
    """Return the WSGI callable in a new worker; on failure say why, once, and stop the server."""
    # Ctrl+C reaches every process of a terminal; a worker waits for the server's SIGTERM (granian
    # deadlocks at a worker's third signal).
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    Thread(target=_follow_parent, daemon=True).start()
    module, _, name = target.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except BaseException:
        if import_failed.acquire(block=False):
            traceback.print_exc()
            os.kill(os.getppid(), signal.SIGTERM)
        raise SystemExit(1) from None


def _follow_parent() -> None:
    """Stop this worker when the server was killed: nobody else would, and it holds the port."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
