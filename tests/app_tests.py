"""The application as a whole: unknown pages, failures, request ids, proxies and secrets."""

import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from tests.support.requests import (
    ROW,
    MakeClient,
    post,
    predict,
)


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


def test_secrets_leave_the_environment(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers copy the environment into every request."""
    monkeypatch.setenv("API_KEYS", "secret")
    monkeypatch.setenv("MODEL_SIGNING_KEY", "secret")
    create_app(config)
    assert "secret" not in os.environ.values()


@pytest.mark.parametrize(
    ("proxies", "logged"), [(0, "127.0.0.1 POST http"), (1, "10.0.0.2 POST https")]
)
def test_forwarded_headers_are_believed_of_known_proxies_alone(
    make_client: MakeClient, config: Settings, proxies: int, logged: str
) -> None:
    """What the nearest proxy says counts, not what the client said to it."""
    client = make_client(trusted_proxies=proxies)
    forwarded = {"X-Forwarded-For": "6.6.6.6, 10.0.0.2", "X-Forwarded-Proto": "https"}
    predict(client, headers=forwarded)
    client.application.extensions["services"].records.flush()
    assert logged in Path(config.logs_root, "application.log").read_text()
