"""Tries in a child process what could crash this one."""

import faulthandler
import os
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress

PATIENCE = 60  # seconds


def survives(action: Callable[[], object]) -> bool:
    """Whether a process survives an action, whatever comes of it, within PATIENCE."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of other threads, which it lacks
        child = os.fork()
    if child == 0:
        faulthandler.disable()  # a crash is expected
        signal.alarm(PATIENCE)
        with suppress(BaseException):
            action()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)
