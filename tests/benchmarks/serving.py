"""Single predictions per second: our server, an empty application, hand-written servers."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from tests.benchmarks.load import Load, put_load
from tests.benchmarks.servers import Server, ServerFailed, our_server, running, send
from tests.benchmarks.workbench import BASE_ENVIRONMENT, ONE_ROW, Workbench

EMPTY = "tests.benchmarks.programs.empty:app"
WITHOUT_RECORDS = "tests.benchmarks.programs.without_records:app"


@dataclass(frozen=True)
class Subject:
    """A server to be measured."""

    name: str
    command: list[str]
    environment: Mapping[str, str]


def make_subjects(bench: Workbench) -> dict[str, Subject]:
    """Return the subjects by a short key; in a smoke run without those by hand."""
    return _our_subjects(bench) | ({} if bench.quick else _subjects_by_hand(bench))


def _our_subjects(bench: Workbench) -> dict[str, Subject]:
    python, config = bench.production_python, bench.config
    granian = [python, "-m", "granian", "--interface", "wsgi", "--http", "1", "--port", "{port}"]
    granian += ["--blocking-threads", "2", "--log-level", "error", EMPTY]
    return {
        "granian": Subject("empty WSGI app, granian, 2 threads", granian, config),
        "empty": Subject(
            "empty WSGI app, our server, 2 threads",
            *our_server(python, config, EMPTY, BLOCKING_THREADS=2),
        ),
        "two": Subject("ours, 2 threads", *our_server(python, config, BLOCKING_THREADS=2)),
        "silent": Subject(
            "ours, 2 threads, without log and metrics",
            *our_server(python, config, WITHOUT_RECORDS, BLOCKING_THREADS=2),
        ),
        "default": Subject("ours, default settings (32 threads)", *our_server(python, config)),
        "flask": Subject(
            "ours, default settings, fast path off", *our_server(python, config, FAST_PATH=0)
        ),
    }


def _subjects_by_hand(bench: Workbench) -> dict[str, Subject]:
    peer = BASE_ENVIRONMENT | {
        "BENCH_MODEL": str(bench.same_model),
        "BENCH_LOG": str(bench.directory / "seed.log"),
    }
    bare = peer | {"BENCH_MODEL": str(bench.plain_model)}
    scripts = bench.bench_python.removesuffix("python")
    programs = "tests.benchmarks.programs"
    uvicorn = [f"{scripts}uvicorn", f"{programs}.fastapi_app:app", "--port", "{port}"]
    uvicorn += ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    gunicorn = [f"{scripts}gunicorn", f"{programs}.seed_app:app", "--bind", "127.0.0.1:{port}"]
    return {
        "fastapi": Subject("FastAPI, hand-written", uvicorn, peer),
        "bare": Subject("FastAPI, hand-written, without preprocessing", uvicorn, bare),
        "seed": Subject(
            "Flask on gunicorn, hand-written",
            [*gunicorn, "--worker-class", "gthread", "--workers", "1", "--threads", "4"],
            peer,
        ),
    }


def measure_serving(bench: Workbench, subjects: Mapping[str, Subject]) -> dict[str, list[Load]]:
    """Return the loads of each subject, shape (rounds,).

    All servers run at once, idle but the one whose turn it is, so that noise hits all alike.
    """
    with ExitStack() as stack:
        servers = {}
        for key, subject in subjects.items():
            servers[key] = stack.enter_context(
                running(subject.command, subject.environment, bench.directory, ONE_ROW)
            )
        _check_predictions(servers)
        loads: dict[str, list[Load]] = {key: [] for key in subjects}
        for _ in range(bench.rounds):
            for key, server in servers.items():
                loads[key].append(put_load(server, ONE_ROW, bench.seconds))
    return loads


def _check_predictions(servers: Mapping[str, Server]) -> None:
    """Make sure that all predict the same, but those that are there to do less."""
    answers = {
        key: json.loads(send(server.port, ONE_ROW)[1])["prediction"]
        for key, server in servers.items()
        if key not in ("empty", "granian", "bare")
    }
    if len(set(answers.values())) > 1:
        raise ServerFailed(f"they do not predict the same: {answers}")
