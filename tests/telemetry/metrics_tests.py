"""What Prometheus scrapes: right numbers, bounded labels, summed over the workers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from app.app import create_app
from app.settings import Settings
from app.store import model_store
from app.telemetry.metrics import _observe
from tests.support.metrics import Samples, parse, value
from tests.support.paths import ROOT
from tests.support.requests import ROW
from tests.support.servers import read, running_server, workers_of


def scrape(client: FlaskClient) -> Samples:
    """Return what a client's application tells."""
    response = client.get("/metrics")
    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return parse(response.text)


@pytest.mark.parametrize("fast_path", [0, 1])
def test_requests_and_predictions_are_counted(config_with_v0: Settings, fast_path: int) -> None:
    """By either way of answering."""
    client = create_app(replace(config_with_v0, fast_path=fast_path)).test_client()
    for _ in range(3):
        client.post("/v0/predict", json=ROW)
    client.post("/v0/predict", json=[ROW, {**ROW, "x_1": 99, "x_2": -99}, {**ROW, "x_1": None}])
    client.post("/v0/predict", json={})
    client.post("/v9/predict", json=ROW)
    client.get("/v0/healthcheck")
    for version in ("v0", "v9"):
        client.get(f"/{version}/readyz")
    client.open("/nowhere", method="BREW")
    samples = scrape(client)
    predict: dict[str, Any] = {"route": "/<version>/predict", "method": "POST"}
    assert value(samples, "http_requests_total", **predict, status="200") == 4
    assert value(samples, "http_requests_total", **predict, status="400") == 1
    assert value(samples, "http_requests_total", **predict, status="404") == 1
    for status in ("200", "404"):
        probe = {"route": "/<version>/readyz", "method": "GET", "status": status}
        assert value(samples, "http_requests_total", **probe) == 1
    assert value(samples, "http_requests_total", route="", method="other", status="404") == 1
    assert value(samples, "http_request_duration_seconds_count", route="/<version>/predict") == 6
    assert value(samples, "model_predictions_total", version="v0") == 6
    assert value(samples, "model_prediction_count", version="v0") == 6
    out_of_range = "model_inputs_out_of_range_total"
    assert value(samples, out_of_range, version="v0", feature="x_1") == 1
    assert value(samples, out_of_range, version="v0", feature="x_2") == 1
    assert value(samples, out_of_range, version="v0", feature="x_3") == 0
    assert value(samples, "model_loads_total", version="v0", outcome="loaded") == 1


def test_the_histogram_of_probabilities_adds_up(client: FlaskClient) -> None:
    """Its sum is that of the predictions."""
    rows = [{**ROW, "x_1": x / 10} for x in range(-30, 30)]
    predictions = [
        answer["prediction"] for answer in client.post("/v0/predict", json=rows).get_json()
    ]
    samples = scrape(client)
    assert value(samples, "model_prediction_sum", version="v0") == pytest.approx(sum(predictions))
    below = sum(prediction <= 0.5 for prediction in predictions)
    assert value(samples, "model_prediction_bucket", version="v0", le="0.5") == below


def test_a_failed_load_is_counted(client: FlaskClient, config: Settings) -> None:
    """Once, however often the version is asked for."""
    Path(config.models_root, "trained-model-v1.p").write_bytes(b"garbage")
    for _ in range(3):
        client.get("/v1/healthcheck")
    assert value(scrape(client), "model_loads_total", version="v1", outcome="failed") == 1


def test_lines_that_could_not_be_logged_are_counted(config_with_v0: Settings) -> None:
    """So that whoever relies on the log knows."""
    Path(config_with_v0.logs_root).touch()  # no directory
    client = create_app(config_with_v0).test_client()
    for _ in range(3):
        client.get("/livez")
    samples = scrape(client)
    assert value(samples, "log_lines_dropped_total") >= 3
    assert value(samples, "records_dropped_total") == 0
    assert value(samples, "record_batches_failed_total") == 0


