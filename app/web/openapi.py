"""The OpenAPI 3.1 document of this server, made from the JSON Schemas that validate requests.

The routes of a version are written down once. The document has them for each existing version and
for `latest`, with the rows and answers of that version. Only as long as there is no version, it has
them for the parameter `{version}` instead. With both, a generated client would have an untyped
function next to each typed one.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from app.helpers.files import VERSION_ID
from app.helpers.payloads import format_csv
from app.helpers.predictions import make_prediction
from app.helpers.validation import make_schema
from app.store.manifest import Manifest
from app.store.model_store import LATEST
from app.web import error_examples
from app.web.access.api_keys import CHALLENGES, is_open
from app.web.exchange import METHOD_NOT_ALLOWED, NOT_FOUND, RETRY_AFTER
from app.web.query_parameters import query_parameters
from app.web.services import Limits

Json = dict[str, Any]

TITLE = "flask-sklearn-seed"
API_VERSION = "1.0.0"
DESCRIPTION = f"""Predictions by versioned scikit-learn models.

Every error is JSON with a `message` that names everything that is wrong with the request. Paths
that do not exist are answered with 404 and the message `{NOT_FOUND}`, and methods that a path does
not have with 405, an `Allow` header and the message `{METHOD_NOT_ALLOWED}`. Every response has an
`X-Request-ID`: the one that was sent with the request, or a new one."""
REQUEST_ID = "9f86d081884c7d65"
NO_HEADERS: Mapping[str, str] = {}
VERSION_SCHEMA = {"type": "string", "pattern": f"^({VERSION_ID.pattern}|{LATEST})$"}
VERSION: Json = {"name": "version", "in": "path", "required": True, "schema": VERSION_SCHEMA}
SECURITY_SCHEMES: Json = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "basic": {"type": "http", "scheme": "basic", "description": "The key is the password."},
}
TEXT, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
CSV: Json = TEXT | {
    "description": "A header and rows, written as the file that the version was trained on, or in"
    " UTF-8 with commas. Without a column of ids, rows are numbered from 0."
}
HTML: Json = {"text/html": {"schema": {"type": "string"}}}
BOOLEAN, OBJECT = {"type": "boolean"}, {"type": "object"}
WORDS = "What the strongest words of each text add to its contribution, ten at most."
INTERVAL: Json = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}


def make_openapi(
    manifests: Mapping[str, Manifest],
    limits: Limits,
    *,
    api_keys: bool = False,
    root_path: str = "",
) -> Json:
    """Return the document as plain JSON types.

    Parameters
    ----------
    manifests : mapping of str to Manifest
        Of each version, the highest first.
    limits : Limits
        How much a request may contain.
    api_keys : bool
        Whether clients must send a key.
    root_path : str
        The path below which clients reach this server; empty for `/`.
    """
    segments: dict[str, Manifest | None] = {"{version}": None}
    if manifests:
        segments = {LATEST: next(iter(manifests.values())), **manifests}
    paths, schemas = _server_paths(list(manifests)), _server_schemas()
    responses = {
        "NoHost": _error("The request is invalid.", error_examples.NO_HOST),
        "TooLarge": _error(
            "The request has too many bytes, too many rows, or too many values for its rows.",
            error_examples.too_large(limits),
        ),
        "UnknownMediaType": _error(
            "The media type of the body, its charset or its encoding is unknown. If it is the"
            " encoding, `Accept-Encoding` lists those that are known.",
            error_examples.unreadable(),
        ),
        "Failure": _error(
            "The server failed; its log has the reason.", error_examples.failure(REQUEST_ID)
        ),
    }
    for segment, manifest in segments.items():
        paths |= _version_paths(segment, manifest)
        schemas |= _version_schemas(manifest)
        responses[_name(manifest, "Refused")] = _refused(manifest)
    document = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": API_VERSION, "description": DESCRIPTION},
        "servers": [{"url": root_path or "/"}],
        "paths": paths,
        "components": {"schemas": schemas, "responses": responses},
    }
    return _with_api_keys(document) if api_keys else document


def _server_paths(versions: Sequence[str]) -> Json:
    states = {version: {"state": "not loaded", "outdated": False} for version in versions or ["v0"]}
    states[next(iter(states))]["state"] = "ready"
    ready = _json(_ref("schemas", "Readiness"), latest={"ready": True, "versions": states})
    none_ready = _json(_ref("schemas", "Readiness"), none={"ready": False, "versions": {}})
    errors = {"503": _response("No version is ready.", none_ready)}
    return {
        "/livez": _get("livez", "Say that the process is running", _text("OK")),
        "/readyz": _get(
            "readyz", "Load the latest version, and get the state of each version", ready, errors
        ),
        "/metrics": _get("metrics", "Get metrics for Prometheus", _text()),
        "/": _get("index", "Show all versions", _json(OBJECT) | HTML),
        "/docs": _get("docs", "Show this document for people", HTML),
        "/openapi.json": _get("openapi", "Get this document", _json(OBJECT)),
    }


def _version_paths(segment: str, manifest: Manifest | None) -> Json:
    """Return the routes below a version's id or `latest`; with no manifest, below the parameter."""
    suffix, version = (f"_{segment}", segment) if manifest else ("", "v43287")
    errors = {"404": _error("There is no such version.", error_examples.unknown(version))}
    if segment != LATEST:  # which is the highest that can be served
        examples, headers = error_examples.unavailable(version), {"Retry-After": RETRY_AFTER}
        errors["503"] = _error("The version exists, but cannot be served.", examples, headers)
    metadata = _json(OBJECT, **({"model": manifest.public()} if manifest else {}))
    health = _text("OK", "Not OK")
    example = {"ready": True, "version": manifest.version if manifest else "v0"}
    ready = _json(_object({"ready": BOOLEAN, "version": TEXT}), ready=example)
    paths = {
        "": _get(f"model{suffix}", "Show the model", _json(OBJECT) | HTML, errors),
        "/report": _get(f"report{suffix}", "Show the model in a single file", HTML, errors),
        "/predict": _predict(f"predict{suffix}", manifest, errors),
        "/schema": _get(f"schema{suffix}", "Get the JSON Schema of a row", _json(OBJECT), errors),
        "/metadata": _get(f"metadata{suffix}", "Get the manifest of the model", metadata, errors),
        "/healthcheck": _get(f"healthcheck{suffix}", "Ask whether the model can predict", health),
        "/readyz": _get(f"ready{suffix}", "The same, as a status", ready, errors),
    }
    parameters = {} if manifest else {"parameters": [VERSION]}
    return {f"/{segment}{name}": item | parameters for name, item in paths.items()}


