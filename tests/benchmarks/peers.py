"""Measures model servers that one might use instead, each in a venv of its own.

python -m tests.benchmarks.peers [NAME …]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import report, venvs
from tests.benchmarks.load import put_load
from tests.benchmarks.servers import Request, ServerFailed, find_free_port, our_server, running
from tests.benchmarks.serving import Subject
from tests.benchmarks.workbench import (
    BASE_ENVIRONMENT,
    ONE_ROW,
    ROW,
    TRAINING_CSV,
    Workbench,
    median,
)
from tests.support.paths import ROOT

X = [value for key, value in ROW.items() if key != "id"]
PROGRAMS = Path(__file__).with_name("programs")


@dataclass(frozen=True)
class Peer:
    """A model server.

    Attributes
    ----------
    requirements : sequence of str
        What pip installs besides scikit-learn.
    setup : str
        How it is set up, in a few words.
    prepare : callable
        Given the workbench and its Python, returns the command and the environment.
    """

    requirements: Sequence[str]
    setup: str
    request: Request
    prepare: Callable[[Workbench, str], tuple[list[str], dict[str, str]]]


def _post(path: str, body: object) -> Request:
    return Request(path, json.dumps(body).encode())


def _script(python: str, name: str) -> str:
    return str(Path(python).with_name(name))


def _mlserver(bench: Workbench, python: str) -> tuple[list[str], dict[str, str]]:
    directory = bench.directory / "mlserver"
    directory.mkdir()
    model = {
        "name": "dummy",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(bench.same_model), "version": "v0"},
    }
    (directory / "model-settings.json").write_text(json.dumps(model))
    environment = {
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": "{port}",
        "MLSERVER_GRPC_PORT": str(find_free_port()),
        "MLSERVER_METRICS_PORT": str(find_free_port()),
        "MLSERVER_DEBUG": "false",
        "MLSERVER_PARALLEL_WORKERS": "0",
    }
    return [_script(python, "mlserver"), "start", str(directory)], environment


def _mlflow(bench: Workbench, python: str) -> tuple[list[str], dict[str, str]]:
    path = bench.directory / "mlflow-model"
    code = (
        "import sys, joblib, mlflow.sklearn\n"
        "mlflow.sklearn.save_model(joblib.load(sys.argv[1]), sys.argv[2],"
        " pyfunc_predict_fn='predict_proba', serialization_format='cloudpickle')"
    )
    subprocess.run([python, "-c", code, str(bench.same_model), str(path)], check=True)
    serve = [_script(python, "mlflow"), "models", "serve", "--model-uri", str(path)]
    options = ["--host", "127.0.0.1", "--port", "{port}", "--env-manager", "local"]
    scripts = str(Path(python).parent)  # it starts uvicorn by its name
    environment = {"UVICORN_ACCESS_LOG": "0", "PATH": f"{scripts}:/usr/bin:/bin"}
    return [*serve, *options, "--workers", "1"], environment


def _bentoml(bench: Workbench, python: str) -> tuple[list[str], dict[str, str]]:
    service = "tests.benchmarks.programs.bento_service:Dummy"
    command = [_script(python, "bentoml"), "serve", service, "--host", "127.0.0.1"]
    environment = {
        "BENCH_MODEL": str(bench.same_model),
        "BENTOML_HOME": str(bench.directory / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    return [*command, "--port", "{port}"], environment


def _litserve(bench: Workbench, python: str) -> tuple[list[str], dict[str, str]]:
    command = [python, str(PROGRAMS / "litserve_app.py"), "{port}"]
    return command, {"BENCH_MODEL": str(bench.same_model)}


def _ray(bench: Workbench, python: str) -> tuple[list[str], dict[str, str]]:
    environment = {
        "BENCH_MODEL": str(bench.same_model),
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    return [python, str(PROGRAMS / "ray_app.py"), "{port}"], environment


PEERS = {
    "MLServer": Peer(
        ["mlserver==1.7.1", "mlserver-sklearn==1.7.1"],
        "the model in the server's process (`parallel_workers` 0), `debug` off",
        _post(
            "/v2/models/dummy/infer",
            {
                "inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": X}],
                "outputs": [{"name": "predict_proba"}],
            },
        ),
        _mlserver,
    ),
    "MLflow": Peer(
        ["mlflow==3.17.2", "uvicorn[standard]==0.54.0"],
        "`mlflow models serve --env-manager local`, one worker, uvloop and httptools",
        _post("/invocations", {"inputs": [X]}),
        _mlflow,
    ),
    "BentoML": Peer(
        ["bentoml==1.4.39"],
        "one worker, an `async def`, which needs no thread",
        _post("/predict", {"x": [X]}),
        _bentoml,
    ),
    "LitServe": Peer(
        ["litserve==0.2.19"],
        "one worker, one API server, `fast_queue`",
        _post("/predict", {"x": X}),
        _litserve,
    ),
    "Ray Serve": Peer(
        ["ray[serve]==2.60.0"],
        "one replica, an `async def`, `RAY_SERVE_THROUGHPUT_OPTIMIZED`",
        _post("/predict", {"x": X}),
        _ray,
    ),
}


def measure_peer(bench: Workbench, name: str, peer: Peer) -> list[str]:
    """Return a line of the table: of ours and of the peer, in turn."""
    requirements = [*peer.requirements, "scikit-learn==1.9.1"]
    try:
        python = venvs.make_venv(bench.venvs, name.lower().replace(" ", "-"), requirements)
    except subprocess.CalledProcessError:
        return [name, peer.setup, f"cannot be installed on Python {sys.version.split()[0]}", ""]
    subject = Subject(name, *peer.prepare(bench, python))
    environment = BASE_ENVIRONMENT | dict(subject.environment)
    ours = our_server(bench.production_python, bench.config)
    rates: list[tuple[float, float]] = []
    try:
        with (
            running(*ours, bench.directory, ONE_ROW) as our_process,
            running(subject.command, environment, bench.directory, peer.request) as process,
        ):
            for _ in range(bench.rounds):
                mine = put_load(our_process, ONE_ROW, bench.seconds)
                other = put_load(process, peer.request, bench.seconds)
                rates.append((mine.per_second, other.per_second))
    except ServerFailed as error:
        print(f"{name}: {error}", file=sys.stderr)
        return [name, peer.setup, "does not run here", ""]
    own, others = zip(*rates, strict=True)
    ratio = median([a / b for a, b in rates])
    print(name, own, others, flush=True)
    return [name, peer.setup, f"{median(others):,.0f}", f"{ratio:.0f} ×"]


def main() -> None:
    """Run the benchmarks of the peers."""
    parser = argparse.ArgumentParser(description="Measure other model servers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3, help="turns of each subject")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each load")
    parser.add_argument("--venvs", type=Path, default=ROOT / ".venv/benchmarks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        bench = Workbench(Path(directory), options.venvs, options.rounds, options.seconds)
        bench.train(TRAINING_CSV, "v0")
        names = options.names or list(PEERS)
        cells = [measure_peer(bench, name, PEERS[name]) for name in names]
    header = ["server", "setup", "requests per second", "ours (default settings) does"]
    lines = report.table(header, cells)
    print("\n".join(lines))
    if not options.names:
        pinned = ", ".join(r for name in names for r in PEERS[name].requirements)
        report.replace_section("peers", [*lines, "", f"Versions: {pinned}."])


if __name__ == "__main__":
    main()
