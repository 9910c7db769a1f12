"""What a process took from start to end."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.support.paths import ROOT

_NOT_INHERITED = {
    "API_KEYS",
    "MODEL_SIGNING_KEY_FILE",
    "PYTHONDONTWRITEBYTECODE",  # every start would compile everything
    "PYTHONPATH",
    "VIRTUAL_ENV",
}


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    seconds: float
    peak_bytes: int
    """The most memory it had at once (resident, ru_maxrss)."""
    processor_seconds: float
    """What it and its children computed, which other work on the machine hardly changes."""


def run_and_measure(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Run a command that must succeed, and return what it took."""
    started = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=inherited_environment() | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        # Popen's own wait() would forget the resources that it used.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(seconds, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime)


def inherited_environment() -> dict[str, str]:
    """Return our environment without what would change a process that is measured."""
    return {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}


def resident_bytes(pid: int) -> tuple[int, int]:
    """Return a process's memory: all that is resident, and its proportional share of that."""
    kilobytes = {}
    with open(f"/proc/{pid}/smaps_rollup") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if rest.endswith("kB\n"):
                kilobytes[name] = int(rest.split()[0])
    return kilobytes["Rss"] * 1024, kilobytes["Pss"] * 1024
