"""The store: models are loaded once, when they are first asked for."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.helpers.errors import UnknownVersion
from app.store.model_store import LATEST, ModelStore
from tests.support.model_files import Fixed, Raises
from tests.support.model_stores import (
    NOT_LOADED,
    PATIENCE,
    READY,
    UNAVAILABLE,
    Clock,
    Watched,
    corrupt,
    make_keys,
    path_of,
    predict,
    publish,
    refusal,
    unknown,
)


def test_a_model_is_loaded_on_first_use(root: Path, store: ModelStore, log: list[str]) -> None:
    """And not again while its file stays the same, however long."""
    publish(root, "v0", 0.25)
    assert store.states() == {"v0": NOT_LOADED}
    assert store.loaded("v0") is None
    assert Watched.loads == []
    model = store.get("v0")
    assert store.get("v0") is store.loaded("v0") is model
    assert store.states() == {"v0": READY}
    assert Watched.loads == [0.25]
    assert log == [f"INFO v0 is loaded: {model.digest}"]


def test_a_model_is_loaded_once_however_many_threads_ask(root: Path, store: ModelStore) -> None:
    """All get the same."""
    publish(root, "v0", 0.25)
    Watched.may_go_on.clear()
    barrier = threading.Barrier(33)

    def ask() -> Any:
        barrier.wait(PATIENCE)
        return store.get("v0")

    with ThreadPoolExecutor(32) as pool:
        answers = [pool.submit(ask) for _ in range(32)]
        barrier.wait(PATIENCE)
        Watched.may_go_on.set()
        assert len({id(answer.result(PATIENCE)) for answer in answers}) == 1
    assert Watched.loads == [0.25]


def test_while_one_version_loads_the_others_are_served(root: Path, store: ModelStore) -> None:
    """Loaded or not."""
    publish(root, "v0", 0.25)
    publish(root, "v1", 0.5, Fixed(0.5))
    publish(root, "v2", 0.75, Fixed(0.75))
    assert predict(store, "v1") == 0.5
    Watched.may_go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(predict, store, "v0")
        assert Watched.started.wait(PATIENCE)
        assert (predict(store, "v1"), predict(store, "v2")) == (0.5, 0.75)
        assert refusal(store, "v3") == unknown("v3")
        Watched.may_go_on.set()
        assert slow.result(PATIENCE) == 0.25


def test_each_load_is_counted(root: Path, clock: Clock) -> None:
    """Whether it loaded or failed."""
    loads: list[tuple[str, str]] = []
    store = ModelStore(
        str(root), make_keys(root), 16, clock, on_load=lambda *load: loads.append(load)
    )
    publish(root, "v0", 0.25)
    path_of(root, "v1").touch()
    for _ in range(5):
        assert predict(store, LATEST) == 0.25
    assert loads == [("v1", "failed"), ("v0", "loaded")]


def test_a_relative_directory_stays_where_it_was(
    root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the process goes later."""
    publish(root, "v0", 0.25)
    monkeypatch.chdir(root.parent)
    store = ModelStore("models", make_keys(root), 16, clock)
    monkeypatch.chdir("/")
    assert predict(store, LATEST) == 0.25


def test_a_link_to_a_model_is_a_model(root: Path, store: ModelStore, clock: Clock) -> None:
    """And when it leads elsewhere, that is a new model."""
    elsewhere = root.parent / "elsewhere"
    elsewhere.mkdir()
    for name, probability in (("a", 0.25), ("b", 0.5)):
        publish(root, "v0", probability)
        path_of(root, "v0").rename(elsewhere / name)
    path_of(root, "v0").symlink_to(elsewhere / "a")
    assert predict(store, "v0") == 0.25
    path_of(root, "v0").unlink()
    path_of(root, "v0").symlink_to(elsewhere / "b")
    clock.now += 1
    assert predict(store, "v0") == 0.5


# Versions that are not there


@pytest.mark.parametrize("version", ["", "v", "v00", "v1000000000", "v0\n", "../v0", "v" * 9999])
def test_what_is_no_version_is_unknown(version: str, store: ModelStore) -> None:
    """As a version without a file is."""
    assert refusal(store, version)[0] is UnknownVersion
    assert refusal(store, "v43287") == unknown("v43287")


def test_unknown_versions_leave_nothing_behind(root: Path, store: ModelStore) -> None:
    """Ten thousand of them."""
    for number in range(10_000):
        with pytest.raises(UnknownVersion):
            store.get(f"v{number}")
    assert store._entries == {}
    publish(root, "v7", 0.25)
    assert predict(store, "v7") == 0.25
    assert list(store._entries) == ["v7"]


def test_versions_are_listed_the_highest_first(root: Path, store: ModelStore) -> None:
    """Whatever else lies in the directory is none."""
    for version in ("v9", "v10", "v100", "v0"):
        path_of(root, version).touch()
    for name in ("trained-model-v01.p", ".trained-model-v5.p.0123456789abcdef.tmp", "v6", ".git"):
        (root / name).touch()
    assert store.versions() == ["v100", "v10", "v9", "v0"]


# Latest


def test_latest_is_the_highest_that_loads(root: Path, store: ModelStore, clock: Clock) -> None:
    """v10 is higher than v9; a bad one does not count, nor is any other loaded."""
    assert refusal(store, LATEST) == unknown(LATEST)
    publish(root, "v2", 0.125)
    publish(root, "v9", 0.25)
    clock.now += 1
    assert predict(store, LATEST) == 0.25
    publish(root, "v10", 0.5)
    path_of(root, "v11").touch()
    clock.now += 1
    assert store.get(LATEST).manifest.version == "v10"
    assert store.states() == {
        "v11": UNAVAILABLE,
        "v10": READY,
        "v9": READY,
        "v2": NOT_LOADED,
    }
    publish(root, "v11", 0.75)
    clock.now += 1
    assert predict(store, LATEST) == 0.75


@pytest.mark.parametrize("next_version", ["v0", "v2"])
def test_latest_makes_way_without_a_gap(
    next_version: str, root: Path, store: ModelStore, clock: Clock
) -> None:
    """Though the listing still has only the version that is gone."""
    publish(root, "v1", 0.25)
    assert predict(store, "v1") == 0.25
    clock.now += 0.5
    assert store.versions() == ["v1"]
    publish(root, next_version, 0.5)
    path_of(root, "v1").unlink()
    clock.now += 0.5
    assert store.versions() == ["v1"]
    assert predict(store, LATEST) == 0.5


# Manifests


def test_manifests_are_read_without_loading(root: Path, store: ModelStore, clock: Clock) -> None:
    """Of all that are signed, the highest first; of a loaded version it is the one served."""
    publish(root, "v0", 0.25, target="zero")
    publish(root, "v10", 0.5, target="ten")
    publish(root, "v11", 0.5, Raises(ValueError), target="eleven")
    path_of(root, "v2").mkdir()
    path_of(root, "v3").symlink_to("nothing")
    path_of(root, "v4").touch()
    shutil.copy(path_of(root, "v0"), path_of(root, "v5"))
    targets = [("v11", "eleven"), ("v10", "ten"), ("v0", "zero")]
    assert [(v, m.target) for v, m in store.manifests().items()] == targets
    assert Watched.loads == []
    assert predict(store, "v0") == 0.25
    corrupt(root, "v0")
    corrupt(root, "v10")
    path_of(root, "v0").write_bytes(b"")
    clock.now += 1
    assert [(v, m.target) for v, m in store.manifests().items()] == targets
    publish(root, "v0", 0.25, target="new")
    clock.now += 1
    assert store.manifests()["v0"].target == "new"
