"""A process that writes to the log, without all that the server brings along."""

import time

from app.telemetry import logs
from app.telemetry.records import Record, Records

MAX_BYTES = 50_000
BACKUPS = 1000
kept: list[Records] = []
"""What must live as long as the process, as an application's records do."""


def a_record(id: str) -> Record:
    """Return a record of now."""
    return Record(time.time(), "::1", "POST", "http", "/v0/predict", "/", 200, 0.0004, id)


def log_many(directory: str, name: str, count: int, pause: float) -> None:
    """Be a worker that answers `count` requests; it tells when each was answered."""
    handler = logs.configure(directory, MAX_BYTES, BACKUPS)
    records = Records([handler.write_requests])
    kept.append(records)
    with open(f"{directory}-{name}", "w") as answered:
        for number in range(count):
            records.add(a_record(f"{name}-{number}"))
            if pause:
                print(time.time(), file=answered, flush=True)
                time.sleep(pause)