def _predict(operation_id: str, manifest: Manifest | None, errors: Json) -> Json:
    row, answer = (_ref("schemas", _name(manifest, name)) for name in ("Row", "Answer"))
    rows = {"anyOf": [row, {"type": "array", "items": row}]}
    answers = {"anyOf": [answer, {"type": "array", "items": answer}]}
    sent, answered = _json_examples(manifest) if manifest else ({}, {})
    sent_csv, answered_csv = _csv_examples(manifest) if manifest else ({}, {})
    request = _json(rows, **sent) | {"text/csv": _media(CSV, sent_csv)}
    content = _json(answers, **answered) | {"text/csv": _media(TEXT, answered_csv)}
    version, digest = (manifest.version, manifest.digest) if manifest else ("v0", "9f86d081884c")
    headers = {"X-Model-Version": version, "X-Model-Digest": digest}
    responses = {
        "200": _response("One answer per row, in the same order.", content, headers),
        "400": _ref("responses", _name(manifest, "Refused")),
        "413": _ref("responses", "TooLarge"),
        "415": _ref("responses", "UnknownMediaType"),
    }
    predict = _operation(operation_id, "Predict one row, many rows, or CSV", responses | errors)
    body = {"required": True, "content": request}
    return {"post": predict | {"parameters": query_parameters(manifest), "requestBody": body}}


def _json_examples(manifest: Manifest) -> tuple[Json, Json]:
    """Return what may be sent, the typical row first, and what is answered."""
    rows, answers = [], []
    for row_id, check in zip("12", manifest.examples(), strict=False):
        prediction = make_prediction(check.probabilities, manifest.classes)
        values = {each.name: each.as_written(check.row[each.name]) for each in manifest.features}
        rows.append({"id": row_id, **values})
        answers.append({"id": row_id, "prediction": prediction})
    return {"one": rows[0], "many": rows}, {"one": answers[0], "many": answers}


