"""The application log, as tests set it up and read it."""

import logging
from pathlib import Path

from app.telemetry import logs
from app.telemetry.log_file import ApplicationLog
from app.telemetry.log_lines import text_lines
from app.telemetry.records import Record

MAX_BYTES = 10_000
TIMESTAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"


def configure(directory: Path, backups: int = 3, *, propagate: bool = False) -> ApplicationLog:
    """Return the log in a directory."""
    log = logs.configure(str(directory), MAX_BYTES, backups, propagate=propagate)
    assert isinstance(log, ApplicationLog)
    return log


def line_of(record: Record) -> str:
    """Return a request's line."""
    [line] = text_lines([record])
    return line


def lines_of(log: ApplicationLog) -> list[str]:
    """Return the lines in the log's file."""
    return Path(log.baseFilename).read_text().splitlines()


def forget(handler: logging.Handler) -> None:
    """Leave the logger "app" as it was before any log was configured."""
    app_logger = logging.getLogger("app")
    app_logger.removeHandler(handler)
    app_logger.propagate = True
    handler.close()
