"""The store: a file that is replaced is served within a second, without a gap."""

import itertools
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.store.model_store import LATEST, ModelStore
from app.store.signing_key import SigningKeys
from tests.support.model_files import KEY
from tests.support.model_stores import (
    OUTDATED,
    PATIENCE,
    READY,
    Clock,
    Watched,
    corrupt,
    path_of,
    predict,
    publish,
)


def test_a_new_file_is_live_within_a_second(root: Path, store: ModelStore, clock: Clock) -> None:
    """Until then the old model answers, without a look at the file."""
    publish(root, "v0", 0.25)
    assert predict(store, "v0") == 0.25
    publish(root, "v0", 0.5)
    clock.now += 0.99
    assert predict(store, "v0") == 0.25
    clock.now += 0.01
    assert store.loaded("v0") is None
    assert predict(store, "v0") == 0.5
    assert Watched.loads == [0.25, 0.5]


def test_a_new_file_of_the_same_size_and_time_is_live(
    root: Path, store: ModelStore, clock: Clock
) -> None:
    """Whatever inode it has: a file that is gone leaves its own to the next but one."""
    status = None
    for probability in itertools.islice(itertools.cycle((0.25, 0.75)), 20):
        for published in (0.5, probability):
            publish(root, "v0", published)
            if status is not None:
                os.utime(path_of(root, "v0"), ns=(status.st_atime_ns, status.st_mtime_ns))
        status = status or path_of(root, "v0").stat()
        assert path_of(root, "v0").stat().st_size - status.st_size in (-1, 0, 1)
        clock.now += 1
        assert predict(store, "v0") == probability


def test_a_file_that_is_copied_over_is_live(root: Path, store: ModelStore, clock: Clock) -> None:
    """In place: the same inode."""
    publish(root, "v0", 0.25)
    assert predict(store, "v0") == 0.25
    copy = root / "copy"
    shutil.copy(path_of(root, "v0"), copy)
    publish(root, "v0", 0.75)
    clock.now += 1
    assert predict(store, "v0") == 0.75
    shutil.copyfile(copy, path_of(root, "v0"))
    clock.now += 1
    assert predict(store, "v0") == 0.25


def test_while_a_replacement_loads_the_old_model_answers(
    root: Path, store: ModelStore, clock: Clock
) -> None:
    """At once, and without a look at the file."""
    publish(root, "v0", 0.25)
    assert predict(store, "v0") == 0.25
    publish(root, "v0", 0.5)
    clock.now += 1
    Watched.may_go_on.clear()
    Watched.started.clear()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(predict, store, "v0")
        assert Watched.started.wait(PATIENCE)
        old_model = store.loaded("v0")
        assert old_model is not None
        for _ in range(5):
            assert predict(store, "v0") == predict(store, LATEST) == 0.25
            assert store.states() == {"v0": READY}
            clock.now += 1  # and though its load takes long
        Watched.may_go_on.set()
        assert slow.result(PATIENCE) == 0.5
    assert predict(store, "v0") == 0.5
    assert old_model.predict({"id": 1, "x": 0.0}) == 0.25  # for the requests in flight
    assert Watched.loads == [0.25, 0.5]


def test_what_is_published_between_look_and_load_is_loaded_once(root: Path, clock: Clock) -> None:
    """It is remembered which file was opened, not which was looked at."""

    class Publishes(SigningKeys):
        def read(self) -> list[bytes]:
            publish(root, "v0", 0.5)
            return super().read()

    publish(root, "v0", 0.25)
    store = ModelStore(str(root), Publishes(KEY.decode(), ""), 16, clock)
    for _ in range(3):
        assert predict(store, "v0") == 0.5
        clock.now += 1
    assert Watched.loads == [0.5]


def test_what_is_published_while_another_loads_is_live_in_time(
    root: Path, store: ModelStore, clock: Clock
) -> None:
    """A second counts from the look at the file, not from the load's end."""
    publish(root, "v0", 0.25)
    Watched.may_go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(predict, store, "v0")
        assert Watched.started.wait(PATIENCE)
        publish(root, "v0", 0.5)
        clock.now += 1
        Watched.may_go_on.set()
        assert slow.result(PATIENCE) == 0.25
    assert predict(store, "v0") == 0.5


def test_a_bad_replacement_leaves_the_good_model(
    root: Path, store: ModelStore, clock: Clock, log: list[str]
) -> None:
    """The log and the state say so; a good replacement ends it at once."""
    publish(root, "v0", 0.25)
    publish(root, "v1", 0.5)
    digest = store.get("v0").digest
    assert predict(store, "v1") == 0.5
    log.clear()
    corrupt(root, "v0")
    for _ in range(29):
        clock.now += 1
        assert predict(store, "v0") == 0.25
        assert store.states() == {"v1": READY, "v0": OUTDATED}
    assert log == ["ERROR v0 cannot be loaded, its older file is served on: its pickle was altered"]
    publish(root, "v0", 0.75)
    clock.now += 1
    assert predict(store, "v0") == 0.75
    assert store.states() == {"v1": READY, "v0": READY}
    assert log[1:] == [f"INFO v0 is loaded: {store.get('v0').digest}"]
    assert digest not in log[1]


def test_a_good_file_that_comes_back_is_live(root: Path, store: ModelStore, clock: Clock) -> None:
    """After a bad one in its place."""
    publish(root, "v0", 0.25)
    assert predict(store, "v0") == 0.25
    path_of(root, "v0").rename(root / "good")
    path_of(root, "v0").write_bytes(b"bad")
    clock.now += 1
    assert predict(store, "v0") == 0.25
    assert store.states() == {"v0": OUTDATED}
    (root / "good").replace(path_of(root, "v0"))
    clock.now += 1
    assert predict(store, "v0") == 0.25
    assert store.states() == {"v0": READY}


def test_a_volume_of_kubernetes_that_changes_is_live(
    root: Path, store: ModelStore, clock: Clock
) -> None:
    """Its files are links into a folder that another link, `..data`, leads to."""
    folders = []
    for probability in (0.25, 0.5):
        folder = root / f"..2026_{probability}"
        publish(root, "v0", probability)
        folder.mkdir()
        path_of(root, "v0").rename(path_of(folder, "v0"))
        folders.append(folder)
    (root / "..data").symlink_to(folders[0].name)
    path_of(root, "v0").symlink_to(f"..data/{path_of(root, 'v0').name}")
    assert predict(store, LATEST) == 0.25
    (root / "..data_tmp").symlink_to(folders[1].name)
    (root / "..data_tmp").rename(root / "..data")
    shutil.rmtree(folders[0])
    clock.now += 1
    assert predict(store, LATEST) == 0.5
    assert store.states() == {"v0": READY}
