"""The processor cores that this process may use."""

import os
import socket
import zlib


def usable_cores() -> list[int]:
    """Return their numbers in order, of at least one."""
    if hasattr(os, "sched_getaffinity"):  # fewer than the machine has, in a container say
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def nth_core(n: int) -> int:
    """Return one of them: of numbers in a row each has another, until there is no more.

    Which is the first depends on the host's name, so that containers on one machine, which do not
    know of each other, do not all begin with the same one.
    """
    cores = usable_cores()
    return cores[(zlib.crc32(socket.gethostname().encode()) + n) % len(cores)]
