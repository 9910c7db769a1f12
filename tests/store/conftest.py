"""Fixtures: a model file that leaves a mark when unpickled; a store, its clock and its log."""

import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import joblib
import pytest

from app.store.model_file import write_model_file
from app.store.model_store import ModelStore
from tests.support.model_files import KEY, LeavesMark, make_manifest
from tests.support.model_stores import Clock, Watched, make_store


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Where the mark would be."""
    return tmp_path / "mark"


@pytest.fixture
def marking_pickle(mark: Path) -> bytes:
    """A pickle that leaves the mark."""
    buffer = io.BytesIO()
    joblib.dump(LeavesMark(mark), buffer)
    return buffer.getvalue()


@pytest.fixture
def marking_file(tmp_path: Path, mark: Path) -> bytes:
    """The bytes of a model file whose pickle leaves the mark, signed as v0."""
    path = tmp_path / "marking"
    write_model_file(str(path), LeavesMark(mark), make_manifest(), KEY)
    return path.read_bytes()


@pytest.fixture
def _unwatched() -> Iterator[None]:
    """Nobody waits, and nothing has been loaded yet."""
    Watched.loads.clear()
    Watched.started.clear()
    Watched.may_go_on.set()
    yield
    Watched.may_go_on.set()


@pytest.fixture
def _no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the disk: what survives a power cut is tested in `tests/utils`."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the store logs."""
    messages: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(f"{record.levelname} {record.getMessage()}")

    logger = logging.getLogger("app.store.model_store")
    monkeypatch.setattr(logger, "handlers", [Keep()])
    monkeypatch.setattr(logger, "propagate", False)
    logger.setLevel(logging.INFO)
    yield messages
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def root(tmp_path: Path, _unwatched: None, _no_power_cuts: None, log: list[str]) -> Path:
    """The directory of a store's models."""
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def clock() -> Clock:
    """The store's clock."""
    return Clock()


@pytest.fixture
def store(root: Path, clock: Clock) -> ModelStore:
    """A store that has looked at nothing yet."""
    return make_store(root, clock)
