"""The production server: one small process that keeps granian's workers running.

Only the workers import the application.
"""

import _thread
import errno
import logging
import multiprocessing
import os
import resource
import signal
import socket
import ssl
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from app.utils import complaints
from app.utils.scratch import scratch_directory
from app.utils.tokens import Tokens
from app.web.worker import load

if TYPE_CHECKING:
    from app.settings import Settings

_REFUSALS = {
    errno.EADDRINUSE: "port {port} on {host} is already in use; stop what runs there or set PORT.",
    errno.EACCES: "this user may not listen on port {port}; set PORT to 1024 or above.",
    errno.EADDRNOTAVAIL: "{host} is not an address of this machine; set HOST.",
    socket.EAI_NONAME: "host {host} is unknown; set HOST to an address of this machine.",
    None: "there is no port {port}; set PORT to 65535 or below.",
}
_MAX_CONNECTIONS = 4096  # of each worker
_YEAR = 365 * 24 * 3600  # seconds
_MEMORY = "/dev/shm"  # noqa: S108 - a file system in memory
_METRICS_PREFIX = "flask-sklearn-seed-metrics-"
_STDERR = {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys.stderr"}


def serve(config: "Settings", target: str = "app.app:app") -> None:
    """Answer requests until SIGTERM, Ctrl+C or the end of the terminal; finish the running ones.

    Parameters
    ----------
    config : Settings
    target : str
        The WSGI callable, `module:name`; only the workers import it. If the module has a function
        `warm_up`, a worker that replaces a dead one calls it before it accepts requests.

    Raises
    ------
    SystemExit
        With status 1 and the reason on stderr, if the server cannot listen on the address, the
        application cannot be imported, or a worker dies again and again.
    """
    _open_standard_files()
    address = _check_address(config.host, config.port)
    _check_tls(config)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # BLAS threads would compete with the workers
    # A forked worker inherits the signal handlers of this process, which would ignore an early
    # SIGTERM.
    os.register_at_fork(after_in_child=partial(signal.signal, signal.SIGTERM, signal.SIG_DFL))
    if sys.platform == "linux":
        # The default before Python 3.14. Workers inherit what this process has loaded, such as the
        # settings; otherwise each would start a new interpreter and read them again.
        multiprocessing.set_start_method("fork", force=True)
    server = _make_server(config, address, target)
    server.has_terminal = _has_terminal()
    server.on_startup(Thread(target=_announce, args=(config, address), daemon=True).start)
    import_failed = Tokens(1)  # the first worker that fails takes it
    first_starts = Tokens(config.web_concurrency)
    complaints.share(["log", "metrics"])
    # Metrics are kept in files, so that what a killed worker counted is not lost.
    with scratch_directory(_directories(), _METRICS_PREFIX) as directory:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        if os.path.isdir(_MEMORY) and os.path.dirname(directory) != _MEMORY:
            print(f"{_MEMORY} cannot be used: metrics are in {directory}.", file=sys.stderr)
        try:
            server.serve(
                target_loader=partial(
                    load, config=config, import_failed=import_failed, first_starts=first_starts
                )
            )
        except SystemExit:
            # If the whole process group gets SIGTERM, workers end on their own. granian takes
            # that for a crash.
            if not server.interrupt_signal:
                raise
    if not import_failed.take():
        raise SystemExit(1)


def _open_standard_files() -> None:
    """Open stdin, stdout and stderr if they are closed, or a connection may get their numbers."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _has_terminal() -> bool:
    """Return whether the server ends when its terminal is closed.

    A service manager gives it no terminal, and nohup makes it ignore the signal of a closed one.
    """
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        return False
    with suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        return True
    return False


def _directories() -> list[str]:
    """Return where metrics may be kept: in memory, else on a disk."""
    found = [_MEMORY]
    with suppress(FileNotFoundError):  # nothing can be written, or there is no room
        found.append(tempfile.gettempdir())
    return found


def _check_address(host: str, port: int) -> str:
    """Return the host as an IP address; SystemExit if the server cannot listen there.

    granian sets SO_REUSEPORT, with which two servers silently share a port. Binding with
    SO_REUSEADDR alone fails if another process listens on the port, but not because of connections
    in TIME_WAIT.
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
    """SystemExit if the certificate, its key or the authorities of clients cannot be used."""
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
    has_terminal = False

    def _spawn_worker(  # type: ignore[override]
        self, idx: int, target: Any, callback_loader: Any
    ) -> Any:
        # Tell each worker its number. A worker that replaces a dead one gets the same number.
        return super()._spawn_worker(idx, target, partial(callback_loader, number=idx))

    def signal_handler_interrupt(self, *_: Any) -> None:
        # granian's own handler takes a lock. If the thread that the signal interrupts already holds
        # that lock, for example in the handler of another signal, the server never ends.
        if not self.interrupt_signal:
            self.interrupt_signal = True
            _thread.start_new_thread(self.main_loop_interrupt.set, ())

    def signal_handler_reload(self, *_: Any) -> None:
        # SIGHUP. granian would replace its workers, which would change nothing.
        if self.has_terminal:
            self.signal_handler_interrupt()


def _make_server(config: "Settings", address: str, target: str) -> _Server:
    return _Server(
        target,
        address=address,
        port=config.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        # This is the time from the end of an answer to the end of the next request's head.
        http1_settings=HTTP1Settings(
            keep_alive=True, header_read_timeout=1000 * min(config.keep_alive_timeout, _YEAR)
        ),
        workers=config.web_concurrency,
        blocking_threads=config.blocking_threads,
        backlog=1024,
        backpressure=_connections(),
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


def _connections() -> int:
    """Return how many connections a worker may have, idle ones included."""
    # Each is an open file. Beyond the limit for these, granian would retry accept() in a loop. The
    # soft limit is often 1,024, which any process may raise to the hard one.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _MAX_CONNECTIONS
    if 0 <= soft < wanted:  # RLIM_INFINITY is -1
        soft = wanted if hard < 0 else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(_MAX_CONNECTIONS, soft // 2) if soft >= 0 else _MAX_CONNECTIONS


def _announce(config: "Settings", address: str) -> None:
    """Print where the server runs, as soon as a worker accepts connections there."""
    while True:
        with suppress(OSError), socket.create_connection((address, config.port)):
            break
        time.sleep(0.02)
    host = f"[{config.host}]" if ":" in config.host else config.host
    scheme = "https" if config.tls_key_file else "http"
    text = f"Running on {scheme}://{host}:{config.port}/"
    if config.logs_root == "-" and config.log_format == "json":  # nothing but JSON is on stdout
        from app.telemetry.log_lines import FORMATS

        record = logging.LogRecord("app", logging.INFO, "", 0, text, None, None)
        line = FORMATS["json"].messages.format(record)
    else:
        line = f" * {text} (Press CTRL+C to quit)"
    with suppress(OSError):  # nobody may be reading it
        print(line, flush=True)
