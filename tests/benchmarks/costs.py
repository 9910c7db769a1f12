"""What else it costs: batches and training against their floors, starting, memory."""

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.benchmarks.processes import Cost, inherited_environment, resident_bytes, run_and_measure
from tests.benchmarks.servers import (
    Request,
    Server,
    ServerFailed,
    our_server,
    running,
    send,
)
from tests.benchmarks.workbench import ONE_ROW, TRAINING_CSV, Workbench
from tests.support.paths import ROOT

IMPORTS = "import flask, sklearn.linear_model"
LIVE = Request("/livez", b"", method="GET")
N_VERSIONS = 16
N_PREDICTIONS = 1000  # of each version
BEFORE = "before its first model"
FIRST_MODEL = f"after its first linear model and {N_PREDICTIONS:,} single predictions"
ALL_MODELS = f"after {N_VERSIONS} linear models and {N_PREDICTIONS:,} predictions of each"


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


@dataclass(frozen=True)
class Training:
    """A way to train that is measured.

    Attributes
    ----------
    name : str
    options : tuple of str
        Of the command line.
    european : bool
        Whether the file has semicolons and decimal commas; the bare script always gets a tidy one.
    """

    name: str
    options: tuple[str, ...] = ()
    european: bool = False


def measure_training(
    bench: Workbench, training: Training, rows: int, rounds: int
) -> list[tuple[Cost, Cost]]:
    """Return the cost of our training and of the bare script, shape (rounds, 2)."""
    path = bench.write_rows(rows)
    ours = bench.write_european(path) if training.european else path
    train = ["-m", "app.models.train_model", str(ours), "v9", *training.options]
    bare = ["-m", "tests.benchmarks.programs.bare_training"]
    bare += [str(path), f"{bench.directory}/bare.joblib"]
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


def measure_first_requests(bench: Workbench) -> list[float]:
    """Return the seconds of a running server's first prediction, shape (rounds,): it loads v0."""
    seconds = []
    for _ in range(bench.rounds):
        server = our_server(bench.production_python, bench.config)
        with running(*server, bench.directory, LIVE) as running_server:
            started = time.perf_counter()
            status, answer = send(running_server.port, ONE_ROW)
            seconds.append(time.perf_counter() - started)
            if status != 200:
                raise ServerFailed(f"it answers {status}: {answer!r}")
    return seconds


def measure_memory(bench: Workbench) -> dict[str, tuple[int, int]]:
    """Return a worker's resident and proportional bytes, by what it has done until then."""
    versions = [f"v{number}" for number in range(2 if bench.quick else N_VERSIONS)]
    for version in versions[1:]:
        bench.train(TRAINING_CSV, version)
    python, memory = bench.production_python, {}
    with running(*our_server(python, bench.config), bench.directory, LIVE) as server:
        worker = max(server.processes(), key=lambda pid: pid != server.pid)
        memory[BEFORE] = resident_bytes(worker)
        for version in versions:
            request = replace(ONE_ROW, path=f"/{version}/predict")
            server.until_answers(request)
            for _ in range(N_PREDICTIONS):
                send(server.port, request)
            if version == "v0":
                memory[FIRST_MODEL] = resident_bytes(worker)
        memory[ALL_MODELS] = resident_bytes(worker)
        send(server.port, Request("/v0/predict", b"[" + b",".join([ONE_ROW.body] * 1000) + b"]"))
        memory["after a batch of 1,000 rows, too"] = resident_bytes(worker)
    return memory
