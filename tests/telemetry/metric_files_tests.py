"""Metrics find room before they are written, and lose nothing without it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PREPARATION = """
import os, resource, signal
from app.telemetry import metric_files
from app.telemetry.metrics import Metrics
from app.telemetry.records import Record

DIRECTORY = os.environ["PROMETHEUS_MULTIPROC_DIR"]


def limit_files(size):
    "Make files end at that size, as a full disk would."
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def count(metrics, routes, times=1):
    for route in routes:
        record = Record(9e8, "::1", "GET", "http", "/", f"/{route}", 200, 2e-4, "5f0c")
        metrics.count_requests([record] * times)


def routes(text):
    "Return how many requests a scrape counts, by route."
    lines = [line for line in text.decode().splitlines() if line.startswith("http_requests_total")]
    counts = {line.split('"')[3]: float(line.split()[-1]) for line in lines}
    return {route: n for route, n in counts.items() if n}  # a child begins with its parent's at 0


def of_another():
    "Return what another process tells."
    reader, writer = os.pipe()
    if os.fork() == 0:
        metric_files._own.clear()
        with os.fdopen(writer, "wb") as file:
            file.write(Metrics().render([]))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        return routes(file.read())


limit_files(-1)
"""
COMPLAINT = (
    "Metrics cannot be written to {directory} ({reason}). Until they can, each worker keeps what is"
    " new in memory, and /metrics lacks it when another worker answers.\n"
)


def run(program: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that keeps its metrics in a directory."""
    return subprocess.run(
        [sys.executable, "-c", PREPARATION + program],
        cwd=ROOT,
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(directory)},
        capture_output=True,
        text=True,
    )


def test_what_finds_no_room_is_written_later(tmp_path: Path) -> None:
    """The process itself tells all the while; another one, as soon as there is room again."""
    program = """
metric_files.RETRY_SECONDS = 0
metrics = Metrics()
count(metrics, range(3))
size = max(os.path.getsize(os.path.join(DIRECTORY, name)) for name in os.listdir(DIRECTORY))
limit_files(size)
count(metrics, range(300), times=2)
metrics.count_lost(0, 0, 0)
mine = metrics.render([])
print(routes(mine) == {f"/{k}": 2.0 + (k < 3) for k in range(300)})
print(f"metric_series_without_room {float(metric_files.without_room())}" in mine.decode())
others = of_another()
print(3 <= len(others) < 300, others["/0"])
limit_files(-1)
count(metrics, [0])
print(metric_files.without_room())
print(of_another() == {f"/{k}": 2.0 + (k < 3) + (k == 0) for k in range(300)})
"""
    done = run(program, tmp_path)
    assert done.stdout.splitlines() == ["True", "True", "True 3.0", "0", "True"]
    assert done.stderr == COMPLAINT.format(directory=tmp_path, reason="File too large")


@pytest.mark.parametrize("state", ["full", "missing"])
def test_without_any_room_a_process_tells_what_it_counted(tmp_path: Path, state: str) -> None:
    """And leaves no empty file behind, on which a scrape would fail."""
    program = """
limit_files(0)
metrics = Metrics()
count(metrics, range(3))
print(routes(metrics.render([])))
"""
    directory = tmp_path / "metrics"
    if state == "full":
        directory.mkdir()
    done = run(program, directory)
    assert done.stdout == "{'/0': 1.0, '/1': 1.0, '/2': 1.0}\n"
    reason = {"full": "File too large", "missing": "No such file or directory"}[state]
    assert done.stderr == COMPLAINT.format(directory=directory, reason=reason)
    assert not directory.exists() or os.listdir(directory) == []


def test_files_have_no_holes(tmp_path: Path) -> None:
    """Each page is there before it is used, also of a file that another program made."""
    program = """
for name in ("counter", "histogram"):
    with open(os.path.join(DIRECTORY, f"{name}_{os.getpid()}.db"), "wb") as file:
        file.truncate(1 << 16)
count(Metrics(), range(100))
print(*[os.stat(os.path.join(DIRECTORY, name)).st_blocks * 512
        >= os.path.getsize(os.path.join(DIRECTORY, name)) for name in os.listdir(DIRECTORY)])
"""
    done = run(program, tmp_path)
    assert (done.stdout, done.stderr) == ("True True True\n", "")


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
