"""A log of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.telemetry import logs
from tests.support.logs import MAX_BYTES, forget


@pytest.fixture
def log(tmp_path: Path) -> Iterator[logs.ApplicationLog]:
    """The log in a directory of its own, and none after the test."""
    handler = logs.configure(str(tmp_path / "logs"), MAX_BYTES, 3)
    yield handler
    forget(handler)
