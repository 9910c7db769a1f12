"""What could crash a process is tried in a child."""

import os
import signal
import sys

import pytest

from app.utils import child
from app.utils.child import survives


def test_a_child_survives_what_raises() -> None:
    """Whatever comes of it is lost with the child."""
    values = [1]
    assert survives(values.clear)
    assert survives(lambda: 1 / 0)
    assert survives(sys.exit)
    assert values == [1]


def test_a_child_does_not_survive_what_crashes_it() -> None:
    """And this process goes on."""
    assert not survives(lambda: os.kill(os.getpid(), signal.SIGSEGV))


def test_a_child_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for ever."""
    monkeypatch.setattr(child, "PATIENCE", 1)
    assert not survives(signal.pause)
