"""WSGI: a well-formed single prediction, answered before Flask builds a request.

Only the happy case is answered here, with the same status, headers and bytes that Flask's view
would send. Everything else is passed on to Flask untouched: errors, pages and batches. Without this
module nothing would change except the speed.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from app.helpers.payloads import format_json, parse_json
from app.web.exchange import (
    PREDICT_ROUTE,
    Exchange,
    answer_headers,
    make_outcome,
    make_record,
)
from app.web.services import Services
from app.web.wsgi_request import Environ, content_length, put_back, read, request_id

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel

StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_SUFFIX = "/predict"
_JSON = frozenset(  # as nearly all clients write it; Flask understands the others
    f"application/json{charset}"
    for charset in ("", "; charset=utf-8", "; charset=UTF-8", ";charset=utf-8", ";charset=UTF-8")
)


class FastPath:
    """A WSGI application in front of Flask's.

    Parameters
    ----------
    wsgi_app : callable
        Flask's.
    services : Services
    steps_aside : callable
        Whether Flask would do more for a prediction than is done here; asked for each one.
    """

    def __init__(
        self, wsgi_app: WsgiApp, services: Services, steps_aside: Callable[[], bool]
    ) -> None:
        self._wsgi_app = wsgi_app
        self._store = services.store
        self._admission = services.admission
        self._cors = services.admission.cors
        self._records = services.records
        self._max_body_bytes = services.limits.max_body_bytes
        self._steps_aside = steps_aside

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        if (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") in _JSON
            and (model := self._model(environ)) is not None
            and (length := content_length(environ)) is not None
            and length <= self._max_body_bytes
        ):
            body = read(environ, length)
            # Many rows are left to Flask, so that they are not parsed twice.
            if body.startswith(b"{") and len(body) == length:
                answer = self._answer(model, body, environ, started)
                if answer is not None:
                    headers, body = answer
                    start_response("200 OK", headers)
                    return [body]
            put_back(environ, body)
        return self._wsgi_app(environ, start_response)

    def _model(self, environ: Environ) -> "TrainedModel | None":
        """Return the model to answer with; None if the head of the request is left to Flask."""
        path: str = environ["PATH_INFO"]
        if (
            path.endswith(_SUFFIX)
            and not environ.get("QUERY_STRING")
            and not environ.get("HTTP_CONTENT_ENCODING")
            and not self._steps_aside()
            and self._admission.refusal(environ, PREDICT_ROUTE) is None
        ):
            return self._store.loaded(path[1 : -len(_SUFFIX)])
        return None

    def _answer(
        self, model: "TrainedModel", body: bytes, environ: Environ, started: float
    ) -> tuple[list[tuple[str, str]], bytes] | None:
        """Return the headers and the body of a prediction; None if the request's body is wrong."""
        try:
            row = parse_json(body, max_rows=0)
            if not model.validator.is_valid(row):
                return None
            vector = model.make_vector(row)
            prediction = model.predict_vector(vector)
            answer = format_json({"id": row["id"], "prediction": prediction})
        except Exception:  # Flask will meet it again, log it and answer it
            return None
        outcome = make_outcome(model, (prediction,), vector=vector)
        exchange = Exchange(started, request_id(environ), outcome)
        self._records.add(make_record(environ, PREDICT_ROUTE, 200, exchange))
        return [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(answer))),
            *answer_headers(environ, exchange, self._cors),
        ], answer
