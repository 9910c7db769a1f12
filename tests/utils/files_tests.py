"""Finding files, and writing one whole or not at all."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.utils.files import (
    ORPHAN_SECONDS,
    directory_beside,
    find_file,
    get_files_matching,
    to_abs_path,
    write_atomically,
)
from tests.support.system_errors import fail_with


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts from where the process is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert to_abs_path("file") == str(tmp_path / "file")
    assert to_abs_path("./nothing/../file") == str(tmp_path / "file")
    assert to_abs_path(str(tmp_path / "file")) == str(tmp_path / "file")


@pytest.mark.parametrize("path", ["nothing", ".", "dangling"])
def test_a_path_without_a_file_is_refused(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing, a directory and a link that leads nowhere are no files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dangling").symlink_to("nothing")
    with pytest.raises(FileNotFoundError) as caught:
        to_abs_path(path)
    assert str(caught.value) == f"file not found: {path}"


def test_the_files_that_match_are_listed_in_order(tmp_path: Path) -> None:
    """By their whole name, as absolute paths."""
    for name in ("b.csv", "a.csv", "a.csv.gz", "xa.csv", "a.csv\n", "acsv"):
        (tmp_path / name).touch()
    assert get_files_matching(str(tmp_path), r"[ab]\.csv") == [
        str(tmp_path / "a.csv"),
        str(tmp_path / "b.csv"),
    ]
    assert get_files_matching(str(tmp_path), "nothing") == []


def test_a_directory_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    """So is a relative one: which directory it means depends on where the process is."""
    with pytest.raises(FileNotFoundError):
        get_files_matching(str(tmp_path / "nothing"), ".*")
    with pytest.raises(ValueError, match=r"not an absolute path: trained-models"):
        get_files_matching("trained-models", ".*")


def rewrite(path: Path) -> None:
    """Change a byte in place, and put the times back."""
    status = path.stat()
    path.write_bytes(b"B")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace_with_same_size_and_time(path: Path) -> None:
    """Put another file of the same size and mtime in its place."""
    status, other = path.stat(), path.with_name("other")
    other.write_bytes(b"B")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize(
    "change",
    [rewrite, replace_with_same_size_and_time, lambda path: os.utime(path, (0, 0))],
)
def test_a_file_that_changed_has_another_identity(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    """Even of the same size and mtime."""
    path = tmp_path / "file"
    path.write_bytes(b"A")
    identity = find_file(str(tmp_path), "file")
    assert identity == find_file(str(tmp_path), "file")
    change(path)
    assert find_file(str(tmp_path), "file") not in (identity, None)


def test_what_is_not_there_has_no_identity(tmp_path: Path) -> None:
    """But a link that leads nowhere is there, and a directory that is gone tells nothing."""
    assert find_file(str(tmp_path), "nothing") is None
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    dangling = find_file(str(tmp_path), "dangling")
    assert dangling is not None
    assert find_file(str(tmp_path), "loop") is not None
    (tmp_path / "nothing").touch()
    assert find_file(str(tmp_path), "dangling") == find_file(str(tmp_path), "nothing") != dangling
    with pytest.raises(FileNotFoundError):
        find_file(str(tmp_path / "gone"), "file")
    with pytest.raises(NotADirectoryError):
        find_file(str(tmp_path / "nothing"), "file")


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    """All parts in order, and nothing else is left in the directory."""
    path = tmp_path / "file"
    for content in (b"old", b"new"):
        write_atomically(str(path), [content, b" ", content])
        assert path.read_bytes() == content + b" " + content
    assert os.listdir(tmp_path) == ["file"]


def test_a_reader_keeps_the_file_it_opened(tmp_path: Path) -> None:
    """What replaces it is another file."""
    path = tmp_path / "file"
    write_atomically(str(path), [b"old"])
    with open(path, "rb") as file:
        write_atomically(str(path), [b"new"])
        assert file.read() == b"old"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_file_that_cannot_be_written_leaves_the_old_one(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the file, and nothing else is left in the directory."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, step, fail_with(errno.ENOSPC))
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its text is checked
        write_atomically(str(path), [b"new"])
    assert str(caught.value) == f"[Errno 28] No space left on device: '{path}'"
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_writer_that_is_interrupted_leaves_the_old_file(tmp_path: Path) -> None:
    """Whatever comes out of the parts, nothing else is left in the directory."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def parts() -> Iterator[bytes]:
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(str(path), parts())
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    """By the file that was to be written into it."""
    path = tmp_path / "nothing/file"
    with pytest.raises(FileNotFoundError) as caught:
        write_atomically(str(path), [b""])
    assert str(caught.value) == f"[Errno 2] No such file or directory: '{path}'"


def test_a_directory_is_not_replaced(tmp_path: Path) -> None:
    """Nothing else is left beside it."""
    path = tmp_path / "directory"
    path.mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_atomically(str(path), [b""])
    assert str(caught.value) == f"[Errno 21] Is a directory: '{path}'"
    assert os.listdir(tmp_path) == ["directory"]


def test_what_killed_writers_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Only of this file, and only when nobody has written to it for long."""
    old, young, others = (
        tmp_path / f".{name}.0123456789abcde{digit}.tmp"
        for name, digit in (("a.b", 0), ("a.b", 1), ("axb", 2))
    )
    long_ago = time.time() - ORPHAN_SECONDS - 1
    for path in (old, young, others):
        path.touch()
    for path in (old, others):
        os.utime(path, (long_ago, long_ago))
    write_atomically(str(tmp_path / "a.b"), [b""])
    assert sorted(os.listdir(tmp_path)) == sorted([young.name, others.name, "a.b"])


def test_a_directory_beside_a_file_is_gone_at_the_end(tmp_path: Path) -> None:
    """With whatever is in there."""
    with directory_beside(str(tmp_path / "out.csv")) as directory:
        Path(directory, "part").write_bytes(b"1")
        assert Path(directory).parent == tmp_path
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError) as caught, directory_beside(f"{tmp_path}/no/out.csv"):
        pass
    assert caught.value.filename == f"{tmp_path}/no/out.csv"


def test_a_directory_that_lost_its_writer_is_removed_with_the_next_write(tmp_path: Path) -> None:
    """An hour after it was last written to, as a file is."""
    for name, age in (("old", ORPHAN_SECONDS + 60), ("young", ORPHAN_SECONDS - 60)):
        directory = tmp_path / f".out.csv.{name.encode().hex():0<16}.tmp"
        directory.mkdir()
        (directory / "part").write_bytes(name.encode())
        os.utime(directory, (time.time() - age,) * 2)
    write_atomically(str(tmp_path / "out.csv"), [b"1"])
    assert [path.read_bytes() for path in tmp_path.glob(".*/part")] == [b"young"]
