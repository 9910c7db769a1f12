"""The signed model file: what is refused, and that nothing refused is ever unpickled."""

import errno
import hashlib
import hmac
import io
import itertools
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.helpers.errors import InvalidModelFile
from app.helpers.features import Feature
from app.store.manifest import Manifest
from app.store.model_file import (
    MAX_MANIFEST_SIZE,
    open_model_file,
    read_manifest,
    read_model_file,
    unpickle,
    write_model_file,
)
from app.store.trained_model import TrainedModel, library_versions, load_trained_model

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
    fields: dict[str, Any] = {
        "version": version,
        "created_at": "2026-01-01T00:00:00+00:00",
        "training_data": {},
        "target": "target",
        "features": (Feature("x", "number"),),
        "classes": ("no", "yes"),
        "positive_class": "yes",
        "parameters": {},
        "metrics": {},
        "baseline_metrics": {},
        "curves": {},
        "libraries": library_versions(),
        "self_check": {"rows": [{"x": 0.0}], "probabilities": [[probability]]},
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


# What is accepted


def test_a_model_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """The estimator, and the manifest with the pickle's size and digest."""
    path = tmp_path / "model"
    written = write_model_file(str(path), Fixed(0.25), make_manifest(probability=0.25), KEY)
    with open_model_file(str(path)) as file:
        manifest, pickle = read_model_file(file, "v0", [KEY])
        assert read_manifest(file, "v0", [KEY]) == manifest == written
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


# What is refused, and never unpickled


def test_a_pickle_alone_is_refused(marking_pickle: bytes, mark: Path) -> None:
    """However it was padded to look like more."""
    for data in (
        marking_pickle,
        marking_pickle + b"\0" * 48,
        marking_pickle + b"\0" * 40 + b"SKLSEED1",
        marking_pickle + os.urandom(40) + b"SKLSEED1",
    ):
        assert refusal(data) in (
            "it has no signed manifest",
            "its manifest is too large",
            "it was not signed as v0 with a key of ours",
        )
    assert not mark.exists()


@pytest.mark.parametrize(
    ("key", "version"), [(OTHER_KEY, "v0"), (KEY, "v1"), (KEY, "v00"), (b"", "v0")]
)
def test_another_key_or_version_is_refused(
    key: bytes, version: str, marking_pickle: bytes, mark: Path
) -> None:
    """A file that was signed as v1 is no v0, whatever it is called."""
    data = assemble(marking_pickle, describe(marking_pickle), version, key)
    assert refusal(data) == "it was not signed as v0 with a key of ours"
    assert not mark.exists()


def test_a_renamed_file_is_refused(marking_file: bytes, mark: Path) -> None:
    """Its manifest may say what it likes."""
    for version in ("v1", "v00", "", "v0\0"):
        assert refusal(marking_file, version) == (
            f"it was not signed as {version} with a key of ours"
        )
    assert not mark.exists()


def test_without_a_key_everything_is_refused(marking_file: bytes, mark: Path) -> None:
    """No key is not any key."""
    assert refusal(marking_file, keys=()) == "it was not signed as v0 with a key of ours"
    assert not mark.exists()


def test_a_flipped_bit_is_refused(marking_file: bytes, mark: Path) -> None:
    """Each of each byte."""
    for position in range(len(marking_file)):
        data = bytearray(marking_file)
        for bit in range(8):
            data[position] ^= 1 << bit
            assert refusal(bytes(data))
            data[position] ^= 1 << bit
    assert not mark.exists()


def test_a_truncated_file_is_refused(marking_file: bytes, mark: Path) -> None:
    """At every length, from either end."""
    for length in range(len(marking_file)):
        assert refusal(marking_file[:length])
        assert refusal(marking_file[-length:] if length else b"")
    assert not mark.exists()


def test_a_file_with_something_added_is_refused(marking_file: bytes, mark: Path) -> None:
    """Before it, behind it, or between pickle and manifest."""
    size = read_manifest(io.BytesIO(marking_file), "v0", [KEY]).size
    pickle, trailer = marking_file[:size], marking_file[size:]
    for extra in (b"\0", b"\n", pickle, trailer, marking_file):
        assert refusal(extra + marking_file) == "its size is not the signed one"
        assert refusal(pickle + extra + trailer) == "its size is not the signed one"
        assert refusal(marking_file + extra) in (
            "it has no signed manifest",
            "it was not signed as v0 with a key of ours",
            "its size is not the signed one",
        )
    assert not mark.exists()


def test_swapped_parts_are_refused(mark: Path) -> None:
    """Of two signed files of the same lengths no mixture passes."""
    parts = []
    for name in ("a", "b"):
        buffer = io.BytesIO()
        joblib.dump(LeavesMark(mark.with_name(name)), buffer)
        pickle = buffer.getvalue()
        text = describe(pickle)
        trailer = assemble(b"", text)[len(text) :]
        parts.append((pickle, text, trailer))
    assert [len(part) for part in parts[0]] == [len(part) for part in parts[1]]
    for choice in itertools.product((0, 1), repeat=3):
        data = b"".join(parts[which][number] for number, which in enumerate(choice))
        if len(set(choice)) > 1:
            assert refusal(data) in (
                "its pickle was altered",
                "it was not signed as v0 with a key of ours",
            )
    assert os.listdir(mark.parent) == []
    assert refusal(b"".join(parts[0])).startswith("its self-check failed: ")
    assert os.listdir(mark.parent) == ["a"]


@pytest.mark.parametrize("length", [0, 1, -1, 2**63, 2**64 - 1, MAX_MANIFEST_SIZE + 1])
def test_a_length_that_lies_is_refused(length: int, marking_file: bytes, mark: Path) -> None:
    """Zero, off by one, as large as eight bytes hold, or over the limit."""
    true_length = int.from_bytes(marking_file[-16:-8], "big")
    lie = true_length + length if abs(length) == 1 else length
    data = marking_file[:-16] + lie.to_bytes(8, "big") + marking_file[-8:]
    assert refusal(data) == (
        "it was not signed as v0 with a key of ours"
        if lie <= len(marking_file) - 48
        else "its manifest is too large"
    )
    assert not mark.exists()


def test_a_signed_manifest_over_the_limit_is_refused(marking_pickle: bytes, mark: Path) -> None:
    """Though all else is right; one of just the limit passes."""
    room = MAX_MANIFEST_SIZE - len(describe(marking_pickle, target=""))
    largest = describe(marking_pickle, target="x" * room)
    assert len(largest) == MAX_MANIFEST_SIZE
    read_manifest(io.BytesIO(assemble(marking_pickle, largest)), "v0", [KEY])
    larger = describe(marking_pickle, target="x" * (room + 1))
    assert refusal(assemble(marking_pickle, larger)) == "its manifest is too large"
    assert not mark.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "its format 2 is not known here"),
        ({"format": 0}, "its format 0 is not known here"),
        ({"format": None}, "its manifest cannot be read: KeyError('format')"),
        ({"features": None}, "its manifest cannot be read: KeyError('features')"),
        ({"size": 1}, "its size is not the signed one"),
        ({"size": -1}, "its size is not the signed one"),
        ({"size": "1"}, "its size is not the signed one"),
        ({"sha256": "0" * 64}, "its pickle was altered"),
        ({"sha256": 0}, "its pickle was altered"),
        ({"sha256": "é"}, "its pickle was altered"),
        (
            {"libraries": library_versions() | {"scikit-learn": "1.0.2"}},
            "it was trained with scikit-learn 1.0.2,"
            f" here is {library_versions()['scikit-learn']}; train it again",
        ),
    ],
)
def test_a_signed_manifest_that_does_not_fit_is_refused(
    changes: dict[str, Any], message: str, marking_pickle: bytes, mark: Path
) -> None:
    """Of another format, of another pickle, or of another scikit-learn."""
    assert refusal(assemble(marking_pickle, describe(marking_pickle, **changes))) == message
    assert not mark.exists()


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"1", b"null", b'"format"', b"\xff", b"{}"])
def test_a_signed_manifest_that_is_none_is_refused(
    text: bytes, marking_pickle: bytes, mark: Path
) -> None:
    """Whatever it is."""
    assert refusal(assemble(marking_pickle, text)).startswith("its manifest cannot be read: ")
    assert not mark.exists()


