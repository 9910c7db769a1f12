"""The store: a version that cannot be loaded affects no other version."""

import os
import platform
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.store.libraries import library_versions
from app.store.manifest import CheckedRow
from app.store.model_file import write_model_file
from app.store.model_store import LATEST, ModelStore
from tests.support.model_files import (
    KEY,
    Fixed,
    LeavesMark,
    Raises,
    make_manifest,
    make_socket,
    make_sparse_file,
)
from tests.support.model_stores import (
    OUTDATED,
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
    unavailable,
    unknown,
)


def test_a_bad_version_is_tried_every_thirty_seconds(
    root: Path, store: ModelStore, clock: Clock, log: list[str]
) -> None:
    """Or when its file changes, but at most once a second; else it is refused at once."""
    publish(root, "v0", 0.25)
    corrupt(root, "v0")
    tried = "ERROR v0 cannot be loaded: its pickle was altered"
    for _ in range(60):
        assert refusal(store, "v0") == unavailable("v0")
        assert refusal(store, LATEST) == unknown(LATEST)
        assert store.states() == {"v0": UNAVAILABLE}
        clock.now += 0.5
    assert log == [tried]
    assert refusal(store, "v0") == unavailable("v0")
    assert log == [tried, tried]
    for _ in range(8):
        os.utime(path_of(root, "v0"))
        clock.now += 0.125
        assert refusal(store, "v0") == unavailable("v0")
    assert log == [tried, tried, tried]
    publish(root, "v0", 0.25)
    clock.now += 1
    assert predict(store, "v0") == 0.25
    assert store.states() == {"v0": READY}


def test_threads_that_wait_for_a_bad_version_do_not_try_it_again(
    root: Path, store: ModelStore, log: list[str]
) -> None:
    """One try is enough for all."""
    publish(root, "v0", 0.25, self_check=(CheckedRow({"x": 0.0}, (0.5,)),))
    Watched.may_go_on.clear()
    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(refusal, store, "v0") for _ in range(16)]
        assert Watched.started.wait(PATIENCE)
        Watched.may_go_on.set()
        assert {answer.result(PATIENCE) for answer in answers} == {unavailable("v0")}
    assert Watched.loads == [0.25]
    assert log == [
        "ERROR v0 cannot be loaded: its self-check rows get other probabilities than in training"
    ]


def put_renamed(path: Path) -> None:
    """Put v1 in its place."""
    shutil.copy(path_of(path.parent, "v1"), path)


def put_signed_by_another(path: Path) -> None:
    """Put a model in its place that is signed with another key."""
    write_model_file(str(path), Fixed(0.5), make_manifest("v2"), b"x" * 32)


def put_raising(error: type[BaseException]) -> Callable[[Path], None]:
    """Put a model in its place whose pickle raises."""
    return lambda path: publish(path.parent, "v2", 0.5, Raises(error))


def put_of_another_python(path: Path) -> None:
    """Put a model with code for another Python in its place."""
    libraries = library_versions() | {"python": "3.9.1"}
    mark = LeavesMark(path.with_name("mark"))
    publish(path.parent, "v2", 0.5, [Fixed(0.5), mark], libraries=libraries)


@pytest.mark.parametrize(
    ("put", "reason"),
    [
        (Path.touch, "it has no signed manifest"),
        (make_sparse_file, "it has no signed manifest"),
        (os.mkfifo, "it is not a regular file"),
        (Path.mkdir, "it is not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "it is not a regular file"),
        (make_socket, "[Errno 6] No such device or address: '{path}'"),
        (lambda path: path.symlink_to("nothing"), "[Errno 2] No such file or directory: '{path}'"),
        (
            lambda path: path.symlink_to(path.name),
            "[Errno 40] Too many levels of symbolic links: '{path}'",
        ),
        (put_renamed, "it was not signed as v2 with a key of ours"),
        (put_signed_by_another, "it was not signed as v2 with a key of ours"),
        (put_raising(MemoryError), "its pickle cannot be loaded: MemoryError('on purpose')"),
        (put_raising(SystemExit), "its pickle cannot be loaded: SystemExit('on purpose')"),
        (put_raising(ImportError), "its pickle cannot be loaded: ImportError('on purpose')"),
        (
            put_of_another_python,
            f"it holds code for Python 3.9.1, which Python {platform.python_version()} cannot run;"
            " train it again",
        ),
    ],
)
def test_one_versions_trouble_is_its_own(
    put: Callable[[Path], None],
    reason: str,
    root: Path,
    store: ModelStore,
    clock: Clock,
    log: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is refused at once, in a good model's place too; the others are served, and are latest."""
    monkeypatch.chdir(root)
    publish(root, "v1", 0.25)
    path = path_of(root, "v2")
    put(path)
    log.clear()
    assert predict(store, LATEST) == predict(store, "v1") == 0.25
    assert refusal(store, "v2") == unavailable("v2")
    assert store.states() == {"v2": UNAVAILABLE, "v1": READY}
    reason = reason.format(path=path)
    assert [line for line in log if "ERROR" in line] == [f"ERROR v2 cannot be loaded: {reason}"]
    log.clear()

    shutil.rmtree(path) if path.is_dir() else path.unlink()
    publish(root, "v2", 0.75)
    clock.now += 1
    assert predict(store, LATEST) == predict(store, "v2") == 0.75
    path.unlink()
    put(path)
    clock.now += 1
    assert predict(store, LATEST) == predict(store, "v2") == 0.75
    assert store.states() == {"v2": OUTDATED, "v1": READY}
    assert [line for line in log if "ERROR" in line] == [
        f"ERROR v2 cannot be loaded, its older file is served on: {reason}"
    ]
    assert not (root / "mark").exists()


def test_a_fault_of_our_own_while_loading_is_that_versions_trouble(
    root: Path, store: ModelStore, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is: the machine's memory, say."""

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    publish(root, "v0", 0.25)
    monkeypatch.setattr("app.store.model_store.load_trained_model", fail)
    assert refusal(store, "v0") == unavailable("v0")
    assert log == ["ERROR v0 cannot be loaded: MemoryError()"]


def test_without_a_key_the_log_says_how_to_get_one(
    root: Path, clock: Clock, log: list[str]
) -> None:
    """And thirty seconds after there is one, all is well."""
    publish(root, "v0", 0.25)
    store = ModelStore(str(root), make_keys(root, b""), 16, clock)
    assert refusal(store, "v0") == unavailable("v0")
    assert store.manifests() == {}
    path = root.parent / "no-key"
    assert log == [
        "ERROR v0 cannot be loaded: There is no model signing key: set MODEL_SIGNING_KEY,"
        f" or train a model, which makes {path}."
    ]
    path.write_bytes(KEY)
    clock.now += 30
    assert predict(store, "v0") == 0.25
