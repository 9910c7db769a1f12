"""The API: its routes, and the one table that turns what goes wrong into a status.

python -m app.app
"""

import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from flask import Blueprint, Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from app import settings
from app.api_keys import ApiKeys
from app.helpers import errors, logs
from app.helpers.payloads import format_csv, parse_csv, parse_json
from app.helpers.records import Record, Records
from app.helpers.validation import validate
from app.models.model_store import LATEST, ModelStore
from app.models.signing_key import SigningKeys
from app.openapi import make_openapi
from app.request_body import drain_body, read_body

if TYPE_CHECKING:
    from app.models.trained_model import TrainedModel

STATUSES: dict[type[Exception], int] = {
    errors.InvalidRequest: 400,
    errors.InvalidPayload: 400,
    errors.NotExplainable: 400,
    errors.Unauthorized: 401,
    errors.UnknownVersion: 404,
    errors.PayloadTooLarge: 413,
    errors.UnknownMediaType: 415,
    errors.UnavailableVersion: 503,
}
MESSAGES: dict[type[HTTPException], str] = {
    NotFound: "Not found.",
    MethodNotAllowed: "Method not allowed.",
}
HEADERS: dict[type[Exception], list[tuple[str, str]]] = {
    errors.Unauthorized: [
        ("WWW-Authenticate", "Bearer"),
        ("WWW-Authenticate", 'Basic realm="the API key is the password", charset="UTF-8"'),
    ],
    errors.UnavailableVersion: [("Retry-After", "30")],  # as long as a failed load is remembered
}
OPEN_ENDPOINTS = {"api.livez", "api.readyz", "api.healthcheck"}
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

api = Blueprint("api", __name__)


@dataclass(frozen=True)
class Services:
    """What the routes share."""

    config: settings.Settings
    store: ModelStore
    api_keys: ApiKeys
    records: Records


def create_app(config: settings.Settings = settings.current) -> Flask:
    """Return the application; `config` holds every knob."""
    for name in settings.SECRETS:  # servers copy the environment into every request
        os.environ.pop(name, None)
    log = logs.configure(config.logs_root, config.log_max_bytes, config.log_backup_count)
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.extensions["services"] = Services(
        config,
        ModelStore(
            config.models_root,
            SigningKeys(config.model_signing_key, config.model_signing_key_file),
            config.max_loaded_models,
        ),
        ApiKeys(config.api_keys),
        Records([log.write_requests]),
    )
    app.before_request(_begin)
    app.after_request(_end)
    app.register_error_handler(Exception, _answer_error)
    app.register_blueprint(api)
    return app


def _services() -> Services:
    services: Services = current_app.extensions["services"]
    return services


@api.get("/livez")
def livez() -> Response:
    """Say that the process runs."""
    return _text("OK")


@api.get("/readyz")
def readyz() -> Response:
    """Load the latest version and tell each one's state; 503 if none is ready."""
    store = _services().store
    with suppress(errors.UnknownVersion):
        store.get(LATEST)
    states = store.states()
    ready = any(state.state == "ready" for state in states.values())
    return _json(
        {
            "ready": ready,
            "versions": {
                version: {"state": state.state, "outdated": state.outdated}
                for version, state in states.items()
            },
        },
        200 if ready else 503,
    )


@api.get("/openapi.json")
def openapi() -> Response:
    """Return the OpenAPI document of this server."""
    return _json(make_openapi(_services().store.manifests()))


@api.get("/<version>/healthcheck")
def healthcheck(version: str) -> Response:
    """Say whether a version can predict; it is loaded to find out."""
    try:
        _services().store.get(version)
    except (errors.UnknownVersion, errors.UnavailableVersion):
        return _text("Not OK")
    return _text("OK")


@api.get("/<version>/schema")
def schema(version: str) -> Response:
    """Return the JSON Schema of one row."""
    return _json(_services().store.get(version).validator.schema)


@api.get("/<version>/metadata")
def metadata(version: str) -> Response:
    """Return what is known of a version."""
    return _json(_services().store.get(version).manifest.public())


@api.post("/<version>/predict")
def predict(version: str) -> Response:
    """Predict one row, many rows, or CSV."""
    services = _services()
    model = services.store.get(version)
    media_type = _media_type()
    explain = _wants_explanation(media_type)
    body = read_body(request.environ, services.config.max_body_bytes)
    if media_type == "text/csv":
        response = _predict_csv(model, body)
    else:
        response = _predict_json(model, body, explain)
    g.version = model.manifest.version
    response.headers["X-Model-Version"] = model.manifest.version
    response.headers["X-Model-Digest"] = model.digest
    return response


