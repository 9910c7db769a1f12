"""The parts of libraries that we use although they are not documented are still as we expect.

Where one of these tests fails after an upgrade, read the module that it names, and what changed in
the library, before you raise the bound in pyproject.toml.
"""

import inspect
import threading
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from concurrent_log_handler import ConcurrentRotatingFileHandler
from flask import Flask
from granian.server import MPServer
from prometheus_client import CollectorRegistry, Histogram, multiprocess, values
from prometheus_client.mmap_dict import MmapedDict

from app.telemetry.log_file import ApplicationLog
from app.web.additions import HOOKS, OVERRIDABLE, SIGNALS


def check(holds: object, library: str, part: str, module: str) -> None:
    """Fail with a message that says which library changed what, and where to look."""
    assert holds, f"{library} {version(library)} has another {part}: {module} depends on it"


def parameters(function: Callable[..., Any]) -> list[str]:
    """Return the names of a function's parameters."""
    return [*inspect.signature(function).parameters]


def test_granian_starts_and_stops_workers_as_our_server_expects() -> None:
    """Our subclass numbers the workers, and does without a lock in a signal handler."""
    server: Any = MPServer("module:app")
    expected = ["idx", "target", "callback_loader"]
    spawned = "self._spawn_worker(idx=idx, target=spawn_target, callback_loader=target_loader)"
    for holds, part in (
        (parameters(server._spawn_worker)[:3] == expected, "MPServer._spawn_worker"),
        (spawned in inspect.getsource(MPServer._spawn_workers), "MPServer._spawn_workers"),
        (spawned in inspect.getsource(MPServer._respawn_workers), "MPServer._respawn_workers"),
        ("signal_handler_interrupt" in inspect.getsource(MPServer.startup), "MPServer.startup"),
        ("signal_handler_reload" in inspect.getsource(MPServer.startup), "MPServer.startup"),
        (server.interrupt_signal is False, "MPServer.interrupt_signal"),
        (type(server.main_loop_interrupt) is threading.Event, "MPServer.main_loop_interrupt"),
    ):
        check(holds, "granian", part, "app/web/server.py")


def test_prometheus_client_counts_as_our_metrics_expect() -> None:
    """We add a batch to a histogram bucket by bucket."""
    histogram: Any = Histogram("h", "h", buckets=(1.0, 2.0), registry=CollectorRegistry())
    histogram.observe(0.5)
    for holds, part in (
        (list(histogram._upper_bounds) == [1.0, 2.0, float("inf")], "Histogram._upper_bounds"),
        ([bucket.get() for bucket in histogram._buckets] == [1, 0, 0], "Histogram._buckets"),
        (histogram._sum.get() == 0.5, "Histogram._sum"),
    ):
        check(holds, "prometheus-client", part, "app/telemetry/metrics.py")


def test_prometheus_client_keeps_its_files_as_ours_expect() -> None:
    """Our subclass allocates room before the base class uses it."""
    source = inspect.getsource(MmapedDict)
    reader = inspect.getsource(multiprocess.MultiProcessCollector)
    for holds, part in (
        ("MmapedDict(filename)" in inspect.getsource(values.MultiProcessValue), "values"),
        ("MmapedDict.read_all_values_from_file(f)" in reader, "MultiProcessCollector"),
        ("self._used + len(value) > self._capacity" in source, "MmapedDict._init_value"),
        ("self._m = mmap.mmap(self._f.fileno(), self._capacity" in source, "MmapedDict._m"),
        ("if key not in self._positions:" in source, "MmapedDict._positions"),
    ):
        check(holds, "prometheus-client", part, "app/telemetry/metric_files.py")


def test_concurrent_log_handler_locks_and_writes_as_our_log_expects() -> None:
    """Our subclass writes all or nothing, compresses, and finishes what a killed process left."""
    handler = ConcurrentRotatingFileHandler
    emit, rotate = (inspect.getsource(function) for function in (handler.emit, handler.doRollover))
    for holds, part in (
        (parameters(handler.do_write) == ["self", "msg"], "do_write"),
        (parameters(handler.do_gzip) == ["self", "input_filename"], "do_gzip"),
        (parameters(handler._do_lock) == parameters(handler._do_unlock) == ["self"], "_do_lock"),
        (emit.index("_do_lock()") < emit.index("do_write(msg)") < emit.index("_do_unlock"), "emit"),
        ("self.do_gzip(" in rotate and ".rotate." in rotate, "doRollover"),
    ):
        check(holds, "concurrent-log-handler", part, "app/telemetry/log_file.py")


def test_concurrent_log_handler_has_the_attributes_that_our_log_uses(tmp_path: Any) -> None:
    """Its open file, and the file that is its lock."""
    log = ApplicationLog(str(tmp_path / "application.log"), 10_000, 3)
    log.close()
    for holds, part in (
        (log.stream is None, "stream"),
        (log.lockFilename == str(tmp_path / ".__application.lock"), "lockFilename"),
        ((log.maxBytes, log.backupCount) == (10_000, 3), "maxBytes or backupCount"),
    ):
        check(holds, "concurrent-log-handler", part, "app/telemetry/log_file.py")


def test_flask_has_what_the_fast_path_watches() -> None:
    """Under another name, what a fork adds there would not be noticed."""
    app = Flask("module")
    for name in (*HOOKS, *OVERRIDABLE):
        check(hasattr(app, name), "flask", name, "app/web/additions.py")
    for signal in SIGNALS:
        check(isinstance(signal.receivers, dict), "blinker", "receivers", "app/web/additions.py")
