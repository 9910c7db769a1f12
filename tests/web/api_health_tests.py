"""Whether the server and each version can answer: healthcheck, livez and readyz."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings


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
    assert response.get_json()["versions"] == {
        "v2": {"state": "unavailable", "outdated": False},
        "v1": {"state": "unavailable", "outdated": False},
        "v0": {"state": "ready", "outdated": False},
    }


@pytest.mark.parametrize("version", ["v0", "latest"])
def test_readyz_of_a_version_that_can_predict(client: FlaskClient, version: str) -> None:
    """It is loaded to find out, and the real version is named behind latest."""
    response = client.get(f"/{version}/readyz")
    assert response.status_code == 200
    assert response.json == {"ready": True, "version": "v0"}
    assert client.get("/readyz").get_json()["versions"]["v0"]["state"] == "ready"


@pytest.mark.parametrize("version", ["v1", "v00", "V0", "...", "readyz"])
def test_readyz_of_an_unknown_version(client: FlaskClient, version: str) -> None:
    """The status says so, unlike that of a healthcheck."""
    response = client.get(f"/{version}/readyz")
    assert response.status_code == 404
    assert response.json == {"message": f"Trained model version '{version}' was not found."}


def test_readyz_of_an_unavailable_version(client: FlaskClient, config: Settings) -> None:
    """With the time after which it is tried again; latest is then the next one."""
    Path(config.models_root, "trained-model-v1.p").write_bytes(b"garbage")
    response = client.get("/v1/readyz")
    assert response.status_code == 503
    assert response.json == {"message": "Trained model version 'v1' is unavailable."}
    assert response.headers["Retry-After"] == "30"
    assert client.get("/latest/readyz").json == {"ready": True, "version": "v0"}


def test_readyz_of_latest_without_a_model(config: Settings) -> None:
    """There is no version yet."""
    response = create_app(config).test_client().get("/latest/readyz")
    assert response.status_code == 404
    assert response.json == {"message": "Trained model version 'latest' was not found."}