def _media_type() -> str:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if (
        request.mimetype not in ("application/json", "text/csv")
        or charset not in ("utf-8", "utf8")
        or request.headers.get("Content-Encoding")
    ):
        raise errors.UnknownMediaType("Content-Type must be application/json or text/csv.")
    return request.mimetype


def _wants_explanation(media_type: str) -> bool:
    explain = request.args.get("explain", "false")
    if explain not in ("true", "false"):
        raise errors.InvalidRequest("The query parameter 'explain' must be true or false.")
    if explain == "true" and media_type == "text/csv":
        raise errors.InvalidRequest("Explanations are given for JSON only.")
    return explain == "true"


def _predict_json(model: "TrainedModel", body: bytes, explain: bool) -> Response:
    payload = parse_json(body, _services().config.max_json_rows)
    validate(payload, model.validator)
    rows = [payload] if isinstance(payload, dict) else payload
    answers: list[dict[str, Any]] = [
        {"id": row["id"], "prediction": prediction}
        for row, prediction in zip(rows, model.predict_rows(rows), strict=True)
    ]
    if explain:
        for row, answer in zip(rows, answers, strict=True):
            answer["explanation"] = model.explain(row)
    g.predictions = [answer["prediction"] for answer in answers]
    return _json(answers[0] if isinstance(payload, dict) else answers)


def _predict_csv(model: "TrainedModel", body: bytes) -> Response:
    rows = parse_csv(body, model.validator, _services().config.max_csv_rows)
    validate(rows, model.validator)
    g.predictions = model.predict_rows(rows)
    ids = [str(row["id"]) for row in rows]
    return Response(format_csv(ids, g.predictions, model.classes), mimetype="text/csv")


def _json(value: Any, status: int = 200) -> Response:
    body = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    return Response(body, status, mimetype="application/json")


def _text(text: str) -> Response:
    return Response(text, mimetype="text/plain")


def _begin() -> None:
    g.started = time.perf_counter()
    sent_id = request.headers.get("X-Request-ID", "")
    g.request_id = sent_id if REQUEST_ID.fullmatch(sent_id) else secrets.token_hex(8)
    host = request.environ.get("HTTP_HOST")
    if (host is None and request.environ["SERVER_PROTOCOL"] != "HTTP/1.0") or "," in (host or ""):
        raise errors.InvalidRequest("Exactly one Host header is required.")
    if request.endpoint not in OPEN_ENDPOINTS and not _services().api_keys.accept(request.environ):
        raise errors.Unauthorized("A valid API key is required.")


def _answer_error(error: Exception) -> Response:
    """Turn what went wrong into a status and a message; the only place that does."""
    answer: dict[str, Any]
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        answer = {"message": MESSAGES.get(type(error), f"{error.name}.")}
        response = _json(answer, error.code)
        response.headers.extend(
            (name, value) for name, value in error.get_headers() if name == "Allow"
        )
        return response
    if type(error) not in STATUSES:
        current_app.logger.exception("request %s failed", g.request_id)
        answer = {"message": "Internal server error.", "request_id": g.request_id}
        return _json(answer, 500)
    answer = {"message": str(error)}
    if isinstance(error, errors.InvalidPayload) and error.errors:
        answer["errors"] = error.errors
    response = _json(answer, STATUSES[type(error)])
    response.headers.extend(HEADERS.get(type(error), []))
    return response


def _end(response: Response) -> Response:
    services = _services()
    if not drain_body(request.environ, services.config.max_body_bytes):
        response.headers["Connection"] = "close"
    response.headers["X-Request-ID"] = g.request_id
    services.records.add(
        Record(
            time=time.time(),
            remote_addr=request.remote_addr or "-",
            method=request.method,
            scheme=request.scheme,
            path=request.environ["PATH_INFO"],
            route=request.url_rule.rule if request.url_rule else "",
            status=response.status_code,
            duration=time.perf_counter() - g.started,
            request_id=g.request_id,
            version=g.get("version"),
            probabilities=g.get("predictions", ()),
        )
    )
    return response


if __name__ == "__main__":
    from app import server

    server.serve(settings.current)
else:
    app = create_app()