def test_a_field_that_is_not_known_is_refused(marking_pickle: bytes, mark: Path) -> None:
    """It would be a newer format without its number."""
    data = assemble(marking_pickle, describe(marking_pickle, surprise=1))
    assert refusal(data).startswith("its manifest cannot be read: TypeError(")
    assert not mark.exists()


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_at_all_are_accepted(data: bytes, length: int) -> None:
    """Not even with the right end."""
    assert refusal(data)
    assert refusal(data + length.to_bytes(8, "big") + b"SKLSEED1")


@pytest.mark.parametrize("error", [MemoryError, RecursionError, ImportError, SystemExit, KeyError])
def test_whatever_a_signed_pickle_raises_is_the_files_fault(
    error: type[BaseException], tmp_path: Path
) -> None:
    """Even if it wants the process to end."""
    write_model_file(str(tmp_path / "model"), Raises(error), make_manifest(), KEY)
    assert refusal((tmp_path / "model").read_bytes()) == (
        f"its pickle cannot be loaded: {error('on purpose')!r}"
    )


def test_other_probabilities_than_in_training_are_refused(tmp_path: Path) -> None:
    """By more than 1e-9."""
    path = tmp_path / "model"
    write_model_file(str(path), Fixed(0.5), make_manifest(probability=0.5 + 2e-9), KEY)
    assert refusal(path.read_bytes()) == (
        "its self-check rows get other probabilities than in training"
    )
    write_model_file(str(path), Fixed(0.5), make_manifest(probability=0.5 + 5e-10), KEY)
    load(path.read_bytes())


# What is not even read


def make_socket(path: Path) -> None:
    """Bind a socket to the path."""
    with socket.socket(socket.AF_UNIX) as unix_socket:
        unix_socket.bind(os.path.relpath(path))  # the absolute one may be longer than a socket's


def make_sparse_file(path: Path) -> None:
    """Make a file of 20 GB that takes no room."""
    with open(path, "wb") as file:
        file.truncate(20 * 10**9)


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
    buffer = io.BytesIO()
    joblib.dump(Fixed(0.5), buffer)
    assert str(caught.value) == (
        f"The manifest has {len(describe(buffer.getvalue(), target=target))} bytes,"
        " more than 16777216:"
        " drop the columns with the most or the longest categories."
    )
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model"]


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


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
