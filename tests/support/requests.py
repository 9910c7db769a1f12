"""Rows of the dummy model and of one with colors, and how to post them."""

import csv
from collections.abc import Callable
from typing import Any

import orjson
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ROW = {"id": "2", "x_1": -2.0, "x_2": -0.414120, "x_3": 0.2131, "x_4": -1.2}
COLORS_ROW = {"id": 1, "color": "red", "flag": True, "size": 2.5}
JSON = {"Content-Type": "application/json"}
SECRET = "correct-horse-battery-staple"

MakeClient = Callable[..., FlaskClient]


def post(
    client: FlaskClient, payload: Any, path: str = "/v0/predict", **headers: str
) -> TestResponse:
    """Post JSON, or bytes as they are."""
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    return client.post(path, data=body, headers=JSON | headers)


def post_csv(client: FlaskClient, text: str, path: str = "/v0/predict") -> TestResponse:
    """Post CSV."""
    return client.post(path, data=text.encode(), headers={"Content-Type": "text/csv"})


def predict(client: FlaskClient, **more: Any) -> Any:
    """Post one row; twice, because only the second request may take the fast path."""
    more["headers"] = JSON | more.get("headers", {})
    first, second = (client.post("/v0/predict", json=ROW, **more) for _ in range(2))
    assert first.status == second.status
    return second


def predictions_of_csv(client: FlaskClient, body: bytes) -> list[str]:
    """Return the API's predictions for a CSV, as it writes them."""
    answer = client.post("/v0/predict", data=body, content_type="text/csv")
    assert answer.status_code == 200, answer.json
    header, *rows = csv.reader(answer.text.splitlines())
    assert header == ["id", "prediction"]
    return [prediction for _, prediction in rows]
