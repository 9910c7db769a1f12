"""A Dask cluster on loopback, as users start one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.support.paths import ROOT


@contextmanager
def dask_cluster(workers: int) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """Give the address of a scheduler and its workers' processes, of one thread each."""
    with ExitStack() as stack:
        quiet = ("--host", "127.0.0.1", "--no-dashboard")
        _, line = _start(stack, "scheduler", "Scheduler at:", "--port", "0", *quiet)
        address = line.split()[-1]
        single = ("--nthreads", "1", "--no-nanny", *quiet)
        yield (
            address,
            [
                _start(stack, "worker", "Registered to:", address, *single)[0]
                for _ in range(workers)
            ],
        )


def _start(
    stack: ExitStack, role: str, sign: str, *arguments: str
) -> tuple[subprocess.Popen[str], str]:
    """Return a process once it has said a line with a sign, and that line."""
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "dask", role, *arguments],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    stack.callback(process.kill)
    assert process.stderr is not None
    for line in process.stderr:
        if sign in line:
            return process, line
    raise AssertionError(f"dask {role} did not start")
