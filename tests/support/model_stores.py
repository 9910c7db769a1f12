"""A model store with a clock of its own, and models that are published to it."""

import importlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from app.helpers.errors import UnavailableVersion, UnknownVersion
from app.store.model_file import write_model_file
from app.store.model_store import ModelStore
from app.store.signing_key import SigningKeys
from app.store.version_entry import VersionState
from tests.support.model_files import KEY, Fixed, make_manifest

READY = VersionState("ready")
OUTDATED = VersionState("ready", outdated=True)
NOT_LOADED = VersionState("not loaded")
UNAVAILABLE = VersionState("unavailable")
PATIENCE = 60  # seconds; only a test that fails waits so long


class Clock:
    """Seconds that pass only when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """Which models were loaded, and whether others may be."""

    loads: ClassVar[list[float]] = []
    started = threading.Event()
    may_go_on = threading.Event()

    @classmethod
    def load(cls, probability: float) -> None:
        """Count a model, and wait until it may be loaded."""
        cls.loads.append(probability)
        cls.started.set()
        assert cls.may_go_on.wait(PATIENCE)


class WatchedModel(Fixed):
    """A `Fixed` whose loading is watched; it carries its code, but not what watches it."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        importlib.import_module("tests.support.model_stores").Watched.load(self.probability)


def make_keys(root: Path, key: bytes = KEY) -> SigningKeys:
    """Return the keys of a store."""
    return SigningKeys(key.decode(), str(root.parent / "no-key"))


def make_store(root: Path, clock: Callable[[], float], max_loaded: int = 16) -> ModelStore:
    """Return a store."""
    return ModelStore(str(root), make_keys(root), max_loaded, clock)


def path_of(root: Path, version: str) -> Path:
    """Return the path of a version's file."""
    return root / f"trained-model-{version}.p"


def publish(
    root: Path, version: str, probability: float, estimator: Any = None, **changes: Any
) -> None:
    """Publish a model that always predicts `probability`."""
    write_model_file(
        str(path_of(root, version)),
        WatchedModel(probability) if estimator is None else estimator,
        make_manifest(version, probability, **changes),
        KEY,
    )


def corrupt(root: Path, version: str) -> None:
    """Replace a version's file by one whose pickle was altered, at once."""
    path = path_of(root, version)
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    other = path.with_name("other")
    other.write_bytes(data)
    other.replace(path)


def predict(store: ModelStore, version: str) -> Any:
    """Return what a version predicts."""
    return store.get(version).predict({"id": 1, "x": 0.0})


def refusal(store: ModelStore, version: str) -> tuple[type[Exception], str]:
    """Return how a version is refused."""
    with pytest.raises((UnknownVersion, UnavailableVersion)) as caught:
        store.get(version)
    return caught.type, str(caught.value)


def unknown(version: str) -> tuple[type[Exception], str]:
    """Return how an unknown version is refused."""
    return UnknownVersion, f"Trained model version '{version}' was not found."


def unavailable(version: str) -> tuple[type[Exception], str]:
    """Return how an unavailable version is refused."""
    return UnavailableVersion, f"Trained model version '{version}' is unavailable."
