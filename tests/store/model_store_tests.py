"""The store: loaded once, swapped when the file changes, and one version's trouble is its own."""

import gc
import itertools
import logging
import os
import random
import shutil
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from app.helpers.errors import UnavailableVersion, UnknownVersion
from app.store.model_file import write_model_file
from app.store.model_store import LATEST, ModelStore
from app.store.signing_key import SigningKeys
from app.store.trained_model import library_versions
from app.store.version_entry import VersionState
from tests.store.model_file_tests import (
    KEY,
    Fixed,
    LeavesMark,
    Raises,
    make_manifest,
    make_socket,
    make_sparse_file,
)

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


class Watched(Fixed):
    """A `Fixed` that counts how often it is loaded, and waits until it may be."""

    loads: ClassVar[list[float]] = []
    started = threading.Event()
    may_go_on = threading.Event()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.loads.append(self.probability)
        self.started.set()
        assert self.may_go_on.wait(PATIENCE)


@pytest.fixture(autouse=True)
def _unwatched() -> Iterator[None]:
    """Nobody waits, and nothing has been loaded yet."""
    Watched.loads.clear()
    Watched.started.clear()
    Watched.may_go_on.set()
    yield
    Watched.may_go_on.set()


@pytest.fixture(autouse=True)
def _no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the disk: what survives a power cut is tested in `utils_tests.py`."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(autouse=True)
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
def root(tmp_path: Path) -> Path:
    """The directory of the models."""
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
        Watched(probability) if estimator is None else estimator,
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


# Loading


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


# Replacing


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


# Failing


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
    publish(root, "v0", 0.25, self_check={"rows": [{"x": 0.0}], "probabilities": [[0.5]]})
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


def put_of_other_libraries(path: Path) -> None:
    """Put a model of another scikit-learn in its place."""
    libraries = library_versions() | {"scikit-learn": "1.0.2"}
    mark = LeavesMark(path.with_name("mark"))
    publish(path.parent, "v2", 0.5, mark, libraries=libraries)


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
            put_of_other_libraries,
            "it was trained with scikit-learn 1.0.2,"
            f" here is {library_versions()['scikit-learn']}; train it again",
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

    def fail(*_: object) -> None:
        raise MemoryError

    publish(root, "v0", 0.25)
    monkeypatch.setattr("app.store.trained_model.load_trained_model", fail)
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


# Deleting


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


# Memory


@pytest.mark.parametrize("pause", [0.25, 1.5])
def test_the_least_recently_used_model_goes_first(pause: float, root: Path, clock: Clock) -> None:
    """It is loaded again when it is asked for; looking at states and manifests is no use."""
    store = make_store(root, clock, max_loaded=2)
    for version, probability in (("v0", 0.125), ("v1", 0.25), ("v2", 0.5)):
        publish(root, version, probability)
    for version in ("v0", "v1", "v0"):
        clock.now += pause  # of a second: whether it is looked at again or not, it is used
        store.get(version)
    v1 = weakref.ref(store.get("v1"))
    clock.now += pause
    store.get("v0")
    for _ in range(5):
        clock.now += 1.5
        assert store.states() == {"v2": NOT_LOADED, "v1": READY, "v0": READY}
        assert list(store.manifests()) == ["v2", "v1", "v0"]
    assert predict(store, "v2") == 0.5
    assert store.states() == {"v2": READY, "v1": NOT_LOADED, "v0": READY}
    assert predict(store, "v1") == 0.25
    assert store.states() == {"v2": READY, "v1": READY, "v0": NOT_LOADED}
    assert Watched.loads == [0.125, 0.25, 0.5, 0.25]
    gc.collect()
    assert v1() is None


def test_a_model_that_could_not_be_loaded_again_goes_last(root: Path, clock: Clock) -> None:
    """While its replacement is bad, the others make room; only a limit of one leaves no choice."""
    for version in ("v0", "v1", "v2"):
        publish(root, version, 0.25)
    store = make_store(root, clock, max_loaded=2)
    assert predict(store, "v0") == 0.25
    corrupt(root, "v0")
    for version in ("v1", "v2", "v1", "v2"):
        clock.now += 1
        assert predict(store, version) == 0.25
        clock.now += 1
        assert store.states()["v0"] == OUTDATED
    assert predict(store, "v0") == 0.25

    publish(root, "v0", 0.25)
    store = make_store(root, clock, max_loaded=1)
    assert predict(store, "v0") == 0.25
    corrupt(root, "v0")
    clock.now += 1
    assert predict(store, "v0") == 0.25
    Watched.loads.clear()
    assert predict(store, "v1") == predict(store, "v1") == 0.25
    assert Watched.loads == [0.25]
    assert refusal(store, "v0") == unavailable("v0")


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


