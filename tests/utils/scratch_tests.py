"""A directory of a process's own, and what killed processes left."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.utils.scratch import scratch_directory
from tests.support.paths import ROOT

HOLDER = """
import os, sys, time
from app.utils.scratch import scratch_directory
with scratch_directory([sys.argv[1]], "ours-") as path:
    if sys.argv[2:] and os.fork():
        os.kill(os.getpid(), 9)
    open(os.path.join(path, "file"), "w").close()
    print(path, flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(parent: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a process that has a directory, and give the directory's path and the process."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLDER, str(parent), *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().rstrip(), process


def test_it_is_gone_afterwards(tmp_path: Path) -> None:
    """With all that is in it."""
    with scratch_directory([str(tmp_path)], "ours-") as path:
        Path(path, "file").touch()
        assert os.stat(path).st_mode & 0o777 == 0o700
    assert os.listdir(tmp_path) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """By the next one; what a living one has stays."""
    with holder(tmp_path) as (alive, _):
        with holder(tmp_path) as (left, process):
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert os.listdir(left) == ["file"]
        with scratch_directory([str(tmp_path)], "ours-") as path:
            assert sorted(os.listdir(tmp_path)) == sorted(map(os.path.basename, (alive, path)))
        assert os.listdir(alive) == ["file"]


def test_a_child_that_outlives_its_parent_keeps_it(tmp_path: Path) -> None:
    """Workers finish their requests when the server was killed."""
    with holder(tmp_path, "orphan") as (alive, process):
        process.wait()
        with scratch_directory([str(tmp_path)], "ours-"):
            assert os.listdir(alive) == ["file"]


def test_processes_that_start_together_do_not_take_each_others(tmp_path: Path) -> None:
    """Each begins by removing what is abandoned, and all have a directory of their own."""
    children = []
    for _ in range(40):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for _ in range(10):
                    with scratch_directory([str(tmp_path)], "ours-") as path:
                        Path(path, "file").write_text(path)
                        status = Path(path, "file").read_text() != path
            finally:
                os._exit(status)
        children.append(child)
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert statuses == [0] * 40
    assert os.listdir(tmp_path) == []


def test_nothing_else_is_touched(tmp_path: Path) -> None:
    """Neither other names, nor files, nor where a link leads."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "ours-file").touch()
    (tmp_path / "ours-link").symlink_to(elsewhere)
    with scratch_directory([str(tmp_path)], "ours-") as path:
        mine = os.path.basename(path)
    assert sorted({*os.listdir(tmp_path)} - {mine}) == ["elsewhere", "ours-file", "ours-link"]


def test_the_next_place_is_taken_where_the_first_is_missing(tmp_path: Path) -> None:
    """And without any, the path leads nowhere."""
    places = [str(tmp_path / "missing"), str(tmp_path)]
    with scratch_directory(places, "ours-") as path:
        assert os.path.dirname(path) == str(tmp_path)
    with scratch_directory(places[:1], "ours-") as path:
        assert not os.path.exists(path)
