"""The application as a whole: errors, request ids, proxies, secrets, and its processes."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from tests.support.paths import ROOT
from tests.support.programs import run_program
from tests.support.requests import ROW, MakeClient, post, predict
from tests.support.servers import read, running_server
from tests.support.supervisor import until


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
    assert response.headers["Allow"] == "OPTIONS, POST"
    assert response.json == {"message": "Method not allowed."}


@pytest.mark.parametrize("path", ["/", "/livez", "/v0/schema", "/v0/metadata"])
def test_the_methods_there_are_come_in_order(client: FlaskClient, path: str) -> None:
    """So that all workers and all restarts answer alike."""
    for method in ("OPTIONS", "PUT"):
        assert client.open(path, method=method).headers["Allow"] == "GET, HEAD, OPTIONS"


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


SECRETS = {"API_KEYS": "a secret", "MODEL_SIGNING_KEY": "another secret " * 3}


def test_importing_the_application_takes_secrets_out_of_the_environment() -> None:
    """Servers copy the environment into every request; the application knows them all the same."""
    program = f"""
import os
os.environ |= {SECRETS}
from app.app import app
assert "API_KEYS" not in os.environ and "MODEL_SIGNING_KEY" not in os.environ
print(app.test_client().get("/v0/schema").status_code)
"""
    assert run_program(program) == "401\n"


def test_no_view_of_a_server_sees_a_secret(config: Settings, tmp_path: Path) -> None:
    """Neither in the environment nor in what the server passes on with a request."""
    (tmp_path / "leaky.py").write_text("""
import os
from flask import request
from app.app import app
app.view_functions["api.livez"] = lambda: repr([dict(os.environ), request.environ])
""")
    variables = SECRETS | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    with running_server(config, 1, "leaky:app", **variables) as (port, _):
        told = read(port, "/livez")
    assert "wsgi.input" in told
    assert not [secret for secret in SECRETS.values() if secret in told]


def test_the_reloader_of_flask_passes_secrets_on(tmp_path: Path, port: str) -> None:
    """`flask run --debug` starts the application in a child process, which needs the keys."""
    run = [sys.executable, "-m", "flask", "--app", "app.app", "run", "--debug", "--port", port]
    environment = SECRETS | {"LOGS_ROOT": str(tmp_path), "MODELS_ROOT": str(tmp_path)}
    with subprocess.Popen(
        run, cwd=ROOT, env=os.environ | environment, stderr=subprocess.PIPE, start_new_session=True
    ) as parent:
        stderr = parent.stderr
        assert stderr is not None
        try:
            until(lambda: b"Debugger PIN" in stderr.readline())
            with pytest.raises(HTTPError, match="401"):
                read(int(port), "/v0/schema")
        finally:
            os.killpg(parent.pid, signal.SIGTERM)


def test_building_an_application_or_loading_a_model_changes_nothing_else(
    config_with_v0: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a notebook, the environment and the garbage collector are not ours."""
    monkeypatch.setenv("API_KEYS", "a secret")
    before = (dict(os.environ), gc.get_threshold(), gc.get_freeze_count())
    client = create_app(config_with_v0).test_client()
    assert client.get("/v0/healthcheck").text == "OK"
    assert (dict(os.environ), gc.get_threshold(), gc.get_freeze_count()) == before


def test_a_server_spares_the_garbage_collector(config_with_v0: Settings) -> None:
    """Once a model is loaded, and again after a model that brought other libraries."""
    program = """
import gc
default = gc.get_threshold()
at_start = gc.get_freeze_count()  # Python 3.12 begins with some hundred
from app.app import app, create_app
client = app.test_client()
print(gc.get_threshold() == default, gc.get_freeze_count() - at_start)
print(client.get("/v0/healthcheck").text, gc.get_threshold()[0], gc.get_freeze_count() > 10_000)
frozen = gc.get_freeze_count()
client.get("/v9/healthcheck")
print(gc.get_freeze_count() <= frozen)
"""
    variables = {
        "MODELS_ROOT": config_with_v0.models_root,
        "LOGS_ROOT": config_with_v0.logs_root,
        "MODEL_SIGNING_KEY": config_with_v0.model_signing_key,
    }
    assert run_program(program, **variables) == "True 0\nOK 50000 True\nTrue\n"


def test_the_process_that_watches_the_workers_imports_no_application(
    config: Settings, tmp_path: Path
) -> None:
    """From its start to its end it stays small."""
    modules = tmp_path / "modules"
    (tmp_path / "sitecustomize.py").write_text(f"""
import atexit, os, pathlib, sys
path = pathlib.Path({str(modules)!r})
atexit.register(lambda: path.write_text(" ".join(sys.modules)))
""")
    with running_server(config, 1, PYTHONPATH=f"{tmp_path}:{ROOT}") as (port, _):
        assert read(port, "/livez") == "OK"
    imported = modules.read_text().split()
    assert {"app.settings", "app.web.server", "app.web.worker"} == {
        name for name in imported if name.startswith(("app.settings", "app.web."))
    }
    assert {"flask", "werkzeug", "orjson", "prometheus_client", "numpy"}.isdisjoint(imported)


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
