"""A linear version needs neither its pickle nor the libraries that trained it."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest

from app.app import create_app
from app.models.train_model import train
from app.settings import Settings
from app.tables.columns import Columns
from tests.support.bare_programs import send_bare
from tests.support.csv_files import write_csv
from tests.support.houses import HOUSE, house_rows
from tests.support.scored_files import some_rows

ROWS = [
    {"id": i, "x": None if i % 5 == 0 else i / 7 - 3, "on": (True, False, None)[i % 3], "color": c}
    for i, c in enumerate(["red", "green", "dark blue", "é", None] * 10)
]
IRIS_ROWS: list[dict[str, Any]] = [{"id": str(i), "a": i, "b": -i} for i in range(30)]
PAGES = ["/", "/docs", "/openapi.json", "/livez", "/readyz"]
PAGES_OF_VERSION = ["", "/report", "/healthcheck", "/readyz", "/schema", "/metadata"]


def requests() -> list[dict[str, Any]]:
    """Return requests for everything that there is, single rows first."""
    found: list[dict[str, Any]] = []
    for version, rows in (("v0", ROWS), ("v1", IRIS_ROWS), ("latest", IRIS_ROWS)):
        path = f"/{version}/predict"
        found += [{"path": path, "method": "POST", "json": row} for row in rows[:7]]
        found.append({"path": path, "method": "POST", "json": rows[:7]})
        found.append({"path": f"{path}?explain=true", "method": "POST", "json": rows[0]})
        found += [{"path": f"/{version}{page}"} for page in PAGES_OF_VERSION]
        accept = {"Accept": "application/json"}
        found += [{"path": page, "headers": accept} for page in (f"/{version}", "/")]
        found.append({"path": path, "method": "POST", "json": rows[0] | {"id": None}})
    return [{"method": "GET", **request} for request in found + [{"path": page} for page in PAGES]]


def many_rows() -> list[dict[str, Any]]:
    """Return requests that predict many rows."""
    csv = {"method": "POST", "path": "/v0/predict", "content_type": "text/csv"}
    return [
        {"method": "POST", "path": "/v0/predict", "json": ROWS},
        {"method": "POST", "path": "/v1/predict?explain=true", "json": IRIS_ROWS},
        csv | {"data": some_rows(100)},
    ]


@pytest.fixture
def linear_config(config: Settings, mixed_config: Settings) -> Settings:
    """Settings of a server with two linear versions."""
    for version in ("v0", "v1"):
        shutil.copy(f"{mixed_config.models_root}/trained-model-{version}.p", config.models_root)
    return config


def comparable(text: str) -> str:
    """Return an answer without what differs from one request to the next."""
    return re.sub(r'"request_id":"[^"]*"', "", text)


def test_a_server_without_the_libraries_answers_everything_about_a_linear_version(
    linear_config: Settings,
) -> None:
    """What one with them answers; and unless many rows come, it does not even import numpy."""
    few, many = requests(), many_rows()
    answers = send_bare(linear_config, few + many)
    client = create_app(linear_config).test_client()
    for request, (status, text, has_numpy) in zip(few + many, answers, strict=True):
        response = client.open(**request)
        assert (status, comparable(text)) == (response.status_code, comparable(response.text))
        assert has_numpy == (request in many)
    assert {status for status, *_ in answers} == {200, 400}


def test_such_a_server_serves_a_regression(config: Settings, tmp_path: Path) -> None:
    """Numbers with intervals and explanations, and its pages."""
    houses = write_csv(tmp_path / "houses.csv", house_rows(100))
    train(str(houses), "v0", columns=Columns("price"), config=config)
    rows: list[dict[str, Any]] = [{**HOUSE, "id": i, "area": 60.0 + i} for i in range(20)]
    posted: list[tuple[str, Any]] = [
        ("", rows[0]),
        ("", rows[:3]),
        ("?interval=true", rows[0]),
        ("?explain=true", rows[0]),
    ]
    requests: list[dict[str, Any]] = [
        {"method": "POST", "path": f"/v0/predict{query}", "json": sent} for query, sent in posted
    ]
    requests += [{"method": "GET", "path": f"/v0{page}"} for page in PAGES_OF_VERSION]
    requests += [{"method": "GET", "path": page} for page in PAGES]
    requests.append({"method": "POST", "path": "/v0/predict", "json": rows})
    client = create_app(config).test_client()
    answers = send_bare(config, requests)
    for request, (status, text, has_numpy) in zip(requests, answers, strict=True):
        assert (status, text) == (200, client.open(**request).text)
        assert has_numpy == (request == requests[-1])


def test_such_a_server_counts_what_it_predicts(linear_config: Settings) -> None:
    """In the metrics that Prometheus reads."""
    sent = [{"method": "POST", "path": "/v0/predict", "json": ROWS[1]}] * 3
    *_, (status, text, _) = send_bare(linear_config, [*sent, {"method": "GET", "path": "/metrics"}])
    assert status == 200
    assert 'model_loads_total{outcome="loaded",version="v0"} 1.0' in text


def test_a_linear_version_predicts_what_its_pickle_does(linear_config: Settings) -> None:
    """Which anybody may open with joblib."""
    frame = pd.DataFrame([{"a": float(row["a"]), "b": float(row["b"])} for row in IRIS_ROWS])
    estimator = joblib.load(Path(linear_config.models_root, "trained-model-v1.p"))
    probabilities = estimator.predict_proba(frame).round(4).tolist()
    [(status, text, _)] = send_bare(
        linear_config, [{"method": "POST", "path": "/v1/predict", "json": IRIS_ROWS}]
    )
    assert status == 200
    assert [list(answer["prediction"].values()) for answer in json.loads(text)] == probabilities