def test_an_outdated_version_is_shown(
    client: FlaskClient, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While its older file is served, and no longer."""
    monkeypatch.setattr(model_store, "FRESH_SECONDS", 0.0)
    path = Path(config.models_root, "trained-model-v0.p")
    good = path.read_bytes()
    for content, outdated in ((good, 0), (b"garbage", 1), (good, 0)):
        path.write_bytes(content)
        assert client.post("/v0/predict", json=ROW).status_code == 200
        assert value(scrape(client), "model_outdated", version="v0") == outdated


def test_a_dead_worker_serves_no_outdated_version(tmp_path: Path) -> None:
    """Of what workers are, not of what they did, only the living tell."""
    program = """
import os, signal
from app.telemetry.metrics import Metrics
metrics = Metrics()
told, tell = os.pipe()
worker = os.fork()
if worker == 0:
    metrics.show_outdated(["v0"])
    os.write(tell, b"x")
    signal.pause()
os.read(told, 1)
line = 'model_outdated{version="v0"} 1.0'
print(line in metrics.render([]).decode().splitlines())
os.kill(worker, signal.SIGKILL)
os.waitpid(worker, 0)
print(line in metrics.render([]).decode().splitlines())
"""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    arguments = [sys.executable, "-c", program]
    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True\nFalse\n", "")


def test_model_info_follows_the_directory(client: FlaskClient, config: Settings) -> None:
    """A version that is gone is gone from the scrape."""

    def versions() -> list[str]:
        return [dict(labels)["version"] for name, labels in scrape(client) if name == "model_info"]

    assert versions() == ["v0"]
    os.unlink(Path(config.models_root, "trained-model-v0.p"))
    assert versions() == []


def test_what_clients_type_is_no_label(client: FlaskClient) -> None:
    """Unknown paths, versions and methods share one."""
    before = len(scrape(client))
    scrape(client)
    for k in range(50):
        client.get(f"/no-page-{k}/x")
        client.post(f"/v{k + 1}/predict", json=ROW)
        client.open("/", method=f"METHOD{k}")
    assert len(scrape(client)) - before < 60


@given(st.lists(st.floats(0, 1)))
def test_observing_many_values_equals_observing_each(values: list[float]) -> None:
    """The short cut past `observe` gives the same histogram."""
    histograms = [Histogram("h", "h", registry=CollectorRegistry()) for _ in range(2)]
    _observe(histograms[0], values)
    for each in values:
        histograms[1].observe(each)
    one, other = (
        {
            (s.name, s.labels.get("le")): s.value
            for metric in h.collect()
            for s in metric.samples
            if "created" not in s.name
        }
        for h in histograms
    )
    assert one == pytest.approx(other)


@pytest.fixture
def server(config_with_v0: Settings) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A real server with two workers, and its port."""
    with running_server(config_with_v0, workers=2) as started:
        yield started


def wait_for_predictions(port: int, count: int) -> float:
    """Scrape until the workers have counted that many, and return what they counted."""
    deadline = time.monotonic() + 20
    counted = 0.0
    while counted < count and time.monotonic() < deadline:
        counted = value(parse(read(port, "/metrics")), "model_predictions_total", version="v0")
    return counted


@pytest.mark.slow
def test_workers_are_summed_and_a_killed_one_is_not_forgotten(
    server: tuple[int, subprocess.Popen[str]],
) -> None:
    """Whichever worker is scraped tells for all, dead ones included."""
    port, process = server
    body = orjson.dumps(ROW)
    for _ in range(40):
        read(port, "/v0/predict", body)
    assert wait_for_predictions(port, 40) == 40
    os.kill(workers_of(process)[0], signal.SIGKILL)
    deadline = time.monotonic() + 20
    answered = 0
    while answered < 20 and time.monotonic() < deadline:
        try:
            read(port, "/v0/predict", body)
            answered += 1
        except OSError:
            continue
    assert answered == 20
    assert wait_for_predictions(port, 60) == 60
