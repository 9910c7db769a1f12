"""The application log: what the logger "app" says, and a line for each request.

It goes to rotated files (`log_file.py`) or to stdout (`log_stdout.py`).
"""

import logging
import os
import tempfile
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from app.telemetry.log_lines import FORMATS, LineFormat
from app.telemetry.log_stdout import StdoutLog
from app.telemetry.records import Record

if TYPE_CHECKING:
    from app.telemetry.log_file import ApplicationLog

STDOUT = "-"

_app_logger = logging.getLogger("app")
_held: list[logging.Handler] = []


@runtime_checkable
class Log(Protocol):
    """Where the log goes.

    Attributes
    ----------
    dropped : int
        Lines that could not be written.
    configuration : tuple
        What it was made with.
    """

    dropped: int
    configuration: tuple[object, ...]

    def write_requests(self, records: Sequence[Record]) -> None:
        """Write a line for each record."""


def configure(
    logs_root: str,
    max_bytes: int,
    backup_count: int,
    *,
    log_format: str = "text",
    propagate: bool = False,
) -> Log:
    """Send messages of the logger "app", and of all loggers below it, to the application log.

    A second call with the same arguments returns the same handler; with other arguments it replaces
    the handler. If the log cannot be written, one line on stderr says so, and messages are counted
    as dropped until it can.

    Parameters
    ----------
    logs_root : str
        The directory of `application.log`, which is created if it does not exist; or "-" for
        stdout.
    max_bytes : int
        The size in bytes at which a file is rotated. One write may exceed it.
    backup_count : int
        How many rotated, compressed files to keep.
    log_format : str
        `text` or `json`.
    propagate : bool
        Whether the handlers of the root logger get the messages, too, for debugging.
    """
    _app_logger.setLevel(logging.INFO)
    _app_logger.propagate = propagate
    root = logs_root if logs_root == STDOUT else os.path.abspath(logs_root)
    configuration = root, max_bytes, backup_count, log_format
    for old in list(_app_logger.handlers):
        if isinstance(old, Log):
            if old.configuration == configuration:
                return old
            _app_logger.removeHandler(old)
            old.close()
    handler = _make_handler(root, max_bytes, backup_count, FORMATS[log_format])
    handler.configuration = configuration
    _app_logger.addHandler(handler)
    _fork_between_writes()
    return handler


def _make_handler(
    root: str, max_bytes: int, backup_count: int, line_format: LineFormat
) -> "ApplicationLog | StdoutLog":
    if root == STDOUT:
        return StdoutLog(line_format)
    path = os.path.join(root, "application.log")
    return _application_log()(path, max_bytes, backup_count, line_format)


def _application_log() -> "type[ApplicationLog]":
    """Return the class, whose import looks for a directory for temporary files and needs one."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:  # nothing can be written
        tempfile.tempdir = os.curdir
    from app.telemetry.log_file import ApplicationLog

    if tempfile.tempdir == os.curdir:
        tempfile.tempdir = None
    return ApplicationLog


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
