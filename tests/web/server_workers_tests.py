"""Workers: their cores, what they import, and what takes a dead one's place."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.utils.cores import usable_cores
from tests.support.paths import ROOT
from tests.support.supervisor import Server, until

affinity = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system knows no affinity"
)


@affinity
def test_each_worker_stays_on_a_core_of_its_own(start: Callable[..., Server]) -> None:
    """All of its threads do, as long as there are cores enough."""
    server = start(WEB_CONCURRENCY="2", BLOCKING_THREADS="4").until_running()
    cores: dict[int, int] = {}

    def ask() -> bool:
        pid, core = json.loads(server.get("/cores"))
        assert cores.setdefault(pid, core) == core
        return len(cores) == 2

    until(ask)
    assert len(set(cores.values())) == min(2, len(usable_cores()))


@affinity
def test_a_worker_that_takes_a_dead_ones_place_takes_its_core(start: Callable[..., Server]) -> None:
    """So that no two share one afterwards."""
    server = start(WEB_CONCURRENCY="1").until_running()
    pid, core = json.loads(server.get("/cores"))
    os.kill(pid, signal.SIGKILL)
    until(lambda: (server.directory / "imported").read_text().count("\n") == 2)
    until(server.listens)
    new_pid, new_core = json.loads(server.get("/cores"))
    assert new_pid != pid
    assert new_core == core


@affinity
def test_the_system_may_place_threads(start: Callable[..., Server]) -> None:
    """With CPU_AFFINITY=0, on any core."""
    server = start(CPU_AFFINITY="0").until_running()
    assert json.loads(server.get("/cores"))[1:] == usable_cores()


def test_replaces_a_worker_that_was_killed(start: Callable[..., Server]) -> None:
    """Another worker answers, and has the secrets that the first took out of its environment."""
    server = start(WEB_CONCURRENCY="1", SECRET="key").until_running()
    imported = server.directory / "imported"
    os.kill(int(server.get("/pid")), signal.SIGKILL)
    until(lambda: imported.read_text().count("\n") == 2)
    until(server.listens)
    pid = server.get("/pid")
    assert imported.read_text().splitlines()[1] == f"{pid} key"
    assert server.get("/variable?SECRET") == "None"
    assert server.stdout.count("\n") == 1
    assert server.stderr == "[ERROR] Unexpected exit from worker-1\n"


def test_warms_up_only_what_takes_a_dead_workers_place(start: Callable[..., Server]) -> None:
    """Before it takes requests; a server that just starts waits for them."""
    server = start(WEB_CONCURRENCY="1").until_running()
    warm = server.directory / "warm"
    first = server.get("/pid")
    assert not warm.exists()
    os.kill(int(first), signal.SIGKILL)
    until(warm.exists)
    until(server.listens)
    assert server.get("/pid") == warm.read_text()


def test_says_why_the_application_cannot_be_imported(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    """It shows the reason once, however many workers there are, and ends with 1."""
    (tmp_path / "application.py").write_text("raise ValueError('no such knob')")
    server = start(WEB_CONCURRENCY="3")
    assert server.wait() == 1
    assert server.stdout == ""
    assert server.stderr.count("Traceback") == 1
    assert server.stderr.endswith("ValueError: no such knob\n")


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
@pytest.mark.parametrize(("value", "seen"), [(None, "1"), ("3", "3")])
def test_keeps_each_worker_to_one_blas_thread(
    start: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str | None,
    seen: str,
) -> None:
    """Unless the user knows better."""
    monkeypatch.delenv(variable, raising=False)
    server = start(**({variable: value} if value else {})).until_running()
    assert server.get(f"/variable?{variable}") == seen


def test_imports_the_application_in_workers_alone(start: Callable[..., Server]) -> None:
    """The process that watches over the workers stays small."""
    server = start().until_running()
    until(lambda: (server.directory / "imported").read_text().count("\n") == 2)
    imported = (server.directory / "imported").read_text().split()[::2]
    assert str(server.process.pid) not in imported


def test_needs_no_heavy_import() -> None:
    """Importing the server brings in neither the web framework nor what computes."""
    heavy = "{'flask', 'numpy', 'pandas', 'sklearn'}"
    code = f"import sys, app.web.server; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
