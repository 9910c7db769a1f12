"""The files in which the processes of a server keep their metrics for each other.

prometheus_client maps its files into memory without having room for them: if the disk or /dev/shm
is full, the first write to a new page ends the process (SIGBUS). Here, room is allocated before it
is mapped. What finds no room stays in memory until it does; then nothing was lost. Meanwhile only
the process that counted it can tell it.
"""

import glob
import mmap
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

from prometheus_client import CollectorRegistry, multiprocess, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from app.utils import complaints

RETRY_SECONDS = 1.0
_ENTRY_BYTES = 32  # at most, what the file needs for a series besides its key

_own: list["MetricFile"] = []


def install() -> None:
    """Make prometheus_client keep the metrics that are made from now on in such files."""
    values.MmapedDict = MetricFile  # type: ignore[attr-defined]
    complaints.share(["metrics"])
    multiprocess.MmapedDict = MetricFile  # type: ignore[attr-defined]


def without_room() -> int:
    """Return how many series of this process are in no file."""
    return sum(len(file.unwritten) for file in _own)


def registry(directory: str) -> CollectorRegistry:
    """Return what all processes have in their files there, and this one in memory."""
    registry = CollectorRegistry()
    registry.register(_Collector(directory))
    return registry


class MetricFile(MmapedDict):
    """The series of one process and one type, as `prometheus_client.values` needs them.

    Attributes
    ----------
    path : str
    unwritten : dict
        What there is no room for: key → (value, timestamp).
    """

    def __init__(self, path: str, read_mode: bool = False) -> None:
        self.path = path
        self.unwritten: dict[str, tuple[float, float]] = {}
        self._positions: dict[str, int] = {}
        self._is_open = False
        self._next_try = 0.0
        _own.append(self)
        with suppress(OSError):
            self._open()

    def read_value(self, key: str) -> tuple[float, float]:
        """Return a value and its timestamp."""
        if key not in self._positions:
            self.write_value(key, *self.unwritten.get(key, (0.0, 0.0)))
        value: tuple[float, float] = self.unwritten.get(key) or super().read_value(key)
        return value

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Change a value, in the file if there is room."""
        if key in self._positions:
            super().write_value(key, value, timestamp)
        else:
            self.unwritten[key] = value, timestamp
        if self.unwritten and time.monotonic() >= self._next_try:
            self._write_waiting()

    def close(self) -> None:
        """Forget it; the file stays."""
        if self._is_open:
            super().close()
        self._is_open = False
        self._positions.clear()
        if self in _own:
            _own.remove(self)

    def _write_waiting(self) -> None:
        try:
            for key, (value, timestamp) in list(self.unwritten.items()):
                if not self._is_open:
                    self._open()
                self._make_room(len(key.encode()) + _ENTRY_BYTES)
                super().write_value(key, value, timestamp)
                del self.unwritten[key]
        except OSError as error:
            self._next_try = time.monotonic() + RETRY_SECONDS
            complaints.complain(
                "metrics",
                f"Metrics cannot be written to {os.path.dirname(self.path)} ({error.strerror})."
                " Until they can, each worker keeps what is new in memory, and /metrics lacks it"
                " when another worker answers.",
            )

    def _open(self) -> None:
        """Open the file, or a new one that others see only when its first page is allocated."""
        is_new = not os.path.exists(self.path)
        path = f"{self.path}.new" if is_new else self.path
        try:
            with open(path, "ab") as file:
                _allocate(file.fileno(), max(file.tell(), mmap.PAGESIZE))
            if is_new:
                os.rename(path, self.path)
        except OSError:
            if is_new:
                with suppress(OSError):
                    os.unlink(path)
            raise
        super().__init__(self.path)
        self._is_open = True

    def _make_room(self, n_bytes: int) -> None:
        size = self._capacity
        while size < self._used + n_bytes:
            size *= 2
        if size > self._capacity:
            _allocate(self._f.fileno(), size)
            self._m = mmap.mmap(self._f.fileno(), size)
            self._capacity = size

    @staticmethod
    def read_all_values_from_file(path: str) -> Iterable[tuple[str, float, float, int]]:
        """Yield key, value, timestamp and place of what a process has in a file or in memory."""
        own = next((file for file in _own if file.path == path), None)
        waiting = dict(own.unwritten) if own else {}
        written = [] if own and not own._is_open else MmapedDict.read_all_values_from_file(path)
        return chain(written, ((key, *value, 0) for key, value in waiting.items()))


def _allocate(descriptor: int, size: int) -> None:
    """Extend a file to a number of bytes for which there is room; OSError if there is none."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        missing = size - os.fstat(descriptor).st_size
        while missing > 0:
            missing -= os.write(descriptor, bytes(missing))  # it is open for appending


class _Collector(MultiProcessCollector):
    def __init__(self, directory: str) -> None:  # the base class insists that it exists
        self._path = directory

    def collect(self) -> Iterator[Any]:
        files = glob.glob(os.path.join(glob.escape(self._path), "*.db"))
        waiting = (file.path for file in _own if file.unwritten)
        return iter(self.merge(dict.fromkeys([*files, *waiting])))
