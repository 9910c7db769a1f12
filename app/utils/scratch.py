"""A directory that a process has for itself as long as it runs, even if it is killed."""

import fcntl
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress


@contextmanager
def scratch_directory(parents: Sequence[str], prefix: str) -> Iterator[str]:
    """Give the path of a new directory, and remove it at the end.

    Directories with that prefix whose processes were killed are removed first. A directory is in
    use as long as somebody holds the lock on it: the process that made it, or one forked from it.

    Parameters
    ----------
    parents : sequence of str
        Where it may be. The first one with room is taken; if there is none, the first one in which
        a directory can be made. If there is none either, the path is one of a missing directory.
    prefix : str
        Of its name. It must be used for nothing else.
    """
    with ExitStack() as stack:
        taken = ""
        for parent in parents:
            with suppress(OSError):
                _remove_abandoned(parent, prefix)
                made = stack.enter_context(_locked_directory(parent, prefix))
                taken = taken or made
                _require_room(made)
                taken = made
                break
        yield taken or os.path.join(parents[0], f"{prefix}none")


@contextmanager
def _locked_directory(parent: str, prefix: str) -> Iterator[str]:
    with ExitStack() as stack:
        while True:
            # Before it is locked, another process that starts may take it for an abandoned one.
            path = tempfile.mkdtemp(prefix=prefix, dir=parent)
            try:
                lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                continue
            stack.callback(os.close, lock)
            if _lock(lock) and os.path.isdir(path):
                break
        stack.callback(shutil.rmtree, path, ignore_errors=True)
        yield path


def _lock(descriptor: int) -> bool:
    """Lock a directory; return False if somebody else has."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks, on which nothing is taken for abandoned
        pass
    return True


def _require_room(directory: str) -> None:
    """Raise OSError if not even one page can be written there."""
    path = os.path.join(directory, "room")
    try:
        with open(path, "wb", buffering=0) as file:
            file.write(bytes(mmap.PAGESIZE))
    finally:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _remove_abandoned(parent: str, prefix: str) -> None:
    """Remove the directories of this user that nobody holds the lock on."""
    for name in os.listdir(parent):
        if not name.startswith(prefix):
            continue
        path = os.path.join(parent, name)
        with suppress(OSError):  # it is no directory, or in use, or somebody else's
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_uid == os.geteuid():
                    shutil.rmtree(path)
            finally:
                os.close(lock)
