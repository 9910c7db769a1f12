"""Paths, matching, and writing a file so that nobody ever sees half of it."""

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from typing import BinaryIO

ORPHAN_SECONDS = 3600.0  # a temporary file that nobody wrote to for so long has lost its writer

# What file systems answer that have no hard links, and those that cannot flush a directory.
_NO_LINKS = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
_NO_FLUSH = (errno.EBADF, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)

FileIdentity = tuple[int, int, int, int, int]


def to_abs_path(path: str) -> str:
    """Return `path` as an absolute path; FileNotFoundError if there is no such file."""
    absolute_path = os.path.abspath(path)
    if not os.path.isfile(absolute_path):
        raise FileNotFoundError(f"file not found: {path}")
    return absolute_path


def get_files_matching(absolute_path_to_directory: str, pattern: str) -> list[str]:
    """Return the absolute paths of the entries whose whole name matches the regular expression.

    Raises
    ------
    ValueError
        If the path of the directory is relative.
    OSError
        If the directory cannot be read.
    """
    if not os.path.isabs(absolute_path_to_directory):
        raise ValueError(f"not an absolute path: {absolute_path_to_directory}")
    return [
        os.path.join(absolute_path_to_directory, name)
        for name in sorted(os.listdir(absolute_path_to_directory))
        if re.fullmatch(pattern, name)
    ]


def identify(status: os.stat_result) -> FileIdentity:
    """Return (device, inode, size, mtime, ctime); inodes are reused: without ctime it could lie."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def find_file(directory: str, name: str) -> FileIdentity | None:
    """Return what changes whenever the file behind a name does, None if there is no such name.

    A link that leads nowhere is there: it has an identity of its own.

    Raises
    ------
    OSError
        If the directory cannot be read.
    """
    # By its descriptor: a directory that comes back meanwhile has not lost its files.
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            return identify(os.stat(name, dir_fd=descriptor))
        with contextlib.suppress(FileNotFoundError):
            return identify(os.stat(name, dir_fd=descriptor, follow_symlinks=False))
        return None
    finally:
        os.close(descriptor)


def write_atomically(
    path: str,
    parts: Iterable[bytes],
    *,
    mode: int = 0o666,
    shared: bool = False,
    replace: bool | FileIdentity = True,
) -> None:
    """Write the parts to `path`, all or nothing; parameters and errors are `open_atomically`'s."""
    with open_atomically(path, mode=mode, shared=shared, replace=replace) as file:
        file.writelines(parts)


@contextlib.contextmanager
def open_atomically(
    path: str,
    *,
    mode: int = 0o666,
    shared: bool = False,
    replace: bool | FileIdentity = True,
) -> Iterator[BinaryIO]:
    """Give a file to write to that becomes `path` at the end, unless an exception gets there first.

    A crash at any point leaves the old file or the new one. The order is the one that file systems
    honour: write, fsync, rename, fsync of the directory.

    Parameters
    ----------
    mode : int
        The file's permissions, less the umask.
    shared : bool
        Whether everyone who may read the directory may read the file, whatever the umask.
    replace : bool or FileIdentity
        Whether a file that is there is replaced, or that it is only if it is still this one; else
        it stays, and FileExistsError is raised. With False, where hard links are not allowed, the
        new file is empty for a moment.

    Raises
    ------
    OSError
        If it cannot be written, naming `path`. The old file is then intact; had only the very last
        step failed, the new one is in place, but a power cut may still undo that.
    """
    path = os.path.abspath(path)
    directory, name = os.path.split(path)
    temporary_path = _temporary_path(path)
    try:
        _remove_orphans(directory, name)
        try:
            with open(temporary_path, "xb", opener=lambda p, f: os.open(p, f, mode)) as file:
                yield file
                file.flush()
                if shared:
                    _share(file.fileno(), directory)
                os.fsync(file.fileno())
            if isinstance(replace, tuple) and replace != find_file(directory, name):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            (os.replace if replace else _rename_to_free)(temporary_path, path)
        finally:
            with contextlib.suppress(FileNotFoundError):  # it is what was renamed
                os.unlink(temporary_path)
        flush_directory(directory)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


@contextlib.contextmanager
def directory_beside(path: str) -> Iterator[str]:
    """Give the path of a new directory, for what the file `path` is made of; at the end it is gone.

    Raises
    ------
    OSError
        If it cannot be made, naming `path`.
    """
    path = os.path.abspath(path)
    temporary_path = _temporary_path(path)
    try:
        os.mkdir(temporary_path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
    try:
        yield temporary_path
    finally:
        # Under another name first: nobody who still writes there can keep it from going.
        gone = _temporary_path(path)
        with contextlib.suppress(OSError):
            os.rename(temporary_path, gone)
        shutil.rmtree(gone, ignore_errors=True)


def _share(descriptor: int, directory: str) -> None:
    """Let everyone read a file who may read its directory."""
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    wanted = mode | stat.S_IMODE(os.stat(directory).st_mode) & 0o444
    if wanted != mode:
        with contextlib.suppress(OSError):  # a file system that has no permissions to set
            os.fchmod(descriptor, wanted)


def _rename_to_free(temporary_path: str, path: str) -> None:
    """Rename a file; FileExistsError if the new name is taken."""
    try:
        os.link(temporary_path, path)  # the caller removes the old name
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            os.replace(temporary_path, path)
        except BaseException:
            os.unlink(path)
            raise


def _temporary_path(path: str) -> str:
    directory, name = os.path.split(path)
    return os.path.join(directory, f".{name}.{secrets.token_hex(8)}.tmp")


def _remove_orphans(directory: str, name: str) -> None:
    """Remove what killed writers of the file left; a living one would fail, its old file intact."""
    for orphan in get_files_matching(directory, rf"\.{re.escape(name)}\.[0-9a-f]{{16}}\.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - os.stat(orphan).st_mtime > ORPHAN_SECONDS:
                if os.path.isdir(orphan):
                    shutil.rmtree(orphan)
                else:
                    os.unlink(orphan)


def flush_directory(directory: str) -> None:
    """Make sure that a power cut does not undo what was done to the names in a directory."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise
    finally:
        os.close(descriptor)
