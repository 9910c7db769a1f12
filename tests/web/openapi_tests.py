"""The OpenAPI document: valid, true to the routes, and every example in it really happens."""

import csv
import importlib
import json
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openapi_spec_validator
import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from sklearn.datasets import load_wine
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from app.app import create_app
from app.models.train_model import train
from app.settings import Settings
from app.store.manifest import Manifest
from app.web.openapi import make_openapi
from tests.support.paths import ROOT

LIMITS = {"max_body_bytes": 20_000, "max_json_rows": 3, "max_csv_rows": 4}
ODD_NAMES = [
    "sepal length (cm)",
    'it\'s "quoted", \\ and all',
    "größe",
    "色",
    "class",
    "a/b",
    "self",
]

Json = dict[str, Any]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[str, Manifest]]:
    """Settings of a server, and its versions: odd columns (v2), three classes (v1), two (v0)."""
    root = tmp_path_factory.mktemp("openapi")
    (root / "models").mkdir()
    config = replace(
        Settings(),
        models_root=str(root / "models"),
        logs_root=str(root / "logs"),
        model_signing_key="a key that only these tests sign with",
        model_signing_key_file=str(root / "no-key-file"),
        **LIMITS,
    )
    load_wine(as_frame=True).frame.to_csv(root / "wine.csv", index=False)
    write_odd_csv(root / "odd.csv")
    files = {"v2": root / "odd.csv", "v1": root / "wine.csv", "v0": ROOT / "data/raw/training.csv"}
    return config, {v: train(str(path), v, config=config) for v, path in files.items()}


def write_odd_csv(path: Path) -> None:
    """Write a data set of numbers, booleans and categories, some missing, under odd names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*ODD_NAMES, "target"])
        for i in range(200):
            color = ("rot", "grün", "it's, blue", "")[i % 4]
            numbers = [i % 7, i % 5 / 4, i % 3, i % 11]
            writer.writerow([*numbers, color, ("true", "False", "")[i % 3], -i, i % 7 < i % 5])


@pytest.fixture
def config(served: tuple[Settings, dict[str, Manifest]]) -> Settings:
    """Settings of a server with three versions and low limits."""
    return served[0]


@pytest.fixture
def manifests(served: tuple[Settings, dict[str, Manifest]]) -> dict[str, Manifest]:
    """The versions' manifests, the highest first."""
    return served[1]


@pytest.fixture
def document(manifests: dict[str, Manifest]) -> Json:
    """The document of that server, as a client reads it."""
    return as_read(make_openapi(manifests, **LIMITS))


@pytest.fixture
def document_with_keys(manifests: dict[str, Manifest]) -> Json:
    """The document of that server when it asks for API keys."""
    return as_read(make_openapi(manifests, api_keys=True, **LIMITS))


def as_read(document: Json) -> Json:
    """Return a document as it is after its way through JSON."""
    value: Json = orjson.loads(orjson.dumps(document))
    return value


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield each operation with its path and method, its responses resolved."""
    for path, item in document["paths"].items():
        for method in item.keys() - {"parameters"}:
            operation = item[method]
            responses = {
                status: resolve(document, response)
                for status, response in operation["responses"].items()
            }
            yield path, method, operation | {"responses": responses}


def resolve(document: Json, node: Json) -> Json:
    """Return what a node refers to, or the node itself."""
    if "$ref" not in node:
        return node
    found = document
    for key in node["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return found


# The document by itself


@pytest.mark.parametrize("api_keys", [False, True])
def test_document_is_valid(manifests: dict[str, Manifest], api_keys: bool) -> None:
    """It is OpenAPI 3.1, whether there are versions or not yet."""
    for known in (manifests, {}):
        openapi_spec_validator.validate(as_read(make_openapi(known, api_keys=api_keys)))


def test_every_example_is_valid_by_its_own_schema(document_with_keys: Json) -> None:
    """Of bodies, headers and errors."""
    examples = list(schemas_and_examples(document_with_keys))
    assert len(examples) > 100
    for schema, example in examples:
        schema = schema | {"components": document_with_keys["components"]}
        Draft202012Validator(schema).validate(example)


def schemas_and_examples(node: Any) -> Iterator[tuple[Json, Any]]:
    """Yield every schema that stands beside examples, with each of them."""
    if isinstance(node, list):
        for child in node:
            yield from schemas_and_examples(child)
    elif isinstance(node, dict) and isinstance(node.get("schema"), dict):
        for example in node.get("examples", {}).values():
            yield node["schema"], example["value"]
        if "example" in node:
            yield node["schema"], node["example"]
    elif isinstance(node, dict):
        for child in node.values():
            yield from schemas_and_examples(child)


def test_rows_are_described_by_the_schema_that_requests_are_held_to(
    config: Settings, document: Json
) -> None:
    """Word for word the one of the schema route, whatever the columns are called."""
    client = create_app(config).test_client()
    for version in ("v0", "v1", "v2"):
        schema = client.get(f"/{version}/schema").json
        assert schema.pop("$schema") == "https://json-schema.org/draft/2020-12/schema"
        assert document["components"]["schemas"][f"{version}_Row"] == schema
    assert [*schema["properties"]] == ["id", *ODD_NAMES]


def test_operation_ids_are_unique_names(document: Json) -> None:
    """So that generated clients have a function for each: predict_v0, metadata_latest, livez."""
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert {"predict_v0", "predict_latest", "schema_v2", "livez"} < set(ids)
    assert all(operation_id.isidentifier() for operation_id in ids)


def test_latest_is_the_highest_version(document: Json) -> None:
    """It takes and answers what that version does."""
    latest, highest = (document["paths"][f"/{name}/predict"]["post"] for name in ("latest", "v2"))
    assert latest["requestBody"] == highest["requestBody"]
    assert latest["responses"]["200"] == highest["responses"]["200"]


def test_document_has_the_version_of_the_project() -> None:
    """The one in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert make_openapi({})["info"]["version"] == project["version"]


