"""The routes of the API. Each decodes the request, asks the store or a model, and encodes."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, g, request

from app.helpers import errors
from app.helpers.features import make_feature_columns
from app.helpers.payloads import format_csv, format_json, parse_json
from app.helpers.validation import validate
from app.store.manifest import Manifest
from app.store.model_store import LATEST
from app.store.rows import table_rules
from app.tables.csv_payload import parse_csv
from app.telemetry.metrics import CONTENT_TYPE as METRICS_CONTENT_TYPE
from app.web.answers import make_answers, make_more_columns
from app.web.content import check_content, read_content
from app.web.exchange import PREDICT_ROUTE, Exchange, make_outcome
from app.web.openapi import make_openapi
from app.web.query import Query, parse_query
from app.web.services import Services
from app.web.wsgi_request import request_id

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel

api = Blueprint("api", __name__)


def services() -> Services:
    """Return the services of the application that answers the request."""
    made: Services = current_app.extensions["services"]
    return made


def exchange() -> Exchange:
    """Return what is known of the request so far."""
    if "exchange" not in g:
        g.exchange = Exchange(time.perf_counter(), request_id(request.environ))
    known: Exchange = g.exchange
    return known


@api.get("/livez")
def livez() -> Response:
    """Say that the process is running."""
    return _text("OK")


@api.get("/readyz")
def readyz() -> Response:
    """Load the latest version and return the state of each; 503 if none is ready."""
    store = services().store
    with suppress(errors.UnknownVersion):
        store.get(LATEST)
    states = store.states()
    ready = any(state.state == "ready" for state in states.values())
    return json_response(
        {
            "ready": ready,
            "versions": {
                version: {"state": state.state, "outdated": state.outdated}
                for version, state in states.items()
            },
        },
        200 if ready else 503,
    )


@api.get("/metrics")
def metrics() -> Response:
    """Return the metrics for Prometheus, summed over the workers."""
    services().records.flush()
    manifests = services().store.manifests().values()
    return Response(
        services().metrics.render(map(_model_info, manifests)), content_type=METRICS_CONTENT_TYPE
    )


def _model_info(manifest: Manifest) -> dict[str, str]:
    figure = "roc_auc" if manifest.task == "classification" else "r2"
    return {
        "version": manifest.version,
        "digest": manifest.digest,
        "created_at": manifest.created_at,
        "training_data_sha256": manifest.training_data.sha256,
        "task": manifest.task,
        **({figure: str(manifest.figure)} if manifest.is_measured else {}),
    }


@api.get("/openapi.json")
def openapi() -> Response:
    """Return the OpenAPI document of this server."""
    shared = services()
    needs_key = shared.admission.api_keys.are_set
    return json_response(
        make_openapi(
            shared.store.manifests(),
            shared.limits,
            api_keys=needs_key,
            root_path=request.root_path,
        )
    )


@api.get("/<version>/healthcheck")
def healthcheck(version: str) -> Response:
    """Say whether a version can predict, after trying to load it."""
    try:
        services().store.get(version)
    except (errors.UnknownVersion, errors.UnavailableVersion):
        return _text("Not OK")
    return _text("OK")


@api.get("/<version>/readyz")
def version_readyz(version: str) -> Response:
    """Load a version; unlike those of a healthcheck, the status says whether it can predict."""
    model = services().store.get(version)
    return json_response({"ready": True, "version": model.manifest.version})


@api.get("/<version>/schema")
def schema(version: str) -> Response:
    """Return the JSON Schema of one row."""
    return json_response(services().store.get(version).validator.schema)


@api.get("/<version>/metadata")
def metadata(version: str) -> Response:
    """Return the manifest of a version, without its longest parts."""
    return json_response(services().store.get(version).manifest.public())


@api.post(PREDICT_ROUTE)
def predict(version: str) -> Response:
    """Predict one row, many rows, or CSV."""
    model = services().store.get(version)
    check_content(request.mimetype, request.mimetype_params, request.environ)
    is_csv = request.mimetype == "text/csv"
    query = parse_query(request.environ, is_csv, model.manifest)
    body = read_content(request.environ, services().limits.max_body_bytes)
    if is_csv:
        return _predict_csv(model, body, query)
    return _predict_json(model, body, query)


def _predict_json(model: "TrainedModel", body: bytes, query: Query) -> Response:
    n_keys = len(model.validator.ignored) + len(model.features) + 1
    payload = parse_json(body, services().limits.max_json_rows, n_keys)
    validate(payload, model.validator)
    if isinstance(payload, dict):
        vector = model.make_vector(payload)
        prediction = model.predict_vector(vector)
        (one,) = make_answers(model, query, [payload], [[value] for value in vector], [prediction])
        answer = json_response(one)
        exchange().outcome = make_outcome(model, (prediction,), vector=vector)
        return answer
    columns = make_feature_columns(payload, model.features)
    predictions = model.predict_columns(columns)
    answer = json_response(make_answers(model, query, payload, columns, predictions))
    exchange().outcome = make_outcome(model, predictions, columns)
    return answer


def _predict_csv(model: "TrainedModel", body: bytes, query: Query) -> Response:
    rules = table_rules(model.manifest)
    if "charset" in request.mimetype_params:
        rules = rules.in_utf_8()
    ids, columns = parse_csv(body, model.validator, services().limits.max_csv_rows, rules)
    predictions = model.predict_columns(columns)
    more = make_more_columns(model, query, columns, predictions)
    answer = Response(format_csv(ids, predictions, model.classes, more), mimetype="text/csv")
    exchange().outcome = make_outcome(model, predictions, columns)
    return answer


def json_response(value: Any, status: int = 200) -> Response:
    """Return an answer in compact JSON."""
    return Response(format_json(value), status, mimetype="application/json")


def _text(text: str) -> Response:
    return Response(text, mimetype="text/plain")
