"""What deploy/ has for Prometheus and Grafana asks for what the server tells, and alerts fire."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.paths import ROOT
from tests.support.servers import read
from tests.support.watching import (
    JOB,
    TARGET_LABELS,
    dashboard_expressions,
    eventful_server,
    read_alerts,
    read_dashboard,
    uses_of,
)

DEPLOY = ROOT / "deploy"
EXPRESSIONS = [*dashboard_expressions(), *(rule["expr"] for rule in read_alerts().values())]
PREDICT = f'job="{JOB}", route="/<version>/predict", method="POST"'
V3 = f'job="{JOB}", instance="a:8080", version="v3"'

Series = dict[str, str]

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="apt-get install prometheus"
)


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, frozenset[str]]:
    """The labels of each metric that a running server tells of."""
    with eventful_server(tmp_path_factory.mktemp("visits")) as port:
        text = read(port, "/metrics")
    return {
        sample.name: frozenset(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_metric_and_label_that_is_asked_for_exists(
    expression: str, scraped: dict[str, frozenset[str]]
) -> None:
    """By the very name, in a scrape of a running server."""
    known = scraped | {"up": frozenset()}  # what Prometheus itself tells of each target
    for use in uses_of(expression):
        assert use.metric in known
        assert use.labels <= known[use.metric] | TARGET_LABELS


def test_the_dashboard_shows_each_metric(scraped: dict[str, frozenset[str]]) -> None:
    """A new one gets its place; when something began is no metric."""
    shown = {use.metric for text in dashboard_expressions() for use in uses_of(text)}
    told = {re.sub(r"_(bucket|sum|count)$", "", name) for name in scraped}
    assert told == {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown} - {"up"}


def test_the_readme_lists_each_metric(scraped: dict[str, frozenset[str]]) -> None:
    """And no other one."""
    table = (DEPLOY / "README.md").read_text().partition("\n| metric |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    listed = set(re.findall(r"`(\w+)`", " ".join(cells)))
    assert listed == {re.sub(r"_(bucket|sum|count)$", "", name) for name in scraped}


def test_each_panel_says_what_it_shows() -> None:
    """Below its title, and there is room for all of them."""
    panels = [panel for panel in read_dashboard()["panels"] if panel["type"] != "row"]
    assert all(panel["title"] and panel["description"].endswith(".") for panel in panels)
    places = [panel["gridPos"] for panel in panels]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    ids = [panel["id"] for panel in read_dashboard()["panels"]]
    assert len(ids) == len(set(ids))


@needs_promtool
@pytest.mark.parametrize("command", ["check rules alerts.yaml", "check config prometheus.yaml"])
def test_prometheus_takes_its_files(command: str) -> None:
    """The rules, and the configuration that names them."""
    result = subprocess.run(
        ["promtool", *command.split()], cwd=DEPLOY, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


CASES: dict[str, tuple[Series, Series, str]] = {
    # What Prometheus scraped each minute, the labels of the alert, and its summary.
    "ServerDown": (
        {f'up{{job="{JOB}", instance="a:8080"}}': "0x200"},
        {"instance": "a:8080"},
        "a:8080 does not answer.",
    ),
    "ServerErrors": (
        {
            f'http_requests_total{{{PREDICT}, status="200"}}': "0+98x200",
            f'http_requests_total{{{PREDICT}, status="503"}}': "0+2x200",
        },
        {},
        "2% of the requests fail.",
    ),
    "SlowPredictions": (
        {
            f'http_request_duration_seconds_bucket{{{PREDICT}, le="0.3"}}': "0+50x200",
            f'http_request_duration_seconds_bucket{{{PREDICT}, le="1.0"}}': "0+100x200",
            f'http_request_duration_seconds_bucket{{{PREDICT}, le="+Inf"}}': "0+100x200",
        },
        {},
        "One prediction in a hundred takes longer than 986ms.",
    ),
    "RejectedRequests": (
        {
            f'http_requests_total{{{PREDICT}, status="200"}}': "0+60x200",
            f'http_requests_total{{{PREDICT}, status="400"}}': "0+40x200",
        },
        {},
        "40% of the requests for predictions are rejected.",
    ),
    "NotRecorded": (
        {
            f'log_lines_dropped_total{{job="{JOB}", instance="a:8080"}}': "0+1x200",
            f'records_dropped_total{{job="{JOB}", instance="a:8080"}}': "0x200",
            f'record_batches_failed_total{{job="{JOB}", instance="a:8080"}}': "0x200",
        },
        {"instance": "a:8080"},
        "a:8080 answers requests that it cannot log or count.",
    ),
    "MetricsWithoutRoom": (
        {f'metric_series_without_room{{job="{JOB}", instance="a:8080"}}': "1x200"},
        {"instance": "a:8080"},
        "a:8080 has no room for its metrics.",
    ),
    "ModelOutdated": (
        {f"model_outdated{{{V3}}}": "2x200"},
        {"version": "v3"},
        "v3 was replaced by a file that cannot be loaded.",
    ),
    "ModelNotLoaded": (
        {f'model_loads_total{{{V3}, outcome="failed"}}': "1+2x200"},
        {"version": "v3"},
        "v3 cannot be loaded.",
    ),
    "ReplicasDiffer": (
        {
            f'model_info{{{V3}, digest="1"}}': "1x200",
            f'model_info{{{V3.replace("a:", "b:")}, digest="2"}}': "1x200",
        },
        {"version": "v3"},
        "Replicas serve different models as v3.",
    ),
    "InputsOutOfRange": (
        {
            f'model_inputs_out_of_range_total{{{V3}, feature="age"}}': "0+25x200",
            f"model_predictions_total{{{V3}}}": "0+100x200",
        },
        {"version": "v3", "feature": "age"},
        "age is out of range in 25% of the rows.",
    ),
    "UnseenCategories": (
        {
            f'model_unseen_categories_total{{{V3}, feature="city"}}': "0+50x200",
            f"model_predictions_total{{{V3}}}": "0+100x200",
        },
        {"version": "v3", "feature": "city"},
        "city is new or rare in 50% of the rows.",
    ),
    "PredictionsMoved": (
        {
            f"model_prediction_sum{{{V3}}}": "0+25x300 7500+75x120",
            f"model_prediction_count{{{V3}}}": "0+100x420",
        },
        {"version": "v3"},
        "The mean prediction of v3 moved by 0.36.",
    ),
}
HEALTHY = {
    f'up{{job="{JOB}", instance="a:8080"}}': "1x150",
    f'http_requests_total{{{PREDICT}, status="200"}}': "0+100x150",
    f'http_requests_total{{{PREDICT}, status="400"}}': "0+5x150",
    f'http_request_duration_seconds_bucket{{{PREDICT}, le="0.001"}}': "0+100x150",
    f'http_request_duration_seconds_bucket{{{PREDICT}, le="+Inf"}}': "0+100x150",
    f'log_lines_dropped_total{{job="{JOB}", instance="a:8080"}}': "0x150",
    f'records_dropped_total{{job="{JOB}", instance="a:8080"}}': "0x150",
    f'record_batches_failed_total{{job="{JOB}", instance="a:8080"}}': "0x150",
    f'metric_series_without_room{{job="{JOB}", instance="a:8080"}}': "0x150",
    f"model_outdated{{{V3}}}": "0x150",
    f'model_loads_total{{{V3}, outcome="failed"}}': "2x150",
    f'model_info{{{V3}, digest="1"}}': "1x150",
    f'model_info{{{V3.replace("a:", "b:")}, digest="1"}}': "1x150",
    f'model_inputs_out_of_range_total{{{V3}, feature="age"}}': "0+1x150",
    f'model_unseen_categories_total{{{V3}, feature="city"}}': "0+2x150",
    f"model_predictions_total{{{V3}}}": "0+100x150",
    f"model_prediction_sum{{{V3}}}": "0+50x150",
    f"model_prediction_count{{{V3}}}": "0+100x150",
}


def assert_alerts(
    path: Path, series: Series, minutes: int, expected: dict[str, list[dict[str, Any]]]
) -> None:
    """Fail unless these alerts, by name, fire after that time."""
    test = {
        "rule_files": [str(DEPLOY / "alerts.yaml")],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": text} for name, text in series.items()],
                "alert_rule_test": [
                    {"eval_time": f"{minutes}m", "alertname": name, "exp_alerts": alerts}
                    for name, alerts in expected.items()
                ],
            }
        ],
    }
    path.write_text(yaml.safe_dump(test))
    result = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


@needs_promtool
@pytest.mark.parametrize("name", read_alerts())
def test_each_alert_fires_and_says_what_it_is_about(name: str, tmp_path: Path) -> None:
    """With the labels and numbers of what was scraped, in one line."""
    series, labels, summary = CASES[name]
    rule = read_alerts()[name]
    expected = {
        "exp_labels": {"job": JOB} | rule["labels"] | labels,
        "exp_annotations": {
            "summary": summary,
            "description": rule["annotations"]["description"].replace(
                "{{ $labels.version }}", labels.get("version", "")
            ),
        },
    }
    minutes = 420 if name == "PredictionsMoved" else 120
    assert_alerts(tmp_path / "test.yaml", series, minutes, {name: [expected]})


@needs_promtool
def test_no_alert_fires_for_a_healthy_server(tmp_path: Path) -> None:
    """Which rejects a few requests, sees a few odd rows, and once could not load a file."""
    assert_alerts(tmp_path / "test.yaml", HEALTHY, 150, {name: [] for name in read_alerts()})