def test_module_imports_neither_a_web_framework_nor_what_models_are_made_with() -> None:
    """It is data about data."""
    program = (
        "import sys, app.web.openapi; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {"flask", "werkzeug", "sklearn", "pandas", "numpy"}.isdisjoint(result.stdout.split())


# The document beside the server


def test_document_and_server_have_the_same_routes(config: Settings, document: Json) -> None:
    """Neither has what the other lacks, whether there are versions or not yet."""
    rules = {
        (re.sub("<(?:[^>]+:)?(.+?)>", r"{\1}", rule.rule), method.lower())
        for rule in create_app(config).url_map.iter_rules()
        if rule.endpoint != "pages.static"  # whose addresses are the pages' own business
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(make_openapi({}))} == rules
    of_versions = {(path, method) for path, method in rules if path.startswith("/{version}")}
    assert {(path, method) for path, method, _ in operations(document)} == rules - of_versions | {
        (path.replace("{version}", segment), method)
        for path, method in of_versions
        for segment in ("latest", "v0", "v1", "v2")
    }


def test_version_parameter_takes_what_the_server_takes() -> None:
    """`v` and a number without leading zeros, or latest."""
    for path, item in make_openapi({})["paths"].items():
        if path.startswith("/{version}/"):
            pattern = item["parameters"][0]["schema"]["pattern"]
            assert all(re.search(pattern, version) for version in ("v0", "v123456789", "latest"))
            assert not any(re.search(pattern, v) for v in ("v00", "v1234567890", "x", "v0/", "lat"))


@pytest.mark.parametrize("api_keys", ["", "first-key"])
def test_server_serves_its_own_document(
    config: Settings, manifests: dict[str, Manifest], api_keys: str
) -> None:
    """With its versions, its limits, and its API keys if it asks for any."""
    client = create_app(replace(config, api_keys=api_keys)).test_client()
    response = client.get("/openapi.json", headers={"X-API-Key": "first-key"})
    assert response.json == as_read(make_openapi(manifests, api_keys=bool(api_keys), **LIMITS))


def test_every_example_request_gets_the_answer_beside_it(config: Settings, document: Json) -> None:
    """JSON and CSV, one row and many, of two classes, of three, and of odd columns."""
    client = create_app(config).test_client()
    answered = 0
    for path, method, operation in operations(document):
        contents = operation.get("requestBody", {}).get("content", {})
        for media_type, content in contents.items():
            for name, example in content["examples"].items():
                response = send(client, path, media_type, example["value"])
                assert response.status_code == 200, response.text
                check_response(document, operation, response, name)
                answered += 1
        if method == "get":
            response = client.get(path)
            examples = operation["responses"]["200"]["content"][response.mimetype].get("examples")
            check_response(document, operation, response, examples and next(iter(examples)))
            answered += 1
    assert answered == len([*operations(document)]) + 4 * 2  # predict has three examples, not one


def test_explanations_are_as_documented(config: Settings, document: Json) -> None:
    """Of two classes and of three."""
    client = create_app(config).test_client()
    for path, _, operation in operations(document):
        if path.endswith("/predict"):
            row = operation["requestBody"]["content"]["application/json"]["examples"]["one"]
            response = send(client, f"{path}?explain=true", "application/json", row["value"])
            assert "explanation" in response.json
            check_response(document, operation, response)


def send(client: FlaskClient, path: str, media_type: str, body: Any, **more: Any) -> TestResponse:
    """Post a text as it is, or anything else as JSON."""
    data = body if isinstance(body, str) else json.dumps(body)
    return client.post(path, data=data, content_type=media_type, **more)


def check_response(
    document: Json, operation: Json, response: TestResponse, example: str | None = None
) -> None:
    """Check that a response is documented, and equal to the example of that name if one is told."""
    documented = operation["responses"][str(response.status_code)]
    content = documented["content"][response.mimetype]
    body = response.json if response.is_json else response.text
    schema = content["schema"] | {"components": document["components"]}
    Draft202012Validator(schema).validate(body)
    if example is not None:
        assert body == content["examples"][example]["value"]
    assert documented["headers"].keys() <= {*response.headers.keys()}
    for header in documented["headers"].keys() - {"X-Request-ID"}:
        assert documented["headers"][header]["example"] in response.headers.getlist(header)


# Errors


def make_broken_app(config: Settings) -> Flask:
    """Return an application whose every route fails unforeseen."""

    def fail(**arguments: str) -> None:
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
    config: Settings, document_with_keys: Json, tmp_path: Path
) -> None:
    """Of every route and every example of an error: status, headers and the exact message."""
    document = document_with_keys
    clients = {
        "no_key": create_app(replace(config, api_keys="first-key")).test_client(),
        "unknown": make_empty_app(config, tmp_path).test_client(),
        "unavailable": make_unavailable_app(config, tmp_path).test_client(),
        "unforeseen": make_broken_app(config).test_client(),
    }
    clients["none"] = clients["unknown"]
    client = create_app(config).test_client()
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
        "explain": poster("application/json", row, query_string="explain=maybe"),
        "explain_csv": poster("text/csv", table, query_string="explain=true"),
        "no_host": poster("application/json", row, environ_overrides={"HTTP_HOST": "a,b"}),
    }


