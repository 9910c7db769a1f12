"""The signed model file: what is refused, and that nothing refused is ever unpickled."""

import io
import itertools
import os
import platform
from pathlib import Path
from typing import Any

import joblib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.libraries import library_versions
from app.store.model_file import MAX_MANIFEST_SIZE, read_manifest, write_model_file
from tests.support.model_files import (
    KEY,
    OTHER_KEY,
    Fixed,
    LeavesMark,
    Raises,
    assemble,
    describe,
    load,
    make_manifest,
    refusal,
)


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
        ({"format": 3}, "its format 3 is not known here"),
        ({"format": 0}, "its format 0 is not known here"),
        ({"format": None}, "its manifest cannot be read: KeyError('format')"),
        (
            {"features": None},
            "its manifest cannot be read: TypeError("
            "\"Manifest.__init__() missing 1 required positional argument: 'features'\")",
        ),
        ({"size": 1}, "its size is not the signed one"),
        ({"size": -1}, "its size is not the signed one"),
        ({"size": "1"}, "its size is not the signed one"),
        ({"sha256": "0" * 64}, "its pickle was altered"),
        ({"sha256": 0}, "its pickle was altered"),
        ({"sha256": "é"}, "its pickle was altered"),
        (
            {"libraries": library_versions() | {"python": "3.9.1"}, "carries_code": True},
            f"it holds code for Python 3.9.1, which Python {platform.python_version()} cannot run;"
            " train it again",
        ),
    ],
)
def test_a_signed_manifest_that_does_not_fit_is_refused(
    changes: dict[str, Any], message: str, marking_pickle: bytes, mark: Path
) -> None:
    """Of another format, of another pickle, or with code for another Python."""
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
