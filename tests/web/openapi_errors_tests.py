"""Every error in the OpenAPI document happens as it says."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.app import create_app
from app.settings import Settings
from tests.support.openapi import Json, check_response, operations, send


def make_broken_app(config: Settings) -> Flask:
    """Return an application whose every route fails unforeseen."""

    def fail(**arguments: str) -> NoReturn:
        raise ZeroDivisionError

    app = create_app(config)
    app.view_functions = dict.fromkeys(app.view_functions, fail)
    return app


def make_empty_app(config: Settings, root: Path) -> Flask:
    """Return an application without any version."""
    (root / "no-models").mkdir()
    return create_app(replace(config, models_root=str(root / "no-models")))


def make_unavailable_app(config: Settings, root: Path) -> Flask:
    """Return an application whose versions were all cut short."""
    shutil.copytree(config.models_root, root / "bad-models")
    for path in (root / "bad-models").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    return create_app(replace(config, models_root=str(root / "bad-models")))


def test_every_error_happens_as_documented(
    served_config: Settings, document_with_keys: Json, tmp_path: Path
) -> None:
    """Of every route and every example of an error: status, headers and the exact message."""
    document = document_with_keys
    clients = {
        "no_key": create_app(replace(served_config, api_keys="first-key")).test_client(),
        "unknown": make_empty_app(served_config, tmp_path).test_client(),
        "unavailable": make_unavailable_app(served_config, tmp_path).test_client(),
        "unforeseen": make_broken_app(served_config).test_client(),
    }
    clients["none"] = clients["unknown"]
    client = create_app(served_config).test_client()
    for path, method, operation in operations(document):
        happened = set()
        for status in operation["responses"].keys() - {"200"}:
            documented = operation["responses"][status]["content"]["application/json"]
            for name in documented["examples"]:
                response = bad_requests(operation)[name](clients.get(name, client), path)
                assert response.status_code == int(status), (path, name, response.text)
                check_response(document, operation, response, name)
                happened.add(name)
        if method == "post":
            assert happened == bad_requests(operation).keys() - never(path)
        else:
            assert {"no_host", "unforeseen"} <= happened


def never(path: str) -> set[str]:
    """Return the errors that a path has not: latest is what can be served, or there is none."""
    return {"unavailable"} if path.startswith("/latest/") else set()


def bad_requests(operation: Json) -> dict[str, Callable[[FlaskClient, str], TestResponse]]:
    """Return what gets each error, by the name of its example."""
    if "requestBody" not in operation:
        plain = ("no_key", "unknown", "unavailable", "unforeseen", "none")
        return dict.fromkeys(plain, get) | {
            "no_host": lambda client, path: get(client, path, hosts="a,b")
        }
    content = operation["requestBody"]["content"]
    row = content["application/json"]["examples"]["one"]["value"]
    table = content["text/csv"]["examples"]["many"]["value"]
    header, line = table.splitlines(keepends=True)[:2]
    first = [*row][1]
    shorter = {key: value for key, value in row.items() if key != first}
    deep = row | {first: json.loads("[" * 33 + "]" * 33)}
    surplus = {"not a feature": 1}
    bodies = {
        **dict.fromkeys(("no_key", "unknown", "unavailable", "unforeseen"), row),
        "missing_key": shorter,
        "unexpected_key": row | surplus,
        "invalid_value": row | {first: []},
        "several": shorter | surplus | {"id": None},
        "many_rows": [row, shorter],
        "no_json": "",
        "too_deep": deep,
        "no_rows": [row, 1],
        "bytes": " " * 20_001,
        "json_rows": [row] * 4,
    }
    csv_bodies = {"no_csv": "", "csv_rows": header + line * 5}
    return {
        **{name: poster("application/json", body) for name, body in bodies.items()},
        **{name: poster("text/csv", body) for name, body in csv_bodies.items()},
        "media_type": poster("text/plain", row),
        "charset": poster("application/json; charset=latin-1", row),
        "encoding": poster("application/json", row, environ_overrides=encoded("br")),
        "no_gzip": poster("application/json", "", environ_overrides=encoded("gzip")),
        "unknown_parameter": poster("application/json", row, query_string="explian=true"),
        "threshold": poster("application/json", row, query_string="threshold=2"),
        "other_task": poster("application/json", row, query_string="interval=true"),
        "explain": poster("application/json", row, query_string="explain=maybe"),
        "explain_csv": poster("text/csv", table, query_string="explain=true"),
        "no_host": poster("application/json", row, environ_overrides={"HTTP_HOST": "a,b"}),
    }


def encoded(encoding: str) -> dict[str, str]:
    """Return what WSGI says of a body with such a Content-Encoding."""
    return {"HTTP_CONTENT_ENCODING": encoding}


def get(client: FlaskClient, path: str, hosts: str = "localhost") -> TestResponse:
    """Get a path as the request that the examples of errors name."""
    environ = {"HTTP_HOST": hosts, "HTTP_X_REQUEST_ID": "9f86d081884c7d65"}
    return client.get(path, environ_overrides=environ)


def poster(media_type: str, body: Any, **more: Any) -> Callable[[FlaskClient, str], TestResponse]:
    """Return what posts a body as the request that the examples of errors name."""
    headers = {"X-Request-ID": "9f86d081884c7d65"}
    return lambda client, path: send(client, path, media_type, body, headers=headers, **more)
