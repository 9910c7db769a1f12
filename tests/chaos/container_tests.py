"""The image's command, user, environment and file system, in a root made for it."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.chaos.container import Container, make_venv, running_container
from tests.chaos.load import scrape, until
from tests.support.configs import SIGNING_KEY
from tests.support.image import read_image
from tests.support.metrics import value
from tests.support.nginx import free_port
from tests.support.paths import ROOT
from tests.support.requests import ROW
from tests.support.servers import read

Run = Callable[..., AbstractContextManager[Container]]
WRITE = """
import os, pathlib, sys
for folder in ("/", "/srv", "/srv/app", "/srv/trained-models", "/opt", "/usr", "/tmp", "/var/tmp"):
    try:
        pathlib.Path(folder, "new").touch()
        print(folder)
    except OSError:
        pass
"""


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The locked libraries."""
    return make_venv(tmp_path_factory.mktemp("venv") / "venv")


@pytest.fixture
def run(venv: Path, tmp_path: Path, dummy_model: str) -> Run:
    """Run a container that has v0 and the key: run(user="1:1", shm_size="1m", PORT="9000")."""
    (tmp_path / "models").mkdir()
    shutil.copy(dummy_model, tmp_path / "models")
    (tmp_path / "key").write_text(SIGNING_KEY)
    (tmp_path / "root").mkdir()
    return partial(
        running_container,
        tmp_path / "root",
        venv,
        tmp_path / "models",
        tmp_path / "key",
        PORT=str(free_port()),
        HOST="127.0.0.1",
        WEB_CONCURRENCY="2",
    )


def predict(container: Container) -> None:
    """Ask for a prediction."""
    answer = json.loads(read(container.port, "/v0/predict", json.dumps(ROW).encode()))
    assert 0 < answer["prediction"] < 1


def is_healthy(container: Container) -> bool:
    """Whether the image's health check says so."""
    return container.run(*container.image.health_command).returncode == 0


@pytest.mark.parametrize("user", [read_image().user, "12345:0"], ids=["its own", "any other"])
def test_it_serves_as_a_user_who_can_write_nowhere(run: Run, user: str) -> None:
    """It predicts, counts and logs to its output, and SIGTERM ends it."""
    with run(user=user) as container:
        assert container.run("python", "-c", WRITE).stdout == ""
        assert container.run("id", "-u").stdout == user.split(":")[0] + "\n"
        status = Path(f"/proc/{container.server}/status").read_text()
        assert f"Uid:\t{user.split(':')[0]}" in status
        assert "CapEff:\t0000000000000000" in status
        assert "NSpid:" in status
        for _ in range(10):
            predict(container)
        assert read(container.port, "/v0/readyz") == '{"ready":true,"version":"v0"}\n'
        until(lambda: value(scrape(container.port), "model_predictions_total", version="v0") == 10)
        until(lambda: container.log.count("POST http /v0/predict 200 OK") == 10)
        assert is_healthy(container)
        assert container.stop() == 0
    assert "Error" not in container.log
    assert "Traceback" not in container.log


def test_it_serves_as_a_pod_does(run: Run) -> None:
    """With the environment, the user and the probes of deploy/kubernetes, and a log of objects."""
    deployment = yaml.safe_load((ROOT / "deploy/kubernetes/deployment.yaml").read_text())
    pod = deployment["spec"]["template"]["spec"]
    (server,) = pod["containers"]
    variables = {pair["name"]: pair["value"] for pair in server["env"] if "value" in pair}
    context = pod["securityContext"]
    with run(user=f"{context['runAsUser']}:{context['runAsGroup']}", **variables) as container:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert read(container.port, server[probe]["httpGet"]["path"])
        predict(container)
        until(lambda: "/v0/predict" in container.log)
        assert container.run(*server["lifecycle"]["preStop"]["exec"]["command"]).returncode == 0
        assert container.stop() == 0
    lines = [json.loads(line) for line in container.log.splitlines() if line.startswith("{")]
    (line,) = (line for line in lines if line.get("path") == "/v0/predict")
    assert (line["status"], line["version"]) == (200, "v0")


@pytest.mark.parametrize("size", ["64k", "1m"])
def test_it_serves_with_a_small_dev_shm(run: Run, size: str) -> None:
    """Even where there is hardly room for the metrics."""
    with run(shm_size=size) as container:
        for _ in range(100):
            predict(container)
        assert is_healthy(container)
        assert container.stop() == 0
    assert "Traceback" not in container.log


def test_it_is_not_healthy_while_it_hangs(run: Run) -> None:
    """And says why."""
    with run() as container:
        (workers,) = [Path(f"/proc/{container.server}/task/{container.server}/children")]
        pids = [container.server, *map(int, workers.read_text().split())]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        checked = container.run(*container.image.health_command)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        assert checked.returncode == 1
        assert checked.stderr == "Error: the server does not answer: timed out.\n"
        until(lambda: is_healthy(container))
