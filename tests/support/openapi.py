"""OpenAPI documents as clients read them, and answers held to them."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from app.web.services import Limits

LIMITS = Limits(max_body_bytes=20_000, max_json_rows=3, max_csv_rows=4)
ODD_NAMES = [
    "sepal length (cm)",
    'it\'s "quoted", \\ and all',
    "größe",
    "色",
    "class",
    "a/b",
    "self",
    "town",
]

Json = dict[str, Any]


def write_odd_csv(path: Path) -> None:
    """Write a data set of all types, some missing, under odd names; its towns are open."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*ODD_NAMES, "target"])
        for i in range(200):
            color = ("rot", "grün", "it's, blue", "")[i % 4]
            numbers = [i % 7, i % 5 / 4, i % 3, i % 11]
            town = f"town {i}" if i % 10 == 0 else ("Bree", "", "Dale")[i % 3]
            flag = ("true", "False", "")[i % 3]
            writer.writerow([*numbers, color, flag, -i, town, i % 7 < i % 5])


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
    Draft202012Validator(_closed(schema)).validate(body)
    if example is not None:
        assert body == content["examples"][example]["value"]
    assert documented["headers"].keys() <= {*response.headers.keys()}
    for header in documented["headers"].keys() - {"X-Request-ID"}:
        assert documented["headers"][header]["example"] in response.headers.getlist(header)


def _closed(node: Any) -> Any:
    """Return a schema whose objects have no keys but those that it names.

    Clients have to ignore what later releases add; this release has to document all that it sends.
    """
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and "required" in node:
        closed.setdefault("additionalProperties", False)
    return closed
