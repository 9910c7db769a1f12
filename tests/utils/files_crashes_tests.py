"""Publication under strace: killed, or failing, at any of its system calls."""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from app.utils.files import (
    write_atomically,
)
from tests.support.paths import ROOT

PUBLISH = """
import os, sys
from app.utils.files import write_atomically
os.access("publication starts", os.F_OK)
try:
    write_atomically(sys.argv[1], [b"new" * 10_000, b"end"])
except OSError as error:
    os._exit(error.errno if error.filename == sys.argv[1] else 1)
os.access("publication ends", os.F_OK)
"""
NEW = b"new" * 10_000 + b"end"
# What they do is lost with the process, and how often they come differs from run to run.
IN_MEMORY = {"brk", "mmap", "munmap", "mremap", "madvise", "mprotect", "getrandom", "futex"}


def publish(path: Path, *strace: str) -> subprocess.CompletedProcess[str]:
    """Publish a new file under strace."""
    return subprocess.run(
        ["strace", "-f", *strace, sys.executable, "-S", "-c", PUBLISH, str(path)],
        cwd=ROOT,
        env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int]]:
    """The system calls of one publication: each one's name, and how many of it came before."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    trial = subprocess.run(["strace", "-f", "true"], capture_output=True, text=True)
    if trial.returncode != 0:
        pytest.skip(f"strace is not permitted here: {trial.stderr.strip()}")
    path = tmp_path_factory.mktemp("strace") / "trace"
    result = publish(path.with_name("file"), "-o", str(path))
    assert result.returncode == 0, result.stderr
    counts: Counter[str] = Counter()
    calls, inside = [], False
    for line in path.read_text().splitlines():
        match = re.match(r"\d+ +(\w+)\(", line)
        if match is None:
            continue
        name = match.group(1)
        counts[name] += 1
        if '"publication ends"' in line:
            break
        if inside and name not in IN_MEMORY:
            calls.append((name, counts[name]))
        inside = inside or '"publication starts"' in line
    return calls


def test_publication_keeps_the_order_that_file_systems_honour(calls: list[tuple[str, int]]) -> None:
    """Write, fsync, rename, fsync of the directory: else a power cut may leave an empty file."""
    steps = [name for name, _ in calls if re.fullmatch("write|fsync|rename.*", name)]
    assert re.fullmatch("(write )+fsync rename(at2?)? fsync", " ".join(steps)), steps


def test_a_kill_at_any_system_call_leaves_the_old_file_or_the_new(
    calls: list[tuple[str, int]], tmp_path: Path
) -> None:
    """Never neither; and from the rename on it is the new one."""
    path = tmp_path / "file"
    is_new = []
    for name, number in calls:
        path.write_bytes(b"old")
        kill = f"--inject={name}:signal=KILL:when={number}"
        assert publish(path, "-o", "/dev/null", kill).returncode == -signal.SIGKILL
        assert path.read_bytes() in (b"old", NEW), (name, number)
        is_new.append(path.read_bytes() == NEW)
    assert is_new == sorted(is_new)
    assert set(is_new) == {False, True}
    write_atomically(str(path), [b"next"])
    assert path.read_bytes() == b"next"


@pytest.mark.parametrize("fault", ["EIO:when={}", "ENOSPC:when={}+"])
def test_a_fault_at_any_system_call_leaves_the_old_file_or_the_new(
    fault: str, calls: list[tuple[str, int]], tmp_path: Path
) -> None:
    """Until the rename it is the old one; no temporary file stays, and the error names the file.

    Once as if the fault had passed at once, and once as if it stayed.
    """
    path = tmp_path / "file"
    told = set()
    renamed = False
    for name, number in calls:
        path.write_bytes(b"old")
        result = publish(path, "-o", "/dev/null", f"--inject={name}:error={fault.format(number)}")
        if result.returncode == 0:
            assert path.read_bytes() == NEW, (name, number)
        else:
            assert result.returncode == getattr(errno, fault.partition(":")[0]), result.stderr
            assert path.read_bytes() == (NEW if renamed else b"old"), (name, number)
            told.add(name)
        if not name.startswith("unlink"):
            assert os.listdir(tmp_path) == ["file"], (name, number)
        renamed = renamed or name.startswith("rename")
    assert {"openat", "write", "fsync"} < told
    assert any(name.startswith("rename") for name in told)
