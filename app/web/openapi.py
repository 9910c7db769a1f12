"""The OpenAPI 3.1 document of this server, made from the JSON Schemas that validate requests.

The routes of a version are written down once. The document has them for `latest` and for the
versions, but only once for all versions that are called in the same way, so that it does not grow
with each training. Only as long as there is no version, it has them for the parameter `{version}`
instead. With both, a generated client would have an untyped function next to each typed one.
"""

import csv
import io
from collections.abc import Mapping, Sequence

from app.helpers.errors import enumerate_first
from app.helpers.files import VERSION_ID
from app.helpers.payloads import format_csv
from app.helpers.predictions import make_prediction
from app.store.manifest import Manifest
from app.store.model_store import LATEST
from app.web import error_examples
from app.web.access.api_keys import CHALLENGES, is_open
from app.web.exchange import METHOD_NOT_ALLOWED, NOT_FOUND, RETRY_AFTER
from app.web.openapi_nodes import (
    OBJECT,
    REQUEST_ID,
    TEXT,
    Json,
    error,
    get,
    json,
    media,
    operation,
    ref,
    response,
    text,
)
from app.web.openapi_schemas import alike, row_and_answer, server_schemas
from app.web.query_parameters import query_parameters
from app.web.services import Limits

TITLE = "flask-sklearn-seed"
API_VERSION = "1.0.0"
DESCRIPTION = f"""Predictions by versioned scikit-learn models.

Every error is JSON with a `message` that names everything that is wrong with the request. Paths
that do not exist are answered with 404 and the message `{NOT_FOUND}`, and methods that a path does
not have with 405, an `Allow` header and the message `{METHOD_NOT_ALLOWED}`. Every response has an
`X-Request-ID`: the one that was sent with the request, or a new one. Bodies of requests may be
compressed (`Content-Encoding: gzip`).

## Stability

Requests that work today work with every release that has the same major version: paths, methods,
status codes, media types, and the keys of answers with their meaning stay. A minor release may add
paths, query parameters, headers and keys of answers, so ignore the keys that you do not know.
Messages are for people and may be reworded; let programs decide by the status.

What a row looks like is up to the model. A version keeps its rows and answers until somebody
replaces its file by a model with other columns. `{LATEST}` is whatever version is the newest, with
that version's rows. To pin a version, use its id in the path, as in `/v0/predict`. To notice that
even this version was trained again, compare the header `X-Model-Digest`."""
VERSION_SCHEMA = {"type": "string", "pattern": f"^({VERSION_ID.pattern}|{LATEST})$"}
VERSION: Json = {"name": "version", "in": "path", "required": True, "schema": VERSION_SCHEMA}
SECURITY_SCHEMES: Json = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "basic": {"type": "http", "scheme": "basic", "description": "The key is the password."},
}
CSV: Json = TEXT | {
    "description": "A header and rows, written as the file that the version was trained on, or in"
    " UTF-8 with commas. Without a column of ids, rows are numbered from 0."
}
MAX_STATES = 3  # of versions in an example


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
    groups = alike(manifests)
    segments: dict[str, Manifest | None] = {version: manifests[version] for version in groups}
    newest = next(iter(manifests), "")
    segments = {LATEST: manifests[newest], **segments} if manifests else {"{version}": None}
    paths, schemas = _server_paths([*manifests][:MAX_STATES]), server_schemas()
    responses = _server_responses(limits)
    for segment, manifest in segments.items():
        paths |= _version_paths(segment, manifest)
        row, answer = row_and_answer(manifest)
        schemas |= {_name(manifest, "Row"): row, _name(manifest, "Answer"): answer}
        responses[_name(manifest, "Refused")] = _refused(manifest)
    document = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": API_VERSION, "description": DESCRIPTION},
        "servers": [{"url": root_path or "/"}],
        "tags": _tags(newest, groups),
        "paths": paths,
        "components": {"schemas": schemas, "responses": responses},
    }
    return _with_api_keys(document) if api_keys else document


def _tags(newest: str, groups: Mapping[str, Sequence[str]]) -> list[Json]:
    """Return a text for each group of operations that needs one."""
    tags = [
        {
            "name": version,
            "description": f"Also for {enumerate_first(others)}: rows and answers have the same"
            f" form. Write that id in place of `{version}`.",
        }
        for version, others in groups.items()
        if others
    ]
    return [{"name": LATEST, "description": _about_latest(newest)}, *tags] if newest else tags


def _about_latest(newest: str) -> str:
    return (
        f"The newest version. Rows and answers are now those of `{newest}`; they change with the"
        f" next version if that has other columns. To keep to this one, write `{newest}`."
    )


