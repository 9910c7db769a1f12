"""The API through a client: what is answered, and what is said of everything that is wrong."""

import base64
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.app import create_app
from app.models.train_model import train
from app.settings import Settings

ROW = {"id": "2", "x_1": -2.0, "x_2": -0.414120, "x_3": 0.2131, "x_4": -1.2}


def post(
    client: FlaskClient, payload: Any, path: str = "/v0/predict", **headers: str
) -> TestResponse:
    """Post JSON, or bytes as they are."""
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    return client.post(path, data=body, headers={"Content-Type": "application/json"} | headers)


def post_csv(client: FlaskClient, text: str, path: str = "/v0/predict") -> TestResponse:
    """Post CSV."""
    return client.post(path, data=text.encode(), headers={"Content-Type": "text/csv"})


# Health


def test_healthcheck_of_a_version_that_can_predict(client: FlaskClient) -> None:
    """It is OK."""
    response = client.get("/v0/healthcheck")
    assert (response.status_code, response.text) == (200, "OK")
    assert response.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("version", ["v1", "v00", "vx", "V0", "v0%0A", "v٣", "v1234567890", "..."])
def test_healthcheck_of_an_unknown_version(client: FlaskClient, version: str) -> None:
    """It is not OK, with status 200 as monitors expect."""
    response = client.get(f"/{version}/healthcheck")
    assert (response.status_code, response.text) == (200, "Not OK")


def test_healthcheck_of_an_unavailable_version(client: FlaskClient, config: Settings) -> None:
    """A file that cannot be loaded is not OK."""
    Path(config.models_root, "trained-model-v1.p").write_bytes(b"garbage")
    assert client.get("/v1/healthcheck").text == "Not OK"


def test_healthcheck_of_latest(client: FlaskClient) -> None:
    """Latest is a version like any other."""
    assert client.get("/latest/healthcheck").text == "OK"


def test_livez(client: FlaskClient) -> None:
    """The process runs."""
    response = client.get("/livez")
    assert (response.status_code, response.text) == (200, "OK")


def test_readyz_loads_the_latest_version(client: FlaskClient) -> None:
    """One version is ready, so the server is."""
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json == {
        "ready": True,
        "versions": {"v0": {"state": "ready", "outdated": False}},
    }


def test_readyz_without_a_model(config: Settings) -> None:
    """There is nothing to serve."""
    response = create_app(config).test_client().get("/readyz")
    assert response.status_code == 503
    assert response.json == {"ready": False, "versions": {}}


def test_readyz_tells_each_versions_state(
    client: FlaskClient, config: Settings, dummy_model: str
) -> None:
    """A bad latest version leaves the next one ready; what nobody asked for is not loaded."""
    for version in ("v2", "v1"):
        Path(config.models_root, f"trained-model-{version}.p").write_bytes(b"garbage")
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json["versions"] == {
        "v2": {"state": "unavailable", "outdated": False},
        "v1": {"state": "unavailable", "outdated": False},
        "v0": {"state": "ready", "outdated": False},
    }


# Predictions


def test_one_row(client: FlaskClient) -> None:
    """A row's answer is its id and a probability, compact, with a newline."""
    response = post(client, ROW)
    assert response.status_code == 200
    assert response.content_type == "application/json"
    prediction = response.json["prediction"]
    assert response.data == b'{"id":"2","prediction":%s}\n' % str(prediction).encode()
    assert 0 < prediction < 1
    assert prediction == round(prediction, 4)


def test_the_headers_name_the_model(client: FlaskClient) -> None:
    """Behind latest is a real version, and the digest of its file."""
    response = post(client, ROW, "/latest/predict")
    sha256 = client.get("/v0/metadata").json["sha256"]
    assert response.headers["X-Model-Version"] == "v0"
    assert response.headers["X-Model-Digest"] == sha256[:12]


@pytest.mark.parametrize("row_id", ["", "x" * 256, 'ü\n"', 0, -(2**53 - 1), 2**53 - 1])
def test_the_id_is_echoed(client: FlaskClient, row_id: str | int) -> None:
    """As it came."""
    assert post(client, {**ROW, "id": row_id}).json["id"] == row_id


def test_a_missing_value_is_null(client: FlaskClient) -> None:
    """x_1 was missing in training, so clients may send null."""
    assert post(client, {**ROW, "x_1": None}).status_code == 200


def test_many_rows(client: FlaskClient) -> None:
    """The answers come in the same order, with the same numbers as one by one."""
    rows = [{**ROW, "id": i, "x_1": i / 7} for i in range(-20, 20)]
    answers = post(client, rows).json
    assert answers == [post(client, row).json for row in rows]


