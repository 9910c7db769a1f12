"""The log of eight processes: each line once, though they rotate often and are killed meanwhile."""

import gzip
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

from app.telemetry.log_file import ApplicationLog
from app.telemetry.log_lines import text_lines
from tests.chaos.log_writer import MAX_BYTES, a_record, log_many
from tests.support.paths import ROOT

PROCESSES = 8
spawn = multiprocessing.get_context("spawn")
is_line = re.compile(
    r"[-0-9]{10} [:,0-9]{12} - app - INFO - ::1 POST http /v0/predict 200 OK 0\.400 ms (\w+-\d+)"
).fullmatch

Tell = Callable[[str], None]


def start(directory: Path, name: str, count: int, pause: float = 0.0) -> BaseProcess:
    """Start a worker."""
    process = spawn.Process(target=log_many, args=(str(directory), name, count, pause))
    process.start()
    return process


def contents(directory: Path) -> Iterator[str]:
    """Return what is in each file; a .gz that is not whole fails."""
    for path in directory.glob("application.log*"):
        data = path.read_bytes()
        yield (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def logged(directory: Path) -> Counter[str]:
    """Return how often each request id is in the log; every line is whole."""
    ids: Counter[str] = Counter()
    for text in contents(directory):
        assert text.endswith("\n") or not text
        for line in text.splitlines():
            match = is_line(line)
            assert match, line
            ids[match[1]] += 1
    return ids


def test_eight_processes_write_each_line_once(tmp_path: Path, tell: Tell) -> None:
    """Each writes 10,000 lines; the log is rotated every 50 KB."""
    workers = [start(tmp_path / "logs", f"w{number}", 10_000) for number in range(PROCESSES)]
    for worker in workers:
        worker.join(120)
    ids = logged(tmp_path / "logs")
    assert ids == Counter(f"w{w}-{n}" for w in range(PROCESSES) for n in range(10_000))
    rotated = len(list((tmp_path / "logs").glob("*.gz")))
    tell(f"{len(ids)} lines, each once, in {rotated} rotated files")
    assert rotated > 50


def test_a_kill_costs_only_the_lines_not_yet_written(tmp_path: Path, tell: Tell) -> None:
    """24 of 32 workers are killed at any time; those that start later finish their rotations."""
    directory = tmp_path / "logs"
    chance = random.Random(1)
    killed: dict[str, float] = {}
    running: dict[str, BaseProcess] = {}
    for number in range(32):
        running[f"w{number}"] = start(directory, f"w{number}", 10**6, 0.0005)
        if len(running) == PROCESSES:
            time.sleep(chance.uniform(0.3, 0.9))
            name = chance.choice(list(running))
            victim = running.pop(name)
            killed[name] = time.time()
            victim.kill()
            victim.join()
    for name, worker in running.items():
        killed[name] = time.time()
        worker.kill()
        worker.join()
    left = len(list(directory.glob("*.rotate.*")))
    start(directory, "last", 1).join(60)
    ids = logged(directory)
    assert not list(directory.glob("*.rotate.*"))
    assert max(ids.values()) == 1
    total, missing, oldest = 0, 0, 0.0
    for name, moment in killed.items():
        answered = Path(f"{directory}-{name}")
        times = answered.read_text().splitlines()[:-1] if answered.exists() else []
        lost = [n for n in range(len(times)) if f"{name}-{n}" not in ids]
        assert lost == list(range(len(times) - len(lost), len(times)))  # the last ones alone
        total, missing = total + len(times), missing + len(lost)
        oldest = max([oldest, *(moment - float(times[n]) for n in lost)])
    tell(
        f"{total} lines of {len(killed)} processes that were killed, none twice or torn;"
        f" {missing} not yet written were lost, the oldest {oldest:.2f} s old;"
        f" the last kills left {left} unfinished rotations, the next start none"
    )
    assert oldest < 1


ROTATE = """
import os, sys
from app.telemetry import logs
from tests.chaos.log_writer import MAX_BYTES, a_record
log = logs.configure(sys.argv[1], MAX_BYTES, 3)
os.access("rotation starts", os.F_OK)
log.write_requests([a_record("new-0")])
os.access("rotation ends", os.F_OK)
"""
STEPS = {"openat", "write", "rename", "unlink", "close", "ftruncate"}


def rotate(directory: Path, *strace: str) -> int:
    """Write a line that makes the log be rotated, under strace; return the exit status."""
    return subprocess.run(
        ["strace", "-f", *strace, sys.executable, "-c", ROTATE, str(directory)],
        cwd=ROOT,
        env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PATH": os.environ["PATH"]},
    ).returncode


def fill(directory: Path) -> None:
    """Make a log that is due, with two rotated files."""
    directory.mkdir()
    for suffix, name in ((".1.gz", "first"), (".2.gz", "second"), ("", "current")):
        lines = text_lines([a_record(f"{name}-{n}") for n in range(600)])
        data = "".join(f"{line}\n" for line in lines).encode()
        (directory / f"application.log{suffix}").write_bytes(
            gzip.compress(data) if suffix else data
        )


def test_a_kill_at_any_step_of_a_rotation_is_mended_at_the_next_start(
    tmp_path: Path, tell: Tell
) -> None:
    """At each of its system calls on files, by strace."""
    fill(tmp_path / "whole")
    trace = tmp_path / "trace"
    assert rotate(tmp_path / "whole", "-o", str(trace)) == 0
    counts: Counter[str] = Counter()
    steps, inside = [], False
    for line in trace.read_text().splitlines():
        match = re.match(r"\d+ +(\w+)\(", line)
        if match is None:
            continue
        counts[match[1]] += 1
        inside = (inside or '"rotation starts"' in line) and '"rotation ends"' not in line
        if inside and match[1] in STEPS:
            steps.append((match[1], counts[match[1]]))
    assert {name for name, _ in steps} >= {"openat", "write", "rename", "unlink"}
    unfinished = 0
    for place, (name, number) in enumerate(steps):
        directory = tmp_path / str(place)
        fill(directory)
        kill = [f"--trace={name}", f"--inject={name}:signal=KILL:when={number}"]
        assert rotate(directory, "-o", "/dev/null", *kill) == -signal.SIGKILL
        unfinished += bool(list(directory.glob("*.rotate.*")))
        handler = ApplicationLog(str(directory / "application.log"), MAX_BYTES, 3)
        handler.write_requests([a_record("next-0")])
        handler.close()
        assert not list(directory.glob("*.rotate.*")), (name, number)
        ids = logged(directory)
        expected = Counter(f"{n}-{k}" for n in ("first", "second", "current") for k in range(600))
        assert ids - Counter(["new-0"]) == expected + Counter(["next-0"]), (name, number)
    tell(f"{len(steps)} kills, {unfinished} unfinished rotations, no line lost or twice")
    assert unfinished > 5
