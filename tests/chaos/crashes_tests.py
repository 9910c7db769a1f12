"""A training that is killed, or whose disk fails, at each step of its publication."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from app.models.train_model import train
from app.settings import Settings
from app.store.loading import load_trained_model
from app.store.model_file import open_model_file
from tests.support.paths import TRAINING_CSV

STEPS = {"write", "fsync", "rename", "renameat", "renameat2"}

Tell = Callable[[str], None]


def train_under_strace(config: Settings, *strace: str) -> int:
    """Train v0 anew in a child, and return how it ended: 0, 1 if it failed, or minus a signal."""
    may_start, start = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        with contextlib.suppress(Exception):
            os.read(may_start, 1)
            train(TRAINING_CSV, "v0", C=0.5, config=config)
            status = 0
        os._exit(status)
    # Without -f: git, which it asks for the commit, writes as it likes.
    command = ["strace", "-p", str(pid), *strace]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        told = tracer.stderr.readline()
        os.write(start, b"x")
        os.close(start)
        os.close(may_start)
        _, status = os.waitpid(pid, 0)
        tracer.stderr.read()
    if "attached" not in told:
        pytest.skip(f"strace may not attach to a process here: {told.strip()}")
    return os.waitstatus_to_exitcode(status)


def digest(path: Path, config: Settings) -> str:
    """Return which model the file has, after all that a server checks."""
    with open_model_file(str(path)) as file:
        return load_trained_model(file, "v0", [config.model_signing_key.encode()]).digest


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a fork beside threads
def test_a_training_that_dies_or_fails_at_any_step_leaves_the_old_model_or_the_new(
    config_with_v0: Settings, tmp_path: Path, tell: Tell
) -> None:
    """Always a whole one; until it is renamed, the old one."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    config = config_with_v0
    path = Path(config.models_root, "trained-model-v0.p")
    old = path.read_bytes()
    trace = tmp_path / "trace"
    assert train_under_strace(config, "-o", str(trace), f"--trace={','.join(STEPS)}") == 0
    new = digest(path, config)
    path.write_bytes(old)
    models = [digest(path, config), new]
    assert len(set(models)) == 2
    steps = []
    counts: Counter[str] = Counter()
    for name in re.findall(r"^(\w+)\(", trace.read_text(), re.MULTILINE):
        counts[name] += 1
        steps.append((name, counts[name]))
    names = " ".join(name for name, _ in steps)
    assert re.search("(write )+fsync rename(at2?)? fsync( write)*$", names), names
    outcomes: Counter[str] = Counter()
    for name, number in steps:
        for fault in (
            f"signal=KILL:when={number}",
            f"error=EIO:when={number}",
            f"error=ENOSPC:when={number}+",
        ):
            path.write_bytes(old)
            ended = train_under_strace(config, "-o", "/dev/null", f"--inject={name}:{fault}")
            assert ended in ([-signal.SIGKILL] if "KILL" in fault else [0, 1])
            found = digest(path, config)
            assert found in models
            assert found == new if ended == 0 else True
            outcomes["the new" if found == new else "the old"] += 1
    tell(f"{outcomes.total()} faults at {len(steps)} steps ({names}): {dict(outcomes)}")
    assert set(outcomes) == {"the old", "the new"}
