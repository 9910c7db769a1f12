"""One request and its answer, described in one way for Flask's views and the fast path."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.helpers.errors import ApplicationError, InvalidPayload
from app.store.model_store import RETRY_SECONDS
from app.telemetry.records import NO_OUTCOME, Outcome, Record
from app.web.access.cors import Cors, Headers
from app.web.access.response_headers import SAFE_HEADERS
from app.web.wsgi_request import Environ

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel

PREDICT_ROUTE = "/<version>/predict"
ROUTE = "app.route"
"""Where the WSGI environment says which route Flask has found."""
NOT_FOUND = "Not found."
METHOD_NOT_ALLOWED = "Method not allowed."
INTERNAL_SERVER_ERROR = "Internal server error."
RETRY_AFTER = f"{RETRY_SECONDS:.0f}"  # seconds, after which a version is tried again


@dataclass(slots=True)
class Exchange:
    """What is known of one request while it is being answered.

    Attributes
    ----------
    started : float
        When it arrived, in seconds of `time.perf_counter`.
    request_id : str
    outcome : Outcome
        What a model predicted, once it has.
    """

    started: float
    request_id: str
    outcome: Outcome = NO_OUTCOME


def make_outcome(
    model: "TrainedModel",
    predictions: Sequence[Any],
    columns: Sequence[Sequence[Any]] = (),
    vector: Sequence[Any] = (),
) -> Outcome:
    """Return what a model predicted from `columns` for many rows, or from `vector` for one."""
    version, numbers = model.manifest.version, model.manifest.numbers
    quantiles = numbers.quantiles if numbers else ()
    values = (version, model.digest, model.columns, predictions, columns, vector, quantiles)
    return tuple.__new__(Outcome, values)  # half the time of Outcome(…)


def answer_headers(environ: Environ, exchange: Exchange, cors: Cors) -> Headers:
    """Return the headers that every answer has, and those of a prediction."""
    outcome = exchange.outcome
    headers = [("X-Request-ID", exchange.request_id), *SAFE_HEADERS]
    if outcome.version is not None:
        headers += ("X-Model-Version", outcome.version), ("X-Model-Digest", outcome.digest)
    if "HTTP_ORIGIN" in environ:
        headers += cors.headers(environ)
    return headers


def error_body(error: ApplicationError) -> dict[str, Any]:
    """Return the JSON that tells a client what is wrong."""
    body: dict[str, Any] = {"message": str(error)}
    if isinstance(error, InvalidPayload) and error.errors:
        body["errors"] = error.errors
    return body


def make_record(environ: Environ, route: str, status: int, exchange: Exchange) -> Record:
    """Return what goes to the log and the metrics once the answer is known."""
    values = (
        time.time(),
        environ.get("REMOTE_ADDR") or "-",
        environ["REQUEST_METHOD"],
        environ["wsgi.url_scheme"],
        environ["PATH_INFO"],
        route,
        status,
        time.perf_counter() - exchange.started,
        exchange.request_id,
        exchange.outcome,
        environ.get("HTTP_TRACEPARENT", ""),
    )
    return tuple.__new__(Record, values)  # half the time of Record(…)