# Under stress: every look at the clock is seconds later, so that each call looks at the file


@pytest.fixture
def _switching_often() -> Iterator[None]:
    """Threads take turns fifty times as often: more of what could happen does."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(interval / 50)
    yield
    sys.setswitchinterval(interval)


def ask_until(over: threading.Event, ask: Callable[[], Any]) -> list[Any]:
    """Ask again and again; return what the answers were, less repetitions."""
    answers: list[Any] = []
    while not over.wait(0.0005):  # seconds; else those who ask keep the publisher from its turn
        answer = ask()
        if answers[-1:] != [answer]:
            answers.append(answer)
    return answers


@pytest.mark.usefixtures("_switching_often")
def test_readers_never_see_a_broken_model(root: Path) -> None:
    """In 1,000 republications: each sees whole models only, and never an older one again."""
    store = make_store(root, itertools.count(0.0, 2.0).__next__)
    publish(root, "v0", 0.0, Fixed(0.0))
    over = threading.Event()
    with ThreadPoolExecutor(5) as pool:
        readers = [
            pool.submit(ask_until, over, partial(predict, store, version))
            for version in ("v0", "v0", "v0", LATEST)
        ]
        states = pool.submit(ask_until, over, store.states)
        try:
            for number in range(1, 1001):
                probability = number / 10_000
                publish(root, "v0", probability, Fixed(probability))
        finally:
            over.set()
        for reader in readers:
            answers = reader.result(PATIENCE)
            assert answers == sorted(answers)
            assert len(answers) > 10
        assert {repr(state) for state in states.result(PATIENCE)} <= {
            repr({"v0": READY}),
            repr({"v0": NOT_LOADED}),
        }
    assert predict(store, "v0") == 0.1


@pytest.mark.usefixtures("_switching_often")
def test_versions_that_come_and_go_disturb_nobody(root: Path) -> None:
    """Readers are told that one is unknown, or get a whole model; another is always served."""
    store = make_store(root, itertools.count(0.0, 2.0).__next__)
    publish(root, "v0", 0.5, Fixed(0.5))
    over = threading.Event()

    def ask() -> Any:
        try:
            return predict(store, "v1")
        except UnknownVersion:
            return None
        except UnavailableVersion as error:  # it went between the look and the load
            return error.reason

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(ask_until, over, ask) for _ in range(2)]
        others = [
            pool.submit(ask_until, over, partial(predict, store, version))
            for version in ("v0", LATEST)
        ]
        try:
            for _ in range(200):
                publish(root, "v1", 0.25, Fixed(0.25))
                path_of(root, "v1").unlink()
        finally:
            over.set()
        for reader in readers:
            gone = f"[Errno 2] No such file or directory: '{path_of(root, 'v1')}'"
            assert set(reader.result(PATIENCE)) <= {0.25, None, gone}
        assert others[0].result(PATIENCE) == [0.5]
        assert set(others[1].result(PATIENCE)) <= {0.25, 0.5}
    assert refusal(store, "v1") == unknown("v1")


@pytest.mark.usefixtures("_switching_often")
def test_models_that_make_room_for_each_other_are_always_whole(root: Path) -> None:
    """Four versions and room for two, asked for by four threads."""
    store = make_store(root, itertools.count(0.0, 2.0).__next__, max_loaded=2)
    probabilities = {"v0": 0.125, "v1": 0.25, "v2": 0.5, "v3": 0.75}
    for version, probability in probabilities.items():
        publish(root, version, probability, Fixed(probability))

    def ask(seed: int) -> None:
        for version in random.Random(seed).choices(list(probabilities), k=300):
            assert predict(store, version) == probabilities[version]

    with ThreadPoolExecutor(4) as pool:
        for asked in [pool.submit(ask, seed) for seed in range(4)]:
            asked.result(PATIENCE)
    states = list(store.states().values())
    assert states.count(READY) <= 2
    assert states.count(READY) + states.count(NOT_LOADED) == 4


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
