"""The signed model file: what it holds, how it is read, and how it is written."""

import errno
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import orjson
import pytest

from app.helpers.errors import InvalidModelFile
from app.store.loading import load_trained_model
from app.store.model_file import (
    MAX_MANIFEST_SIZE,
    open_model_file,
    read_manifest,
    read_pickle,
    unpickle,
    write_model_file,
)
from app.store.pickling import to_pickle
from tests.support.model_files import (
    KEY,
    OTHER_KEY,
    Fixed,
    assemble,
    describe,
    load,
    make_manifest,
    make_socket,
    make_sparse_file,
    refusal,
)


def test_a_model_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """The estimator, and the manifest with the pickle's size and digest."""
    path = tmp_path / "model"
    written = write_model_file(str(path), Fixed(0.25), make_manifest(probability=0.25), KEY)
    with open_model_file(str(path)) as file:
        manifest = read_manifest(file, "v0", [KEY])
        pickle = read_pickle(file, manifest)
    assert manifest == written
    assert (manifest.size, manifest.sha256) == (len(pickle), hashlib.sha256(pickle).hexdigest())
    assert unpickle(pickle).probability == 0.25
    assert load(path.read_bytes()).predict({"id": 1, "x": 0.0}) == 0.25
    assert os.listdir(tmp_path) == ["model"]


def test_a_file_is_laid_out_as_described(tmp_path: Path) -> None:
    """Pickle, manifest, signature, length, magic."""
    path = tmp_path / "model"
    manifest = write_model_file(str(path), Fixed(0.5), make_manifest("v7"), KEY)
    data = path.read_bytes()
    assert data == assemble(data[: manifest.size], orjson.dumps(manifest.to_json()), "v7")


def test_joblib_opens_a_model_file(tmp_path: Path) -> None:
    """As any other pickle, large arrays included: the trailer does not disturb it."""
    path = tmp_path / "model"
    estimator = {"large": np.arange(1_000_000.0), "small": [1, "two", None]}
    write_model_file(str(path), estimator, make_manifest(), KEY)
    for opened in (joblib.load(path), joblib.load(path, mmap_mode="r")):
        np.testing.assert_array_equal(opened["large"], estimator["large"])
        assert opened["small"] == estimator["small"]


def test_keys_can_be_rotated(marking_file: bytes, tmp_path: Path) -> None:
    """The first of several signs, and any of them verifies."""
    manifests = [
        read_manifest(io.BytesIO(marking_file), "v0", keys)
        for keys in ([KEY], [KEY, OTHER_KEY], [OTHER_KEY, KEY], [OTHER_KEY] * 9 + [KEY])
    ]
    assert manifests == manifests[:1] * 4


def test_a_signed_pickle_is_run(marking_file: bytes, mark: Path) -> None:
    """Whoever holds the key may run code here; and so the tests below could fail."""
    assert refusal(marking_file).startswith("its self-check failed: ")
    assert mark.exists()


# What is not even read


def count_open_files() -> int:
    """Return how many files this process has open; 0 where that cannot be told."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


NOT_REGULAR = "InvalidModelFile('it is not a regular file')"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (os.mkfifo, NOT_REGULAR),
        (os.mkdir, NOT_REGULAR),
        (lambda path: path.symlink_to("/dev/zero"), NOT_REGULAR),
        (lambda path: path.symlink_to("/dev/tty"), None),
        (make_socket, "OSError(6, 'No such device or address')"),
        (lambda path: path.symlink_to("nothing"), None),
        (lambda path: path.symlink_to(path.name), None),
        (make_sparse_file, "InvalidModelFile('it has no signed manifest')"),
        (Path.touch, "InvalidModelFile('it has no signed manifest')"),
    ],
    ids=["fifo", "directory", "zeros", "tty", "socket", "dangling", "loop", "sparse", "empty"],
)
def test_what_is_no_file_to_read_is_refused_at_once(
    make: Callable[[Path], None],
    message: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without waiting for it, nor reading it."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "model")
    open_before = count_open_files()
    for _ in range(100):
        with (
            pytest.raises((InvalidModelFile, OSError)) as caught,
            open_model_file(str(tmp_path / "model")) as file,
        ):
            load_trained_model(file, "v0", [KEY])
        assert message is None or repr(caught.value) == message
    assert count_open_files() < open_before + 50  # other threads may have opened some


def test_a_sparse_file_with_a_signed_end_is_refused(marking_file: bytes, tmp_path: Path) -> None:
    """The end of a good file behind 20 GB of nothing: its size is not the signed one."""
    path = tmp_path / "model"
    make_sparse_file(path)
    with open(path, "ab") as file:
        file.write(marking_file)
    with (
        open_model_file(str(path)) as file,
        pytest.raises(InvalidModelFile) as caught,
    ):
        load_trained_model(file, "v0", [KEY])
    assert str(caught.value) == "its size is not the signed one"
    assert not (tmp_path / "mark").exists()


def test_a_file_that_shrinks_while_it_is_read_is_refused(
    marking_file: bytes, mark: Path, tmp_path: Path
) -> None:
    """What was verified is what is unpickled: they are the same bytes."""

    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() == 0:  # trailer and manifest are read by now
                self.truncate(10)
            return super().read(size)

    with pytest.raises(InvalidModelFile) as caught:
        load_trained_model(Shrinking(marking_file), "v0", [KEY])
    assert str(caught.value) == "its pickle was altered"
    assert not mark.exists()


# What is not written


def test_a_manifest_that_nobody_could_read_is_not_written(tmp_path: Path) -> None:
    """The old model is intact."""
    path = tmp_path / "model"
    path.write_bytes(b"old")
    target = "x" * MAX_MANIFEST_SIZE
    with pytest.raises(InvalidModelFile) as caught:
        write_model_file(str(path), Fixed(0.5), make_manifest(target=target), KEY)
    text = describe(to_pickle(Fixed(0.5)), target=target, carries_code=True)
    assert str(caught.value) == (
        f"The manifest has {len(text)} bytes,"
        " more than 16777216:"
        " drop the columns with the most or the longest categories."
    )
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model"]


def test_a_model_of_a_strict_umask_can_be_read_by_the_servers_user(tmp_path: Path) -> None:
    """By everyone who may read the directory; whoever trains need not be who serves."""
    tmp_path.chmod(0o755)
    umask = os.umask(0o077)
    try:
        write_model_file(str(tmp_path / "file"), Fixed(0.5), make_manifest(), KEY)
    finally:
        os.umask(umask)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_full_disk_leaves_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says so."""
    path = tmp_path / "model"
    path.write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its text is checked
        write_model_file(str(path), Fixed(0.5), make_manifest(), KEY)
    assert str(caught.value) == f"[Errno 28] No space left on device: '{path}'"
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model"]
