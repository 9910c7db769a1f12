"""The processor cores that this process may use."""

import math
import os
import socket
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def usable_cores() -> list[int]:
    """Return the numbers of the cores on which this process may run, in order; at least one."""
    if hasattr(os, "sched_getaffinity"):  # fewer than the machine has, in a container say
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def core_count(root: Path = Path("/")) -> int:
    """Return how many processes can compute at once, at least 1.

    A container often may run on all cores of its machine, but only for the time of one or two: that
    is its control group's quota, which Docker's `--cpus` and Kubernetes' limits set. Half a core
    counts as one.

    Parameters
    ----------
    root : Path
        Of the file system in which `/proc` and `/sys` are.
    """
    return max(1, min(len(usable_cores()), *map(math.ceil, _quotas(root)), os.cpu_count() or 1))


def _quotas(root: Path) -> Iterator[float]:
    """Yield the quotas, in cores, of the control groups that this process is in (cgroups(7))."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:  # version 2
                hierarchies = ["", "unified"]
            elif "cpu" in controllers.split(","):
                hierarchies = [controllers, "cpu"]
            else:
                continue
            for hierarchy in hierarchies:
                top = root / "sys/fs/cgroup" / hierarchy
                group = top / path.lstrip("/")
                # A container that sees its path on the machine has its own group at the top.
                for directory in (group, *group.parents):
                    yield from _quota(directory)
                    if directory == top:
                        break


def _quota(directory: Path) -> Iterator[float]:
    """Yield the quota of one control group, if it has any."""
    for names in (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"]):
        with suppress(OSError, ValueError):  # there is no such file, or it says `max`
            texts = [(directory / name).read_text() for name in names]
            quota, period = map(int, " ".join(texts).split())
            if quota > 0 and period > 0:  # -1 is none
                yield quota / period


def nth_core(n: int) -> int:
    """Return one of them: of numbers in a row each has another, until there is no more.

    Which is the first depends on the host's name, so that containers on one machine, which do not
    know of each other, do not all begin with the same one.
    """
    cores = usable_cores()
    return cores[(zlib.crc32(socket.gethostname().encode()) + n) % len(cores)]
