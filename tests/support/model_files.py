"""Model files by their description alone, and estimators that tell when they are unpickled."""

import hashlib
import hmac
import io
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from app.helpers.errors import InvalidModelFile
from app.helpers.features import Feature
from app.store.libraries import library_versions
from app.store.loading import load_trained_model
from app.store.manifest import CheckedRow, Manifest
from app.store.trained_model import TrainedModel
from tests.support.manifests import UNTRAINED

KEY = b"a key that only these tests sign with"
OTHER_KEY = b"a key that somebody else signs with!!"


class Fixed:
    """A classifier of two classes that always says the same."""

    def __init__(self, probability: float) -> None:
        self.probability = probability

    def predict_proba(self, frame: Any) -> Any:
        """Return probabilities, shape (n_rows, 2)."""
        return np.tile([1 - self.probability, self.probability], (len(frame), 1))


class LeavesMark:
    """What makes a directory when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str, int, bool]]:
        return os.makedirs, (str(self.path), 0o777, True)


class Raises:
    """What raises when it is unpickled."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __reduce__(self) -> tuple[Callable[..., None], tuple[type[BaseException]]]:
        return raise_, (self.error,)


def raise_(error: type[BaseException]) -> None:
    """Raise."""
    raise error("on purpose")


def make_manifest(version: str = "v0", probability: float = 0.5, **changes: Any) -> Manifest:
    """Return the manifest of a `Fixed`."""
    fields: dict[str, Any] = UNTRAINED | {
        "version": version,
        "features": (Feature("x", "number"),),
        "classes": ("no", "yes"),
        "positive_class": "yes",
        "libraries": library_versions(),
        "self_check": (CheckedRow({"x": 0.0}, (probability,)),),
    }
    return Manifest(**(fields | changes))


def assemble(pickle: bytes, text: bytes, version: str = "v0", key: bytes = KEY) -> bytes:
    """Return a model file, made by its description alone."""
    signed = b"flask-sklearn-seed/trained-model/1" + b"\0" + version.encode() + b"\0" + text
    signature = hmac.new(key, signed, hashlib.sha256).digest()
    return pickle + text + signature + len(text).to_bytes(8, "big") + b"SKLSEED1"


def describe(pickle: bytes, **changes: Any) -> bytes:
    """Return the text of a pickle's manifest; a change of None takes the field away."""
    fields = make_manifest().to_json() | {
        "size": len(pickle),
        "sha256": hashlib.sha256(pickle).hexdigest(),
    }
    taken_away = {name for name, value in changes.items() if value is None}
    return orjson.dumps({k: v for k, v in (fields | changes).items() if k not in taken_away})


def load(data: bytes, version: str = "v0", keys: Sequence[bytes] = (KEY,)) -> TrainedModel:
    """Load a model from the bytes of its file."""
    return load_trained_model(io.BytesIO(data), version, keys)


def refusal(data: bytes, version: str = "v0", keys: Sequence[bytes] = (KEY,)) -> str:
    """Return why these bytes are refused."""
    with pytest.raises(InvalidModelFile) as caught:
        load(data, version, keys)
    return str(caught.value)


def make_socket(path: Path) -> None:
    """Bind a socket to the path."""
    with socket.socket(socket.AF_UNIX) as unix_socket:
        unix_socket.bind(os.path.relpath(path))  # the absolute one may be longer than a socket's


def make_sparse_file(path: Path) -> None:
    """Make a file of 20 GB that takes no room."""
    with open(path, "wb") as file:
        file.truncate(20 * 10**9)
