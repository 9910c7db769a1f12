"""/dev/shm, where metrics are kept: small, full, and with what killed servers left there."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from app.settings import Settings
from tests.chaos.load import Load, scrape, statuses, until
from tests.chaos.namespaces import SMALL_MEMORY, fill, namespace, within
from tests.support.metrics import value
from tests.support.paths import ROOT, TRAINING_CSV
from tests.support.servers import read, running_server, workers_of

MEMORY = "/dev/shm"
PREFIX = "flask-sklearn-seed-metrics-"
FULL = "head -c 262144 /dev/zero > /dev/shm/filler"
COMPLAINT = (
    f"Metrics cannot be written to {MEMORY}/{PREFIX}",
    " (No space left on device). Until they can, each worker keeps what is new in memory, and"
    " /metrics lacks it when another worker answers.\n",
)

Tell = Callable[[str], None]


def test_a_full_one_does_not_end_the_server(
    config_with_v0: Settings, tmp_path: Path, tell: Tell
) -> None:
    """Filled under load: no request fails, no worker dies, and afterwards nothing is missing."""
    prefix = namespace(SMALL_MEMORY.format(size="256k"))
    stderr = tmp_path / "stderr"
    others = 0
    with running_server(config_with_v0, 2, prefix=prefix, stderr=str(stderr)) as (port, server):
        until(lambda: len(workers_of(server)) == 2)
        workers = workers_of(server)
        with Load(port, ["/v0/predict"]) as load:
            until(lambda: len(load.answers()) > 200)
            filler = fill(within(server, MEMORY))
            for path in ("/", "/v0", "/v0/schema", "/v0/metadata", "/docs", "/openapi.json"):
                others += 8  # what is counted for the first time needs room
                for _ in range(8):
                    read(port, path)
            until(lambda: value(scrape(port), "metric_series_without_room") > 0)
            filler.unlink()
            until(lambda: value(scrape(port), "metric_series_without_room") == 0)
        answers = load.answers()
        predict = {"route": "/<version>/predict", "method": "POST", "status": "200"}
        until(lambda: value(scrape(port), "http_requests_total", **predict) == len(answers))
        pages = [
            value(scrape(port), "http_requests_total", route=route, method="GET", status="200")
            for route in ("/", "/<version:version>", "/<version>/schema", "/docs", "/openapi.json")
        ]
        assert workers_of(server) == workers
    assert statuses(answers) == {200}
    assert pages == [8] * 5
    text = stderr.read_text()
    assert text.startswith(COMPLAINT[0])
    assert text.endswith(COMPLAINT[1])
    assert text.count("\n") == 1
    tell(f"{len(answers) + others} requests, all 200 and counted; one line on stderr")


def test_full_at_the_start_the_metrics_are_elsewhere(
    config_with_v0: Settings, tmp_path: Path
) -> None:
    """And one line says where."""
    prefix = namespace(SMALL_MEMORY.format(size="256k"), FULL + " || true")
    stderr = tmp_path / "stderr"
    with running_server(
        config_with_v0, 2, prefix=prefix, stderr=str(stderr), TMPDIR=str(tmp_path)
    ) as (port, _):
        for _ in range(20):
            read(port, "/v0")
        page = {"route": "/<version:version>", "method": "GET", "status": "200"}
        until(lambda: value(scrape(port), "http_requests_total", **page) == 20)
    start = f"{MEMORY} cannot be used: metrics are in {tmp_path}/{PREFIX}"
    assert stderr.read_text().startswith(start)
    assert stderr.read_text().count("\n") == 1
    assert not list(tmp_path.glob(f"{PREFIX}*"))


def test_full_at_the_start_and_nothing_else_the_server_runs(
    config_with_v0: Settings, tmp_path: Path
) -> None:
    """A worker tells what it counted itself, until there is room."""
    logs = tmp_path / "logs"
    logs.mkdir()
    prefix = namespace(
        SMALL_MEMORY.format(size="256k"),
        FULL + " || true",
        f"mount --bind {logs} {logs}",
        "mount -o remount,bind,ro /",
    )
    config = replace(config_with_v0, logs_root=str(logs))
    stderr = tmp_path / "stderr"
    with running_server(config, 2, prefix=prefix, stderr=str(stderr)) as (
        port,
        server,
    ):
        for _ in range(20):
            read(port, "/v0")
        assert value(scrape(port), "metric_series_without_room") > 0
        within(server, f"{MEMORY}/filler").unlink()
        page = {"route": "/<version:version>", "method": "GET", "status": "200"}
        until(lambda: value(scrape(port), "http_requests_total", **page) == 20)
        until(lambda: value(scrape(port), "metric_series_without_room") == 0)
    text = stderr.read_text()
    assert text.startswith(COMPLAINT[0])
    assert text.endswith(COMPLAINT[1])
    assert text.count("\n") == 1


def test_scoring_on_several_cores_says_what_it_lacks(
    config_with_v0: Settings, tmp_path: Path
) -> None:
    """In one line, with the option that helps."""
    prefix = namespace(SMALL_MEMORY.format(size="256k"), FULL + " || true")
    scored = tmp_path / "scored.csv"
    command = ["-m", "app.models.score_file", TRAINING_CSV, str(scored), "v0", "--workers"]
    environment = {
        "MODELS_ROOT": config_with_v0.models_root,
        "MODEL_SIGNING_KEY": config_with_v0.model_signing_key,
    }
    several, one = (
        subprocess.run(
            [*prefix, sys.executable, *command, workers],
            cwd=ROOT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )
        for workers in ("2", "1")
    )
    assert (several.returncode, several.stderr) == (
        2,
        "Error: Several processes need room in /dev/shm, but it cannot be used (No space left on"
        " device). --workers 1 needs none.\n",
    )
    assert one.returncode == 0
    assert scored.exists()


def directory_of(server: subprocess.Popen[str]) -> Path:
    """Return where the workers of a server keep their metrics."""
    worker = workers_of(server)[0]
    until(lambda: [*Path(MEMORY).glob(f"{PREFIX}*/*_{worker}.db")])
    return next(Path(MEMORY).glob(f"{PREFIX}*/*_{worker}.db")).parent


def test_what_a_killed_server_left_is_removed(config_with_v0: Settings) -> None:
    """At the next start; a neighbour's files stay."""
    with running_server(config_with_v0, 2) as (_, neighbour):
        kept = directory_of(neighbour)
        with running_server(config_with_v0, 2) as (_, server):
            abandoned = directory_of(server)
            workers = workers_of(server)
            server.send_signal(signal.SIGKILL)
            server.wait()
            until(lambda: not any(os.path.exists(f"/proc/{worker}") for worker in workers))
        with running_server(config_with_v0, 2) as (_, server):
            assert not abandoned.exists()
            assert kept.exists()
            own = directory_of(server)
        assert not own.exists()
    assert not kept.exists()