def _server_paths(versions: Sequence[str]) -> Json:
    states = {version: {"state": "not loaded", "outdated": False} for version in versions or ["v0"]}
    states[next(iter(states))]["state"] = "ready"
    readiness = ref("schemas", "Readiness")
    ready = json(readiness, latest={"ready": True, "versions": states})
    none_ready = json(readiness, none={"ready": False, "versions": {}})
    errors = {"503": response("No version is ready.", none_ready)}
    return {
        "/livez": get("livez", "Say that the process is running", text("OK")),
        "/readyz": get(
            "readyz", "Load the latest version, and get the state of each version", ready, errors
        ),
        "/metrics": get("metrics", "Get metrics for Prometheus", text()),
        "/openapi.json": get("openapi", "Get this document", json(OBJECT)),
    }


def _server_responses(limits: Limits) -> Json:
    return {
        "NoHost": error("The request is invalid.", error_examples.NO_HOST),
        "TooLarge": error(
            "The request has too many bytes, too many rows, or too many values for its rows.",
            error_examples.too_large(limits),
        ),
        "UnknownMediaType": error(
            "The media type of the body, its charset or its encoding is unknown. If it is the"
            " encoding, `Accept-Encoding` lists those that are known.",
            error_examples.unreadable(),
        ),
        "Failure": error(
            "The server failed; its log has the reason.", error_examples.failure(REQUEST_ID)
        ),
    }


def _version_paths(segment: str, manifest: Manifest | None) -> Json:
    """Return the routes below a version's id or `latest`; with no manifest, below the parameter."""
    suffix, version = (f"_{segment}", segment) if manifest else ("", "v43287")
    errors = {"404": error("There is no such version.", error_examples.unknown(version))}
    if segment != LATEST:  # which is the highest that can be served
        examples, headers = error_examples.unavailable(version), {"Retry-After": RETRY_AFTER}
        errors["503"] = error("The version exists, but cannot be served.", examples, headers)
    schema = json(ref("schemas", "RowSchema"))
    example = {"model": manifest.public()} if manifest else {}
    metadata = json(ref("schemas", Manifest.__name__), **example)
    health = text("OK", "Not OK")
    state = {"ready": True, "version": manifest.version if manifest else "v0"}
    ready = json(ref("schemas", "VersionReadiness"), ready=state)
    paths = {
        "/predict": _predict(segment, suffix, manifest, errors),
        "/schema": get(f"schema{suffix}", "Get the JSON Schema of a row", schema, errors),
        "/metadata": get(f"metadata{suffix}", "Get the manifest of the model", metadata, errors),
        "/healthcheck": get(f"healthcheck{suffix}", "Ask whether the model can predict", health),
        "/readyz": get(f"ready{suffix}", "The same, as a status", ready, errors),
    }
    parameters = {} if manifest else {"parameters": [VERSION]}
    return {f"/{segment}{name}": item | parameters for name, item in paths.items()}


def _predict(segment: str, suffix: str, manifest: Manifest | None, errors: Json) -> Json:
    row, answer = (ref("schemas", _name(manifest, name)) for name in ("Row", "Answer"))
    rows = {"anyOf": [row, {"type": "array", "items": row}]}
    answers = {"anyOf": [answer, {"type": "array", "items": answer}]}
    sent, answered = _json_examples(manifest) if manifest else ({}, {})
    sent_csv, answered_csv = _csv_examples(manifest) if manifest else ({}, {})
    request = json(rows, **sent) | {"text/csv": media(CSV, sent_csv)}
    content = json(answers, **answered) | {"text/csv": media(TEXT, answered_csv)}
    version, digest = (manifest.version, manifest.digest) if manifest else ("v0", "9f86d081884c")
    headers = {"X-Model-Version": version, "X-Model-Digest": digest}
    responses = {
        "200": response("One answer per row, in the same order.", content, headers),
        "400": ref("responses", _name(manifest, "Refused")),
        "413": ref("responses", "TooLarge"),
        "415": ref("responses", "UnknownMediaType"),
    }
    summary = "Predict one row, many rows, or CSV"
    predict = operation(f"predict{suffix}", summary, responses | errors)
    if segment == LATEST:
        predict["description"] = _about_latest(version)
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
    written = format_csv(ids, predictions, manifest.classes).decode()
    return {"many": buffer.getvalue()}, {"many": written}


def _refused(manifest: Manifest | None) -> Json:
    row = _json_examples(manifest)[0]["one"] if manifest else None
    examples = error_examples.invalid(manifest, row)
    return error("The request is invalid; nothing was predicted.", examples)


def _with_api_keys(document: Json) -> Json:
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    document["security"] = [{name: []} for name in SECURITY_SCHEMES]
    challenge = {"WWW-Authenticate": CHALLENGES[0]}
    for path, item in document["paths"].items():
        each = item.get("get") or item["post"]
        if is_open(path):
            each["security"] = []
        else:
            each["responses"]["401"] = error(
                "The request has no valid API key.", error_examples.NO_KEY, challenge
            )
    return document


def _name(manifest: Manifest | None, name: str) -> str:
    return f"{manifest.version}_{name}" if manifest else name
