"""Records of requests, and a sink that other processes can have."""

from collections.abc import Sequence
from pathlib import Path

from app.telemetry.records import Record

NEVER = 3600.0
"""Seconds between drains in tests where none may come by itself."""
LONG = 60.0
"""Seconds after which a test gives up."""


def a_record(
    id: str = "1", status: int = 200, *, time: float = 1.7e9, method: str = "GET", path: str = "/"
) -> Record:
    """Return the record of a request."""
    return Record(time, "127.0.0.1", method, "http", path, "/", status, 0.000412, id)


class AppendTo:
    """A sink that appends the request ids to a file; it can be sent to another process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, batch: Sequence[Record]) -> None:
        with open(self.path, "a") as file:
            file.writelines(f"{record.request_id}\n" for record in batch)
