"""Requests need a valid API key where keys are set, and no key is ever shown."""

import base64
from pathlib import Path
from typing import NoReturn

import pytest
from flask.testing import FlaskClient

from app.settings import Settings
from tests.support.requests import (
    JSON,
    ROW,
    SECRET,
    MakeClient,
    post,
    predict,
)

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


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/v0/healthcheck", "/v0/readyz"])
def test_health_needs_no_key(client_with_keys: FlaskClient, path: str) -> None:
    """Monitors hold no secrets."""
    assert client_with_keys.get(path).status_code == 200


def test_secrets_are_told_nowhere(make_client: MakeClient, config: Settings) -> None:
    """Not to a client, nor in the log, where a traceback is."""
    client = make_client(api_keys=SECRET)
    told: list[str] = []
    headers = JSON | {"X-API-Key": SECRET}
    paths = ("/v0/metadata", "/v0/schema", "/metrics", "/openapi.json", "/", "/v0", "/v0/report")
    told.extend(client.get(path, headers=headers).text for path in paths)

    def fail(version: str) -> NoReturn:
        raise RuntimeError("the reason")

    client.application.view_functions["api.predict"] = fail
    told.append(predict(client, headers=headers).text)
    told.append(client.get(f"/v0/schema?key={SECRET}", headers={"X-API-Key": "wrong"}).text)
    client.application.extensions["services"].records.flush()
    log = Path(config.logs_root, "application.log").read_text()
    assert "the reason" in log
    for text in (*told, log):
        assert SECRET not in text
        assert config.model_signing_key not in text
