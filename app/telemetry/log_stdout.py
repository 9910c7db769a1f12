"""The application log on stdout, for whoever collects what containers print."""

import fcntl
import logging
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.util import Finalize

from app.telemetry.log_lines import LineFormat
from app.telemetry.records import Record
from app.utils.complaints import complain

CAPACITY = 4 * 1024 * 1024  # bytes that may wait
EXIT_SECONDS = 1.0  # to write what still waits when the process ends
_STDOUT = 1


class StdoutLog(logging.Handler):
    """The handler that writes to stdout, in a thread of its own.

    Whoever reads stdout may be slow, or gone. Then lines wait, up to a limit; beyond that they are
    dropped and counted. Neither a request nor the end of the process waits for them.

    Attributes
    ----------
    dropped : int
        Lines that could not be written.
    """

    def __init__(self, line_format: LineFormat) -> None:
        super().__init__()
        self.configuration: tuple[object, ...] = ()
        self.dropped = 0
        self._line_format = line_format
        self._has_complained = False
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Start without thread and waiting lines, as a forked process must, too."""
        self._process = os.getpid()
        self._waiting: deque[list[str]] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._writer: threading.Thread | None = None

    def write_requests(self, records: Sequence[Record]) -> None:
        """Write a line for each record."""
        self.handle(logging.makeLogRecord({"lines": self._line_format.requests(records)}))

    def emit(self, record: logging.LogRecord) -> None:
        """Let the thread write the lines of a batch of requests, or a message."""
        try:
            lines = getattr(record, "lines", None) or [self._line_format.messages.format(record)]
        except Exception:
            self._drop(1, sys.exc_info()[1])
            return
        if sys.stdout is None:
            self._drop(len(lines), "it is closed.")
            return
        if self._process != os.getpid():
            self._begin_anew()
        with self._changed:
            if self._waiting_bytes < CAPACITY and self._has_writer():
                self._waiting.append(lines)
                self._waiting_bytes += sum(map(len, lines))
                self._changed.notify_all()
                return
        self._drop(len(lines), "it takes lines too slowly.")

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._wait_until_written()
        with self._changed:
            self._writer = None
            self._changed.notify_all()
        super().close()

    def _has_writer(self) -> bool:
        """Start the thread if there is none; return whether that worked."""
        if self._writer is None:
            writer = threading.Thread(target=self._write_forever, name="log", daemon=True)
            try:
                writer.start()
            except RuntimeError:  # no more threads
                return False
            # After the records' last batch, which comes at priority 0.
            Finalize(None, self._wait_until_written, exitpriority=-1)
            self._writer = writer
        return True

    def _wait_until_written(self) -> None:
        deadline = time.monotonic() + EXIT_SECONDS
        with self._changed:
            while self._waiting and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def _write_forever(self) -> None:
        while True:
            with self._changed:
                while self._writer is threading.current_thread() and not self._waiting:
                    self._changed.wait()
                if self._writer is not threading.current_thread():
                    return
                lines = self._waiting[0]
            try:
                _write(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
            except OSError as error:
                self._drop(len(lines), error)
            with self._changed:
                self._waiting.popleft()
                self._waiting_bytes -= sum(map(len, lines))
                self._changed.notify_all()

    def _drop(self, n_lines: int, reason: object) -> None:
        with self._changed:
            self.dropped += n_lines
            complains, self._has_complained = not self._has_complained, True
        if complains:
            complain("log", f"The log cannot be written to stdout: {reason}")


def _write(data: bytes) -> None:
    view = memoryview(data)
    with _locked():
        while view:
            try:
                view = view[os.write(_STDOUT, view) :]
            except BlockingIOError:  # whoever started the server made its stdout non-blocking
                poll = select.poll()
                poll.register(_STDOUT, select.POLLOUT)
                poll.poll()


@contextmanager
def _locked() -> Iterator[None]:
    """Keep the other workers from writing amid these lines; the lock of a killed one is gone."""
    with suppress(OSError):  # not everything can be locked
        fcntl.lockf(_STDOUT, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.lockf(_STDOUT, fcntl.LOCK_UN)
