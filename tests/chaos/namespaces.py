"""A server in a mount namespace of its own, with the file systems that a test gives it."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

SMALL_MEMORY = "mount -t tmpfs -o size={size} none /dev/shm"
READ_ONLY = (
    "awk '{print $2}' /proc/mounts | tac | while read m; do mount -o remount,bind,ro $m; done"
)


def namespace(*commands: str) -> Sequence[str]:
    """Return a command that runs shell commands as root, then another in the same namespace."""
    script = " && ".join(["mount --make-rprivate /", *commands, 'exec "$@"'])
    prefix = ["unshare", "--mount", "sh", "-c", script, "sh"]
    done = subprocess.run([*prefix, "true"], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"only root may mount: {done.stderr.strip()}")
    return prefix


def within(process: subprocess.Popen[str], path: str) -> Path:
    """Return where a path of a process's namespace can be reached from here."""
    return Path(f"/proc/{process.pid}/root{path}")


def fill(directory: Path) -> Path:
    """Fill a disk to the last byte, and return the file that does."""
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(os.sysconf("SC_PAGESIZE"))):
                pass
        except OSError:
            return filler
    return filler
