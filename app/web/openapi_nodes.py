"""The parts of which an OpenAPI document consists, as plain JSON types."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

TEXT, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
BOOLEAN, OBJECT = {"type": "boolean"}, {"type": "object"}
REQUEST_ID = "9f86d081884c7d65"
NO_HEADERS: Mapping[str, str] = {}


def get(operation_id: str, summary: str, content: Json, errors: Json | None = None) -> Json:
    """Return a path item with an operation that only reads."""
    responses = {"200": response("The answer.", content)} | (errors or {})
    return {"get": operation(operation_id, summary, responses)}


def operation(operation_id: str, summary: str, responses: Json) -> Json:
    """Return an operation with these responses and those that all have, by status."""
    tag = operation_id.partition("_")[2] or "server"
    common = {"400": ref("responses", "NoHost"), "500": ref("responses", "Failure")}
    sorted_ = dict(sorted((common | responses).items()))
    return {"operationId": operation_id, "tags": [tag], "summary": summary, "responses": sorted_}


def error(description: str, examples: Json, headers: Mapping[str, str] = NO_HEADERS) -> Json:
    """Return a response with a message, of which there are examples by name."""
    return response(description, json(ref("schemas", "Error"), **examples), headers)


def response(description: str, content: Json, headers: Mapping[str, str] = NO_HEADERS) -> Json:
    """Return a response; of the headers that it has besides, examples are given."""
    examples = {"X-Request-ID": REQUEST_ID, **headers}
    shown = {name: {"schema": TEXT, "example": value} for name, value in examples.items()}
    return {"description": description, "headers": shown, "content": content}


def text(*values: str) -> Json:
    """Return the content of a body of text, which is one of these if any are given."""
    return {"text/plain": media(TEXT | ({"enum": [*values]} if values else {}), {})}


def json(schema: Json, **examples: Any) -> Json:
    """Return the content of a body of JSON."""
    return {"application/json": media(schema, examples)}


def media(schema: Json, examples: Json) -> Json:
    """Return the content of one media type, with examples by name."""
    named = {name: {"value": value} for name, value in examples.items()}
    return {"schema": schema, "examples": named} if named else {"schema": schema}


def object_(required: Json, optional: Json | None = None) -> Json:
    """Return the schema of an object in an answer, which later releases may add keys to."""
    return OBJECT | {"properties": required | (optional or {}), "required": [*required]}


def map_(values: Json) -> Json:
    """Return the schema of an object whose keys are not known beforehand."""
    return OBJECT | {"additionalProperties": values}


def ref(kind: str, name: str) -> Json:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}
