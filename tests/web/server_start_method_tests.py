"""Workers start in the same way on every version of Python."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.supervisor import Server


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Python's own way is kept")
def test_workers_are_forked(start: Callable[..., Server], tmp_path: Path) -> None:
    """Even where Python would not, as from 3.14 on: they have what the server has loaded."""
    program = "import multiprocessing; multiprocessing.set_start_method('forkserver')"
    (tmp_path / "sitecustomize.py").write_text(program)
    server = start(PYTHONPATH=f"{tmp_path}:{ROOT}").until_running()
    worker, parent = (
        Path(f"/proc/{pid}/cmdline").read_bytes()
        for pid in (server.get("/pid"), server.process.pid)
    )
    assert worker == parent


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
