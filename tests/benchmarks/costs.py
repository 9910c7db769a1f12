"""What else it costs: batches and training against their floors, starting, memory."""

import json
import subprocess
import time
from collections.abc import Sequence

from tests.benchmarks.processes import Cost, inherited_environment, resident_bytes, run_and_measure
from tests.benchmarks.servers import Request, Server, our_server, running
from tests.benchmarks.workbench import ONE_ROW, Workbench
from tests.support.paths import ROOT

IMPORTS = "import flask, sklearn.linear_model"
LIVE = Request("/livez", b"", method="GET")


def measure_batches(
    bench: Workbench, subject: str, counts: Sequence[int]
) -> list[list[tuple[float, float]]]:
    """Return the seconds of our answer and of the floor, shape (len(counts), rounds, 2)."""
    output = subprocess.run(
        [
            bench.production_python,
            "-m",
            "tests.benchmarks.programs.batches",
            subject,
            str(bench.rounds),
            *map(str, counts),
        ],
        cwd=ROOT,
        env=inherited_environment() | bench.config | {"BENCH_MODEL": str(bench.plain_model)},
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    ).stdout
    times: list[list[tuple[float, float]]] = json.loads(output)
    return times


def measure_training(bench: Workbench, rows: int, rounds: int) -> list[tuple[Cost, Cost]]:
    """Return the cost of our training and of the bare script, shape (rounds, 2)."""
    path = str(bench.write_rows(rows))
    train = ["-m", "app.models.train_model", path, "v9"]
    bare = ["-m", "tests.benchmarks.programs.bare_training", path, f"{bench.directory}/bare.joblib"]
    environment = bench.config | {"MODELS_ROOT": str(bench.directory / "other-models")}
    return [
        (
            run_and_measure([bench.production_python, *train], environment),
            run_and_measure([bench.production_python, *bare], environment),
        )
        for _ in range(rounds)
    ]


def measure_start(bench: Workbench) -> list[tuple[float, float]]:
    """Return the seconds to the first answer and those of the imports alone, shape (rounds, 2)."""
    times = []
    for _ in range(bench.rounds + 1):  # the first fills the caches of the disk
        started = time.perf_counter()
        server = Server(*our_server(bench.production_python, bench.config), bench.directory)
        try:
            server.until_answers(ONE_ROW, pause=0.002)
            seconds = time.perf_counter() - started
        finally:
            server.stop()
        imports = run_and_measure([bench.production_python, "-c", IMPORTS], bench.config)
        times.append((seconds, imports.seconds))
    return times[1:]


def measure_memory(bench: Workbench) -> dict[str, tuple[int, int]]:
    """Return a worker's resident and proportional bytes before and after its first model."""
    python = bench.production_python
    with running(*our_server(python, bench.config), bench.directory, LIVE) as server:
        worker = max(server.processes(), key=lambda pid: pid != server.pid)
        before = resident_bytes(worker)
        server.until_answers(ONE_ROW)
        return {
            "server": resident_bytes(server.pid),
            "before": before,
            "after": resident_bytes(worker),
        }
