"""The application log: `application.log`, shared by all workers, rotated and compressed.

No client can forge a line. Every request is one line of printable text. In all other messages, the
lines after the first one, such as those of a traceback, are indented.
"""

import contextlib
import glob
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from http import HTTPStatus
from urllib.parse import quote

from concurrent_log_handler import ConcurrentRotatingFileHandler

from app.telemetry.records import Record, transpose

MAX_PATH_LENGTH = 256
MAX_FIELD_LENGTH = 64
_COPY_BYTES = 1024 * 1024

_app_logger = logging.getLogger("app")
_held: list[logging.Handler] = []
_STATUSES = {status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}
_SAFE = "/:@!$&'()*+,;="  # besides letters, digits and -._~, what a path may hold (RFC 3986, 3.3)
_is_plain = re.compile(r"[A-Za-z0-9._~-]+").fullmatch


def configure(
    logs_root: str, max_bytes: int, backup_count: int, *, propagate: bool = False
) -> "ApplicationLog":
    """Send messages of the logger "app", and of all loggers below it, to `application.log`.

    A second call with the same arguments returns the same handler; with other arguments it replaces
    the handler. If the file cannot be written, one line on stderr says so, and messages are counted
    as dropped until it can.

    Parameters
    ----------
    logs_root : str
        The directory of the log; it is created if it does not exist.
    max_bytes : int
        The size in bytes at which a file is rotated. One write may exceed it.
    backup_count : int
        How many rotated, compressed files to keep.
    propagate : bool
        Whether the handlers of the root logger get the messages, too, for debugging.
    """
    _app_logger.setLevel(logging.INFO)
    _app_logger.propagate = propagate
    path = os.path.abspath(os.path.join(logs_root, "application.log"))
    for old in list(_app_logger.handlers):
        if isinstance(old, ApplicationLog):
            if (old.baseFilename, old.maxBytes, old.backupCount) == (path, max_bytes, backup_count):
                return old
            _app_logger.removeHandler(old)
            old.close()
    handler = ApplicationLog(path, max_bytes, backup_count)
    _app_logger.addHandler(handler)
    _fork_between_writes()
    return handler


