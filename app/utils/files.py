"""Paths, matching, and writing a file so that nobody ever sees half of it."""

import contextlib
import os
import re
import secrets
from collections.abc import Iterable


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


def write_atomically(path: str, parts: Iterable[bytes]) -> None:
    """Write the parts to `path` such that a crash at any point leaves the old file or the new one.

    The order is the one that file systems honour: write, fsync, rename, fsync of the directory.
    The file gets the permissions that `open` would give it.

    Raises
    ------
    OSError
        If it cannot be written; the old file is then intact.
    """
    directory, name = os.path.split(os.path.abspath(path))
    temporary_path = os.path.join(directory, f".{name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary_path, "xb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary_path, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary_path)
        raise
    _flush_directory(directory)


def _flush_directory(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
