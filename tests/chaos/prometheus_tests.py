"""A real Prometheus scrapes a server as deploy/ says, and has an answer to all that is asked."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from tests.chaos.load import until
from tests.support.nginx import free_port
from tests.support.paths import ROOT
from tests.support.servers import read
from tests.support.watching import (
    JOB,
    dashboard_expressions,
    eventful_server,
    read_alerts,
    read_dashboard,
    send_rows,
)

if shutil.which("prometheus") is None:
    pytest.skip("apt-get install prometheus", allow_module_level=True)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Prometheus that has scraped a server for some seconds."""
    root = tmp_path_factory.mktemp("prometheus")
    config = yaml.safe_load((ROOT / "deploy/prometheus.yaml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    with eventful_server(root) as server:
        down = free_port()
        targets = [f"127.0.0.1:{server}", f"127.0.0.1:{down}"]
        config["scrape_configs"][0]["static_configs"][0]["targets"] = targets
        shutil.copy(ROOT / "deploy/alerts.yaml", root)
        (root / "prometheus.yaml").write_text(yaml.safe_dump(config))
        port = free_port()
        arguments = [
            f"--config.file={root}/prometheus.yaml",
            f"--storage.tsdb.path={root}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (root / "log").open("w") as log:
            process = subprocess.Popen(["prometheus", *arguments], stdout=log, stderr=log)
        try:
            until(lambda: is_ready(port))
            until(lambda: ask(port, f'count_over_time(up{{job="{JOB}"}}[1m]) >= 3'))
            send_rows(server)
            until(lambda: ask(port, f'increase(model_predictions_total{{job="{JOB}"}}[1m]) > 0'))
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def is_ready(port: int) -> bool:
    """Whether it answers questions."""
    try:
        return bool(read(port, "/-/ready"))
    except OSError:  # it does not listen yet, or answers 503
        return False


def api(port: int, path: str) -> Any:
    """Return what Prometheus answers."""
    answer = json.loads(read(port, f"/api/v1/{path}"))
    assert answer["status"] == "success"
    return answer["data"]


def ask(port: int, expression: str) -> list[dict[str, Any]]:
    """Return the samples that an expression has now."""
    samples: list[dict[str, Any]] = api(port, f"query?query={quote(expression)}")["result"]
    return samples


@pytest.mark.parametrize("expression", dashboard_expressions())
def test_each_panel_has_something_to_show(prometheus: int, expression: str) -> None:
    """Once there were good, odd and wrong requests, and a model that cannot be loaded."""
    until(lambda: ask(prometheus, expression))


def test_the_choices_of_the_dashboard_are_found(prometheus: int) -> None:
    """The jobs and versions to choose from."""
    metrics = {
        variable["definition"].removeprefix("label_values(").partition(",")[0].partition("{")[0]
        for variable in read_dashboard()["templating"]["list"]
        if variable["type"] == "query"
    }
    assert metrics == {"http_requests_total", "model_info"}
    assert all(ask(prometheus, f'{metric}{{job="{JOB}"}}') for metric in metrics)


def test_a_server_that_is_down_and_an_outdated_model_raise_alerts(prometheus: int) -> None:
    """First pending, as each waits for its time; and no rule fails."""

    def alerts() -> set[str]:
        return {alert["labels"]["alertname"] for alert in api(prometheus, "alerts")["alerts"]}

    until(lambda: alerts() >= {"ServerDown", "ModelOutdated"})
    rules = [rule for group in api(prometheus, "rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} == set(read_alerts())
    assert {rule["health"] for rule in rules} == {"ok"}