def test_no_rows(client: FlaskClient) -> None:
    """Nothing in, nothing out."""
    assert post(client, []).data == b"[]\n"


def test_csv(client: FlaskClient) -> None:
    """Columns may come in any order; the numbers are those of JSON."""
    text = "x_4,id,x_3,x_2,x_1\n-1.2,007,0.2131,-0.41412,-2.0\n-1.2,b,0.2131,-0.41412,\n"
    response = post_csv(client, text)
    with_null = post(client, {**ROW, "x_1": None}).json["prediction"]
    expected = f"id,prediction\n007,{post(client, ROW).json['prediction']}\nb,{with_null}\n"
    assert response.content_type == "text/csv; charset=utf-8"
    assert response.text == expected
    assert response.headers["X-Model-Version"] == "v0"


def test_csv_without_rows(client: FlaskClient) -> None:
    """A header in, a header out."""
    assert post_csv(client, "id,x_1,x_2,x_3,x_4\n").text == "id,prediction\n"


@pytest.fixture(scope="session")
def colors_csv(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three classes, a category, a boolean."""
    lines = ["color,flag,size,target"]
    for i in range(120):
        label = ("low", "mid", "high")[i % 3]
        lines.append(f"{('red', 'green')[i % 2]},{i % 5 == 0},{i % 3 + i / 100},{label}")
    path = tmp_path_factory.mktemp("colors") / "colors.csv"
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture
def colors_client(config: Settings, colors_csv: str) -> FlaskClient:
    """A client of the application with a model of three classes as v0."""
    train(colors_csv, "v0", config=config)
    return create_app(config).test_client()


COLORS_ROW = {"id": 1, "color": "red", "flag": True, "size": 2.5}


def test_three_classes(colors_client: FlaskClient) -> None:
    """The prediction is an object, class → probability."""
    prediction = post(colors_client, COLORS_ROW).json["prediction"]
    assert list(prediction) == ["high", "low", "mid"]
    assert sum(prediction.values()) == pytest.approx(1, abs=2e-4)
    text = "id,color,flag,size\n1,red,True,2.5\n"
    assert post_csv(colors_client, text).text.splitlines()[0] == "id,high,low,mid"


def test_explanation(client: FlaskClient) -> None:
    """Baseline and contributions add up to the log-odds of the prediction."""
    answer = post(client, ROW, "/v0/predict?explain=true").json
    explanation = answer["explanation"]
    assert list(explanation) == ["baseline", "contributions"]
    assert list(explanation["contributions"]) == ["x_1", "x_2", "x_3", "x_4"]
    z = explanation["baseline"] + sum(explanation["contributions"].values())
    assert answer["prediction"] == pytest.approx(1 / (1 + 2.718281828459045**-z), abs=1e-4)


def test_explanation_of_many_rows_and_classes(colors_client: FlaskClient) -> None:
    """One explanation a row and a class."""
    (answer,) = post(colors_client, [COLORS_ROW], "/v0/predict?explain=true").json
    assert list(answer["explanation"]) == ["high", "low", "mid"]


def test_explanation_for_csv(client: FlaskClient) -> None:
    """Is refused."""
    response = post_csv(client, "id,x_1,x_2,x_3,x_4\n", "/v0/predict?explain=true")
    assert response.status_code == 400
    assert response.json == {"message": "Explanations are given for JSON only."}


def test_explain_must_be_true_or_false(client: FlaskClient) -> None:
    """A typing mistake is not taken for a no."""
    response = post(client, ROW, "/v0/predict?explain=yes")
    assert response.status_code == 400
    assert response.json == {"message": "The query parameter 'explain' must be true or false."}


def test_schema(client: FlaskClient) -> None:
    """The JSON Schema of one row."""
    schema = client.get("/v0/schema").json
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["id", "x_1", "x_2", "x_3", "x_4"]
    assert schema["properties"]["x_1"]["type"] == ["number", "null"]
    assert schema["properties"]["x_2"]["type"] == "number"


def test_metadata(client: FlaskClient) -> None:
    """The manifest, less its curves and self-check rows."""
    metadata = client.get("/latest/metadata").json
    assert metadata["version"] == "v0"
    assert metadata["training_data"]["rows"] == 10_000
    assert "curves" not in metadata
    assert "self_check" not in metadata


# Errors


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
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": ""},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_unknown_media_type(client: FlaskClient, headers: dict[str, str]) -> None:
    """415 says which are known."""
    response = client.post("/v0/predict", data=orjson.dumps(ROW), headers=headers)
    assert response.status_code == 415
    assert response.json == {"message": "Content-Type must be application/json or text/csv."}


def test_media_type_with_a_charset(client: FlaskClient) -> None:
    """UTF-8 may be said."""
    response = client.post(
        "/v0/predict",
        data=orjson.dumps(ROW),
        headers={"Content-Type": "application/json; charset=UTF-8"},
    )
    assert response.status_code == 200


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
    assert response.json["message"].startswith("Request body is not valid JSON. ")


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
    assert response.json["message"] == "31 of 33 rows are invalid."
    assert response.json["errors"] == [
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


@pytest.mark.parametrize("host", ["a,b", "", None])
def test_not_exactly_one_host(client: FlaskClient, host: str | None) -> None:
    """400, before anything else is looked at."""
    environ = {"HTTP_HOST": host, "SERVER_PROTOCOL": "HTTP/1.1"}
    response = client.get("/nowhere", environ_overrides=environ)
    assert response.status_code == 400
    assert response.json == {"message": "Exactly one Host header is required."}


@pytest.mark.parametrize("path", ["/nowhere", "/v0/predict/", "//v0/predict", "/v0/../v0/schema"])
def test_no_such_page(client: FlaskClient, path: str) -> None:
    """404 in JSON."""
    response = client.get(path)
    assert response.status_code == 404
    assert response.json == {"message": "Not found."}


def test_no_such_method(client: FlaskClient) -> None:
    """405 tells the methods there are."""
    response = client.get("/v0/predict")
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert response.json == {"message": "Method not allowed."}


def test_anything_unforeseen(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 tells the request's id alone."""

    def fail(*args: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("app.web.api.validate", fail)
    response = post(client, ROW, **{"X-Request-ID": "abc-1"})
    assert response.status_code == 500
    assert response.json == {"message": "Internal server error.", "request_id": "abc-1"}


def test_request_ids(client: FlaskClient) -> None:
    """A client's own is kept if it is a plain one; else each request gets a new one."""
    assert (
        client.get("/livez", headers={"X-Request-ID": "a.B_c-9"}).headers["X-Request-ID"]
        == "a.B_c-9"
    )
    ids = {
        client.get("/livez", headers={"X-Request-ID": sent}).headers["X-Request-ID"]
        for sent in ("", "x" * 65, "a b", "ü", "a\tb")
    }
    assert len(ids) == 5


def test_a_query_that_is_no_text(client: FlaskClient) -> None:
    """Bytes that are no UTF-8 are somebody's mistake, not the server's failure."""
    for query, status in (("\x80=1", 200), ("explain=\xff", 400), ("a=1&explain", 400)):
        environ = {"QUERY_STRING": query}
        response = client.post("/v0/predict", json=ROW, environ_overrides=environ)
        assert response.status_code == status


# API keys


BASIC = "Basic " + base64.b64encode(b"anyone:second-key").decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer first-key"},
        {"Authorization": "bearer second-key"},
        {"X-API-Key": "first-key"},
        {"Authorization": BASIC},
    ],
)
def test_a_valid_key(client_with_keys: FlaskClient, headers: dict[str, str]) -> None:
    """Any of the keys, in any of the ways."""
    assert post(client_with_keys, ROW, **headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer third-key"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Digest first-key"},
        {"X-API-Key": "first-key,second-key"},
        {"X-API-Key": "first-keyü"},
    ],
)
def test_no_valid_key(client_with_keys: FlaskClient, headers: dict[str, str]) -> None:
    """401 says how to send one, whatever was asked for."""
    for response in (
        post(client_with_keys, ROW, **headers),
        client_with_keys.get("/v9/metadata", headers=headers),
        client_with_keys.get("/nowhere", headers=headers),
    ):
        assert response.status_code == 401
        assert response.json == {"message": "A valid API key is required."}
        assert response.headers.getlist("WWW-Authenticate") == [
            "Bearer",
            'Basic realm="the API key is the password", charset="UTF-8"',
        ]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/v0/healthcheck"])
def test_health_needs_no_key(client_with_keys: FlaskClient, path: str) -> None:
    """Monitors hold no secrets."""
    assert client_with_keys.get(path).status_code == 200


def test_secrets_leave_the_environment(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers copy the environment into every request."""
    monkeypatch.setenv("API_KEYS", "secret")
    monkeypatch.setenv("MODEL_SIGNING_KEY", "secret")
    create_app(config)
    assert "secret" not in os.environ.values()


# Versions come and go


def test_a_new_version_is_served_and_a_deleted_one_is_not(
    client: FlaskClient, config: Settings, dummy_model: str
) -> None:
    """No restart is needed."""
    path = Path(config.models_root, "trained-model-v0.p")
    other_root = config.models_root + "-elsewhere"
    os.rename(path, other_root)
    assert post(client, ROW).status_code == 404
    shutil.move(other_root, path)
    assert post(client, ROW).status_code == 200


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