def _csv_examples(manifest: Manifest) -> tuple[Json, Json]:
    sent, answered = _json_examples(manifest)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([sent["one"], *(row.values() for row in sent["many"])])
    ids, predictions = zip(*(answer.values() for answer in answered["many"]), strict=True)
    text = format_csv(ids, predictions, manifest.classes).decode()
    return {"many": buffer.getvalue()}, {"many": text}


def _refused(manifest: Manifest | None) -> Json:
    row = _json_examples(manifest)[0]["one"] if manifest else None
    examples = error_examples.invalid(manifest, row)
    return _error("The request is invalid; nothing was predicted.", examples)


def _version_schemas(manifest: Manifest | None) -> Json:
    if manifest is None:
        return {"Row": OBJECT, "Answer": OBJECT}
    row = make_schema(manifest.features)
    del row["$schema"]  # it is the document's too
    prediction: Json = NUMBER | {"minimum": 0, "maximum": 1}
    explanation = _ref("schemas", "Explanation")
    more: Json = {"label": TEXT}
    if manifest.task == "regression":
        prediction, more = NUMBER, {"interval": INTERVAL}
    elif manifest.positive_class is None:
        prediction = _object(dict.fromkeys(manifest.classes, prediction))
        explanation = _object(dict.fromkeys(manifest.classes, explanation))
    id_and_prediction = {"id": row["properties"]["id"], "prediction": prediction}
    answer = _object(id_and_prediction, more | {"explanation": explanation})
    return {_name(manifest, "Row"): row, _name(manifest, "Answer"): answer}


def _server_schemas() -> Json:
    row_errors = {"type": "array", "items": _object({"row": INTEGER, "message": TEXT})}
    states = {"enum": ["ready", "not loaded", "unavailable"]}
    return {
        "Error": _object({"message": TEXT}, {"errors": row_errors, "request_id": TEXT}),
        "Explanation": _object(
            {"baseline": NUMBER, "contributions": _map(NUMBER)},
            {"words": _map(_map(NUMBER)) | {"description": WORDS}},
        ),
        "Readiness": _object(
            {"ready": BOOLEAN, "versions": _map(_object({"state": states, "outdated": BOOLEAN}))}
        ),
    }


def _with_api_keys(document: Json) -> Json:
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    document["security"] = [{name: []} for name in SECURITY_SCHEMES]
    challenge = {"WWW-Authenticate": CHALLENGES[0]}
    for path, item in document["paths"].items():
        operation = item.get("get") or item["post"]
        if is_open(path):
            operation["security"] = []
        else:
            operation["responses"]["401"] = _error(
                "The request has no valid API key.", error_examples.NO_KEY, challenge
            )
    return document


def _get(operation_id: str, summary: str, content: Json, errors: Json | None = None) -> Json:
    responses = {"200": _response("The answer.", content)} | (errors or {})
    return {"get": _operation(operation_id, summary, responses)}


def _operation(operation_id: str, summary: str, responses: Json) -> Json:
    tag = operation_id.partition("_")[2] or "server"
    common = {"400": _ref("responses", "NoHost"), "500": _ref("responses", "Failure")}
    sorted_ = dict(sorted((common | responses).items()))
    return {"operationId": operation_id, "tags": [tag], "summary": summary, "responses": sorted_}


def _error(description: str, examples: Json, headers: Mapping[str, str] = NO_HEADERS) -> Json:
    return _response(description, _json(_ref("schemas", "Error"), **examples), headers)


def _response(description: str, content: Json, headers: Mapping[str, str] = NO_HEADERS) -> Json:
    examples = {"X-Request-ID": REQUEST_ID, **headers}
    shown = {name: {"schema": TEXT, "example": value} for name, value in examples.items()}
    return {"description": description, "headers": shown, "content": content}


def _text(*values: str) -> Json:
    return {"text/plain": _media(TEXT | ({"enum": [*values]} if values else {}), {})}


def _json(schema: Json, **examples: Any) -> Json:
    return {"application/json": _media(schema, examples)}


def _media(schema: Json, examples: Json) -> Json:
    named = {name: {"value": value} for name, value in examples.items()}
    return {"schema": schema, "examples": named} if named else {"schema": schema}


def _object(required: Json, optional: Json | None = None) -> Json:
    both = required | (optional or {})
    return OBJECT | {"properties": both, "required": [*required], "additionalProperties": False}


def _map(values: Json) -> Json:
    return OBJECT | {"additionalProperties": values}


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def _name(manifest: Manifest | None, name: str) -> str:
    return f"{manifest.version}_{name}" if manifest else name