class ApplicationLog(ConcurrentRotatingFileHandler):
    """The handler that writes `application.log`; if it fails, it counts that and raises nothing.

    Attributes
    ----------
    dropped : int
        Lines that could not be written.
    """

    def __init__(self, path: str, max_bytes: int, backup_count: int) -> None:
        super().__init__(
            path,
            maxBytes=max_bytes,
            backupCount=backup_count,
            use_gzip=True,
            keep_file_open=False,  # opening it is cheap for a whole batch
            encoding="utf-8",
        )
        self.dropped = 0
        self._has_complained = False
        self.setFormatter(_Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
        try:
            os.makedirs(os.path.dirname(self.baseFilename), exist_ok=True)
            for path in (self.lockFilename, self.baseFilename):
                open(path, "a").close()
            self._finish_rotations()
        except (OSError, RuntimeError) as error:  # RuntimeError: a file system without locks
            self._complain(error)

    def _finish_rotations(self) -> None:
        """Finish the rotations during which a process was killed."""
        self._do_lock()  # no other process rotates now, so what looks unfinished is
        try:
            left = glob.glob(f"{glob.escape(self.baseFilename)}.rotate.*")
            for path in dict.fromkeys(
                path.removesuffix(".gz") for path in sorted(left, key=os.path.getmtime)
            ):
                if os.path.exists(path):
                    self.do_gzip(path)  # anew, if there is half of it
                ending = ".gz" if os.path.exists(f"{path}.gz") else ""
                self._make_room()
                os.rename(path + ending, f"{self.baseFilename}.1{ending}")
        finally:
            self._do_unlock()

    def _make_room(self) -> None:
        """Rename each rotated file to the next higher number, up to the first gap."""
        numbers = range(1, self.backupCount + 1)
        gap = next((n for n in numbers if not any(map(os.path.exists, self._rotated(n)))), None)
        if gap is None:
            gap = self.backupCount
            for path in self._rotated(gap):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(path)
        for number in range(gap - 1, 0, -1):
            for path, older in zip(self._rotated(number), self._rotated(number + 1), strict=True):
                with contextlib.suppress(FileNotFoundError):
                    os.rename(path, older)

    def _rotated(self, number: int) -> tuple[str, str]:
        """Return the two possible names of a rotated file: not compressed, and compressed."""
        return f"{self.baseFilename}.{number}", f"{self.baseFilename}.{number}.gz"

    def write_requests(self, records: Sequence[Record]) -> None:
        """Write a line for each record. All share one lock, because a lock takes about 50 µs."""
        self.handle(logging.makeLogRecord({"lines": request_lines(records)}))

    def do_write(self, msg: str) -> None:
        """Write all of it or nothing: half a line on a full disk would spoil the next one."""
        size = _cut_half_line(self.baseFilename)
        try:
            super().do_write(msg)
        except OSError:
            # The caller holds the lock, so no other process has written since.
            if self.stream is not None:
                with contextlib.suppress(OSError):
                    self.stream.close()
                self.stream = None
            with contextlib.suppress(OSError):
                os.truncate(self.baseFilename, size)
            raise

    def do_gzip(self, input_filename: str) -> None:
        """Compress a rotated file; if that fails, leave it as it is.

        ISA-L saves 2 µs of processor time per line, compared with zlib's level 9, which the base
        class uses. The file becomes 9 % larger.
        """
        from isal import igzip  # takes 3 MB, which only the worker that rotates has to spend

        packed_filename = f"{input_filename}.gz"
        try:
            with (
                open(input_filename, "rb") as plain,
                igzip.open(packed_filename, "wb", compresslevel=1) as packed,
            ):
                shutil.copyfileobj(plain, packed, _COPY_BYTES)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.remove(packed_filename)
            self._complain(error)
        else:
            os.remove(input_filename)

    def close(self) -> None:
        """Close it between two writes; during a write, its lock would never be released."""
        self.acquire()
        try:
            super().close()
        finally:
            self.release()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Count what was not written, and send warnings and errors to stderr instead."""
        lines = getattr(record, "lines", None)
        self.dropped += 1 if lines is None else len(lines)
        self._complain(sys.exc_info()[1])
        if lines is None and record.levelno >= logging.WARNING:
            with contextlib.suppress(Exception):  # it may be the formatting that failed
                print(self.format(record), file=sys.stderr)

    def _complain(self, error: BaseException | None) -> None:
        if not self._has_complained:
            self._has_complained = True
            with contextlib.suppress(Exception):  # there may be no stderr
                print(f"The application log cannot be written: {error}", file=sys.stderr)


def _cut_half_line(path: str) -> int:
    """Cut off the unfinished line that a killed process left, and return the size of the file."""
    try:
        with open(path, "r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size > 0:
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    file.seek(0)
                    size = file.readall().rfind(b"\n") + 1
                    file.truncate(size)
            return size
    except FileNotFoundError:
        return 0


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        if (lines := getattr(record, "lines", None)) is not None:
            return "\n".join(lines)
        return "\n  ".join(map(_escape, super().format(record).splitlines()))


def _escape(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def request_lines(records: Sequence[Record]) -> list[str]:
    """Return one line of printable text for each request, whatever the client sent.

    >>> [line] = request_lines([Record(9e8, "::1", "GET", "http", "/a b", "", 404, 2e-4, "5f0c")])
    >>> line[26:]
    'app - INFO - ::1 GET http /a%20b 404 NOT FOUND 0.200 ms 5f0c'
    """
    if not records:
        return []
    of = transpose(records)
    requests = map(_describe, of.status, of.remote_addr, of.method, of.scheme, of.path)
    return [  # faster than with f-strings
        "%s,%03d - app - %s %.3f ms %s"  # noqa: UP031
        % (_date(int(at)), at % 1 * 1000, request, duration * 1000, id_)
        for at, request, duration, id_ in zip(
            of.time, requests, of.duration, _quote_all(of.request_id), strict=True
        )
    ]


@lru_cache(maxsize=1024)
def _describe(status: int, remote_addr: str, method: str, scheme: str, path: str) -> str:
    return (
        f"{'INFO' if status < 500 else 'ERROR'}"
        f" - {_quote(remote_addr)} {_quote(method)} {_quote(scheme)}"
        f" {_quote(path, MAX_PATH_LENGTH)} {_STATUSES.get(status, status)}"
    )


@lru_cache(maxsize=8)
def _date(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _quote_all(texts: Sequence[str]) -> Iterable[str]:
    if max(map(len, texts)) <= MAX_FIELD_LENGTH and all(texts) and _is_plain("".join(texts)):
        return texts  # the usual case, ten times as fast
    return map(_quote, texts)


def _quote(text: str, max_length: int = MAX_FIELD_LENGTH) -> str:
    if len(text) <= MAX_FIELD_LENGTH and _is_plain(text):
        return text
    # Cut before it is cached, so that long paths do not fill up the memory.
    shown = _percent_encode(text[:max_length])
    return shown if len(text) <= max_length else shown + "…"


@lru_cache(maxsize=1024)
def _percent_encode(text: str) -> str:
    try:
        encoded = text.encode("latin-1")
    except UnicodeEncodeError:  # WSGI allows no such text, but nothing may fail here
        encoded = text.encode("utf-8", "surrogatepass")
    return quote(encoded, safe=_SAFE) or "-"


@cache
def _fork_between_writes() -> None:
    """Make forks wait for writes: a child would inherit half of one, and a lock taken for ever."""
    os.register_at_fork(
        before=_wait_for_writes, after_in_parent=_resume_writes, after_in_child=_held.clear
    )


def _wait_for_writes() -> None:
    for handler in list(_app_logger.handlers):
        handler.acquire()
        _held.append(handler)


def _resume_writes() -> None:
    while _held:
        _held.pop().release()
