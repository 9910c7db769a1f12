"""A control group with a quota, as containers have one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.utils.cores import core_count
from tests.support.paths import ROOT

TOP = Path("/sys/fs/cgroup")
PROGRAM = "from app import settings; print(settings.load().web_concurrency)"


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group that gives the time of one core."""
    if core_count() == 1:
        pytest.skip("there is only one core anyway")
    is_first_version = not (TOP / "cgroup.controllers").exists()
    made = TOP / ("cpu/quota-test" if is_first_version else "quota-test")
    try:
        if not is_first_version:
            (TOP / "cgroup.subtree_control").write_text("+cpu")
        made.mkdir()
        quota = ("cpu.cfs_quota_us", "100000") if is_first_version else ("cpu.max", "100000 100000")
        (made / quota[0]).write_text(quota[1])
    except OSError as error:
        with suppress(OSError):
            made.rmdir()
        pytest.skip(f"control groups cannot be made here: {error}")
    yield made
    made.rmdir()


def test_there_is_one_worker_for_one_core(group: Path) -> None:
    """However many cores the machine has."""
    enter = f'echo $$ > {group}/cgroup.procs && exec "$@"'
    command = ["sh", "-c", enter, "sh", sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("1\n", "")