def get(client: FlaskClient, path: str, hosts: str = "localhost") -> TestResponse:
    """Get a path as the request that the examples of errors name."""
    environ = {"HTTP_HOST": hosts, "HTTP_X_REQUEST_ID": "9f86d081884c7d65"}
    return client.get(path, environ_overrides=environ)


def poster(media_type: str, body: Any, **more: Any) -> Callable[[FlaskClient, str], TestResponse]:
    """Return what posts a body as the request that the examples of errors name."""
    headers = {"X-Request-ID": "9f86d081884c7d65"}
    return lambda client, path: send(client, path, media_type, body, headers=headers, **more)


# API keys


def test_document_without_api_keys_asks_for_none(document: Json) -> None:
    """Nobody is sent looking for a key that there is none of."""
    assert "security" not in document
    assert "securitySchemes" not in document["components"]
    for _, _, operation in operations(document):
        assert "security" not in operation
        assert "401" not in operation["responses"]


def test_keys_are_asked_for_where_the_document_says(
    config: Settings, document_with_keys: Json
) -> None:
    """Without a key the open routes answer, and no other."""
    client = create_app(replace(config, api_keys="first-key")).test_client()
    open_paths = set()
    for path, method, operation in operations(document_with_keys):
        assert operation.get("security", []) == []
        refused = client.open(path, method=method.upper()).status_code == 401
        assert refused == ("security" not in operation) == ("401" in operation["responses"])
        open_paths |= set() if refused else {path}
    health = {f"/{name}/healthcheck" for name in ("latest", "v0", "v1", "v2")}
    assert open_paths == {"/livez", "/readyz"} | health


def test_every_security_scheme_opens_the_server(config: Settings, document_with_keys: Json) -> None:
    """Any one of them is enough."""
    client = create_app(replace(config, api_keys="first-key")).test_client()
    schemes = document_with_keys["components"]["securitySchemes"]
    assert document_with_keys["security"] == [{name: []} for name in schemes]
    for scheme in schemes.values():
        credentials = {
            "bearer": "Bearer first-key",
            "basic": f"Basic {b64encode(b'anybody:first-key').decode()}",
        }
        header = scheme.get("name", "Authorization")
        value = credentials.get(scheme.get("scheme"), "first-key")
        assert client.get("/v0/schema", headers={header: value}).status_code == 200


# Generated clients


@pytest.fixture
def base_url(config: Settings) -> Iterator[str]:
    """Address of a running server that asks for API keys."""
    app = create_app(replace(config, api_keys="first-key"))
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
    generate_client(as_read(make_openapi({}, api_keys=True)), tmp_path / "untyped_client")
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


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
