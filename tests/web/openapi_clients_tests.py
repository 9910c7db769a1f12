"""Clients generated from the OpenAPI document work."""

import importlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from werkzeug.serving import make_server

from app.app import create_app
from app.settings import Settings
from app.web.openapi import make_openapi
from tests.support.openapi import LIMITS, Json, as_read


@pytest.fixture
def base_url(served_config: Settings) -> Iterator[str]:
    """Address of a running server that asks for API keys."""
    app = create_app(replace(served_config, api_keys="first-key"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def generate_client(document: Json, path: Path) -> None:
    """Generate a Python package from a document, as anybody would."""
    (path.parent / "openapi.json").write_bytes(orjson.dumps(document))
    (path.parent / "config.json").write_text('{"post_hooks": []}')
    generate = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    options = ["--path", "openapi.json", "--config", "config.json", "--output-path", str(path)]
    subprocess.run([*generate, *options], cwd=path.parent, check=True, capture_output=True)


def test_generated_client_works(
    document_with_keys: Json, base_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each version's functions take and return typed rows and answers, under whatever names."""
    generate_client(document_with_keys, tmp_path / "generated_client")
    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module("generated_client")
    models = importlib.import_module("generated_client.models")
    with package.AuthenticatedClient(base_url, token="first-key") as client:
        for version in ("v0", "v1", "v2"):
            operation = document_with_keys["paths"][f"/{version}/predict"]["post"]
            sent = operation["requestBody"]["content"]["application/json"]["examples"]
            answer = operation["responses"]["200"]["content"]["application/json"]["examples"]
            row_class = getattr(models, f"{version.upper()}Row")
            predict = importlib.import_module(f"generated_client.api.{version}.predict_{version}")

            row = row_class.from_dict(sent["one"]["value"])
            assert row.to_dict() == sent["one"]["value"]
            assert predict.sync(client=client, body=row).to_dict() == answer["one"]["value"]

            rows = [row_class.from_dict(row) for row in sent["many"]["value"]]
            answers = predict.sync(client=client, body=rows)
            assert [answer.to_dict() for answer in answers] == answer["many"]["value"]

            explained = predict.sync(client=client, body=row, explain=True).to_dict()
            assert explained.pop("explanation")
            assert explained == answer["one"]["value"]

            row.id = "x" * 257
            assert predict.sync(client=client, body=row).message.startswith("Invalid values: 'id'")
        readyz = importlib.import_module("generated_client.api.server.readyz")
        assert readyz.sync(client=client).ready is True
        healthcheck = importlib.import_module("generated_client.api.latest.healthcheck_latest")
        assert healthcheck.sync(client=client) == "OK"


def test_client_generated_before_there_was_a_version_works(
    document: Json, base_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reaches whatever version comes, by its id."""
    generate_client(as_read(make_openapi({}, LIMITS, api_keys=True)), tmp_path / "untyped_client")
    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module("untyped_client")
    models = importlib.import_module("untyped_client.models")
    predict = importlib.import_module("untyped_client.api.server.predict")
    healthcheck = importlib.import_module("untyped_client.api.server.healthcheck")
    operation = document["paths"]["/v2/predict"]["post"]
    sent = operation["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]
    answer = operation["responses"]["200"]["content"]["application/json"]["examples"]["one"]
    with package.AuthenticatedClient(base_url, token="first-key") as client:
        row = models.Row.from_dict(sent)
        assert predict.sync("v2", client=client, body=row).to_dict() == answer["value"]
        message = "Trained model version 'v43287' was not found."
        assert predict.sync("v43287", client=client, body=row).message == message
        assert healthcheck.sync("v43287", client=client) == "Not OK"
