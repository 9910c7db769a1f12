"""Files on systems that keep them from others, or that lack hard links or permissions."""

import errno
import os
from pathlib import Path

import pytest

from app.utils.files import write_atomically
from tests.support.system_errors import fail_with


def test_a_file_may_refuse_to_be_replaced(tmp_path: Path) -> None:
    """The one that is there stays."""
    path = tmp_path / "file"
    write_atomically(str(path), [b"first"], replace=False)
    with pytest.raises(FileExistsError) as caught:
        write_atomically(str(path), [b"second"], replace=False)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_may_refuse_to_be_replaced_without_hard_links(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems have none."""
    monkeypatch.setattr(os, "link", fail_with(code))
    test_a_file_may_refuse_to_be_replaced(tmp_path)
    path = tmp_path / "secret"
    write_atomically(str(path), [b"secret"], mode=0o600, replace=False)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_file_that_cannot_be_put_in_place_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name stays free."""
    monkeypatch.setattr(os, "link", fail_with(errno.EPERM))
    monkeypatch.setattr(os, "replace", fail_with(errno.EIO))
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its text is checked
        write_atomically(str(tmp_path / "file"), [b"new"], replace=False)
    assert str(caught.value) == f"[Errno 5] Input/output error: '{tmp_path}/file'"
    assert os.listdir(tmp_path) == []


def test_a_file_has_the_permissions_that_were_asked_for(tmp_path: Path) -> None:
    """Less the umask, as everywhere."""
    umask = os.umask(0o027)
    try:
        write_atomically(str(tmp_path / "file"), [b""])
        write_atomically(str(tmp_path / "secret"), [b""], mode=0o600)
    finally:
        os.umask(umask)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("directory", "mode"), [(0o755, 0o644), (0o750, 0o640), (0o2775, 0o644), (0o700, 0o600)]
)
def test_a_shared_file_can_be_read_by_all_who_may_read_the_directory(
    directory: int, mode: int, tmp_path: Path
) -> None:
    """Whatever the umask, and even if the file before it could not be read; nobody else writes."""
    tmp_path.chmod(directory)
    path = tmp_path / "file"
    path.touch(0o600)
    umask = os.umask(0o077)
    try:
        write_atomically(str(path), [b""], shared=True)
    finally:
        os.umask(umask)
    assert path.stat().st_mode & 0o777 == mode


def test_a_shared_file_can_be_written_where_permissions_cannot_be_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems have none."""
    tmp_path.chmod(0o755)
    monkeypatch.setattr(os, "fchmod", fail_with(errno.EPERM))
    umask = os.umask(0o077)
    try:
        write_atomically(str(tmp_path / "file"), [b"new"], shared=True)
    finally:
        os.umask(umask)
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_that_cannot_flush_directories_will_do(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is in place."""
    fsync = os.fsync

    def fsync_files_only(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(code, os.strerror(code))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync_files_only)
    write_atomically(str(tmp_path / "file"), [b"new"])
    assert (tmp_path / "file").read_bytes() == b"new"
