"""The production server: one small process that keeps granian's workers running.

Each worker imports the application for itself; this process never needs it.
"""

import _thread
import errno
import importlib
import multiprocessing
import os
import resource
import signal
import socket
import ssl
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.synchronize import Lock, Semaphore
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread, local
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from app.utils.cores import nth_core

if TYPE_CHECKING:
    from app.settings import Settings

_REFUSALS = {
    errno.EADDRINUSE: "port {port} on {host} is already in use; stop what runs there or set PORT.",
    errno.EACCES: "this user may not listen on port {port}; set PORT to 1024 or above.",
    errno.EADDRNOTAVAIL: "{host} is not an address of this machine; set HOST.",
    socket.EAI_NONAME: "host {host} is unknown; set HOST to an address of this machine.",
    None: "there is no port {port}; set PORT to 65535 or below.",
}
_STDERR = {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys.stderr"}


def serve(config: "Settings", target: str = "app.app:app") -> None:
    """Answer requests until SIGTERM or Ctrl+C, then finish those in hand.

    Parameters
    ----------
    config : Settings
    target : str
        The WSGI callable, `module:name`; only the workers import it. If the module has a function
        `warm_up`, a worker that takes a dead one's place calls it before it takes requests.

    Raises
    ------
    SystemExit
        With status 1 and the reason on stderr when the address cannot be listened on, the
        application cannot be imported or a worker dies again and again.
    """
    address = _check_address(config.host, config.port)
    _check_tls(config)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # BLAS threads fight the workers
    # A forked worker starts with this process's handlers, which would swallow an early SIGTERM.
    os.register_at_fork(after_in_child=partial(signal.signal, signal.SIGTERM, signal.SIG_DFL))
    if sys.platform == "linux":
        # The default before Python 3.14: workers have what this process has loaded, the settings
        # for example. Otherwise each would start with a new interpreter and read them again.
        multiprocessing.set_start_method("fork", force=True)
    server = _make_server(config, address, target)
    server.on_startup(Thread(target=_announce, args=(config, address), daemon=True).start)
    import_failed = multiprocessing.Lock()  # taken for good by the first worker that failed
    first_starts = multiprocessing.Semaphore(config.web_concurrency)
    # In files, so that what a killed worker counted is not lost; in memory where that can be, since
    # these files are mapped: on a full disk, the first to count something new would die of SIGBUS.
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    with TemporaryDirectory(prefix="metrics-", dir=in_memory) as directory:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        try:
            server.serve(
                target_loader=partial(
                    _load, config=config, import_failed=import_failed, first_starts=first_starts
                )
            )
        except SystemExit:
            # A SIGTERM to the whole process group ends workers unasked: granian's word is a crash.
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
        unforeseen = f"cannot listen on port {{port}} on {{host}}: {error}."
        reason = _REFUSALS.get(getattr(error, "errno", None), unforeseen)
        raise SystemExit("Error: " + reason.format(host=host, port=port)) from None
    return str(address)


def _check_tls(config: "Settings") -> None:
    """SystemExit unless the certificate, its key and the clients' authorities can be used."""
    if not config.tls_key_file:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(config.tls_certificate_file, config.tls_key_file, password="")
        if config.tls_client_ca_file:
            context.load_verify_locations(config.tls_client_ca_file)
    except OSError as error:  # SSLError is one
        raise SystemExit(f"Error: the TLS_ files cannot be used: {error}.") from None


def _path(name: str) -> Path | None:
    return Path(name) if name else None


class _Server(MPServer):
    def _spawn_worker(  # type: ignore[override]
        self, idx: int, target: Any, callback_loader: Any
    ) -> Any:
        # A worker is to know which one it is; one that takes a dead one's place has its number.
        return super()._spawn_worker(idx, target, partial(callback_loader, number=idx))

    def signal_handler_interrupt(self, *_: Any) -> None:
        # granian's takes a lock, in the thread that a signal interrupts: when that thread has the
        # lock already, as in another signal's handler, the server never ends.
        if not self.interrupt_signal:
            self.interrupt_signal = True
            _thread.start_new_thread(self.main_loop_interrupt.set, ())


def _make_server(config: "Settings", address: str, target: str) -> _Server:
    # A connection is an open file; past the limit, granian would spin on a failing accept().
    connections = min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
    return _Server(
        target,
        address=address,
        port=config.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        # An idle connection is closed after this: later than load balancers do, which take 60 s.
        http1_settings=HTTP1Settings(keep_alive=True, header_read_timeout=75_000),
        workers=config.web_concurrency,
        blocking_threads=config.blocking_threads,
        backlog=1024,
        backpressure=connections,
        respawn_failed_workers=True,
        workers_kill_timeout=config.shutdown_timeout,
        ssl_cert=_path(config.tls_certificate_file),
        ssl_key=_path(config.tls_key_file),
        ssl_protocol_min=SSLProtocols.tls12,
        ssl_ca=_path(config.tls_client_ca_file),
        ssl_client_verify=bool(config.tls_client_ca_file),
        log_level=LogLevels.error,
        log_dictconfig={"handlers": {"console": _STDERR, "access": _STDERR}},
    )


def _announce(config: "Settings", address: str) -> None:
    """Say where the server runs, once a worker answers there."""
    while True:
        with suppress(OSError), socket.create_connection((address, config.port)):
            break
        time.sleep(0.02)
    host = f"[{config.host}]" if ":" in config.host else config.host
    scheme = "https" if config.tls_key_file else "http"
    print(f" * Running on {scheme}://{host}:{config.port}/ (Press CTRL+C to quit)", flush=True)


def _load(
    target: str, number: int, config: "Settings", import_failed: Lock, first_starts: Semaphore
) -> Any:
    """Return the WSGI callable in a new worker; on failure say why, once, and stop the server."""
    _guard_stopping()
    module_name, _, name = target.partition(":")
    try:
        module = importlib.import_module(module_name)
        if not first_starts.acquire(block=False) and hasattr(module, "warm_up"):
            # As soon as it listens it gets its share of the load; what it did not know would wait.
            module.warm_up()
        app = getattr(module, name)
        if not config.cpu_affinity:
            return app
        # Another core for each worker, and for those of a server on the next port.
        return _on_core(nth_core(config.port * config.web_concurrency + number), app)
    except BaseException:
        if import_failed.acquire(block=False):
            traceback.print_exc()
            os.kill(os.getppid(), signal.SIGTERM)
        signal.pause()  # until the server's SIGTERM; ending unasked would look like a crash
        raise SystemExit(1) from None


def _guard_stopping() -> None:
    """Make sure that this worker stops when it is told to, and finishes what it has in hand."""
    # Ctrl+C reaches the whole process group of a terminal. Only the server is to stop a worker:
    # at its third signal granian's worker hangs, and one that ended unasked counts as crashed.
    os.setpgid(0, 0)
    # Handlers run in the main thread, and a signal just before it starts to wait does not wake it.
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)
    Thread(target=_follow_parent, daemon=True).start()


def _on_core(core: int, app: Callable[..., Any]) -> Callable[..., Any]:
    """Return a WSGI callable whose threads all stay on one core (sched_setaffinity(2)).

    One alone can run Python at a time. Spread over cores, each time that one lets go of the
    interpreter's lock it wakes another one elsewhere, which mostly finds the lock taken again: half
    of the requests a second, twice the latency. granian's own threads, which run no Python, are
    left to the kernel.
    """
    placed = local()

    def on_core(environ: Any, start_response: Any) -> Any:
        if not hasattr(placed, "core"):
            placed.core = core
            with suppress(OSError):  # taken from us since the start
                os.sched_setaffinity(0, {core})
        return app(environ, start_response)

    return on_core if hasattr(os, "sched_setaffinity") else app


def _follow_parent() -> None:
    """Stop this worker when the server was killed: nobody else would, and it holds the port."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
