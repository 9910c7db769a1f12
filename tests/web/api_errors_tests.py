"""The status and the message of every request that is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from tests.support.requests import COLORS_ROW, ROW, post, post_csv


@pytest.mark.parametrize("path", ["/v1/predict", "/v43287/predict", "/nope/predict", "/v٣/predict"])
def test_unknown_version(client: FlaskClient, path: str) -> None:
    """404 names it."""
    response = post(client, ROW, path)
    assert response.status_code == 404
    version = path.split("/")[1]
    assert response.json == {"message": f"Trained model version '{version}' was not found."}


def test_latest_without_a_model(config: Settings) -> None:
    """404 too."""
    response = post(create_app(config).test_client(), ROW, "/latest/predict")
    assert response.status_code == 404
    assert response.json == {"message": "Trained model version 'latest' was not found."}


def test_unavailable_version(client: FlaskClient, config: Settings) -> None:
    """503 says when to come again, and not why."""
    Path(config.models_root, "trained-model-v1.p").write_bytes(b"garbage")
    response = post(client, ROW, "/v1/predict")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert response.json == {"message": "Trained model version 'v1' is unavailable."}
    assert post(client, ROW).status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Request body is not valid JSON. It is empty."),
        (b"[" * 33 + b"]" * 33, "Request body is nested too deeply."),
        (b"1", "Request body must be a JSON object or an array of objects."),
        (b"[1]", "Request body must be a JSON object or an array of objects."),
    ],
)
def test_what_is_no_row(client: FlaskClient, body: bytes, message: str) -> None:
    """400 says what it should be."""
    response = post(client, body)
    assert response.status_code == 400
    assert response.json == {"message": message}


@pytest.mark.parametrize("body", [b"{", b'{"x":NaN}', b"Infinity", b"1e400", b"{}x", b"\xff", b"'"])
def test_what_is_no_json(client: FlaskClient, body: bytes) -> None:
    """400 says so."""
    response = post(client, body)
    assert response.status_code == 400
    assert response.get_json()["message"].startswith("Request body is not valid JSON. ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_3": ..., "x_4": ...}, "Missing keys: 'x_3', 'x_4'"),
        ({"x_5": 1}, "Unexpected keys: 'x_5'"),
        ({"x_1": "a"}, "Invalid values: 'x_1' must be a number or null"),
        ({"x_2": None}, "Invalid values: 'x_2' must be a number"),
        ({"x_2": 1e16}, "Invalid values: 'x_2' must be between -1e+15 and 1e+15"),
        (
            {"x_4": ..., "y": 1, "x_2": True, "id": 1.5},
            "Missing keys: 'x_4'. Unexpected keys: 'y'. Invalid values: 'id' must be a string of at"
            " most 256 characters or an integer between -9007199254740991 and 9007199254740991,"
            " 'x_2' must be a number",
        ),
    ],
)
def test_an_invalid_row(client: FlaskClient, changes: dict[str, Any], message: str) -> None:
    """One message says all that is wrong with it."""
    row = {key: value for key, value in (ROW | changes).items() if value is not ...}
    response = post(client, row)
    assert response.status_code == 400
    assert response.json == {"message": message}


def test_an_invalid_category(colors_client: FlaskClient) -> None:
    """The message names the ones there are."""
    response = post(colors_client, {**COLORS_ROW, "color": "blue", "flag": 1})
    assert response.json == {
        "message": "Invalid values: 'color' must be one of 'green', 'red', 'flag' must be a boolean"
    }


def test_some_invalid_rows(client: FlaskClient) -> None:
    """Nothing is predicted; each invalid row is told, the first twenty of them."""
    bad = {key: value for key, value in ROW.items() if key != "x_3"}
    response = post(client, [ROW, bad, ROW, *[bad] * 30])
    assert response.status_code == 400
    assert response.get_json()["message"] == "31 of 33 rows are invalid."
    assert response.get_json()["errors"] == [
        {"row": row, "message": "Missing keys: 'x_3'"} for row in (1, *range(3, 22))
    ]


def test_invalid_csv_rows(client: FlaskClient) -> None:
    """CSV is refused in JSON, by the same words."""
    response = post_csv(client, "id,x_1,x_2,x_3,x_4\na,1,2,3,4\nb,x,,3,4\n")
    assert response.status_code == 400
    assert response.json == {
        "message": "1 of 2 rows are invalid.",
        "errors": [
            {
                "row": 1,
                "message": "Invalid values: 'x_1' must be a number or null, 'x_2' must be a number",
            }
        ],
    }


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit(config_with_v0: Settings, chunked: bool) -> None:
    """413, whether its length was declared or not."""
    client = create_app(replace(config_with_v0, max_body_bytes=100)).test_client()
    body = orjson.dumps({**ROW, "id": "x" * 100})
    if chunked:
        environ = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
        response = client.post(
            "/v0/predict", data=body, environ_overrides=environ, content_type="application/json"
        )
    else:
        response = post(client, body)
    assert response.status_code == 413
    assert response.json == {"message": "Request body is larger than 100 bytes."}


def test_a_body_that_was_cut_off(client: FlaskClient) -> None:
    """What is left of it might be a valid row, or a valid CSV."""
    text = "id,x_1,x_2,x_3,x_4\na,1,2,3,4\n"
    response = client.post(
        "/v0/predict",
        data=text,
        content_type="text/csv",
        environ_overrides={"CONTENT_LENGTH": str(len(text) + 10)},
    )
    assert response.status_code == 400
    assert response.json == {"message": "Request body is shorter than its Content-Length."}


def test_too_many_rows(config_with_v0: Settings) -> None:
    """413, for JSON and for CSV."""
    client = create_app(replace(config_with_v0, max_json_rows=2, max_csv_rows=3)).test_client()
    assert post(client, [ROW] * 2).status_code == 200
    response = post(client, [ROW] * 3)
    assert response.status_code == 413
    assert response.json == {"message": "Request has more than 2 rows."}
    header = "id,x_1,x_2,x_3,x_4\n"
    assert post_csv(client, header + "a,1,2,3,4\n" * 3).status_code == 200
    response = post_csv(client, header + "a,1,2,3,4\n" * 4)
    assert response.status_code == 413
    assert response.json == {"message": "Request has more than 3 rows."}


def test_a_query_that_is_no_text(client: FlaskClient) -> None:
    """Bytes that are no UTF-8 are somebody's mistake, not the server's failure."""
    for query, status in (("\x80=1", 400), ("explain=\xff", 400), ("explain", 400), ("", 200)):
        environ = {"QUERY_STRING": query}
        response = client.post("/v0/predict", json=ROW, environ_overrides=environ)
        assert response.status_code == status
