"""Manifests of versions that are not loaded: each is verified once, until something changes."""

from pathlib import Path
from typing import Any

import pytest

from app.store import manifest_cache
from app.store.linear_weights import LinearWeights, NumberWeights
from app.store.model_file import read_manifest
from app.store.model_store import ModelStore
from app.store.signing_key import SigningKeys
from tests.support.model_files import KEY, OTHER_KEY, Fixed
from tests.support.model_stores import path_of, publish


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The versions whose manifests were verified."""
    versions: list[str] = []

    def read(file: Any, version: str, keys: Any) -> Any:
        versions.append(version)
        return read_manifest(file, version, keys)

    monkeypatch.setattr(manifest_cache, "read_manifest", read)
    return versions


def test_a_manifest_is_verified_once_until_its_file_changes(
    root: Path, store: ModelStore, verified: list[str]
) -> None:
    """Though pages and metrics ask for it again and again."""
    publish(root, "v0", 0.25, target="zero")
    publish(root, "v1", 0.5, target="one")
    assert store.manifests() == store.manifests()
    assert verified == ["v1", "v0"]
    publish(root, "v1", 0.5, target="new")
    assert [manifest.target for manifest in store.manifests().values()] == ["new", "zero"]
    assert verified == ["v1", "v0", "v1"]


def test_a_deleted_version_is_forgotten(
    root: Path, store: ModelStore, verified: list[str], clock: Any
) -> None:
    """Its file may come back, and is verified then."""
    publish(root, "v0", 0.25)
    path_of(root, "v0").rename(root / "aside")
    assert store.manifests() == {}
    clock.now += 1
    (root / "aside").rename(path_of(root, "v0"))
    assert list(store.manifests()) == ["v0"]
    assert list(store.manifests()) == ["v0"]
    path_of(root, "v0").rename(root / "aside")
    clock.now += 1
    assert store.manifests() == {}
    clock.now += 1
    (root / "aside").rename(path_of(root, "v0"))
    assert list(store.manifests()) == ["v0"]
    assert verified == ["v0", "v0"]


def test_a_key_that_is_gone_takes_its_manifests_along(root: Path, tmp_path: Path) -> None:
    """Though their files are as they were."""
    publish(root, "v0", 0.25)
    key_file = tmp_path / "keys"
    key_file.write_bytes(KEY + b"\n")
    store = ModelStore(str(root), SigningKeys("", str(key_file)), 16)
    assert list(store.manifests()) == ["v0"]
    key_file.write_bytes(OTHER_KEY + b"\n" + KEY + b"\n")
    assert list(store.manifests()) == ["v0"]
    key_file.write_bytes(OTHER_KEY + b"\n")
    assert store.manifests() == {}


def test_weights_are_not_kept(root: Path, store: ModelStore) -> None:
    """They are the largest part, and only a loaded model needs them."""
    weights = LinearWeights((0.0,), {"x": NumberWeights((1.0,))})
    publish(root, "v0", 0.5, Fixed(0.5), weights=weights)
    assert store.manifests()["v0"].weights is None
    assert store.get("v0").manifest.weights == weights
    assert store.manifests()["v0"].weights == weights
