"""A log of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.telemetry.log_file import ApplicationLog
from tests.support.logs import configure, forget


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ApplicationLog]:
    """The log in a directory of its own, and none after the test."""
    handler = configure(tmp_path / "logs")
    yield handler
    forget(handler)
