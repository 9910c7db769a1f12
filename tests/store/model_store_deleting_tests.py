"""The store: a version whose file is deleted is retired."""

import gc
import os
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from app.store.model_store import LATEST, ModelStore
from tests.support.model_stores import (
    NOT_LOADED,
    READY,
    Clock,
    Watched,
    path_of,
    predict,
    publish,
    refusal,
    unavailable,
    unknown,
)


def test_deleting_a_file_retires_its_version(
    root: Path, store: ModelStore, clock: Clock, log: list[str]
) -> None:
    """Within a second; the others stay, and `latest` is the next."""
    publish(root, "v0", 0.25)
    publish(root, "v1", 0.5)
    assert (predict(store, "v0"), predict(store, LATEST)) == (0.25, 0.5)
    model = weakref.ref(store.get("v1"))
    log.clear()
    path_of(root, "v1").unlink()
    clock.now += 1
    assert refusal(store, "v1") == unknown("v1")
    assert predict(store, LATEST) == predict(store, "v0") == 0.25
    assert store.states() == {"v0": READY}
    assert log == ["INFO v1 is retired: its file is gone"]
    gc.collect()
    assert model() is None


def test_a_version_that_was_deleted_can_come_back(
    root: Path, store: ModelStore, clock: Clock
) -> None:
    """At once: nobody remembers that it was gone."""
    publish(root, "v0", 0.25)
    assert predict(store, "v0") == 0.25
    path_of(root, "v0").rename(root / "away")
    clock.now += 1
    for _ in range(3):
        assert refusal(store, "v0") == unknown("v0")
    (root / "away").rename(path_of(root, "v0"))
    assert predict(store, "v0") == 0.25
    assert store.states() == {"v0": READY}


def test_a_bad_version_can_be_deleted(root: Path, store: ModelStore, clock: Clock) -> None:
    """Then it is unknown, as any other."""
    path_of(root, "v0").touch()
    assert refusal(store, "v0") == unavailable("v0")
    path_of(root, "v0").unlink()
    clock.now += 1
    assert store.states() == {}
    assert refusal(store, "v0") == unknown("v0")


def test_what_was_deleted_since_the_listing_has_no_state(
    root: Path, store: ModelStore, clock: Clock
) -> None:
    """Nor a manifest."""
    publish(root, "v0", 0.25)
    assert predict(store, "v0") == 0.25
    clock.now += 0.5
    assert store.versions() == ["v0"]
    path_of(root, "v0").unlink()
    clock.now += 0.5
    assert store.versions() == ["v0"]
    assert store.states() == {}
    assert store.manifests() == {}


@pytest.mark.parametrize(
    ("put", "error"),
    [
        (lambda path: None, "[Errno 2] No such file or directory: '{path}'"),
        (lambda path: path.touch(), "[Errno 20] Not a directory: '{path}'"),
        (
            lambda path: path.symlink_to(path.name),
            "[Errno 40] Too many levels of symbolic links: '{path}'",
        ),
    ],
    ids=["gone", "a file", "a loop"],
)
@pytest.mark.parametrize("listed", [False, True])
def test_a_directory_that_cannot_be_read_retires_nothing(
    listed: bool,
    put: Callable[[Path], None],
    error: str,
    root: Path,
    store: ModelStore,
    clock: Clock,
    log: list[str],
) -> None:
    """What was never loaded is unavailable; the log says so every thirty seconds."""
    publish(root, "v0", 0.25)
    publish(root, "v1", 0.5)
    assert predict(store, "v0") == 0.25
    known = {"v1": NOT_LOADED, "v0": READY} if listed else {"v0": READY}
    if listed:
        assert store.states() == known
    log.clear()
    away = root.rename(root.with_name("away"))
    put(root)
    clock.now += 1
    for _ in range(59):
        assert predict(store, "v0") == predict(store, LATEST) == 0.25
        assert refusal(store, "v1") == unavailable("v1")
        assert refusal(store, "v43287") == unavailable("v43287")
        assert store.states() == known
        clock.now += 1
    warning = f"WARNING the models' directory cannot be read: {error.format(path=root)}"
    assert log == [warning, warning]
    assert list(store._entries) == ["v0"]

    root.unlink() if os.path.lexists(root) else None
    away.rename(root)
    assert predict(store, LATEST) == predict(store, "v1") == 0.5
    assert predict(store, "v0") == 0.25
    assert Watched.loads == [0.25, 0.5]
